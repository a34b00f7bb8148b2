//! Has an attestation key certify a key: the options of `certify` and `request`, and the evidence.

use std::path::PathBuf;

use attestation::Evidence;
use attestation::signature::verify;
use clap::Args;
use keyfile::wire::{Marshal, Unmarshal};
use keyfile::{Certification, Handle};
use tpm::{Key, Tpm};

use crate::attest::read_index;
use crate::attest::verdict::tampered;
use crate::certificates;
use crate::check::subject::Subject;
use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::key_password::{AkPassword, KeyPassword, Role};
use crate::opened;
use crate::parent_password::ParentPassword;
use crate::password::{Passwords, Secret};

/// The bytes that every TPM accepts as qualifying data: a digest with SHA-512.
const LONGEST: usize = 64;

/// The options for the key and the attestation key.
#[derive(Args)]
pub(crate) struct Keys {
    /// The key to certify: a key file, a reference, or a URI such as handle:0x81000100
    #[arg(value_name = "KEY")]
    key: PathBuf,

    /// The attestation key, in the same forms; `tpm2-keytool ak create` makes one
    #[arg(long, value_name = "AK")]
    ak: PathBuf,

    /// The certificate of the attestation key, then those of its issuers: a file in PEM or DER, or the NV index in which a cloud put it
    #[arg(long, value_name = "CERT|INDEX")]
    ak_cert: Option<PathBuf>,

    #[command(flatten)]
    password: KeyPassword,

    #[command(flatten)]
    ak_password: AkPassword,

    #[command(flatten)]
    parent: ParentPassword,
}

/// The opened keys, and the certificates of the attestation key.
pub(crate) struct Opened {
    pub(crate) key: Key,
    pub(crate) ak: Key,
    chain: Vec<Vec<u8>>,
}

impl Keys {
    /// Opens both keys, and runs `work`. In every case, no object of this process is left in the TPM.
    ///
    /// # Errors
    /// A key cannot be opened, or `work` fails.
    pub(crate) fn with<T>(
        &self,
        common: &Common,
        work: impl FnOnce(&Opened) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let from_file = self.ak_cert.as_deref().filter(|_| self.index().is_none());
        let from_file = from_file.map(certificates::read).transpose()?;
        let prefix = common.nv_prefix()?;
        let subjects = [&self.key, &self.ak].map(|key| Subject::read(key, prefix.as_deref()));
        let [key, ak] = subjects;
        let (key, ak) = (key?, ak?);
        let mut passwords = Passwords::default();
        let given = self.password.given(&mut passwords, &Role::KEY.password())?;
        let key_password = key.password(given, &mut passwords, Role::KEY)?;
        let given = self.ak_password.given(&mut passwords)?;
        let ak_password = ak.password(given, &mut passwords, Role::AK)?;
        let tpm = common.tpm_by(self.parent.given(&mut passwords)?.as_ref())?;
        let deferred = Deferred::start();
        let chain = match (from_file, self.index()) {
            (Some(chain), _) => Ok(chain),
            (None, Some(index)) => in_nv(&tpm, common, index),
            (None, None) => Ok(Vec::new()),
        };
        let keys = ((&key, key_password.as_ref()), (&ak, ak_password.as_ref()));
        let opened = chain.and_then(|chain| Opened::open(&tpm, keys.0, keys.1, chain));
        let result = opened.and_then(|opened| work(&opened));
        tpm.close();
        let value = result?;
        deferred.check()?;
        Ok(value)
    }

    /// Returns the NV index of the certificate, if it is not in a file.
    fn index(&self) -> Option<Handle> {
        let text = self.ak_cert.as_deref().filter(|path| !path.exists())?.to_str()?;
        text.parse::<Handle>().ok().filter(|handle| handle.is_nv())
    }
}

/// Returns the certificates in an NV index.
fn in_nv(tpm: &Tpm, common: &Common, index: Handle) -> Result<Vec<Vec<u8>>, Error> {
    let owner = common.parent_auth().ok().flatten();
    let found = read_index(tpm, owner.as_ref(), index).map(|bytes| certificates::of(&bytes));
    found.filter(|found| !found.is_empty()).ok_or_else(|| {
        Error::request(
            format!("no certificate can be read from the NV index {index}"),
            "`tpm2-keytool show INDEX` shows what is there and who may read it",
        )
    })
}

impl Opened {
    /// Opens the key and the attestation key, each with its password.
    ///
    /// # Errors
    /// There are no such keys, or a password is missing.
    pub(crate) fn open(
        tpm: &Tpm,
        (key, password): (&Subject, Option<&Secret>),
        (ak, ak_password): (&Subject, Option<&Secret>),
        chain: Vec<Vec<u8>>,
    ) -> Result<Self, Error> {
        Ok(Self {
            key: opened::open(tpm, key, password, Role::KEY, |_| Ok(()))?,
            ak: opened::open(tpm, ak, ak_password, Role::AK, |_| Ok(()))?,
            chain,
        })
    }

    /// Has the attestation key certify the key with this nonce, and verifies the statement.
    ///
    /// # Errors
    /// The nonce is too long, the TPM refuses, or its answer is not about this key.
    pub(crate) fn evidence(&self, nonce: &[u8]) -> Result<Evidence, Error> {
        if nonce.len() > LONGEST {
            return Err(Error::request(
                format!("the nonce has {} bytes, but a TPM accepts {LONGEST}", nonce.len()),
                "give a shorter nonce, or the hash of this one",
            ));
        }
        let certified = self.key.certify(&self.ak, nonce)?;
        let (public, signer) = (certified.public.to_bytes(), certified.signer.to_bytes());
        // A verifier checks all this, too. A fault that is found here is one of the bus.
        if !verify(&certified.signer.key, &certified.statement, &certified.signature) {
            return Err(tampered("the attestation key has not signed the statement"));
        }
        let statement = Certification::from_bytes(&certified.statement)
            .map_err(|error| tampered(&format!("the signed structure is not a certification: {error}")))?;
        if statement.extra_data != nonce {
            return Err(tampered("the certification does not contain the nonce of this request"));
        }
        if statement.name != *self.key.name() {
            return Err(tampered("the certification is for another key"));
        }
        Ok(Evidence {
            statement: certified.statement,
            signature: certified.signature,
            key: public.map_err(tpm::Error::from)?,
            signer: Some(signer.map_err(tpm::Error::from)?),
            signer_chain: self.chain.clone(),
        })
    }
}
