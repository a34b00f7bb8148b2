//! Gets proofs from the TPM, and explains a proof that fails.

use std::path::Path;

use keyfile::{Curve, Handle, Name, PublicKey};
use tpm::template::Storage;
use tpm::{Auth, Capabilities, ErrorKind, Primary, Residence, Tpm};

use super::{nv, verdict};
use crate::error::Error;
use crate::public_key;
use crate::terminal::Progress;

/// A TPM whose identity is to be proven.
pub(crate) struct Prover<'a> {
    tpm: &'a Tpm,
    owner: Option<Auth>,
    capabilities: Capabilities,
    signer: Primary,
}

/// A key that the signing key has certified.
pub(crate) struct Certified {
    /// Its Name.
    pub(crate) name: Name,
    /// Its public half in PEM.
    pub(crate) pem: Vec<u8>,
}

/// The number of bytes of a nonce.
const NONCE: usize = 32;

/// The password options for the hints.
const ENDORSEMENT: &str = "-a, -k or --passin";
const EITHER: &str =
    "-a, -k or --passin if it is the endorsement hierarchy, with -b or --passparent if it is the one of -C";

impl<'a> Prover<'a> {
    /// Creates a prover with the passwords of the endorsement hierarchy and of the owner; the latter is used to read NV indexes.
    pub(crate) fn new(tpm: &'a Tpm, endorsement: Option<Auth>, owner: Option<Auth>) -> Result<Self, Error> {
        let capabilities = tpm.capabilities()?;
        let is_rsa = !capabilities.curves.contains(&Curve::P256);
        let signer = Primary::signer(Handle::ENDORSEMENT, endorsement, is_rsa);
        Ok(Self { tpm, owner, capabilities, signer })
    }

    /// Returns the Name of the signing key. This does not prove that the key is in a TPM.
    pub(crate) fn signer(&self) -> Result<Name, Error> {
        let _progress = self.progress();
        Ok(self.tpm.primary(&self.signer).map_err(|error| explained(error, ENDORSEMENT))?.1)
    }

    /// Proves that the signing key is in the same TPM as the private half of `key`, the key of the certificate at `path`. Returns the Name
    /// of the signing key.
    ///
    /// # Errors
    /// The proof fails.
    pub(crate) fn prove_same_tpm(&self, key: &PublicKey, path: &Path) -> Result<Name, Error> {
        let templates = crypto::endorsement::templates(key).map_err(tpm::Error::from)?;
        let Some(first) = templates.first().cloned() else {
            return Err(Error::request(
                format!("no EK template has the key size of {}", path.display()),
                "give an EK certificate: RSA with 2048, 3072 or 4096 bits, or P-256, P-384 or P-521",
            ));
        };
        if let Err(lack) = self.capabilities.check(&first) {
            return Err(wrong_tpm(path, &lack.cause().to_string()));
        }
        // The manufacturer's own template or nonce is tried first, because it is the likelier one. An unusable one is not an error.
        let own = nv::templates(self.tpm, self.owner.as_ref(), &self.capabilities.nv, &first);
        let own = own.into_iter().map(|template| (template, true));
        for (template, own) in own.chain(templates.into_iter().map(|template| (template, false))) {
            let _progress = matches!(template.key, PublicKey::Rsa { .. })
                .then(|| Progress::start("deriving the RSA endorsement key; this can take a minute"));
            let ek = Primary { template, ..self.signer.clone() };
            match self.tpm.prove_residence(&self.signer, &ek, key) {
                Ok(Residence::Here(signer)) => return Ok(signer),
                Ok(Residence::Elsewhere) => {}
                Err(error) if own && error.response_code().is_some() && !is_about_password(&error) => {}
                Err(error) => return Err(explained(error, ENDORSEMENT)),
            }
        }
        Err(wrong_tpm(path, "this TPM does not derive its key"))
    }

    /// Certifies the storage key of a hierarchy with the signing key, and verifies the certification. `is_signer` checks the Name of the key
    /// that signed, which is returned.
    ///
    /// # Errors
    /// The TPM refuses, another key signed, or the certification is wrong.
    pub(crate) fn certified(
        &self,
        hierarchy: Handle,
        auth: Option<Auth>,
        is_signer: impl FnOnce(&Name) -> Result<(), Error>,
    ) -> Result<(Name, Certified), Error> {
        let template = Storage::standard(!self.capabilities.curves.contains(&Curve::P256)).template();
        let subject = Primary { hierarchy, auth, template };
        let nonce = crypto::random::bytes(NONCE).map_err(tpm::Error::from)?;
        let progress = self.progress();
        let answer = self.tpm.certify(&self.signer, &subject, &nonce);
        drop(progress);
        let answer = answer.map_err(|error| explained(error, EITHER))?;
        let signer = verdict::name_of(&answer.signer)?;
        is_signer(&signer)?;
        let name = verdict::name(&answer, &signer, hierarchy, &nonce)?;
        let key = public_key::to_openssl(&answer.public.key).and_then(|key| key.public_key_to_pem());
        let pem = key.map_err(|_| verdict::tampered("the certified key is not valid"))?;
        Ok((signer, Certified { name, pem }))
    }

    /// Shows a progress line if the signing key is RSA, because a real chip searches for primes each time.
    fn progress(&self) -> Option<Progress> {
        matches!(self.signer.template.key, PublicKey::Rsa { .. })
            .then(|| Progress::start("deriving the RSA signing key; this can take a minute"))
    }
}

/// Checks that the key that signed is the one that was proven to be in the TPM.
///
/// # Errors
/// Another key signed.
pub(crate) fn same(signer: &Name, proven: &Name) -> Result<(), Error> {
    match signer == proven {
        true => Ok(()),
        false => Err(verdict::tampered("it was signed with another key")),
    }
}

/// Adds the hint about the password options of the hierarchy.
fn explained(error: tpm::Error, options: &str) -> Error {
    match is_about_password(&error) {
        true => Error::Tpm(error.advise(format!("give the password of the hierarchy with {options}"))),
        false => Error::Tpm(error),
    }
}

fn is_about_password(error: &tpm::Error) -> bool {
    matches!(error.kind(), ErrorKind::ParentAuthorization | ErrorKind::ParentPasswordMissing)
}

fn wrong_tpm(path: &Path, why: &str) -> Error {
    Error::request(
        format!("{} belongs to another TPM: {why}", path.display()),
        "use the certificate of this TPM (`tpm2_getekcertificate`); endorsement keys with another manufacturer template are not supported",
    )
}
