//! Makes a key with the TPM: reads its capabilities, finds the parent, makes the policy, then makes the key.

use keyfile::{Curve, HashAlg, KeyFile, Kind};
use tpm::template::Storage;
use tpm::{Parent, Tpm};

use super::maker::Maker;
use super::order::{Order, Wanted};
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::policy::Plan;
use crate::terminal;

/// Makes or imports a key with the TPM.
///
/// # Errors
/// The TPM lacks the type of key or the parent, a password is wrong, or a signal was received.
pub(super) fn make(
    tpm: &Tpm,
    mut order: Order,
    wanted: Wanted,
    plan: Option<Plan>,
    deferred: &Deferred,
) -> Result<KeyFile, Error> {
    let capabilities = tpm.capabilities_for(&wanted.template().public(), order.parent)?;
    let mut parent = Parent::for_new_key(tpm, &capabilities, order.parent)?;
    if order.deprecated && order.parent.is_hierarchy() {
        if !capabilities.curves.contains(&Curve::P256) {
            return Err(Error::request(
                "cannot use the storage key of the old layout: it is on P-256, which this TPM lacks",
                "omit --deprecated, or name a persistent parent (-p 81……)",
            ));
        }
        parent.storage = Storage::Old;
    }
    if order.restricted && !matches!(wanted, Wanted::Given(_)) {
        order.name_alg = Some(name_hash_of(tpm, &parent, order.name_alg)?);
    }
    if let Some(plan) = &plan {
        plan.check(tpm, order.name_hash())?;
    }
    let policy = plan.map(|plan| plan.statements(tpm, order.name_hash())).transpose()?;
    deferred.check()?;
    let maker =
        Maker { tpm, capabilities: &capabilities, parent: &parent, order: &order, policy: policy.as_ref() };
    let (public, private) = maker.make(wanted)?;
    let mut key = order.file(Kind::Loadable, public, private, policy);
    parent.storage.mark(&mut key);
    Ok(key)
}

/// Returns the parent's name hash, which a new parent that never leaves it must share (Part 3 §12.1, TPM_RC_HASH).
///
/// # Errors
/// `asked` is another hash, or the parent cannot be read.
fn name_hash_of(tpm: &Tpm, parent: &Parent, asked: Option<HashAlg>) -> Result<HashAlg, Error> {
    let (public, _) = tpm.parent_public(parent)?;
    match asked.filter(|&asked| asked != public.name_alg) {
        None => Ok(public.name_alg),
        Some(asked) => Err(Error::request(
            format!(
                "cannot make a parent with the name hash {asked} under a parent with {}",
                public.name_alg
            ),
            "omit -n",
        )),
    }
}

/// Prints the curves of the TPM, one per line.
///
/// # Errors
/// No TPM can be used.
pub(super) fn list_curves(tpm: &Tpm) -> Result<(), Error> {
    // On SM2 only parents can be made.
    let curves = tpm.curves()?.into_iter().filter(|curve| *curve != Curve::Sm2P256);
    let names: Vec<String> = curves.map(tpm::curve_name).collect();
    terminal::result(names.join("\n"))
}
