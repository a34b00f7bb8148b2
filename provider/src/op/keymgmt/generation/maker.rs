//! Has the TPM make a key, and gives it as a key file that is in use already: with its password, under its parent.

use keyfile::policy::{self, Condition, Statement};
use keyfile::{AlgId, Attributes, Handle, HashAlg, KeyFile, Kind, PublicKey};
use tpm::rc::ResponseCode;
use tpm::template::{Storage, Template, Usage};
use tpm::{Auth, Created, Parent, RawRsa, Tpm, refuses_sign_and_decrypt};

use super::options::Options;
use crate::error::{Error, Reason, Result};
use crate::key::TpmKey;
use crate::provider::Provider;

/// Of the key's Name and of its policy.
const NAME_HASH: HashAlg = HashAlg::Sha256;

/// Makes the key.
///
/// # Errors
/// The TPM cannot hold it, there is no such parent, its password is wrong, or there is no TPM.
pub(super) fn make(provider: &Provider, template: Template, options: &Options) -> Result<TpmKey> {
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
        file.rsa_parent = parent.storage == Storage::Rsa2048;
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

/// Returns true if a key that may only decrypt cannot sign: the TPM forbids raw RSA, as one use shows.
fn cannot_sign(key: &tpm::Key) -> bool {
    let PublicKey::Rsa { modulus, .. } = &key.public().key else { return false };
    // Below every modulus of that length; what it becomes is nobody's message.
    let _ = key.rsa_sign(&vec![1; modulus.len()]);
    key.raw_rsa() == Some(RawRsa::Forbidden)
}

/// What must hold before the key is used: the PCRs are as they are now; then its password, which somebody may have to type.
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

/// For signing and decryption; where the TPM refuses that of RSA, for decryption alone: raw decryption signs too, unless it is forbidden.
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

/// Most TPMs know one public exponent only.
fn explain(error: tpm::Error, key: &PublicKey) -> Error {
    let code = error.response_code().map(|code| ResponseCode(code).base());
    match key {
        PublicKey::Rsa { exponent, .. } if *exponent != 0 && code == Some(ResponseCode::RANGE) => {
            let text = format!(
                "this TPM makes no RSA keys with the public exponent {exponent}: leave it out for 65537"
            );
            Error::new(Reason::TpmUnsupported, text).with_source(error)
        }
        _ => error.into(),
    }
}
