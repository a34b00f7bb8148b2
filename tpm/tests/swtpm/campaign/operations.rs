//! The operations of a process. A wrong result panics; an error is returned.

use crypto::endorsement::templates;
use keyfile::{AlgId, Curve, Handle, HashAlg, Point};
use tpm::template::{Storage, Template};
use tpm::{Answer, Auth, Error, Key, NvReader, Primary};
use zeroize::Zeroizing;

use super::work::{PASSWORD, Process, SEALED, Work};
use crate::kit::{self, DIGEST, OWNER};

pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) run: fn(&Process, &Work) -> Result<(), Error>,
}

macro_rules! operations {
    ($($name:literal = $run:expr;)*) => {
        pub(super) const ALL: &[Operation] = &[$(Operation { name: $name, run: $run }),*];
    };
}

operations! {
    "derive a parent" = |process, _| process.tpm.parent_public(&OWNER).map(drop);
    "create an EC key" = |process, _| create(process, None);
    "create a key with a password" = |process, _| create(process, Some(PASSWORD));
    "seal" = |process, _| {
        process.tpm.seal(&OWNER, &Template::sealed().public(), Some(&Auth::new(PASSWORD)), SEALED).map(drop)
    };
    "unseal" = |process, _| {
        assert_eq!(*process.key("sealed").unseal()?.value, SEALED);
        Ok(())
    };
    "sign" = |process, _| sign(process.key("ec"));
    "sign with a password" = |process, _| sign(process.key("password"));
    "sign by the root's child" = |process, _| sign(process.key("child"));
    "sign by an imported key" = |process, _| sign(process.key("imported"));
    "sign by a persistent key" = |process, _| sign(&process.persistent);
    "sign by a key with a PCR policy and a password" = |process, _| sign(process.key("pcr"));
    "sign by a key with a signed policy" = |process, _| sign(process.key("signed"));
    "sign by a key with PolicySecret" = |process, _| sign(process.key("secret"));
    "sign a message that the TPM hashes" = |process, _| {
        let key = process.key("restricted");
        let answer = key.sign_message(&[5; 1500], HashAlg::Sha256, AlgId::ECDSA)?;
        check(key, answer.authenticated, &answer.value, &HashAlg::Sha256.digest(&[&[5; 1500]]))
    };
    "sign by RSA" = |process, _| rsa(process, Key::rsa_sign);
    "decrypt by RSA" = |process, _| rsa(process, Key::rsa_decrypt);
    "change a password" = |process, _| {
        process.key("password").change_auth(&Auth::new("another")).map(drop)
    };
    "agree on a secret" = agree;
    "read an NV index" = |process, work| {
        let (public, bytes) = &work.nv;
        assert_eq!(*process.tpm.nv_read(public, &NvReader::Owner(None))?, *bytes);
        Ok(())
    };
    "check policies" = |process, _| {
        let files = ["pcr", "signed"].map(|name| process.key(name).file().unwrap());
        files.iter().try_for_each(|file| process.tpm.check_policy(file).map(drop))
    };
    "check the locality" = |process, _| {
        let mut file = process.key("signed").file().unwrap().clone();
        file.auth_policies.clear();
        process.tpm.check_policy(&file).map(drop)
    };
    "locate an endorsement key" = |process, _| {
        let [endorsement, signer] = primaries();
        let key = Template::ecc(Curve::P256).public().key;
        process.tpm.prove_residence(&signer, &endorsement, &key).map(drop)
    };
    "certify a key" = |process, _| {
        let [_, signer] = primaries();
        let subject = Primary { hierarchy: Handle::NULL, auth: None, template: Storage::P256.template() };
        process.tpm.certify(&signer, &subject, b"nonce").map(drop)
    };
    "read the PCRs and the clock" = |process, _| {
        process.tpm.pcr_read(&"sha256:0-16".parse().unwrap())?;
        process.tpm.read_clock().map(drop)
    };
    "sign by two keys alternately" = |process, _| {
        sign(process.key("ec"))?;
        sign(process.key("child"))?;
        rsa(process, Key::rsa_sign)?;
        sign(process.key("ec"))
    };
}

fn create(process: &Process, password: Option<&str>) -> Result<(), Error> {
    let auth = password.map(Auth::new);
    process.tpm.create(&OWNER, &Template::ecc(Curve::P256).public(), auth.as_ref()).map(drop)
}

fn sign(key: &Key) -> Result<(), Error> {
    let answer = key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA)?;
    check(key, answer.authenticated, &answer.value, &DIGEST)
}

/// The caller verifies what no session has authenticated.
fn check(key: &Key, authenticated: bool, signature: &keyfile::Signature, digest: &[u8]) -> Result<(), Error> {
    let is_right = kit::is_valid_for(key.public(), signature, digest);
    assert!(is_right || !authenticated, "a wrong signature");
    match is_right {
        true => Ok(()),
        false => Err(Error::new(tpm::ErrorKind::Integrity, "the signature is wrong")),
    }
}

type Raw = fn(&Key, &[u8]) -> Result<Answer<Zeroizing<Vec<u8>>>, Error>;

fn rsa(process: &Process, run: Raw) -> Result<(), Error> {
    let key = process.key("rsa");
    let keyfile::PublicKey::Rsa { modulus, .. } = &key.public().key else { panic!("not RSA") };
    let answer = run(key, &[0x11; 256])?;
    let n = rsa::BigUint::from_bytes_be(modulus);
    let back = rsa::BigUint::from_bytes_be(&answer.value).modpow(&rsa::BigUint::from(65537_u32), &n);
    let is_right = back.to_bytes_be() == [0x11; 256];
    assert!(is_right || !answer.authenticated, "a wrong result");
    match is_right {
        true => Ok(()),
        false => Err(Error::new(tpm::ErrorKind::Integrity, "the result is wrong")),
    }
}

/// The point belongs to the key itself, so the result is on the curve and always the same.
fn agree(process: &Process, _: &Work) -> Result<(), Error> {
    let key = process.key("ec");
    let keyfile::PublicKey::Ecc { x, y, .. } = &key.public().key else { panic!("not EC") };
    let Point { x, .. } = key.ecdh_zgen(x, y)?.value;
    static FIRST: std::sync::Mutex<Vec<(Vec<u8>, Vec<u8>)>> = std::sync::Mutex::new(Vec::new());
    let name = key.name().as_bytes().to_vec();
    let mut first = FIRST.lock().unwrap();
    match first.iter().find(|(of, _)| *of == name) {
        Some((_, expected)) => assert_eq!(*expected, x, "a wrong secret"),
        None => first.push((name, x)),
    }
    Ok(())
}

/// Returns an endorsement key and a signing key.
fn primaries() -> [Primary; 2] {
    let template = templates(&Template::ecc(Curve::P256).public().key).unwrap().remove(0);
    let endorsement = Primary { hierarchy: Handle::ENDORSEMENT, auth: None, template };
    [endorsement, Primary::signer(Handle::ENDORSEMENT, None, false)]
}
