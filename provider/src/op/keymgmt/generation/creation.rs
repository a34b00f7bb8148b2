//! Creates a key in the TPM. The result is a key file with its password and its parent, and is ready to use.

use keyfile::policy::{self, Condition, Statement};
use keyfile::{AlgId, Attributes, Handle, HashAlg, KeyFile, Kind, PublicKey};
use tpm::rc::ResponseCode;
use tpm::template::{Template, Usage};
use tpm::{Auth, Created, Parent, RawRsa, Tpm, refuses_sign_and_decrypt};

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
    let auth = options.auth.as_ref();
    let keyed = |made: Created| {
        let mut file = KeyFile::new(Kind::Loadable, handle, made.public, made.private);
        file.empty_auth = auth.is_none();
        parent.storage.mark(&mut file);
        file.policy.clone_from(&statements);
        let key = tpm::Key::from_file_under(tpm, file.clone(), auth.cloned(), parent.auth.clone())?;
        Ok::<_, Error>((file, key))
    };
    let (mut file, mut key) = keyed(create(tpm, &parent, template.clone(), auth)?)?;
    if !file.public.attributes.contains(Attributes::SIGN) && cannot_sign(&key) {
        (file, key) = keyed(tpm.create(&parent, &template.usage(Usage::Sign).public(), auth)?)?;
    }
    Ok(TpmKey::in_use(file, options.auth.clone(), key))
}

/// Returns true if a decrypt-only key cannot sign because the TPM forbids raw RSA. One trial shows it.
fn cannot_sign(key: &tpm::Key) -> bool {
    let PublicKey::Rsa { modulus, .. } = &key.public().key else { return false };
    // This value is below every modulus of that length. Its result is discarded.
    let _ = key.rsa_sign(&vec![1; modulus.len()]);
    key.raw_rsa() == Some(RawRsa::Forbidden)
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

/// Creates a key for signing and decryption. If the TPM refuses both uses for RSA, the key only decrypts: raw
/// decryption also signs, unless the TPM forbids it.
fn create(tpm: &Tpm, parent: &Parent, template: Template, auth: Option<&Auth>) -> Result<Created> {
    let public = template.clone().public();
    let free = public.key.scheme().is_some_and(|scheme| scheme.id() == AlgId::NULL);
    match tpm.create(parent, &public, auth) {
        Err(error) if free && public.key.kind() == AlgId::RSA && refuses_sign_and_decrypt(&error) => {
            Ok(tpm.create(parent, &template.usage(Usage::Decrypt).public(), auth)?)
        }
        Err(error) => Err(explain(error, &public.key)),
        Ok(made) => Ok(made),
    }
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
