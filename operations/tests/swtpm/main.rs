//! The operations with keys in a TPM simulator, and the public half by RustCrypto.

// In a helper a panic is the failure report, as clippy.toml says for tests.
#![allow(clippy::panic, clippy::unwrap_used)]

use keyfile::{Attributes, Curve, Handle, HashAlg, KeyFile, Kind, Public, PublicKey, Scheme};
use missing::{RustCrypto, SaltLength};
use operations::signature::Request;
use operations::software::Software;
use operations::{Digest, Memory, PublicHalf, decryption, ecdh, ecdsa, rsa};
use tests::Swtpm;
use tpm::template::{Storage, Template, Usage};
use tpm::{Config, Key, Parent, Protection, Tpm};

const SHA256: Digest<'_> = Digest::new("SHA2-256", &RustCrypto::<sha2::Sha256>::new());
const SHA3: Digest<'_> = Digest::new("SHA3-512", &RustCrypto::<sha3::Sha3_512>::new());
const DIGEST: [u8; 32] = [7; 32];

/// Calls `with` for a key in a session, and without one: then software verifies the results.
fn with_and_without_session(template: &Public, with: impl Fn(&Key, &Software<'_>)) {
    let swtpm = Swtpm::start();
    let parent = Parent { handle: Handle::OWNER, storage: Storage::P256, auth: None };
    for session in [Protection::Hmac, Protection::Password] {
        let tpm = Tpm::new(Config { tcti: Some(swtpm.tcti()), session, ..Config::default() });
        let made = tpm.create(&parent, template, None).unwrap();
        let mut file = KeyFile::new(Kind::Loadable, parent.handle, made.public, made.private);
        file.empty_auth = true;
        let key = Key::from_file(&tpm, file, None).unwrap();
        with(&key, &Software::new(key.public()));
        tpm.close();
    }
}

#[test]
fn an_rsa_key_signs() {
    with_and_without_session(&Template::rsa(2048).public(), |key, public| {
        let sign = |algorithm, digest: &[u8], padding| {
            let request = Request { key, public, digest, algorithm, message: None };
            public.rsa(&rsa::sign(&request, &padding).unwrap()).unwrap()
        };
        let block = sign(Some(SHA256), &DIGEST, rsa::Padding::Pkcs1);
        assert_eq!(block, missing::pkcs1::encode_signature(missing::Digest::Sha256, &DIGEST, 256).unwrap());
        let block = sign(None, b"any bytes", rsa::Padding::Pkcs1);
        assert_eq!(block, missing::pkcs1::encode_raw(b"any bytes", 256).unwrap());
        let padding = rsa::Padding::Pss { salt: SaltLength::Exactly(20), mgf1: Some(SHA256) };
        let block = sign(Some(SHA3), &[7; 64], padding);
        let (sha3, sha256) = (RustCrypto::<sha3::Sha3_512>::new(), RustCrypto::<sha2::Sha256>::new());
        assert_eq!(missing::pss::verify(&sha3, &[7; 64], &block, &sha256, 2048).unwrap().len(), 20);
    });
}

#[test]
fn a_sign_only_key_signs_by_its_tpm() {
    with_and_without_session(&Template::rsa(2048).usage(Usage::Sign).public(), |key, public| {
        let info = [missing::digest_info::prefix(missing::Digest::Sha256), &DIGEST].concat();
        let request = Request { key, public, digest: &info, algorithm: None, message: None };
        let block = public.rsa(&rsa::sign(&request, &rsa::Padding::Pkcs1).unwrap()).unwrap();
        assert_eq!(block, missing::pkcs1::encode_raw(&info, 256).unwrap());
        let (padding, memory) = (rsa::Padding::Pss { salt: SaltLength::Auto, mgf1: None }, Memory::default());
        let salt = rsa::settle(key, public, &padding, Some(SHA256), &memory).unwrap();
        let length = if salt.unwrap() == rsa::TpmSalt::Digest { 32 } else { 222 };
        let request = Request { digest: &DIGEST, algorithm: Some(SHA256), ..request };
        let block = public.rsa(&rsa::sign(&request, &padding).unwrap()).unwrap();
        let sha256 = RustCrypto::<sha2::Sha256>::new();
        assert_eq!(missing::pss::verify(&sha256, &DIGEST, &block, &sha256, 2048).unwrap().len(), length);
    });
}

#[test]
fn a_restricted_key_signs_a_message() {
    let mut template =
        Template::rsa(2048).usage(Usage::Sign).scheme(Scheme::Rsassa(HashAlg::Sha256)).public();
    template.attributes = template.attributes.union(Attributes::RESTRICTED);
    with_and_without_session(&template, |key, public| {
        let digest = HashAlg::Sha256.digest(&[b"message"]);
        let message = Some(&b"message"[..]);
        let request = Request { key, public, digest: &digest, algorithm: Some(SHA256), message };
        rsa::sign(&request, &rsa::Padding::Pkcs1).unwrap();
        let error = rsa::sign(&Request { message: None, ..request }, &rsa::Padding::Pkcs1).unwrap_err();
        assert_eq!(error.kind(), operations::Kind::Digest);
    });
}

#[test]
fn an_rsa_key_decrypts() {
    with_and_without_session(&Template::rsa(2048).public(), |key, public| {
        let memory = Memory::default();
        let decrypt = |padding, block: &[u8]| {
            decryption::decrypt(key, public, &memory, &padding, &public.rsa(block).unwrap()).unwrap().to_vec()
        };
        let mut random = |bytes: &mut [u8]| public.random(bytes);
        let block = missing::pkcs1::encryption::encode(b"message", 256, &mut random).unwrap();
        let rejecting = decryption::Padding::Pkcs1 { implicit_rejection: true };
        assert_eq!(decrypt(rejecting, &block), b"message");
        assert_eq!(decrypt(rejecting, &[0x11; 256]), decrypt(rejecting, &[0x11; 256]));
        let (sha3, sha256) = (RustCrypto::<sha3::Sha3_512>::new(), RustCrypto::<sha2::Sha256>::new());
        let oaep = missing::Oaep { digest: &sha256, mgf1: &sha3, label: b"label" };
        let block = oaep.encode(b"message", 256, &mut random).unwrap();
        let padding = decryption::Padding::Oaep { digest: SHA256, mgf1: SHA3, label: b"label" };
        assert_eq!(decrypt(padding, &block), b"message");
        assert_eq!(decrypt(decryption::Padding::None, &[0x11; 256]), [0x11; 256]);
    });
}

#[test]
fn an_ec_key_signs_and_derives() {
    for curve in [Curve::P256, Curve::P384, Curve::P521] {
        with_and_without_session(&Template::ecc(curve).public(), |key, public| {
            for digest in [&DIGEST[..], &[1], &[0xff; 32]] {
                let request = Request { key, public, digest, algorithm: None, message: None };
                let ecdsa::Signature { r, s } = ecdsa::sign(&request).unwrap();
                assert_eq!((r.len(), s.len()), (curve.field_bytes(), curve.field_bytes()));
                assert!(public.verifies_ecdsa(digest, &r, &s).unwrap());
            }
            let PublicKey::Ecc { x, y, .. } = &key.public().key else { panic!("an EC key") };
            let size = curve.field_bytes();
            let padded = |number: &[u8]| [vec![0; size - number.len()], number.to_vec()].concat();
            let point = [vec![4], padded(x), padded(y)].concat();
            let secret = ecdh::shared_secret(key, &point).unwrap();
            assert_eq!((secret.len(), &secret), (size, &ecdh::shared_secret(key, &point).unwrap()));
            let off_curve = [vec![4], padded(&[1]), padded(&[1])].concat();
            let error = ecdh::shared_secret(key, &off_curve).unwrap_err();
            assert!(error.tpm().is_some(), "{error}");
        });
    }
}
