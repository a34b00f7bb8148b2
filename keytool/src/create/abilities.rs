//! What this TPM can hold, asked before it is told to make something: the answer to a wrong wish lists the right ones.

use keyfile::{Attributes, Curve, Handle, Public, PublicKey};
use tpm::{Capabilities, Tpm};

use crate::error::Error;

/// What keys can be made of.
pub(crate) struct Abilities(Capabilities);

impl Abilities {
    /// Asks the TPM.
    pub(crate) fn of(tpm: &Tpm) -> Result<Self, Error> {
        Ok(Abilities(tpm.capabilities()?))
    }

    /// The curves.
    pub(crate) fn curves(&self) -> &[Curve] {
        &self.0.curves
    }

    /// Whether a hierarchy's standard storage key can be the P-256 one.
    pub(crate) fn has_ecc_parent(&self) -> bool {
        self.0.curves.contains(&Curve::P256)
    }

    /// Looks whether there is a key at a handle that can be a parent.
    ///
    /// # Errors
    /// There is nothing, or another kind of key; the advice lists what is there.
    pub(crate) fn check_parent(&self, tpm: &Tpm, handle: Handle) -> Result<(), Error> {
        let advice = || match self.0.persistent.as_slice() {
            [] => "this TPM holds no persistent keys: name a hierarchy (-p owner)".to_owned(),
            all => format!(
                "persistent keys of this TPM: {}; or name a hierarchy (-p owner)",
                all.iter().map(Handle::to_string).collect::<Vec<_>>().join(", ")
            ),
        };
        if !self.0.persistent.contains(&handle) {
            return Err(Error::request(format!("there is no key at {handle}"), advice()));
        }
        let (public, _) = tpm.read_public(handle)?;
        if public.attributes.contains(Attributes::RESTRICTED | Attributes::DECRYPT) {
            return Ok(());
        }
        let problem = format!("the key at {handle} is no parent: it is {}", public.attributes);
        Err(Error::request(problem, advice()))
    }

    /// Looks whether the TPM can hold a key.
    ///
    /// # Errors
    /// It cannot; the advice lists what it has.
    pub(crate) fn check(&self, public: &Public) -> Result<(), Error> {
        let hashes = &self.0.hashes;
        if !hashes.contains(&public.name_alg) {
            return Err(lacks(format!("hash {}", public.name_alg), hashes.iter(), "-n"));
        }
        match &public.key {
            PublicKey::Rsa { bits, .. } if !self.0.rsa_bits.contains(bits) => {
                Err(lacks(format!("RSA keys of {bits} bits"), self.0.rsa_bits.iter(), "-s"))
            }
            PublicKey::Ecc { curve, .. } if !self.0.curves.contains(curve) => Err(lacks(
                format!("curve {}", spelling(*curve)),
                self.curves().iter().copied().map(spelling),
                "-e",
            )),
            _ => Ok(()),
        }
    }
}

/// A curve as OpenSSL spells it, or as the TPM does: what -e takes and other tools know.
pub(crate) fn spelling(curve: Curve) -> String {
    curve.openssl_name().map_or_else(|| curve.to_string().to_lowercase(), str::to_owned)
}

fn lacks(what: String, has: impl Iterator<Item = impl ToString>, option: &str) -> Error {
    let has: Vec<String> = has.map(|one| one.to_string()).collect();
    Error::request(format!("this TPM has no {what}"), format!("it has {} ({option})", has.join(", ")))
}
