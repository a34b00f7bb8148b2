//! Creates keys that sign and decrypt, as far as the TPM lets them.

use keyfile::{AlgId, Attributes, KeyFile, Kind, PublicKey};

use super::Key;
use crate::auth::Auth;
use crate::error::Error;
use crate::objects::Parent;
use crate::template::{Template, Usage};
use crate::tpm::{Created, RawRsa, Tpm, refuses_sign_and_decrypt};

impl Key {
    /// Creates a key for signing and decryption under a parent, and returns its file and the key. `complete` adds to the file what the
    /// template has, such as the statements of its policy.
    ///
    /// If the TPM refuses both uses for RSA, the key only decrypts: raw decryption also signs. If the TPM forbids that, too, the key
    /// only signs. One trial shows it.
    ///
    /// # Errors
    /// The TPM refuses the template or the parent's password, or there is no TPM.
    pub fn create(
        tpm: &Tpm,
        parent: &Parent,
        template: Template,
        auth: Option<&Auth>,
        complete: impl Fn(&mut KeyFile),
    ) -> Result<(KeyFile, Self), Error> {
        let keyed = |made: Created| {
            let mut file = KeyFile::new(Kind::Loadable, parent.handle, made.public, made.private);
            file.empty_auth = auth.is_none();
            parent.storage.mark(&mut file);
            complete(&mut file);
            let key = Self::from_file_under(tpm, file.clone(), auth.cloned(), parent.auth.clone())?;
            Ok((file, key))
        };
        let (file, key) = keyed(create(tpm, parent, template.clone(), auth)?)?;
        if !file.public.attributes.contains(Attributes::SIGN) && cannot_sign(&key) {
            return keyed(tpm.create(parent, &template.usage(Usage::Sign).public(), auth)?);
        }
        Ok((file, key))
    }
}

fn create(tpm: &Tpm, parent: &Parent, template: Template, auth: Option<&Auth>) -> Result<Created, Error> {
    let public = template.clone().public();
    let free = public.key.scheme().is_some_and(|scheme| scheme.id() == AlgId::NULL);
    match tpm.create(parent, &public, auth) {
        Err(error) if free && public.key.kind() == AlgId::RSA && refuses_sign_and_decrypt(&error) => {
            tpm.create(parent, &template.usage(Usage::Decrypt).public(), auth)
        }
        made => made,
    }
}

/// Returns true if a decrypt-only key cannot sign because the TPM forbids raw RSA.
fn cannot_sign(key: &Key) -> bool {
    let PublicKey::Rsa { modulus, .. } = &key.public().key else { return false };
    // This value is below every modulus of that length. Its result is discarded.
    let _ = key.rsa_sign(&vec![1; modulus.len()]);
    key.raw_rsa() == Some(RawRsa::Forbidden)
}
