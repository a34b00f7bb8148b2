//! Reference files, and serialized objects of tpm2-tss.

use keyfile::wire::Marshal;
use keyfile::{KeyFile, KeyReference, Serialized};

/// Returns a reference as PEM and as DER, and a serialized object.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for bytes in &crate::key_file::FILES[..3] {
        let public = KeyFile::parse(bytes).expect("a sound file").public;
        let name = public.name().and_then(|name| name.to_bytes()).expect("its Name");
        let area = public.to_sized().expect("its public area");
        // Handle, TPM2B_NAME, type of the object, TPM2B_PUBLIC.
        seeds.push([&[0x81, 0, 1, 1][..], &name, &[0, 0, 0, 1], &area].concat());
        for empty_auth in [true, false] {
            let uri = "handle:0x81000101?pass".to_owned().into();
            let reference = KeyReference { uri, empty_auth, public: public.clone() };
            seeds.push(reference.to_der().expect("its DER").to_vec());
            seeds.push(reference.to_pem().expect("its PEM").as_bytes().to_vec());
        }
    }
    seeds
}

/// Reads the bytes as both.
pub fn run(data: &[u8]) {
    let _ = KeyReference::is_der(data);
    match KeyReference::parse(data) {
        Ok(reference) => written_again(&reference),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Err(error) = Serialized::from_bytes(data) {
        assert!(!error.to_string().is_empty());
    }
}

/// Checks that a written reference is read as the same one.
pub(crate) fn written_again(reference: &KeyReference) {
    let der = reference.to_der().expect("what was read is written");
    let again = KeyReference::from_der(&der).expect("what was written is read");
    assert!(again.uri == reference.uri && again.public == reference.public);
    let pem = reference.to_pem().expect("what was read is written");
    assert!(KeyReference::parse(pem.as_bytes()).is_ok());
}
