//! Damaged input gives a typed error or a key. It never panics, and it never allocates more memory than the input has.

// In tests, a panic reports a failure. clippy.toml allows it only in the test functions themselves.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use keyfile::policy::{self, Statement};
use keyfile::uri::Uri;
use keyfile::wire::{Marshal, Unmarshal};
use keyfile::{Error, HashAlg, KeyFile, KeyReference, Public, Serialized, contents};
use std::{fs, path::PathBuf};

fn bytes(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

fn der(name: &str) -> Vec<u8> {
    KeyFile::parse(&bytes(name)).unwrap().to_der().unwrap()
}

const FILES: [&str; 6] = [
    "tpm2-openssl-p256.pem",
    "later-version.pem",
    "description.pem",
    "importable.pem",
    "policy.pem",
    "signed-policies.pem",
];

/// Writes whatever was read, and describes it in words.
fn use_it(result: Result<KeyFile, Error>) {
    match result {
        Ok(file) => {
            assert!(!file.to_file().unwrap().is_empty());
            let statements = file.policy.iter().flatten();
            let signed = file.auth_policies.iter().flat_map(|policy| &policy.statements);
            for statement in statements.chain(signed) {
                assert!(!statement.to_string().is_empty());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

#[test]
fn file_cut_off_at_each_byte_is_rejected() {
    for name in FILES {
        let der = der(name);
        for end in 0..der.len() {
            let error = KeyFile::parse(&der[..end]).err().unwrap_or_else(|| panic!("{name} {end}"));
            assert!(matches!(error, Error::Asn1 { .. } | Error::NoKey), "{name} {end}: {error}");
        }
        let pem = bytes(name);
        for end in 0..pem.len() - 1 {
            let error = KeyFile::parse(&pem[..end]).err().unwrap_or_else(|| panic!("{name} {end}"));
            assert!(matches!(error, Error::NoEnd | Error::NoKey), "{name} {end}: {error}");
        }
    }
}

#[test]
fn each_changed_byte_is_harmless() {
    for name in FILES {
        let der = der(name);
        let pem = bytes(name);
        for at in 0..der.len() {
            for flip in [0x01, 0x80, 0xff, der[at], !der[at]] {
                let mut damaged = der.clone();
                damaged[at] ^= flip;
                use_it(KeyFile::parse(&damaged));
            }
        }
        for at in 0..pem.len() {
            for replacement in [0, b'\n', b'-', 0xff] {
                let mut damaged = pem.clone();
                damaged[at] = replacement;
                use_it(KeyFile::parse(&damaged));
            }
        }
    }
}

#[test]
fn inserted_or_removed_byte_is_rejected() {
    for name in FILES {
        let der = der(name);
        for at in 0..der.len() {
            let mut damaged = der.clone();
            damaged.remove(at);
            assert!(KeyFile::parse(&damaged).is_err(), "{name} {at}");
            damaged = der.clone();
            damaged.insert(at, 0);
            assert!(KeyFile::parse(&damaged).is_err(), "{name} {at}");
        }
    }
}

/// Marsaglia's xorshift, so that the damage is the same in each run.
struct Damage(u64);

impl Damage {
    fn next(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }

    /// Changes up to eight bytes, then copies a part to another position.
    fn wreak(&mut self, bytes: &mut [u8]) {
        for _ in 0..=self.next(8) {
            bytes[self.next(bytes.len())] = u8::try_from(self.next(256)).unwrap();
        }
        let (from, to) = (self.next(bytes.len()), self.next(bytes.len()));
        let size = self.next(bytes.len() - from.max(to)).min(16);
        bytes.copy_within(from..from + size, to);
    }
}

#[test]
fn several_changed_bytes_are_harmless() {
    let mut damage = Damage(0x9e37_79b9_7f4a_7c15);
    for name in FILES {
        let der = der(name);
        for _ in 0..1000 {
            let mut damaged = der.clone();
            damage.wreak(&mut damaged);
            use_it(KeyFile::parse(&damaged));
        }
    }
}

#[test]
fn damaged_structures_in_an_intact_file_are_harmless() {
    let mut damage = Damage(1);
    for name in FILES {
        let file = KeyFile::parse(&bytes(name)).unwrap();
        let public = file.public.to_bytes().unwrap();
        let signed = file.auth_policies.iter().flat_map(|policy| &policy.statements);
        let statements: Vec<_> = file.policy.iter().flatten().chain(signed).collect();
        for _ in 0..2000 {
            let mut damaged = public.clone();
            damage.wreak(&mut damaged);
            if let Ok(read) = Public::from_bytes(&damaged) {
                // Writing returns the bytes that were read: nothing was lost.
                assert_eq!(read.to_bytes().unwrap(), damaged);
            }
            for statement in statements.iter().filter(|statement| !statement.body.is_empty()) {
                let mut damaged = Statement::clone(statement);
                damage.wreak(&mut damaged.body);
                assert!(!damaged.to_string().is_empty());
                if let Ok(digest) = policy::digest([&damaged], HashAlg::Sha256) {
                    assert_eq!(digest.len(), 32);
                }
            }
        }
    }
}

#[test]
fn empty_and_oversized_input_is_rejected() {
    assert_eq!(KeyFile::parse(&[]).err(), Some(Error::NoKey));
    assert_eq!(KeyFile::parse(&vec![b'\n'; 10 << 20]).err(), Some(Error::TooLarge { size: 10 << 20 }));
    let mut most = bytes("policy.pem");
    most.resize(KeyFile::MAX_SIZE, b'\n');
    assert!(KeyFile::parse(&most).is_ok());
    // A length of four gigabytes and lists that claim 2^32 members must not allocate memory.
    assert!(matches!(KeyFile::parse(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), Err(Error::Asn1 { .. })));
}

#[test]
fn other_keys_types_and_unknown_curves_are_rejected() {
    let foreign = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_eq!(KeyFile::parse(foreign).err(), Some(Error::NoKey));

    let mut wrong_type = der("tpm2-openssl-p256.pem");
    let oid = [0x67, 0x81, 0x05, 0x0a, 0x01, 0x03];
    let at = wrong_type.windows(oid.len()).position(|window| window == oid).unwrap();
    wrong_type[at + 5] = 0x06;
    let error = KeyFile::parse(&wrong_type).unwrap_err();
    assert_eq!(error, Error::UnknownType { oid: "2.23.133.10.1.6".into() });

    let mut unknown_curve = der("tpm2-openssl-p256.pem");
    // scheme NULL, curve NIST_P256, KDF NULL
    let parameters = [0x00, 0x10, 0x00, 0x03, 0x00, 0x10, 0x00, 0x20];
    let at = unknown_curve.windows(parameters.len()).position(|window| window == parameters).unwrap();
    unknown_curve[at + 3] = 0x99;
    let error = KeyFile::parse(&unknown_curve).unwrap_err();
    assert_eq!(error.to_string(), "pubkey of the key file cannot be used: 0x0099 is not a known curve");
}

#[test]
fn text_around_the_block_is_tolerated_and_kept() {
    let block = String::from_utf8(bytes("policy.pem")).unwrap();
    let certificate = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    for file in [
        format!("0 bag attributes\n    friendlyName: web\n{certificate}{block}{certificate}"),
        block.replace('\n', "\r\n"),
        format!("\u{feff}{block}"),
        block.replace('\n', "  \n"),
        block.replace("\n-----END", "\n\n-----END"),
        block.trim_end().to_owned(),
        // Lines of 76 characters, as other base64 encoders write.
        {
            let body: String = block.lines().filter(|line| !line.starts_with('-')).collect();
            let lines: Vec<&str> =
                body.as_bytes().chunks(76).map(|l| std::str::from_utf8(l).unwrap()).collect();
            format!(
                "-----BEGIN TSS2 PRIVATE KEY-----\n{}\n-----END TSS2 PRIVATE KEY-----\n",
                lines.join("\n")
            )
        },
    ] {
        let key = KeyFile::parse(file.as_bytes()).unwrap_or_else(|error| panic!("{error}: {file}"));
        assert_eq!(key.to_file().unwrap(), file.as_bytes());
        assert_eq!(key.to_der().unwrap(), der("policy.pem"));
        let mut changed = key;
        changed.description = Some("x".into());
        let changed = String::from_utf8(changed.to_file().unwrap()).unwrap();
        assert_eq!(changed.contains("friendlyName"), file.contains("friendlyName"));
        assert_eq!(changed.matches(certificate).count(), file.matches(certificate).count());
        assert!(KeyFile::parse(changed.as_bytes()).is_ok());
    }
}

/// The other contents of an NV index or of a file that a user names.
#[test]
fn damaged_references_and_chains_are_harmless() {
    let public = KeyFile::parse(&bytes("description.pem")).unwrap().public;
    let reference =
        KeyReference { uri: "handle:0x81000101?pass".to_owned().into(), empty_auth: true, public };
    let mut serialized = [0x81, 0, 1, 1].to_vec();
    serialized.extend(reference.public.name().unwrap().to_bytes().unwrap());
    serialized.extend([0, 0, 0, 1]);
    serialized.extend(reference.public.to_sized().unwrap());
    assert!(Serialized::from_bytes(&serialized).is_ok());
    let chain = [bytes("description.pem"), reference.to_pem().unwrap().as_bytes().to_vec()].concat();
    assert_eq!(contents(&chain).unwrap().len(), 2);
    let mut damage = Damage(0x1234_5678_9abc_def1);
    for whole in [reference.to_der().unwrap().to_vec(), serialized, chain, bytes("policy.pem")] {
        for end in 0..whole.len() {
            let _ = (contents(&whole[..end]), KeyReference::parse(&whole[..end]));
            assert!(Serialized::from_bytes(&whole[..end]).is_err());
        }
        for _ in 0..1000 {
            let mut damaged = whole.clone();
            damage.wreak(&mut damaged);
            if let Err(error) = contents(&damaged) {
                assert!(!error.to_string().is_empty());
            }
            if let Ok(reference) = KeyReference::parse(&damaged) {
                assert!(reference.to_der().is_ok());
            }
            let _ = (Serialized::from_bytes(&damaged), KeyReference::is_der(&damaged));
        }
    }
}

#[test]
fn damaged_uris_are_harmless() {
    let mut damage = Damage(0x0fed_cba9_8765_4321);
    let mut understood = 0;
    for whole in [
        "handle:0x81000101?pin-source=file:/etc/pin",
        "tpm2:handle=0x81000101;pin-value=%73ecret&pass",
        "object:/some/file?pass",
    ] {
        for _ in 0..5000 {
            let mut damaged = whole.as_bytes().to_vec();
            damage.wreak(&mut damaged);
            match Uri::parse(&String::from_utf8_lossy(&damaged), Some("site:")) {
                Ok(_) => understood += 1,
                Err(error) => assert!(!error.to_string().contains("%73ecret"), "{error}"),
            }
        }
    }
    assert!(understood > 10, "{understood}: some damaged URIs are still valid");
}

#[test]
fn unusual_pem_is_rejected() {
    let block = String::from_utf8(bytes("policy.pem")).unwrap();
    let encrypted =
        block.replacen("-----\n", "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n", 1);
    assert!(matches!(KeyFile::parse(encrypted.as_bytes()), Err(Error::Pem(_))));
    let other_end = block.replace("END TSS2 PRIVATE KEY", "END TSS2 KEY BLOB");
    assert_eq!(KeyFile::parse(other_end.as_bytes()).err(), Some(Error::NoEnd));
    let empty = "-----BEGIN TSS2 PRIVATE KEY-----\n-----END TSS2 PRIVATE KEY-----\n";
    assert!(KeyFile::parse(empty.as_bytes()).is_err());
}
