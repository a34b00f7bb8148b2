//! Tests the cryptography against a TPM: imports of wrapped objects, and sessions with parameter encryption.

use crypto::hmac::{Nonces, authorization, cp_hash, rp_hash, same, session_key};
use crypto::salt::{Purpose, secret_for};
use crypto::{parameter, random};
use keyfile::wire::{Marshal, Reader, Unmarshal};
use keyfile::{AlgId, Curve, HashAlg, Public, PublicKey, Sensitive, Symmetric};
use tests::Swtpm;
use tests::raw::{self, Tpm as _, sized};
use zeroize::Zeroizing;

use tpm::template::{MAX_SEALED, Storage, Template};
use tpm::{Auth, Duplicate, wrap, wrap_data};

/// TPM2_Hash (Part 2 §6.5.2). Its first parameter and the first one of its answer have size fields.
const HASH: u32 = 0x17d;
/// continueSession, decrypt, encrypt.
const DECRYPT_AND_ENCRYPT: u8 = 0x61;

const HASHES: [HashAlg; 4] = HashAlg::ALL;

/// Returns the template of a storage primary that differs from the TCG's.
fn parent_template(curve: Option<Curve>, hash: HashAlg, bits: u16) -> Public {
    let mut public = Storage::standard(curve.is_none()).template();
    public.name_alg = hash;
    let cipher = Symmetric::Cipher { algorithm: AlgId::AES, bits, mode: AlgId::CFB };
    match &mut public.key {
        PublicKey::Rsa { symmetric, .. } => *symmetric = cipher,
        PublicKey::Ecc { symmetric, curve: on, .. } => (*symmetric, *on) = (cipher, curve.unwrap()),
        _ => panic!("a primary is asymmetric"),
    }
    public
}

/// Calls `with` for a parent of each kind: P-256, P-384 and P-521 with every nameAlg and AES key size; RSA with fewer, because it is
/// slow to make.
fn for_each_parent(with: impl Fn(&Swtpm, u32, &Public)) {
    let tpm = Swtpm::start();
    let curves = [Some(Curve::P256), Some(Curve::P384), Some(Curve::P521), None];
    for curve in curves {
        for hash in HASHES {
            for bits in [128, 256] {
                if curve.is_none() && (hash == HashAlg::Sha384 || bits == 256 && hash != HashAlg::Sha256) {
                    continue;
                }
                let template = parent_template(curve, hash, bits).to_sized().unwrap();
                let parameters = [sized(&[0; 4]), template, vec![0; 6]].concat();
                let made = tpm.raw(raw::CREATE_PRIMARY, &[raw::OWNER], &[b""], &parameters);
                let answer = made.ok();
                let public = Public::from_bytes(Reader::new(&answer).sized().unwrap()).unwrap();
                with(&tpm, made.handle(), &public);
                tpm.flush(made.handle());
            }
        }
    }
}

/// Returns the keys to wrap, which the vectors of crate `crypto` contain.
fn objects() -> Vec<(Template, AlgId, Vec<u8>)> {
    let lines = include_str!("../../../crypto/tests/vectors/crypto.txt").lines();
    let objects = lines.filter_map(|line| {
        let text = |name: &str| line.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
        let bytes = |name| hex::decode(text(name).unwrap()).unwrap();
        match line.split(' ').next() {
            Some("rsa_key") => {
                Some((Template::wrapped_rsa(&bytes("modulus"), 65537), AlgId::RSA, bytes("prime")))
            }
            Some("ecc_key") => {
                let curve = text("curve").unwrap().parse().unwrap();
                let template = Template::wrapped_ecc(curve, &bytes("x"), &bytes("y"));
                Some((template, AlgId::ECC, bytes("private")))
            }
            _ => None,
        }
    });
    let objects: Vec<_> = objects.collect();
    assert!(objects.len() > 3, "{} keys", objects.len());
    objects
}

#[test]
fn every_kind_of_parent_imports_and_loads_wrapped_objects() {
    for_each_parent(|tpm, parent, parent_public| {
        seal_and_unseal(tpm, parent, parent_public);
        for (template, kind, private) in objects() {
            for hash in HASHES {
                let object = template.clone().name_alg(hash).public();
                let sensitive = Sensitive {
                    kind,
                    auth_value: Zeroizing::new(b"password".to_vec()),
                    seed_value: Zeroizing::default(),
                    sensitive: Zeroizing::new(private.clone()),
                };
                let loaded = import_and_load(tpm, parent, &wrap(parent_public, &object, &sensitive).unwrap());
                tpm.flush(loaded);
            }
        }
    });
}

/// Wraps data with a password for a parent; the TPM unseals it.
fn seal_and_unseal(tpm: &Swtpm, parent: u32, parent_public: &Public) {
    for (hash, data) in
        [(HashAlg::Sha1, &[0xa5; MAX_SEALED][..]), (HashAlg::Sha256, &[0]), (HashAlg::Sha512, b"data")]
    {
        let template = Template::sealed().name_alg(hash).public();
        let auth = Auth::new(*b"password");
        let wrapped = wrap_data(parent_public, &template, Some(&auth), data).unwrap();
        let loaded = import_and_load(tpm, parent, &wrapped);
        assert_eq!(tpm.raw(raw::UNSEAL, &[loaded], &[b"password"], &[]).ok(), sized(data));
        tpm.flush(loaded);
    }
}

/// Imports a wrapped object into the TPM, and returns the handle at which it is loaded.
fn import_and_load(tpm: &Swtpm, parent: u32, wrapped: &Duplicate) -> u32 {
    let public = wrapped.public.to_sized().unwrap();
    let import =
        [sized(b""), public.clone(), sized(&wrapped.duplicate), sized(&wrapped.secret), vec![0, 0x10]];
    let private = tpm.raw(raw::IMPORT, &[parent], &[b""], &import.concat()).ok();
    let loaded = tpm.raw(raw::LOAD, &[parent], &[b""], &[private, public].concat());
    assert_eq!(Reader::new(&loaded.ok()).sized().unwrap(), wrapped.public.name().unwrap().as_bytes());
    loaded.handle()
}

#[test]
fn sessions_salted_to_every_kind_of_parent_encrypt_both_directions() {
    for_each_parent(|tpm, parent, parent_public| {
        for hash in HASHES {
            for bits in [128, 256] {
                hash_in_session(tpm, parent, parent_public, hash, bits);
            }
        }
    });
}

/// Has the TPM hash an encrypted text, and decrypts the digest in its answer.
fn hash_in_session(tpm: &Swtpm, parent: u32, parent_public: &Public, hash: HashAlg, bits: u16) {
    let text = b"a text that is secret on the bus";
    let salt = secret_for(parent_public, Purpose::Session).unwrap();
    let caller = random::bytes(hash.size()).unwrap();
    let cipher = Symmetric::Cipher { algorithm: AlgId::AES, bits, mode: AlgId::CFB }.to_bytes().unwrap();
    let start = [sized(&caller), sized(&salt.encrypted), vec![0], cipher, hash.to_bytes().unwrap()].concat();
    let started = tpm.raw(raw::START_AUTH_SESSION, &[parent, raw::NULL], &[], &start);
    let nonce_tpm = Reader::new(&started.ok()).sized().unwrap().to_vec();
    let key = session_key(hash, b"", &salt.value, Nonces::of_response(&caller, &nonce_tpm));

    let caller = random::bytes(16).unwrap();
    let nonces = Nonces::of_command(&caller, &nonce_tpm);
    let mut data = text.to_vec();
    parameter::encrypt(hash, bits, &key, nonces, &mut data).unwrap();
    let parameters =
        [sized(&data), HashAlg::Sha256.to_bytes().unwrap(), raw::NULL.to_be_bytes().to_vec()].concat();
    let proof =
        authorization(hash, &key, &cp_hash(hash, HASH, &[], &parameters), nonces, &[], DECRYPT_AND_ENCRYPT);
    let session = started.handle().to_be_bytes();
    let area = [&session[..], &sized(&caller), &[DECRYPT_AND_ENCRYPT], &sized(&proof)].concat();
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_be_bytes();
    let body = [&HASH.to_be_bytes()[..], &size(&area), &area, &parameters].concat();
    let whole = u32::try_from(body.len() + 6).unwrap().to_be_bytes();
    let answer = tpm.transact(&[&[0x80, 0x02][..], &whole, &body].concat());

    let mut answer = Reader::new(&answer);
    assert_eq!(
        (answer.u16(), answer.u32().is_ok(), answer.u32()),
        (Ok(0x8002), true, Ok(0)),
        "{hash} AES-{bits}"
    );
    let length = usize::try_from(answer.u32().unwrap()).unwrap();
    let parameters = answer.take(length).unwrap();
    let nonce_tpm = answer.sized().unwrap();
    let (attributes, proof) = (answer.u8().unwrap(), answer.sized().unwrap());
    let nonces = Nonces::of_response(&caller, nonce_tpm);
    let rp_hash = rp_hash(hash, 0, HASH, parameters);
    assert!(same(&authorization(hash, &key, &rp_hash, nonces, &[], attributes), proof), "{hash} AES-{bits}");
    let mut digest = Reader::new(parameters).sized().unwrap().to_vec();
    assert_ne!(digest, HashAlg::Sha256.digest(&[text]));
    parameter::decrypt(hash, bits, &key, nonces, &mut digest).unwrap();
    assert_eq!(digest, HashAlg::Sha256.digest(&[text]), "{hash} AES-{bits}");
    tpm.flush(started.handle());
}
