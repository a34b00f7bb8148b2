//! Importable files: objects wrapped in software for a parent of which only the public area is known.

use keyfile::policy::{Condition, digest};
use keyfile::{
    AlgId, Attributes, Curve, Handle, HashAlg, KeyFile, KeyedHashScheme, Kind, Public, PublicKey, Sensitive,
    Symmetric,
};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use tests::raw::{self, Tpm as _};
use tests::{Options, Proxy, ResourceManager, Swtpm};
use tpm::template::{Storage, Template, Usage};
use tpm::{Auth, Config, ErrorKind, Key, Parent, Tpm};

use crate::kit::{self, DIGEST, OWNER};
use crate::process::{alone, in_child};

/// An RSA key from openssl: its modulus and one prime.
const MODULUS: &str = "d26417f16a978760fe8ee3f9d1f602e3b2c20579cc81751c743b67215b2009c0781f5ee346df203c20cb863ac98b2a186fcb65a37dcfffc783a5adade382d8cf5a6311b82bac79366dd130812edc4166c2602b6684398f26565e3c6e5885749adc32b00bcf131d5fd561026c4b4147ff90a69efdf6ed419af0bd446dc72ad9199287e5e215dbfd1d6955b53647e6e5d48783e70e24bf61c4cce5a501d7203d19cba955573494f57d5ca759e586754fa9a593666b533410413ec0b9cc9b143179d3b57e2379b4766de78fe134df4cc22d4565c4ea15272a16b701c5639d902459a17224a0d1758b394997e9e51ddc8234502906c3b608c243c63f3980427ee54f";
const PRIME: &str = "e939e08f4cbfc6170807b93d64d20bf6283611bf898100e6eedf6cc2de35120a1890bd1691ddc9d28d258e03b98645cdbbb1efcb98567a9cd5fe5886de03d0dbbf5ae80064946be6ea466efbf441af017a7e914f16ed2e581a89e9d84b3374fde24676b5e2d8284d7284cf050599cea1b1be915a24d290e36a8cd88267e0cc35";
const DATA: &[u8] = b"sealed in software";

/// The kind of wrapped object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Object {
    P256,
    P384,
    Rsa,
    Data,
}

impl Object {
    const ALL: [Self; 4] = [Self::P256, Self::P384, Self::Rsa, Self::Data];

    /// Returns its public area without policy, and its secret part.
    fn halves(self, hash: HashAlg, usage: Usage) -> (Public, Vec<u8>) {
        let template = |template: Template| template.name_alg(hash).usage(usage).public();
        match self {
            Self::P256 => {
                let key = p256::SecretKey::from_slice(&[9; 32]).unwrap();
                let point = key.public_key().to_encoded_point(false);
                (
                    template(Template::wrapped_ecc(Curve::P256, point.x().unwrap(), point.y().unwrap())),
                    key.to_bytes().to_vec(),
                )
            }
            Self::P384 => {
                let key = p384::SecretKey::from_slice(&[7; 48]).unwrap();
                let point = key.public_key().to_encoded_point(false);
                (
                    template(Template::wrapped_ecc(Curve::P384, point.x().unwrap(), point.y().unwrap())),
                    key.to_bytes().to_vec(),
                )
            }
            Self::Rsa => (
                template(Template::wrapped_rsa(&hex::decode(MODULUS).unwrap(), 65537)),
                hex::decode(PRIME).unwrap(),
            ),
            Self::Data => {
                let key = PublicKey::KeyedHash {
                    scheme: KeyedHashScheme::Null,
                    unique: hash.digest(&[&seed(hash), DATA]),
                };
                let attributes = Attributes::USER_WITH_AUTH | Attributes::NO_DA;
                (Public { name_alg: hash, attributes, auth_policy: Vec::new(), key }, DATA.to_vec())
            }
        }
    }
}

fn seed(hash: HashAlg) -> Vec<u8> {
    vec![3; hash.size()]
}

/// Returns a file whose writer knows only the parent's public area.
fn wrap(
    (handle, parent): (Handle, &Public),
    object: Object,
    hash: HashAlg,
    password: Option<&str>,
    policy: Option<&[Condition]>,
) -> KeyFile {
    let (mut public, secret) = object.halves(hash, Usage::SignDecrypt);
    let statements: Option<Vec<_>> =
        policy.map(|conditions| conditions.iter().map(|condition| condition.statement().unwrap()).collect());
    if let Some(statements) = &statements {
        public.attributes = public.attributes.without(Attributes::USER_WITH_AUTH);
        public.auth_policy = digest(statements, hash).unwrap();
    }
    let mut file = wrap_public((handle, parent), public, secret, password);
    file.kind = if object == Object::Data { Kind::Sealed } else { Kind::Importable };
    file.policy = statements;
    KeyFile::parse(&file.to_file().unwrap()).unwrap()
}

fn wrap_public(
    (handle, parent): (Handle, &Public),
    public: Public,
    secret: Vec<u8>,
    password: Option<&str>,
) -> KeyFile {
    let seed_value = match &public.key {
        PublicKey::KeyedHash { .. } => seed(public.name_alg),
        _ if public.attributes.contains(Attributes::RESTRICTED) => seed(public.name_alg),
        _ => Vec::new(),
    };
    let sensitive = Sensitive {
        kind: public.key.kind(),
        auth_value: password
            .map(|password| Auth::new(password).as_value(public.name_alg))
            .unwrap_or_default(),
        seed_value: seed_value.into(),
        sensitive: secret.into(),
    };
    let wrapped = tpm::wrap(parent, &public, &sensitive).unwrap();
    let mut file = KeyFile::new(Kind::Importable, handle, public, wrapped.duplicate);
    file.secret = Some(wrapped.secret);
    file.empty_auth = password.is_none();
    file
}

/// Returns a P-256 key that was wrapped for the owner's primary key.
pub(crate) fn p256(tpm: &Tpm) -> KeyFile {
    let (parent, _) = tpm.parent_public(&OWNER).unwrap();
    wrap((OWNER.handle, &parent), Object::P256, HashAlg::Sha256, None, None)
}

/// Uses the object according to its kind.
fn uses(tpm: &Tpm, file: &KeyFile, password: Option<&str>) -> Result<(), tpm::Error> {
    let key = kit::open(tpm, file, password);
    match &file.public.key {
        PublicKey::KeyedHash { .. } => assert_eq!(*key.unseal()?.value, DATA),
        PublicKey::Rsa { .. } => {
            // x to the power of e·d is x.
            let n = rsa::BigUint::from_bytes_be(&hex::decode(MODULUS).unwrap());
            let signed = rsa::BigUint::from_bytes_be(&key.rsa_sign(&[0x11; 256])?.value);
            let back = signed.modpow(&rsa::BigUint::from(65537_u32), &n);
            assert_eq!(back.to_bytes_be(), [0x11; 256]);
        }
        PublicKey::Ecc { curve: Curve::P256, .. } => {
            let signature = key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA)?.value;
            kit::verify(key.public(), &signature);
        }
        _ => drop(key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA)?),
    }
    Ok(())
}

/// Returns a parent from outside, with this cipher.
fn parent(object: Object, hash: HashAlg, bits: u16) -> (Public, Vec<u8>) {
    let (mut public, secret) = object.halves(hash, Usage::Parent);
    if let PublicKey::Rsa { symmetric, .. } | PublicKey::Ecc { symmetric, .. } = &mut public.key {
        *symmetric = Symmetric::Cipher { algorithm: AlgId::AES, bits, mode: AlgId::CFB };
    }
    (public, secret)
}

#[test]
fn every_kind_of_object_is_imported_under_parents_three_levels_deep() {
    let swtpm = Swtpm::start();
    let tpm = Tpm::new(Config { parent_auth: Some(Auth::new("of the parent")), ..kit::config(swtpm.tcti()) });
    swtpm.set_hierarchy_auth(raw::OWNER, b"", b"of the parent");
    let owner = Parent { auth: Some(Auth::new("of the parent")), ..OWNER };
    let mut above = (Handle::OWNER, tpm.parent_public(&owner).unwrap().0);
    for (level, (object, hash, bits)) in [
        (Object::P256, HashAlg::Sha256, 128),
        (Object::Rsa, HashAlg::Sha512, 256),
        (Object::P384, HashAlg::Sha384, 256),
    ]
    .into_iter()
    .enumerate()
    {
        let (public, secret) = parent(object, hash, bits);
        let file = wrap_public((above.0, &above.1), public.clone(), secret, Some("of the parent"));
        let handle = Handle(0x8100_0010 + u32::try_from(level).unwrap());
        kit::open(&tpm, &file, None).persist(handle, owner.auth.as_ref()).unwrap();
        for object in Object::ALL {
            for (hash, password) in [(HashAlg::Sha1, None), (HashAlg::Sha384, Some("secret"))] {
                let file = wrap((handle, &public), object, hash, password, None);
                uses(&tpm, &file, password).unwrap();
            }
        }
        above = (handle, public);
    }
    drop(tpm);
    swtpm.assert_empty();
}

#[test]
fn objects_are_imported_under_hierarchies_with_passwords() {
    let swtpm = Swtpm::start();
    for hierarchy in [raw::OWNER, raw::ENDORSEMENT, 0x4000_000c] {
        swtpm.set_hierarchy_auth(hierarchy, b"", b"hierarchy");
    }
    let tpm = |password: &str| {
        Tpm::new(Config { parent_auth: Some(Auth::new(password)), ..kit::config(swtpm.tcti()) })
    };
    for handle in [Handle::OWNER, Handle::NULL, Handle::ENDORSEMENT, Handle::PLATFORM] {
        for rsa in [false, true] {
            let storage = Storage::standard(rsa);
            let right = tpm("hierarchy");
            let parent = Parent { handle, storage, auth: Some(Auth::new("hierarchy")) };
            let known = right.parent_public(&parent).unwrap().0;
            assert_eq!(known.attributes, storage.template().attributes);
            let mut file = wrap((handle, &known), Object::P256, HashAlg::Sha256, Some("secret"), None);
            storage.mark(&mut file);
            uses(&right, &file, Some("secret")).unwrap();
            if handle != Handle::NULL {
                let error = uses(&tpm("wrong"), &file, Some("secret")).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ParentAuthorization, "{error}");
            }
        }
    }
    swtpm.assert_empty();
}

#[test]
fn objects_with_policies_are_imported_with_every_name_hash() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let owner = tpm.parent_public(&OWNER).unwrap().0;
    for hash in HashAlg::ALL {
        let lock = "sha256:16+sha1:1".parse::<keyfile::PcrSelection>().unwrap();
        let lock = Condition::Pcr { digest: tpm.pcr_digest(&lock, hash).unwrap(), selection: lock };
        for object in Object::ALL {
            let policy = [lock.clone(), Condition::AuthValue];
            let file = wrap((Handle::OWNER, &owner), object, hash, Some("secret"), Some(&policy));
            uses(&tpm, &file, Some("secret")).unwrap();
            assert_eq!(uses(&tpm, &file, Some("wrong")).unwrap_err().kind(), ErrorKind::Authorization);
            let empty = wrap((Handle::OWNER, &owner), object, hash, None, Some(&[]));
            uses(&tpm, &empty, None).unwrap();
        }
    }
    drop(tpm);
    swtpm.assert_empty();
}

#[test]
fn a_process_imports_a_file_only_once() {
    alone("import::a_process_imports_a_file_only_once", || {
        let swtpm = Swtpm::start();
        let files: Vec<_> = (0..3).map(|_| kit::ec(&swtpm, None)).collect();
        let proxy = Proxy::start(&swtpm);
        let tpm = kit::through(&proxy);
        let owner = tpm.parent_public(&OWNER).unwrap().0;
        let file = wrap((Handle::OWNER, &owner), Object::P256, HashAlg::Sha256, Some("secret"), None);
        let key = kit::open(&tpm, &file, Some("secret"));
        kit::check(&key);
        // Evicted by other keys, loaded by another copy of the file, after a lost connection, and in a child.
        let others: Vec<Key> = files.iter().map(|file| kit::open(&tpm, file, None)).collect();
        others.iter().for_each(kit::check);
        kit::check(&key);
        kit::check(&kit::open(&tpm, &file, Some("secret")));
        tpm.close();
        kit::check(&key);
        // The child needs the slots for itself.
        tpm.close();
        in_child(|| kit::signs(&key))();
        assert_eq!(proxy.log().count(raw::IMPORT), 1, "{}", proxy.log().text());
    });
}

#[test]
fn importable_files_work_through_the_kernel_resource_manager() {
    let swtpm = Swtpm::start();
    let owner = kit::direct(&swtpm).parent_public(&OWNER).unwrap().0;
    let manager = ResourceManager::start(&swtpm, Options::default());
    let tpm = kit::managed(&manager);
    for object in Object::ALL {
        for password in [None, Some("secret")] {
            let file = wrap((Handle::OWNER, &owner), object, HashAlg::Sha256, password, None);
            uses(&tpm, &file, password).unwrap();
        }
    }
    assert!(manager.refused().is_empty());
    drop(tpm);
    drop(manager);
    swtpm.assert_empty();
}

#[test]
fn a_failed_import_reports_the_cause() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let owner = tpm.parent_public(&OWNER).unwrap().0;
    let (other_parent, _) = parent(Object::P256, HashAlg::Sha256, 128);
    let good = wrap((Handle::OWNER, &owner), Object::P256, HashAlg::Sha256, None, None);
    let for_another = wrap((Handle::OWNER, &other_parent), Object::P256, HashAlg::Sha256, None, None);
    let mut damaged = good.clone();
    damaged.private[40] ^= 1;
    let mut of_another = good.clone();
    of_another.rsa_parent = true;
    for file in [for_another, damaged, of_another] {
        let error = uses(&tpm, &file, None).unwrap_err();
        assert!(error.to_string().contains("TPM2_Import failed"), "{error}");
        assert!(
            error.advice().is_some_and(|advice| advice.contains("belongs to another machine or parent")),
            "{error}"
        );
    }
    let mut nowhere = good.clone();
    nowhere.parent = Handle(0x8100_0077);
    let error = uses(&tpm, &nowhere, None).unwrap_err();
    assert!(error.to_string().contains("0x81000077"), "{error}");
    uses(&tpm, &good, None).unwrap();
    drop(tpm);
    swtpm.assert_empty();
}
