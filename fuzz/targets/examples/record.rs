//! Records the answers of swtpm to the operations of the target `answers`, into `src/answers/recorded.txt`.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a failure here stops the recording before its result is used"
)]

use keyfile::policy::{AuthPolicy, Authorize, Condition, Secret, digest};
use keyfile::{AlgId, Curve, Handle, HashAlg, KeyFile, Kind, Name, PublicKey, Sensitive, Signature};
use targets::answers::{INDEX, PASSWORD, PERSISTENT, record};
use tests::Swtpm;
use tests::raw::{self, Tpm as _};
use tpm::template::{Template, Usage};
use tpm::{Auth, Config, Key, Parent, Tpm};

const OWNER: Parent = Parent { handle: Handle::OWNER, storage: tpm::template::Storage::P256, auth: None };

fn main() {
    let swtpm = Swtpm::start();
    let tpm = Tpm::new(Config { tcti: Some(swtpm.tcti()), ..Config::default() });
    let ec = || Template::ecc(Curve::P256);
    let pcr = || {
        let selection = "sha256:0,7".parse().unwrap();
        Condition::Pcr { digest: tpm.pcr_digest(&selection, HashAlg::Sha256).unwrap(), selection }
    };
    let password = Auth::new(PASSWORD);
    let owner = Secret { hint: Handle(0), name: Name::from(Handle::OWNER), policy_ref: Vec::new() };
    let files = [
        ("ec", make(&tpm, &OWNER, ec(), None)),
        ("rsa", make(&tpm, &OWNER, Template::rsa(2048), None)),
        ("password", make(&tpm, &OWNER, ec(), Some(&password))),
        ("pcr", with_policy(&tpm, &[pcr()])),
        ("secret", with_policy(&tpm, &[Condition::Secret(owner)])),
        ("signed", signed(&tpm, &pcr())),
        ("importable", importable(&tpm)),
        ("rsa-parent", make(&tpm, &Parent { storage: tpm::template::Storage::Rsa2048, ..OWNER }, ec(), None)),
        ("sealed", sealed(&tpm)),
    ];
    make_file(&tpm, &files).persist(PERSISTENT, None).unwrap();
    tpm.close();
    define_index(&swtpm);
    let text = record(&files, &swtpm.tcti());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/answers/recorded.txt");
    std::fs::write(path, text).unwrap();
}

fn make(tpm: &Tpm, parent: &Parent, template: Template, password: Option<&Auth>) -> KeyFile {
    let made = tpm.create(parent, &template.public(), password).unwrap();
    let mut file = KeyFile::new(Kind::Loadable, parent.handle, made.public, made.private);
    file.empty_auth = password.is_none();
    parent.storage.mark(&mut file);
    file
}

fn make_file(tpm: &Tpm, files: &[(&str, KeyFile)]) -> Key {
    Key::from_file(tpm, files.first().unwrap().1.clone(), None).unwrap()
}

fn with_policy(tpm: &Tpm, conditions: &[Condition]) -> KeyFile {
    let statements: Vec<_> = conditions.iter().map(|condition| condition.statement().unwrap()).collect();
    let policy = digest(&statements, HashAlg::Sha256).unwrap();
    let mut file = make(tpm, &OWNER, Template::ecc(Curve::P256).policy(policy), None);
    file.policy = Some(statements);
    file
}

/// Creates a key whose policy is approved by a signer: this condition.
fn signed(tpm: &Tpm, condition: &Condition) -> KeyFile {
    let signer = make(tpm, &OWNER, Template::ecc(Curve::P256).usage(Usage::Sign), None);
    let PublicKey::Ecc { x, y, .. } = &signer.public.key else { panic!("an EC key") };
    let key = Template::wrapped_ecc(Curve::P256, x, y).usage(Usage::Sign).public();
    let mut authorize = Authorize { key, policy_ref: b"ref".to_vec(), signature: Signature::Null };
    let mut file = with_policy(tpm, &[Condition::Authorize(Box::new(authorize.clone()))]);
    let mut statements = vec![condition.statement().unwrap()];
    let approved = authorize.signed_digest(&digest(&statements, HashAlg::Sha256).unwrap());
    let signer = Key::from_file(tpm, signer, None).unwrap();
    authorize.signature = signer.sign(&approved, HashAlg::Sha256, AlgId::ECDSA).unwrap().value;
    statements.push(Condition::Authorize(Box::new(authorize)).statement().unwrap());
    file.auth_policies = vec![AuthPolicy { name: Some("approved".into()), statements }];
    file
}

/// Returns the private key 1, whose public point is the base point (SEC 2 §2.4.2), wrapped for the owner hierarchy's primary key.
fn importable(tpm: &Tpm) -> KeyFile {
    let point = [
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    ];
    let [x, y] = point.map(|number| hex::decode(number).unwrap());
    let public = Template::wrapped_ecc(Curve::P256, &x, &y).public();
    let one = [vec![0; 31], vec![1]].concat();
    let sensitive = Sensitive {
        kind: AlgId::ECC,
        auth_value: Vec::new().into(),
        seed_value: Vec::new().into(),
        sensitive: one.into(),
    };
    let wrapped = tpm::wrap(&tpm.parent_public(&OWNER).unwrap().0, &public, &sensitive).unwrap();
    let mut file = KeyFile::new(Kind::Importable, Handle::OWNER, public, wrapped.duplicate);
    file.secret = Some(wrapped.secret);
    file
}

fn sealed(tpm: &Tpm) -> KeyFile {
    let made = tpm.seal(&OWNER, &Template::sealed().public(), None, b"sealed data").unwrap();
    KeyFile::new(Kind::Sealed, Handle::OWNER, made.public, made.private)
}

/// Defines and writes an index with the attributes ownerwrite, authwrite, ownerread and authread.
fn define_index(swtpm: &Swtpm) {
    let (attributes, size) = (0x0006_0006_u32.to_be_bytes(), 64_u16.to_be_bytes());
    let public = [&INDEX.0.to_be_bytes()[..], &[0, 0x0b], &attributes, &[0, 0], &size].concat();
    let parameters = [raw::sized(b""), raw::sized(&public)].concat();
    swtpm.raw(raw::NV_DEFINE_SPACE, &[raw::OWNER], &[b""], &parameters).ok();
    let data = [raw::sized(&[7; 64]), vec![0, 0]].concat();
    swtpm.raw(raw::NV_WRITE, &[raw::OWNER, INDEX.0], &[b""], &data).ok();
}
