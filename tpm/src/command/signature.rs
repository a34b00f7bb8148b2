//! VerifySignature and Sign (TPM 2.0 Part 3 §20).

use keyfile::wire::{Marshal, Unmarshal, Writer};
use keyfile::{AlgId, CommandCode, Handle, HashAlg, Signature, Ticket};

use super::frame::{Command, Entity};
use super::{Guarded, Protect, Run};
use crate::error::Error;

/// Sign: signs a digest, with the ticket that proves the TPM made it, or with the null ticket.
pub(crate) fn sign(
    run: &mut dyn Run,
    key: &Guarded<'_>,
    (digest, ticket): (&[u8], &Ticket),
    scheme: AlgId,
    hash: HashAlg,
    protect: Protect,
) -> Result<Signature, Error> {
    let mut w = Writer::new();
    w.sized(digest);
    scheme.marshal(&mut w);
    if scheme != AlgId::NULL {
        hash.marshal(&mut w);
    }
    ticket.marshal(&mut w);
    let parameters = w.finish()?;
    // The TPM refuses to encrypt a signature (0x982): its first parameter has no size field.
    let response = run.guarded(CommandCode::SIGN, key, &parameters, protect)?;
    let signature = Signature::from_bytes(response);
    // A withheld signature may replace a secret (implicit rejection).
    run.wipe();
    Ok(signature?)
}

/// VerifySignature: returns the ticket that proves that `key` signed this digest.
pub(crate) fn verify_signature(
    run: &mut dyn Run,
    key: Handle,
    digest: &[u8],
    signature: &Signature,
) -> Result<Ticket, Error> {
    let mut w = Writer::new();
    w.sized(digest);
    signature.marshal(&mut w);
    let parameters = w.finish()?;
    let command = Command {
        code: CommandCode::VERIFY_SIGNATURE,
        handles: &[Entity::plain(key)],
        parameters: &parameters,
        makes_handle: false,
    };
    Ok(Ticket::from_bytes(run.bare(&command)?.parameters)?)
}
