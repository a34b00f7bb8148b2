//! Creates a key in the TPM. The result is a key file with its password and its parent, and is ready to use.

use keyfile::policy::{self, Condition, Statement};
use keyfile::{Handle, HashAlg, PublicKey};
use tpm::rc::ResponseCode;
use tpm::template::Template;
use tpm::{Parent, Tpm};

use super::options::Options;
use crate::error::{Error, Reason, Result};
use crate::key::TpmKey;
use crate::provider::Provider;

/// The hash of the key's Name and of its policy.
const NAME_HASH: HashAlg = HashAlg::Sha256;

/// Creates the key.
///
/// # Errors
/// The TPM does not support the key, the parent is missing, its password is wrong, or no TPM is reachable.
pub(super) fn create_key(provider: &Provider, template: Template, options: &Options) -> Result<TpmKey> {
    let tpm = provider.tpm()?;
    let mut template = template.name_alg(NAME_HASH).dictionary_attack_protection(options.da);
    let public = template.clone().public();
    let handle = match options.parent {
        Some(handle) => handle,
        None => tpm::config::parent(provider)?.unwrap_or(Handle::OWNER),
    };
    let capabilities = tpm.capabilities_for(&public, handle)?;
    let mut parent = Parent::for_new_key(tpm, &capabilities, handle)?;
    if let Some(auth) = &options.parent_auth {
        parent.auth = Some(auth.clone());
    }
    capabilities.check(&public)?;
    let statements = statements(tpm, options)?;
    if let Some(statements) = &statements {
        template = template.policy(policy::digest(statements, NAME_HASH).map_err(unfit)?);
    }
    let made = tpm::Key::create(tpm, &parent, template, options.auth.as_ref(), |file| {
        file.policy.clone_from(&statements);
    });
    let (file, key) = made.map_err(|error| explain(error, &public.key))?;
    Ok(TpmKey::in_use(file, options.auth.clone(), key))
}

/// Returns the policy: the PCRs must keep their present values, and then the password is required, which a
/// user may have to type.
fn statements(tpm: &Tpm, options: &Options) -> Result<Option<Vec<Statement>>> {
    let Some(selection) = options.lock.clone() else { return Ok(None) };
    let digest = tpm.pcr_digest(&selection, NAME_HASH)?;
    let password = options.auth.as_ref().map(|_| Condition::AuthValue);
    let conditions = [Some(Condition::Pcr { selection, digest }), password];
    let statements = conditions.iter().flatten().map(|condition| condition.statement().map_err(unfit));
    statements.collect::<Result<_>>().map(Some)
}

fn unfit(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Reason::Parameter, "pcr-lock").with_source(error)
}

/// Explains a refused public exponent: most TPMs support only one.
fn explain(error: tpm::Error, key: &PublicKey) -> Error {
    let code = error.response_code().map(|code| ResponseCode(code).base());
    match key {
        PublicKey::Rsa { exponent, .. } if *exponent != 0 && code == Some(ResponseCode::RANGE) => {
            let text = format!("this TPM does not support the public exponent {exponent} for RSA keys");
            let hint = "leave the option out for 65537";
            Error::new(Reason::TpmUnsupported, text).with_hint(hint).with_source(error)
        }
        _ => error.into(),
    }
}
