//! Asks the TPM for proofs, one after the other, and says what a proof that fails means.

use std::path::Path;

use keyfile::{Curve, Handle, Name, PublicKey};
use tpm::template::storage_primary;
use tpm::{Auth, Capabilities, ErrorKind, Primary, Residence, Tpm};

use super::{nv, verdict};
use crate::error::Error;
use crate::terminal::Progress;

/// One TPM, under question.
pub(crate) struct Prover<'a> {
    tpm: &'a Tpm,
    owner: Option<Auth>,
    capabilities: Capabilities,
    signer: Primary,
}

/// A key that the signing key vouches for.
pub(crate) struct Certified {
    /// Its Name.
    pub(crate) name: Name,
    /// Its public half in PEM.
    pub(crate) pem: Vec<u8>,
}

/// Bytes of a nonce.
const NONCE: usize = 32;

/// The options for passwords.
const ENDORSEMENT: &str = "-a, -k or --passin";
const EITHER: &str =
    "-a, -k or --passin if it is the endorsement hierarchy's, with -b or --passparent if it is that of -C";

impl<'a> Prover<'a> {
    /// With the passwords of the endorsement hierarchy, and of the owner, who reads NV indexes.
    pub(crate) fn new(tpm: &'a Tpm, endorsement: Option<Auth>, owner: Option<Auth>) -> Result<Self, Error> {
        let capabilities = tpm.capabilities()?;
        let is_rsa = !capabilities.curves.contains(&Curve::P256);
        let signer = Primary::signer(Handle::ENDORSEMENT, endorsement, is_rsa);
        Ok(Self { tpm, owner, capabilities, signer })
    }

    /// The Name of the signing key; which TPM it is in, if in any, is not said with that.
    pub(crate) fn signer(&self) -> Result<Name, Error> {
        let _progress = self.progress();
        Ok(self.tpm.primary(&self.signer).map_err(|error| explained(error, ENDORSEMENT))?.1)
    }

    /// Proves that the signing key is in one TPM with the private half of `key`, which is that of the certificate at `path`; gives the Name
    /// of the signing key.
    ///
    /// # Errors
    /// It is not.
    pub(crate) fn lives_with(&self, key: &PublicKey, path: &Path) -> Result<Name, Error> {
        let templates = tpm::endorsement::templates(key)?;
        let Some(first) = templates.first().cloned() else {
            return Err(Error::request(
                format!("{} is for a key of a size that no EK template has", path.display()),
                "EK certificates are for RSA keys of 2048, 3072 or 4096 bits, or for P-256, P-384 or P-521",
            ));
        };
        if let Err(lack) = self.capabilities.check(&first) {
            return Err(foreign(path, &lack.cause().to_string()));
        }
        // A maker's own template or nonce, if there is one, is the likelier; if it is none, that is no failure.
        let own = nv::templates(self.tpm, self.owner.as_ref(), &self.capabilities.nv, &first);
        let own = own.into_iter().map(|template| (template, true));
        for (template, own) in own.chain(templates.into_iter().map(|template| (template, false))) {
            let _progress = matches!(template.key, PublicKey::Rsa { .. })
                .then(|| Progress::start("deriving the RSA endorsement key; this can take a minute"));
            let ek = Primary { template, ..self.signer.clone() };
            match self.tpm.prove_residence(&self.signer, &ek, key) {
                Ok(Residence::Here(signer)) => return Ok(signer),
                Ok(Residence::Elsewhere) => {}
                Err(error) if own && error.response_code().is_some() && !is_about_a_password(&error) => {}
                Err(error) => return Err(explained(error, ENDORSEMENT)),
            }
        }
        Err(foreign(path, "its key is none that this TPM derives"))
    }

    /// Has the signing key certify the storage key of a hierarchy, and verifies what it says. `is_signer` looks at the Name of the key that
    /// signed, which is given back.
    ///
    /// # Errors
    /// The TPM refuses, another key signed, or what it says does not hold.
    pub(crate) fn certified(
        &self,
        hierarchy: Handle,
        auth: Option<Auth>,
        is_signer: impl FnOnce(&Name) -> Result<(), Error>,
    ) -> Result<(Name, Certified), Error> {
        let template = storage_primary(!self.capabilities.curves.contains(&Curve::P256));
        let subject = Primary { hierarchy, auth, template };
        let nonce = tpm::crypto::random::bytes(NONCE).map_err(tpm::Error::from)?;
        let progress = self.progress();
        let answer = self.tpm.certify(&self.signer, &subject, &nonce);
        drop(progress);
        let answer = answer.map_err(|error| explained(error, EITHER))?;
        let signer = verdict::name_of(&answer.signer)?;
        is_signer(&signer)?;
        let name = verdict::name(&answer, &signer, hierarchy, &nonce)?;
        let key = verdict::openssl_key(&answer.public).and_then(|key| key.public_key_to_pem());
        let pem = key.map_err(|_| verdict::tampered("the certified key is no key"))?;
        Ok((signer, Certified { name, pem }))
    }

    /// A line on the terminal where the signing key is RSA: a real chip searches primes each time.
    fn progress(&self) -> Option<Progress> {
        matches!(self.signer.template.key, PublicKey::Rsa { .. })
            .then(|| Progress::start("deriving the RSA signing key; this can take a minute"))
    }
}

/// Whether the key that signed is the one that was proven to be in the TPM.
///
/// # Errors
/// It is another.
pub(crate) fn same(signer: &Name, proven: &Name) -> Result<(), Error> {
    match signer == proven {
        true => Ok(()),
        false => Err(verdict::tampered("another key signed than the one that was to sign")),
    }
}

/// A hierarchy's password is given by these options.
fn explained(error: tpm::Error, options: &str) -> Error {
    match is_about_a_password(&error) {
        true => Error::Tpm(error.advise(format!("give the password of the hierarchy with {options}"))),
        false => Error::Tpm(error),
    }
}

fn is_about_a_password(error: &tpm::Error) -> bool {
    matches!(error.kind(), ErrorKind::ParentAuthorization | ErrorKind::ParentPasswordMissing)
}

fn foreign(path: &Path, why: &str) -> Error {
    Error::request(
        format!("{} belongs to another TPM: {why}", path.display()),
        "take the certificate of this TPM (`tpm2_getekcertificate`), unless its maker derives endorsement keys by a template of his own",
    )
}
