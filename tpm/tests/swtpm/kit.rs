//! Shared helpers: a TPM with keys, and software verification of their results.

use keyfile::{
    AlgId, Attributes, Curve, Handle, HashAlg, KeyFile, Kind, Public, PublicKey, Scheme, Signature,
};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use tests::raw::{self, Tpm as _};
use tests::{Proxy, ResourceManager, Swtpm};
use tpm::template::{Template, Usage};
use tpm::{Auth, Config, Key, Manager, Parent, Tpm};

pub(crate) const OWNER: Parent =
    Parent { handle: Handle::OWNER, storage: tpm::template::Storage::P256, auth: None };
pub(crate) const DIGEST: [u8; 32] = [7; 32];

pub(crate) fn config(tcti: String) -> Config {
    Config { tcti: Some(tcti), ..Config::default() }
}

pub(crate) fn direct(swtpm: &Swtpm) -> Tpm {
    Tpm::new(config(swtpm.tcti()))
}

pub(crate) fn through(proxy: &Proxy) -> Tpm {
    Tpm::new(config(proxy.tcti()))
}

pub(crate) fn managed(manager: &ResourceManager) -> Tpm {
    Tpm::new(Config { manager: Manager::Kernel, ..config(manager.tcti()) })
}

/// Creates a key and returns it as a file. The connection is closed again.
pub(crate) fn make(swtpm: &Swtpm, parent: &Parent, template: Template, password: Option<&str>) -> KeyFile {
    let tpm = direct(swtpm);
    let auth = password.map(Auth::new);
    let made = tpm.create(parent, &template.public(), auth.as_ref()).unwrap();
    let mut file = KeyFile::new(Kind::Loadable, parent.handle, made.public, made.private);
    file.empty_auth = password.is_none();
    parent.storage.mark(&mut file);
    file
}

pub(crate) fn ec(swtpm: &Swtpm, password: Option<&str>) -> KeyFile {
    make(swtpm, &OWNER, Template::ecc(Curve::P256), password)
}

pub(crate) fn rsa(swtpm: &Swtpm, password: Option<&str>) -> KeyFile {
    make(swtpm, &OWNER, Template::rsa(2048), password)
}

pub(crate) fn protected(swtpm: &Swtpm, password: &str) -> KeyFile {
    let template = Template::ecc(Curve::P256).usage(Usage::Sign).dictionary_attack_protection(true);
    make(swtpm, &OWNER, template, Some(password))
}

/// Returns the template of a P-256 key that signs only what the TPM has hashed.
pub(crate) fn restricted() -> Public {
    let mut public = Template::ecc(Curve::P256).usage(Usage::Sign).public();
    public.attributes = public.attributes.union(Attributes::RESTRICTED);
    let PublicKey::Ecc { scheme, .. } = &mut public.key else { panic!("not EC") };
    *scheme = Scheme::Ecdsa(HashAlg::Sha256);
    public
}

pub(crate) fn open(tpm: &Tpm, file: &KeyFile, password: Option<&str>) -> Key {
    Key::from_file(tpm, file.clone(), password.map(Auth::new)).unwrap()
}

/// Returns the number of executed commands: libtpms answers TPM_RC_RETRY to the first use of an object under dictionary-attack
/// protection.
pub(crate) fn commands(proxy: &Proxy) -> usize {
    proxy.log().all().iter().filter(|exchange| exchange.response_code() != Some(raw::RETRY)).count()
}

/// Makes a persistent signing key.
pub(crate) fn persist(swtpm: &Swtpm, password: &[u8], attributes: Attributes, at: u32) {
    let attributes = Attributes::from_bits(0x32) | Attributes::SIGN | attributes;
    let mut parameters = raw::primary_parameters(password, attributes.bits());
    // A signing key has no symmetric cipher: TPM_ALG_NULL instead of AES-128-CFB, which is four bytes shorter.
    let cipher = parameters.windows(6).position(|w| w == [0, 6, 0, 128, 0, 67]).unwrap();
    parameters.splice(cipher..cipher + 6, [0, 16]);
    let sensitive = usize::from(*parameters.get(1).unwrap());
    *parameters.get_mut(2 + sensitive + 1).unwrap() -= 4;
    let handle = swtpm.raw(raw::CREATE_PRIMARY, &[raw::OWNER], &[b""], &parameters).handle();
    swtpm.persist(handle, at);
    swtpm.flush(handle);
}

/// Signs and verifies.
pub(crate) fn check(key: &Key) {
    let answer = key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap();
    verify(key.public(), &answer.value);
}

/// The same without a panic, for forked children.
pub(crate) fn signs(key: &Key) -> bool {
    key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).is_ok_and(|answer| is_valid(key.public(), &answer.value))
}

pub(crate) fn verify(public: &Public, signature: &Signature) {
    verify_digest(public, signature, &DIGEST);
}

pub(crate) fn verify_digest(public: &Public, signature: &Signature, digest: &[u8]) {
    assert!(is_valid_for(public, signature, digest), "a wrong signature");
}

pub(crate) fn is_valid(public: &Public, signature: &Signature) -> bool {
    is_valid_for(public, signature, &DIGEST)
}

pub(crate) fn is_valid_for(public: &Public, signature: &Signature, digest: &[u8]) -> bool {
    let PublicKey::Ecc { x, y, .. } = &public.key else { panic!("not EC") };
    let Signature::Ecc { r, s, .. } = signature else { panic!("not ECDSA") };
    let point = [&[4][..], &pad(x), &pad(y)].concat();
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).unwrap();
    let signature = p256::ecdsa::Signature::from_slice(&[pad(r), pad(s)].concat()).unwrap();
    key.verify_prehash(digest, &signature).is_ok()
}

pub(crate) fn pad(number: &[u8]) -> Vec<u8> {
    [vec![0; 32 - number.len()], number.to_vec()].concat()
}
