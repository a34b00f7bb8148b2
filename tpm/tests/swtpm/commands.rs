//! Tests each command for its purpose.

use keyfile::{AlgId, Attributes, Curve, Handle, HashAlg, KeyFile, Kind, PublicKey, Sensitive, Signature};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use rsa::BigUint;
use tests::Swtpm;
use tests::raw::Tpm as _;
use tpm::template::{Template, Usage};
use tpm::{Auth, Key, Parent, Tpm};

use crate::kit::{self, DIGEST, OWNER};

fn raise(public: &keyfile::Public, block: &[u8]) -> Vec<u8> {
    let PublicKey::Rsa { modulus, .. } = &public.key else { panic!("not RSA") };
    let n = BigUint::from_bytes_be(modulus);
    let m = BigUint::from_bytes_be(block).modpow(&BigUint::from(65537_u32), &n).to_bytes_be();
    [vec![0; modulus.len() - m.len()], m].concat()
}

#[test]
fn an_ec_key_signs_and_derives_a_shared_secret() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let key = kit::open(&tpm, &kit::ec(&swtpm, None), None);
    let answer = key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap();
    assert!(answer.authenticated);
    kit::verify(key.public(), &answer.value);

    let peer = p256::SecretKey::from_slice(&[5; 32]).unwrap();
    let point = peer.public_key().to_encoded_point(false);
    let shared = key.ecdh_zgen(point.x().unwrap(), point.y().unwrap()).unwrap().value;
    let PublicKey::Ecc { x, y, .. } = &key.public().key else { panic!("not EC") };
    let ours = [&[4][..], &kit::pad(x), &kit::pad(y)].concat();
    let ours = p256::PublicKey::from_sec1_bytes(&ours).unwrap();
    let expected = p256::ecdh::diffie_hellman(peer.to_nonzero_scalar(), ours.as_affine());
    assert_eq!(kit::pad(&shared.x), expected.raw_secret_bytes().as_slice());
}

#[test]
fn an_rsa_key_decrypts_raw_blocks_and_signs_with_a_scheme() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let key = kit::open(&tpm, &kit::rsa(&swtpm, Some("secret")), Some("secret"));
    // Leading zeros must be kept.
    let mut message = vec![0x5a; 256];
    message[..3].fill(0);
    let block = raise(key.public(), &message);
    assert_eq!(*key.rsa_decrypt(&block).unwrap().value, message);
    let signature = key.rsa_sign(&message).unwrap();
    assert!(signature.authenticated);
    assert_eq!(raise(key.public(), &signature.value), message);

    let Signature::Rsa { bytes, scheme, .. } =
        key.sign(&DIGEST, HashAlg::Sha256, AlgId::RSASSA).unwrap().value
    else {
        panic!("not RSA")
    };
    let padded = raise(key.public(), &bytes);
    assert_eq!((scheme, &padded[..3], &padded[224..]), (AlgId::RSASSA, &[0, 1, 255][..], &DIGEST[..]));

    for wrong in [vec![], vec![1; 255], vec![255; 256]] {
        assert_eq!(key.rsa_decrypt(&wrong).unwrap_err().kind(), tpm::ErrorKind::Input);
    }
}

#[test]
fn keys_work_under_every_kind_of_parent() {
    let swtpm = Swtpm::start();
    let handle = swtpm.create_primary();
    swtpm.persist(handle, 0x8100_0001);
    swtpm.flush(handle);
    let null = Parent { handle: Handle::NULL, ..OWNER };
    let endorsement = Parent { handle: Handle::ENDORSEMENT, ..OWNER };
    let persistent = Parent { handle: Handle(0x8100_0001), ..OWNER };
    let rsa = Parent { storage: tpm::template::Storage::Rsa2048, ..OWNER };
    let tpm = kit::direct(&swtpm);
    for parent in [OWNER, null, endorsement, persistent, rsa] {
        let file = kit::make(&swtpm, &parent, Template::ecc(Curve::P256), None);
        kit::check(&kit::open(&tpm, &file, None));
    }
    let (public, name) = tpm.read_public(Handle(0x8100_0001)).unwrap();
    assert_eq!(public.name().unwrap(), name);
    drop(tpm);
    swtpm.assert_empty();
}

#[test]
fn a_hierarchy_password_is_required_to_derive_the_parent() {
    let swtpm = Swtpm::start();
    swtpm.set_hierarchy_auth(tests::raw::OWNER, b"", b"owner");
    let parent = Parent { auth: Some(Auth::new("owner")), ..OWNER };
    let file = kit::make(&swtpm, &parent, Template::ecc(Curve::P256), None);
    let with = |auth: Option<&str>| {
        let config = tpm::Config { parent_auth: auth.map(Auth::new), ..kit::config(swtpm.tcti()) };
        let key = kit::open(&Tpm::new(config), &file, None);
        key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA)
    };
    with(Some("owner")).unwrap();
    for (given, kind) in
        [(None, tpm::ErrorKind::ParentPasswordMissing), (Some("wrong"), tpm::ErrorKind::ParentAuthorization)]
    {
        let error = with(given).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    swtpm.assert_empty();
}

#[test]
fn a_software_key_is_imported_and_signs() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let secret = p256::SecretKey::from_slice(&[9; 32]).unwrap();
    let point = secret.public_key().to_encoded_point(false);
    let object = Template::wrapped_ecc(Curve::P256, point.x().unwrap(), point.y().unwrap()).public();
    let (parent, _) = tpm.parent_public(&OWNER).unwrap();
    let sensitive = Sensitive {
        kind: AlgId::ECC,
        auth_value: zeroize::Zeroizing::default(),
        seed_value: zeroize::Zeroizing::default(),
        sensitive: zeroize::Zeroizing::new(secret.to_bytes().to_vec()),
    };
    let wrapped = tpm::wrap(&parent, &object, &sensitive).unwrap();

    // As a loadable file …
    let private = tpm.import(&OWNER, &wrapped).unwrap();
    let file = KeyFile::new(Kind::Loadable, Handle::OWNER, object.clone(), private);
    kit::check(&kit::open(&tpm, &file, None));
    // … and as an importable one, which is imported at first use.
    let mut file = KeyFile::new(Kind::Importable, Handle::OWNER, object, wrapped.duplicate);
    file.secret = Some(wrapped.secret);
    kit::check(&kit::open(&tpm, &file, None));
}

#[test]
fn a_persistent_key_requires_its_password() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    kit::persist(&swtpm, b"secret", Attributes::USER_WITH_AUTH, 0x8100_0101);
    let key = Key::persistent(&tpm, Handle(0x8100_0101), Some(Auth::new("secret"))).unwrap();
    kit::check(&key);
    let key = Key::persistent(&tpm, Handle(0x8100_0101), None).unwrap();
    let error = key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap_err();
    assert_eq!(error.kind(), tpm::ErrorKind::PasswordMissing, "{error}");
    assert!(Key::persistent(&tpm, Handle(0x8100_0999), None).is_err());
}

#[test]
fn a_long_password_opens_a_key_made_by_another_tool() {
    let swtpm = Swtpm::start();
    let long = "0123456789012345678901234567890123456789";
    let file = kit::ec(&swtpm, Some(long));
    let tpm = kit::direct(&swtpm);
    kit::check(&kit::open(&tpm, &file, Some(long)));
    // The other tool uses the hash of the password as authValue.
    let hashed = Auth::new(HashAlg::Sha256.digest(&[long.as_bytes()]));
    kit::check(&Key::from_file(&tpm, file, Some(hashed)).unwrap());
}

#[test]
fn capabilities_list_algorithms_curves_and_sizes() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let found = tpm.capabilities().unwrap();
    assert!(found.algorithms.contains(&AlgId::ECDSA) && found.hashes.contains(&HashAlg::Sha256));
    assert!(found.curves.contains(&Curve::P256) && found.curves.contains(&Curve::P384), "{:?}", found.curves);
    assert!(found.rsa_bits.contains(&2048), "{:?}", found.rsa_bits);
    assert_eq!(found.manufacturer(), "IBM");
    // For one key: its size only, or all sizes if the TPM does not support it.
    for (bits, expected) in [(2048, vec![2048]), (2560, found.rsa_bits.clone())] {
        let some = tpm.capabilities_for(&Template::rsa(bits).public(), Handle::OWNER).unwrap();
        assert_eq!((some.rsa_bits, &some.curves, &some.hashes), (expected, &found.curves, &found.hashes));
    }
    assert_eq!(found.properties.get(&0x20e), Some(&0));
    let lockout = tpm.lockout().unwrap();
    assert_eq!((lockout.failures, lockout.max_failures), (0, swtpm.max_failures()));
    tpm.self_test(true).unwrap();
}

#[test]
fn a_sign_only_key_does_not_decrypt() {
    let swtpm = Swtpm::start();
    let file = kit::make(&swtpm, &OWNER, Template::rsa(2048).usage(Usage::Sign), None);
    assert!(!file.public.attributes.contains(Attributes::DECRYPT));
    let tpm = kit::direct(&swtpm);
    let key = kit::open(&tpm, &file, None);
    assert!(key.sign(&DIGEST, HashAlg::Sha256, AlgId::RSAPSS).is_ok());
    assert!(key.rsa_decrypt(&[0; 256]).is_err());
}

#[test]
fn a_restricted_signing_key_signs_only_what_the_tpm_hashed() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let made = tpm.create(&OWNER, &kit::restricted(), None).unwrap();
    let file = KeyFile::new(Kind::Loadable, OWNER.handle, made.public, made.private);
    let key = kit::open(&tpm, &file, None);
    assert!(key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).is_err(), "anybody's digest");
    for length in [0, 1, 1024, 1025, 2048, 10_000] {
        let message: Vec<u8> = (0..=255).cycle().take(length).collect();
        let answer = key.sign_message(&message, HashAlg::Sha256, AlgId::ECDSA).unwrap();
        kit::verify_digest(key.public(), &answer.value, &HashAlg::Sha256.digest(&[&message]));
    }
    // It could be mistaken for an attestation.
    assert!(key.sign_message(b"\xffTCG forged", HashAlg::Sha256, AlgId::ECDSA).is_err());
}
