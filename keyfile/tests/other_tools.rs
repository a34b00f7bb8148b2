//! Key files from other tools are read correctly, written back byte by byte, and changed without losses.

// In tests, a panic reports a failure. clippy.toml allows it only in the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use keyfile::{Attributes, CommandCode, Curve, Error, Handle, HashAlg, KeyFile, Kind, PublicKey, Scheme};
use std::{fs, path::PathBuf};

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data")
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(data().join(name)).unwrap()
}

fn read(name: &str) -> KeyFile {
    KeyFile::parse(&bytes(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns the names of all key files in the folder.
fn all() -> Vec<String> {
    let names = fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let keys: Vec<String> = names.filter(|name| name.ends_with(".pem") || name.ends_with(".der")).collect();
    assert_eq!(keys.len(), 18, "{keys:?}");
    keys
}

fn curve(file: &KeyFile) -> Curve {
    match file.public.key {
        PublicKey::Ecc { curve, .. } => curve,
        ref other => panic!("{other:?}"),
    }
}

const PERSISTENT: Handle = Handle(0x8100_0001);

#[test]
fn keys_from_tpm2_openssl_match_their_genpkey_options() {
    let rsa = read("tpm2-openssl-rsa.pem");
    assert_eq!((rsa.kind, rsa.parent, rsa.empty_auth), (Kind::Loadable, PERSISTENT, true));
    assert!(!rsa.needs_password());
    assert_eq!(rsa.public.attributes, Attributes::from_bits(0x0006_0072));
    match &rsa.public.key {
        PublicKey::Rsa { scheme: Scheme::Null, bits: 2048, exponent: 0, modulus, .. } => {
            assert_eq!(modulus.len(), 256);
        }
        other => panic!("{other:?}"),
    }

    let pss = read("tpm2-openssl-rsa-pss.pem");
    assert_eq!(pss.public.key.scheme(), Some(Scheme::Rsapss(HashAlg::Sha256)));

    let p256 = read("tpm2-openssl-p256.pem");
    assert_eq!((curve(&p256), p256.parent, p256.rsa_parent), (Curve::P256, Handle::OWNER, false));
    assert_eq!(curve(&read("tpm2-openssl-p256.der")), Curve::P256);

    let password = read("tpm2-openssl-p384-password.pem");
    assert_eq!(curve(&password), Curve::P384);
    assert!(!password.empty_auth && password.needs_password());
}

#[test]
fn keys_from_tpm2_tools_and_pytss_are_read() {
    // tpm2_encodeobject 5.4 inverts emptyAuth: -p ("the key has a password") writes TRUE. Such a file cannot be distinguished from a
    // correct one, so it is read literally.
    let plain = read("encodeobject.pem");
    assert_eq!((plain.parent, plain.empty_auth), (PERSISTENT, false));
    let password = read("encodeobject-password.pem");
    assert!(password.empty_auth && !password.needs_password());
    assert_eq!(password.public.key.scheme(), Some(Scheme::Rsapss(HashAlg::Sha384)));
    let pytss = read("pytss.pem");
    assert_eq!((curve(&pytss), pytss.parent, pytss.needs_password()), (Curve::P384, Handle::OWNER, false));
}

#[test]
fn optional_fields_are_read() {
    let described = read("description.pem");
    assert_eq!(described.description.as_deref(), Some("Schlüssel of the web server"));
    assert!(described.rsa_parent);
    assert_eq!(read("negative-parent.pem").parent, PERSISTENT);
    let zero = read("parent-0.pem");
    assert_eq!((zero.parent, zero.needs_password()), (Handle::OWNER, true));
    assert_eq!(read("sealed.pem").kind, Kind::Sealed);

    let importable = read("importable.pem");
    // An encrypted point on P-256: two coordinates, each with its size.
    assert_eq!((importable.kind, importable.secret.map(|secret| secret.len())), (Kind::Importable, Some(68)));
}

#[test]
fn policies_are_read() {
    let file = read("policy.pem");
    let commands: Vec<_> = file.policy.iter().flatten().map(|statement| statement.command).collect();
    assert_eq!(commands, [CommandCode::POLICY_PCR, CommandCode::POLICY_AUTH_VALUE]);
    assert!(file.uses_policy() && file.needs_password());

    let signed = read("signed-policies.pem");
    let names: Vec<_> = signed.auth_policies.iter().map(|policy| policy.name.as_deref()).collect();
    assert_eq!(names, [Some("three"), None]);
    assert!(signed.auth_policies.iter().all(|policy| {
        policy.statements.last().is_some_and(|last| last.command == CommandCode::POLICY_AUTHORIZE)
    }));
}

#[test]
fn old_layout_is_read_and_converted() {
    let blob = read("key-blob.pem");
    assert_eq!((blob.kind, blob.parent, blob.empty_auth), (Kind::Loadable, Handle::OWNER, true));
    let policy = read("key-blob-policy.pem");
    assert_eq!((policy.parent, policy.empty_auth), (PERSISTENT, false));
    assert_eq!(policy.policy.iter().flatten().count(), 1);
    // Under a hierarchy it means a primary key that the standard layout cannot name, so the file keeps its layout.
    assert!(blob.old_layout && !policy.old_layout);
    assert_eq!(blob.primary(), "old P-256 (without fixedTPM and fixedParent)");
    let mut described = blob;
    described.description = Some("changed".into());
    assert!(matches!(described.to_der(), Err(Error::Rule(_))));
    // Nor has the old layout a place for elements of a later version.
    let mut later = read("later-version.pem");
    (later.description, later.rsa_parent) = (None, false);
    assert!(later.to_der().is_ok());
    later.old_layout = true;
    assert!(matches!(later.to_der(), Err(Error::Rule(_))));
    // Any other file is written with the current layout and label.
    let written = String::from_utf8(policy.to_file().unwrap()).unwrap();
    assert!(written.starts_with("-----BEGIN TSS2 PRIVATE KEY-----\n"), "{written}");
    let again = KeyFile::parse(written.as_bytes()).unwrap();
    assert_eq!((again.parent, again.public, again.policy), (policy.parent, policy.public, policy.policy));
}

#[test]
fn unchanged_file_is_written_back_byte_by_byte() {
    for name in all().iter().filter(|name| *name != "key-blob-policy.pem") {
        assert_eq!(read(name).to_file().unwrap(), bytes(name), "{name}");
        let der = read(name).to_der().unwrap();
        assert_eq!(KeyFile::from_der(&der).unwrap().to_der().unwrap(), der, "{name}");
    }
    assert_eq!(read("tpm2-openssl-p256.der").to_der().unwrap(), bytes("tpm2-openssl-p256.der"));
}

#[test]
fn changed_file_keeps_all_other_elements() {
    for name in all().into_iter().filter(|name| name != "key-blob.pem") {
        let mut file = read(&name);
        file.description = Some("changed".into());
        let changed =
            KeyFile::parse(&file.to_file().unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(changed.description.as_deref(), Some("changed"));
        // Changing it back restores every byte, even the encoding: BOOLEAN 0x01, absence for FALSE, an INTEGER without its zero byte.
        let mut back = changed;
        back.description = read(&name).description;
        assert_eq!(back.to_der().unwrap(), read(&name).to_der().unwrap(), "{name}");
    }
}

#[test]
fn elements_of_a_later_version_are_kept_on_change() {
    let mut file = read("later-version.pem");
    let original = file.to_der().unwrap();
    file.empty_auth = false;
    let changed = file.to_der().unwrap();
    // One byte differs: [0] BOOLEAN is now FALSE.
    let differing: Vec<_> = original.iter().zip(&changed).filter(|(before, after)| before != after).collect();
    assert_eq!((changed.len(), differing), (original.len(), vec![(&0xFF, &0x00)]));
    let text = b"a field of tomorrow";
    assert!(changed.windows(text.len()).any(|window| window == text));
    file.empty_auth = true;
    assert_eq!(file.to_der().unwrap(), original);
}

#[test]
fn new_file_is_read_back() {
    let model = read("policy.pem");
    let mut file = KeyFile::new(Kind::Loadable, Handle::OWNER, model.public.clone(), model.private.clone());
    assert!(file.empty_auth && !file.needs_password());
    assert_eq!(file.to_der(), Err(Error::Rule("the policy does not lead to the key's policy digest")));
    file.policy.clone_from(&model.policy);
    file.empty_auth = false;
    file.rsa_parent = true;
    let again = KeyFile::parse(file.to_pem().unwrap().as_bytes()).unwrap();
    assert_eq!((again.policy, again.rsa_parent, again.empty_auth), (model.policy, true, false));
    assert_eq!((again.public, again.private), (model.public, model.private));

    // Without statements, the digest is that of a fresh session.
    file.policy = Some(Vec::new());
    file.public.auth_policy = vec![0; 32];
    let again = KeyFile::parse(file.to_pem().unwrap().as_bytes()).unwrap();
    assert_eq!(again.policy, Some(Vec::new()));
    file.policy = None;
    assert!(file.to_der().is_err());
}

#[test]
fn contradictory_fields_are_not_written() {
    let mut transient = read("encodeobject.pem");
    transient.parent = Handle(0x8000_0001);
    assert_eq!(transient.to_der(), Err(Error::Parent(Handle(0x8000_0001))));
    let mut secret = read("encodeobject.pem");
    secret.secret = Some(vec![1]);
    assert!(matches!(secret.to_pem(), Err(Error::Rule(_))));
    let mut rsa_parent = read("encodeobject.pem");
    rsa_parent.rsa_parent = true;
    assert!(matches!(rsa_parent.to_file(), Err(Error::Rule(_))));
}
