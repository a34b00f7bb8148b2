//! Keys, certificates and folders for unit tests. No TPM is used: opening it is an error.

use std::path::{Path, PathBuf};

use asn1::{BitString, SequenceWriter, Writer, oid};
use keyfile::{Attributes, Curve, Handle, HashAlg, Kdf, KeyFile, Kind, Public, PublicKey, Scheme, Symmetric};
use tempfile::TempDir;
use tpm::{Config, Tpm};

use crate::spki;

/// Returns a TPM that cannot be reached.
pub(crate) fn no_tpm() -> Tpm {
    let refuse = |_| Err(tpm::Error::new(tpm::ErrorKind::NoTpm, "a command would be sent"));
    Tpm::with_opener(Config::default(), Box::new(refuse))
}

/// Returns a P-256 key with these coordinates, which need not be a point.
pub(crate) fn public(x: u32) -> Public {
    let key = PublicKey::Ecc {
        symmetric: Symmetric::Null,
        scheme: Scheme::Null,
        curve: Curve::P256,
        kdf: Kdf::Null,
        x: [&[1; 28], &x.to_be_bytes()[..]].concat(),
        y: vec![2; 32],
    };
    let attributes = Attributes::SIGN.union(Attributes::USER_WITH_AUTH);
    Public { name_alg: HashAlg::Sha256, attributes, auth_policy: Vec::new(), key }
}

/// Returns a key file.
pub(crate) fn key(x: u32) -> KeyFile {
    KeyFile::new(Kind::Loadable, Handle::OWNER, public(x), vec![7; 100])
}

/// Returns a certificate for the key with these coordinates.
pub(crate) fn certificate(x: u32) -> Vec<u8> {
    let spki = spki::encoded(&public(x).key).unwrap();
    let sequence = |fields: &dyn Fn(&mut Writer<'_>) -> asn1::WriteResult| {
        asn1::write_single(&SequenceWriter::new(fields)).unwrap()
    };
    let empty = sequence(&|_| Ok(()));
    let algorithm = sequence(&|w| w.write_element(&oid!(1, 2, 840, 10045, 4, 3, 2)));
    let raw =
        |der: &[u8]| asn1::parse_single::<asn1::Tlv<'_>>(der).map(|tlv| tlv.full_data().to_vec()).unwrap();
    let contents =
        [raw(&asn1::write_single(&x).unwrap()), algorithm.clone(), empty.clone(), empty.clone(), empty, spki];
    let body = |parts: &[Vec<u8>]| {
        sequence(&|w| {
            parts
                .iter()
                .try_for_each(|part| w.write_element(&asn1::parse_single::<asn1::Tlv<'_>>(part).unwrap()))
        })
    };
    let signature = asn1::write_single(&BitString::new(&[0; 8], 0).unwrap()).unwrap();
    body(&[body(&contents), algorithm, signature])
}

/// Returns a certificate as PEM.
pub(crate) fn certificate_pem(x: u32) -> String {
    keyfile::certificate_pem(&certificate(x)).unwrap()
}

/// A folder with files.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}
