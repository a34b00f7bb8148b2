//! The operations of the crate `tpm` that programs and the key tool use.

use crypto::endorsement;
use keyfile::{AlgId, Curve, Handle, HashAlg, KeyFile, PublicKey};
use tpm::template::{Storage, Template};
use tpm::{Auth, Error, Key, NvReader, Parent, Primary, Tpm};

use super::record::recorded;

type Operation = fn(&Tpm) -> Result<(), Error>;

/// A persistent P-256 key without a password.
pub const PERSISTENT: Handle = Handle(0x8100_0100);
/// A handle without an object.
const FREE: Handle = Handle(0x8100_0200);
/// An index that the owner and the index itself can read without a password.
pub const INDEX: Handle = Handle(0x01c0_0002);
/// The password of the key `password`.
pub const PASSWORD: &[u8] = b"password";

const OWNER: Parent = Parent { handle: Handle::OWNER, storage: Storage::P256, auth: None };
const DIGEST: [u8; 32] = [7; 32];

pub(super) const OPERATIONS: &[(&str, Operation)] = &[
    ("sign", |tpm| sign(&file(tpm, "ec")?)),
    ("sign, RSA", |tpm| file(tpm, "rsa")?.rsa_sign(&[1; 256]).map(drop)),
    ("sign, password", |tpm| {
        sign(&Key::from_file(tpm, recorded().file("password"), Some(Auth::new(PASSWORD)))?)
    }),
    ("sign, PCR policy", |tpm| sign(&file(tpm, "pcr")?)),
    ("sign, PolicySecret", |tpm| sign(&file(tpm, "secret")?)),
    ("sign, signed policy", |tpm| sign(&file(tpm, "signed")?)),
    ("sign, importable", |tpm| sign(&file(tpm, "importable")?)),
    ("sign, RSA parent", |tpm| sign(&file(tpm, "rsa-parent")?)),
    ("sign, persistent", |tpm| sign(&Key::persistent(tpm, PERSISTENT, None)?)),
    ("sign a message", |tpm| {
        file(tpm, "ec")?.sign_message(&[7; 3000], HashAlg::Sha256, AlgId::ECDSA).map(drop)
    }),
    ("decrypt", |tpm| file(tpm, "rsa")?.rsa_decrypt(&[1; 256]).map(drop)),
    ("agree", |tpm| {
        let key = file(tpm, "ec")?;
        let PublicKey::Ecc { x, y, .. } = key.public().key.clone() else { return Ok(()) };
        key.ecdh_zgen(&x, &y).map(drop)
    }),
    ("unseal", |tpm| file(tpm, "sealed")?.unseal().map(drop)),
    ("create", |tpm| {
        let template = Template::ecc(Curve::P256).public();
        tpm.create(&OWNER, &template, Some(&Auth::new(PASSWORD))).map(drop)
    }),
    ("seal", |tpm| tpm.seal(&OWNER, &Template::sealed().public(), None, b"data").map(drop)),
    ("parent", |tpm| tpm.parent_public(&OWNER).map(drop)),
    ("persist", |tpm| {
        let key = file(tpm, "ec")?;
        key.persist(FREE, None)?;
        key.unpersist(FREE, None)
    }),
    ("check policies", |tpm| {
        for name in ["pcr", "secret", "signed"] {
            tpm.check_policy(&recorded().file(name))?;
        }
        Ok(())
    }),
    ("public area", |tpm| tpm.read_public(PERSISTENT).map(drop)),
    ("handles", |tpm| tpm.persistent_handles().and(tpm.nv_indexes()).map(drop)),
    ("index", |tpm| {
        let (public, _) = tpm.nv_public(INDEX)?;
        tpm.nv_read(&public, &NvReader::Owner(None))?;
        tpm.nv_read(&public, &NvReader::Index(None)).map(drop)
    }),
    ("PCRs", |tpm| {
        let selection = "sha256:0,7,23".parse().map_err(|_| Error::new(tpm::ErrorKind::Input, "PCRs"))?;
        tpm.pcr_digest(&selection, HashAlg::Sha256)?;
        tpm.pcr_read(&selection).map(drop)
    }),
    ("state", |tpm| {
        tpm.lockout()?;
        tpm.read_clock()?;
        tpm.self_test(false)?;
        tpm.test_result().map(drop)
    }),
    ("capabilities", |tpm| {
        tpm.identity()?;
        let found = tpm.capabilities()?;
        let _ = (found.manufacturer(), found.vendor_string(), found.firmware(), found.revision());
        let _ = found.check(&Template::rsa(3072).public());
        Parent::for_new_key(tpm, &found, PERSISTENT).map(drop).or(Ok(()))
    }),
    ("certify", |tpm| {
        let signer = Primary::signer(Handle::OWNER, None, false);
        let subject = Primary { hierarchy: Handle::NULL, auth: None, template: Storage::P256.template() };
        tpm.certify(&signer, &subject, &[7; 32]).map(drop)
    }),
    ("prove", |tpm| {
        let signer = Primary::signer(Handle::ENDORSEMENT, None, false);
        let (public, _) = tpm.primary(&endorsement_key(&tpm.primary(&signer)?.0.key)?)?;
        tpm.prove_residence(&signer, &endorsement_key(&public.key)?, &public.key).map(drop)
    }),
];

fn file(tpm: &Tpm, name: &str) -> Result<Key, Error> {
    let file: KeyFile = recorded().file(name);
    Key::from_file(tpm, file, None)
}

fn sign(key: &Key) -> Result<(), Error> {
    key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).map(drop)
}

fn endorsement_key(like: &PublicKey) -> Result<Primary, Error> {
    let template = endorsement::templates(like)?;
    let template = template.first().cloned().unwrap_or_else(|| Storage::P256.template());
    Ok(Primary { hierarchy: Handle::ENDORSEMENT, auth: None, template })
}
