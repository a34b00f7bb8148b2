//! Key files, chains of PEM blocks, statements of policies, and the TPM's structures in them.

use keyfile::policy::{self, Statement};
use keyfile::wire::{Marshal, Unmarshal};
use keyfile::{
    Content, HashAlg, KeyFile, NvPublic, Public, Sensitive, Signature, Ticket, contents, issuer, subject,
};

/// Intact key files.
pub(crate) const FILES: [&[u8]; 14] = [
    include_bytes!("../../../keyfile/tests/data/description.pem"),
    include_bytes!("../../../keyfile/tests/data/encodeobject-password.pem"),
    include_bytes!("../../../keyfile/tests/data/encodeobject.pem"),
    include_bytes!("../../../keyfile/tests/data/importable.pem"),
    include_bytes!("../../../keyfile/tests/data/key-blob-policy.pem"),
    include_bytes!("../../../keyfile/tests/data/key-blob.pem"),
    include_bytes!("../../../keyfile/tests/data/later-version.pem"),
    include_bytes!("../../../keyfile/tests/data/policy.pem"),
    include_bytes!("../../../keyfile/tests/data/pytss.pem"),
    include_bytes!("../../../keyfile/tests/data/sealed.pem"),
    include_bytes!("../../../keyfile/tests/data/signed-policies.pem"),
    include_bytes!("../../../keyfile/tests/data/tpm2-openssl-p256.der"),
    include_bytes!("../../../keyfile/tests/data/tpm2-openssl-rsa-pss.pem"),
    include_bytes!("../../../keyfile/tests/data/tpm2-openssl-rsa.pem"),
];

/// Returns the files, their DER, and the structures in them, each after the byte that chooses how it is read.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let mut seed = |kind: u8, bytes: &[u8]| seeds.push([&[kind], bytes].concat());
    for bytes in FILES {
        let file = KeyFile::parse(bytes).expect("a sound file");
        seed(0, bytes);
        seed(0, &file.to_der().expect("its DER"));
        seed(1, bytes);
        seed(2, &file.public.to_bytes().expect("its public area"));
        let signed = file.auth_policies.iter().flat_map(|policy| &policy.statements);
        for statement in file.policy.iter().flatten().chain(signed) {
            seed(3, &[&statement.command.0.to_be_bytes(), &statement.body[..]].concat());
        }
    }
    seed(4, include_bytes!("../../../keyfile/tests/data/policies.txt"));
    seeds
}

/// Reads the bytes in the way that the first byte chooses.
pub fn run(data: &[u8]) {
    let Some((kind, bytes)) = data.split_first() else { return };
    match kind % 5 {
        0 => match KeyFile::parse(bytes) {
            Ok(file) => written_again(&file),
            Err(error) => assert!(!error.to_string().is_empty()),
        },
        1 => chain(bytes),
        2 => structure(bytes),
        3 => {
            if let Some((code, body)) = bytes.split_first_chunk() {
                statement(&Statement {
                    command: keyfile::CommandCode(u32::from_be_bytes(*code)),
                    body: body.to_vec(),
                });
            }
        }
        _ => {
            let Ok(text) = std::str::from_utf8(bytes) else { return };
            match policy::parse_lines(text) {
                Ok(statements) => statements.iter().for_each(statement),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
}

/// Checks that an unchanged file is written byte by byte, and that a written file is read as the same key.
fn written_again(file: &KeyFile) {
    let _ = (file.needs_password(), file.asks_for_password(), file.policy_paths().len());
    let signed = file.auth_policies.iter().flat_map(|policy| &policy.statements);
    file.policy.iter().flatten().chain(signed).for_each(statement);
    assert!(file.public.name().is_ok(), "an area that was read has a Name");
    let der = file.to_der().expect("what was read is written");
    let again = KeyFile::from_der(&der).expect("what was written is read");
    assert!(again.public == file.public && again.private == file.private, "it is the same key");
    assert_eq!(again.to_der().expect("written again"), der);
    let pem = file.to_pem().expect("what was read is written");
    assert_eq!(
        KeyFile::parse(pem.as_bytes()).expect("its PEM is read").to_der().expect("written again"),
        der
    );
}

fn statement(statement: &Statement) {
    assert!(!statement.to_string().is_empty());
    if let Ok(digest) = policy::digest([statement], HashAlg::Sha256) {
        assert_eq!(digest.len(), 32);
    }
    if let Ok(condition) = statement.condition() {
        assert!(!condition.to_string().is_empty() && !condition.refusal().is_empty());
        let _ = (condition.parameters(), condition.statement());
    }
}

fn chain(bytes: &[u8]) {
    match contents(bytes) {
        Ok(found) => found.iter().for_each(|content| match content {
            Content::Key(file) => written_again(file),
            Content::Reference(reference) => crate::reference::written_again(reference),
            Content::Certificate(der) => assert!(subject(der).is_some(), "a certificate has a subject"),
            Content::RevocationList(der) => assert!(issuer(der).is_some(), "a revocation list has an issuer"),
            Content::PublicKey(der) => assert_eq!(der.first(), Some(&0x30)),
        }),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let _ = (subject(bytes), issuer(bytes));
}

fn structure(bytes: &[u8]) {
    if let Ok(public) = Public::from_bytes(bytes) {
        assert_eq!(public.to_bytes().expect("what was read is written"), bytes, "nothing is lost");
        assert!(public.name().is_ok());
    }
    if let Ok(public) = NvPublic::from_bytes(bytes) {
        assert_eq!(public.to_bytes().expect("what was read is written"), bytes, "nothing is lost");
    }
    let _ = (Signature::from_bytes(bytes), Sensitive::from_bytes(bytes), Ticket::from_bytes(bytes));
}
