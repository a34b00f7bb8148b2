//! Keys of the owner hierarchy are loaded under the persistent copy of their parent, if it is the same key.

use keyfile::policy::Condition;
use keyfile::{Curve, Handle, HashAlg, KeyFile, Name};
use tests::log::Log;
use tests::raw::{self, Tpm as _};
use tests::{Fate, Options, Proxy, ResourceManager, Swtpm, tamper};
use tpm::template::{Storage, Template};
use tpm::{Auth, Config, ErrorKind, Parent, Tpm};

use crate::kit::{self, OWNER};
use crate::{import, policy_kit};

const SRK: u32 = 0x8100_0001;
const RSA: Parent = Parent { storage: Storage::Rsa2048, ..OWNER };
/// The command that derives a parent.
const DERIVE: u32 = raw::CREATE_PRIMARY;
/// A key under the persistent copy of its parent.
const BY_COPY: [u32; 4] = [raw::READ_PUBLIC, raw::START_AUTH_SESSION, raw::LOAD, raw::SIGN];

/// Makes the object persistent where the copy of the storage key belongs.
fn put(swtpm: &Swtpm, object: u32) {
    swtpm.persist(object, SRK);
    swtpm.flush(object);
}

fn remove(swtpm: &Swtpm) {
    swtpm.persist(SRK, SRK);
}

/// Returns how often the public area at the handle of the copy was read, and how often a key was loaded under it.
fn uses(log: &Log) -> (usize, usize) {
    let all = log.all();
    let at_copy = |command: &[u8]| command.get(10..14) == Some(&SRK.to_be_bytes());
    let count = |code| all.iter().filter(|sent| sent.code() == code && at_copy(&sent.command)).count();
    (count(raw::READ_PUBLIC), count(raw::LOAD))
}

/// Returns the salt keys of all sessions that were started.
fn salts(proxy: &Proxy) -> Vec<u32> {
    let all = proxy.log().all();
    let started = all.iter().filter(|exchange| exchange.code() == raw::START_AUTH_SESSION);
    started.map(|exchange| raw::u32_at(&exchange.command, 10)).collect()
}

#[test]
fn the_first_signature_takes_four_commands_and_derives_nothing() {
    for parent in [&OWNER, &RSA] {
        for password in [None, Some("secret")] {
            let swtpm = Swtpm::start();
            let file = kit::make(&swtpm, parent, Template::ecc(Curve::P256), password);
            let rsa = parent.storage == Storage::Rsa2048;
            let direct = kit::direct(&swtpm);
            direct.persist_storage_key(rsa, Handle(SRK), None).unwrap();
            direct.close();
            let proxy = Proxy::start(&swtpm);
            let tpm = kit::through(&proxy);
            let key = kit::open(&tpm, &file, password);
            kit::check(&key);
            assert_eq!(proxy.log().codes(), BY_COPY, "{}", proxy.log().text());
            kit::check(&key);
            assert_eq!(proxy.log().len(), 5, "{}", proxy.log().text());
            tpm.close();
            swtpm.assert_empty();
            let manager = ResourceManager::start(&swtpm, Options::default());
            let key = kit::open(&kit::managed(&manager), &file, password);
            assert!(kit::signs(&key));
            assert_eq!(manager.log().count(DERIVE), 0, "{}", manager.log().text());
            assert!(manager.log().len() <= 5, "{}", manager.log().text());
        }
    }
}

#[test]
fn the_handle_is_read_once_per_process_if_it_is_empty() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, None);
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    for _ in 0..3 {
        kit::check(&kit::open(&tpm, &file, None));
        // The next use connects again.
        tpm.close();
    }
    assert_eq!((uses(proxy.log()), proxy.log().count(DERIVE)), ((1, 0), 3), "{}", proxy.log().text());
    swtpm.assert_empty();
}

#[test]
fn an_answer_that_is_not_about_the_handle_is_not_remembered() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, None);
    put(&swtpm, swtpm.create_primary());
    let proxy = Proxy::start(&swtpm);
    // TPM_RC_FAILURE, CONTEXT_GAP, MEMORY, CANCELED.
    for code in [0x101, 0x901, 0x904, 0x909] {
        proxy.log().clear();
        proxy.on_command(tamper::answer(raw::READ_PUBLIC, code, 1));
        let tpm = kit::through(&proxy);
        for _ in 0..2 {
            kit::check(&kit::open(&tpm, &file, None));
            // The second time, the copy is used.
            assert_eq!(proxy.log().count(DERIVE), 1, "{code:#x} {}", proxy.log().text());
            tpm.close();
        }
        proxy.remove_rules();
    }
    assert_eq!(swtpm.failures(), 0);
    swtpm.assert_empty();
}

#[test]
fn a_copy_is_looked_for_again_after_a_reset() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, None);
    let proxy = Proxy::start(&swtpm);
    let key = kit::open(&kit::through(&proxy), &file, None);
    kit::check(&key);
    put(&swtpm, swtpm.create_primary());
    swtpm.reset();
    proxy.log().clear();
    kit::check(&key);
    assert_eq!((uses(proxy.log()), proxy.log().count(DERIVE)), ((1, 1), 0), "{}", proxy.log().text());
}

#[test]
fn a_refusal_that_another_parent_cannot_cause_reads_no_parent() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, None);
    put(&swtpm, swtpm.create_primary());
    let proxy = Proxy::start(&swtpm);
    let key = kit::open(&kit::through(&proxy), &file, None);
    kit::check(&key);
    proxy.log().clear();
    // TPM_RC_SCHEME of the first parameter.
    proxy.on_command(tamper::answer(raw::SIGN, 0x1d2, 1));
    assert!(!kit::signs(&key));
    assert_eq!(proxy.log().count(raw::READ_PUBLIC), 0, "{}", proxy.log().text());
}

#[test]
fn another_storage_key_is_tried_once_per_process() {
    for auth in [&b""[..], b"its password"] {
        let swtpm = Swtpm::start();
        let files = [None, Some("secret")].map(|password| kit::ec(&swtpm, password));
        let policy = policy_kit::make(&swtpm, HashAlg::Sha256, &[Condition::AuthValue], Some("secret"));
        let imported = import::p256(&kit::direct(&swtpm));
        put(&swtpm, swtpm.create_other_primary(auth));
        for (file, password) in
            [(&files[0], None), (&files[1], Some("secret")), (&policy, Some("secret")), (&imported, None)]
        {
            let proxy = Proxy::start(&swtpm);
            let tpm = kit::through(&proxy);
            for _ in 0..2 {
                kit::check(&kit::open(&tpm, file, password));
                tpm.close();
            }
            let (read, loaded) = uses(proxy.log());
            // A refused password shows that another object may be there: it is read again. The import of a key is refused before it is
            // loaded.
            let is_loaded = usize::from(!std::ptr::eq(file, &raw const imported));
            assert!((1..=2).contains(&read) && loaded == is_loaded, "{}", proxy.log().text());
            assert_eq!(proxy.log().count(DERIVE), 2, "{}", proxy.log().text());
        }
        assert_eq!(swtpm.failures(), 0);
        swtpm.assert_empty();
    }
}

#[test]
fn a_copy_with_a_password_is_not_used() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, None);
    put(&swtpm, swtpm.create_primary_with(b"its password", raw::STORAGE));
    let proxy = Proxy::start(&swtpm);
    let key = kit::open(&kit::through(&proxy), &file, None);
    kit::check(&key);
    kit::check(&key);
    assert_eq!((uses(proxy.log()), swtpm.failures()), ((2, 1), 0), "{}", proxy.log().text());
}

#[test]
fn an_object_with_another_template_is_only_read() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, None);
    let protected = swtpm.create_primary_with(b"", raw::DA_PROTECTED);
    put(&swtpm, protected);
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    kit::check(&kit::open(&tpm, &file, None));
    assert_eq!((uses(proxy.log()), proxy.log().count(DERIVE)), ((1, 0), 1), "{}", proxy.log().text());
    // The other standard storage key is no copy of this one.
    remove(&swtpm);
    tpm.persist_storage_key(true, Handle(SRK), None).unwrap();
    tpm.close();
    proxy.log().clear();
    kit::check(&kit::open(&kit::through(&proxy), &file, None));
    assert_eq!((uses(proxy.log()), proxy.log().count(DERIVE)), ((1, 0), 1), "{}", proxy.log().text());
}

#[test]
fn files_of_other_parents_do_not_look_for_a_copy() {
    let swtpm = Swtpm::start();
    put(&swtpm, swtpm.create_primary());
    let endorsement = Parent { handle: Handle::ENDORSEMENT, ..OWNER };
    let old = Parent { storage: Storage::Old, ..OWNER };
    for parent in [&endorsement, &old] {
        let file = kit::make(&swtpm, parent, Template::ecc(Curve::P256), Some("secret"));
        let proxy = Proxy::start(&swtpm);
        kit::check(&kit::open(&kit::through(&proxy), &file, Some("secret")));
        assert_eq!((uses(proxy.log()), proxy.log().count(raw::LOAD)), ((0, 0), 1), "{}", proxy.log().text());
    }
}

#[test]
fn a_copy_that_is_removed_or_replaced_fails_no_operation() {
    let swtpm = Swtpm::start();
    let passwords = [None, Some("secret")];
    let files = passwords.map(|password| kit::ec(&swtpm, password));
    let protected = kit::protected(&swtpm, "secret");
    let (proxy, kernel) = (Proxy::start(&swtpm), ResourceManager::start(&swtpm, Options::default()));
    let alone = kit::config(proxy.tcti());
    let shared = kit::config(proxy.swtpm_tcti());
    let managed = Config { manager: tpm::Manager::Kernel, ..kit::config(kernel.tcti()) };
    let operation = Config { connection: tpm::Lifetime::Operation, ..alone.clone() };
    let unprotected = Config { session: tpm::Protection::Password, ..alone.clone() };
    for config in [alone, shared, managed, operation, unprotected] {
        for other in [false, true] {
            put(&swtpm, swtpm.create_primary());
            let tpm = Tpm::new(config.clone());
            let keys = [(&files[0], None), (&files[1], Some("secret")), (&protected, Some("secret"))]
                .map(|(file, password)| kit::open(&tpm, file, password));
            proxy.log().clear();
            kernel.log().clear();
            for _ in 0..2 {
                keys.iter().for_each(kit::check);
            }
            let derived = proxy.log().count(DERIVE) + kernel.log().count(DERIVE);
            let loaded = uses(proxy.log()).1 + uses(kernel.log()).1;
            assert!(derived == 0 && loaded >= keys.len(), "{derived} {loaded} {:?}", config.tcti);
            let failures = swtpm.failures();
            remove(&swtpm);
            if other {
                put(&swtpm, swtpm.create_other_primary(b""));
            }
            for key in keys.iter().chain(&keys) {
                kit::check(key);
            }
            assert!(
                swtpm.failures() <= failures + 1,
                "a session salted to another key costs one try at most"
            );
            tpm.close();
            if other {
                remove(&swtpm);
            }
        }
    }
}

#[test]
fn the_owners_password_is_needed_only_to_derive() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, None);
    let [same, other] = [swtpm.create_primary(), swtpm.create_other_primary(b"")];
    swtpm.persist(same, 0x8100_0002);
    swtpm.flush(same);
    put(&swtpm, other);
    let change = |from: &[u8], to: &[u8]| swtpm.set_hierarchy_auth(raw::OWNER, from, to);
    change(b"", b"owner");
    let sign = |auth: Option<&str>| {
        let tpm = Tpm::new(Config { parent_auth: auth.map(Auth::new), ..kit::config(swtpm.tcti()) });
        kit::open(&tpm, &file, None).sign(&kit::DIGEST, HashAlg::Sha256, keyfile::AlgId::ECDSA)
    };
    // The TPM does not tell a file of another machine from one of this machine, as long as it cannot derive the parent.
    for (auth, kind) in
        [(None, ErrorKind::ParentPasswordMissing), (Some("wrong"), ErrorKind::ParentAuthorization)]
    {
        let error = sign(auth).unwrap_err();
        let advice = error.advice().unwrap_or_default();
        assert!(
            error.kind() == kind && advice.contains("another machine") && advice.len() <= 160,
            "{error:?}"
        );
    }
    // A living process tries a wrong password once, and explains it once.
    let tpm = Tpm::new(Config { parent_auth: Some(Auth::new("wrong")), ..kit::config(swtpm.tcti()) });
    let key = kit::open(&tpm, &file, None);
    for _ in 0..2 {
        let error = key.sign(&kit::DIGEST, HashAlg::Sha256, keyfile::AlgId::ECDSA).unwrap_err();
        let advice = error.advice().unwrap_or_default();
        assert!(advice.matches("password is wrong").count() == 1 && advice.len() <= 160, "{error:?}");
    }
    sign(Some("owner")).unwrap();
    change(b"owner", b"");
    remove(&swtpm);
    put(&swtpm, swtpm.create_primary());
    change(b"", b"owner");
    sign(None).unwrap();
    sign(Some("wrong")).unwrap();
}

#[test]
fn a_new_key_does_not_depend_on_the_copy() {
    let swtpm = Swtpm::start();
    put(&swtpm, swtpm.create_other_primary(b""));
    let file = kit::ec(&swtpm, None);
    let check = || {
        let tpm = kit::direct(&swtpm);
        kit::check(&kit::open(&tpm, &file, None));
        tpm.close();
    };
    check();
    remove(&swtpm);
    check();
    put(&swtpm, swtpm.create_primary());
    check();
}

#[test]
fn a_pinned_salt_key_is_the_only_one() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, Some("secret"));
    let direct = kit::direct(&swtpm);
    let (_, owner) = direct.parent_public(&OWNER).unwrap();
    let (_, null) = direct.parent_public(&Parent { handle: Handle::NULL, ..OWNER }).unwrap();
    direct.close();
    let proxy = Proxy::start(&swtpm);
    let sign = |file: &KeyFile, pin: &Name| {
        proxy.log().clear();
        let tpm = Tpm::new(Config { salt_name: Some(pin.clone()), ..kit::config(proxy.tcti()) });
        let key = kit::open(&tpm, file, Some("secret"));
        key.sign(&kit::DIGEST, HashAlg::Sha256, keyfile::AlgId::ECDSA).map(|answer| answer.authenticated)
    };
    put(&swtpm, swtpm.create_primary());
    assert!(sign(&file, &owner).unwrap());
    assert_eq!(proxy.log().codes()[..4], BY_COPY, "{}", proxy.log().text());
    assert!(sign(&file, &null).unwrap());
    assert!(!salts(&proxy).contains(&SRK), "{}", proxy.log().text());
    // Another key at the handle is no salt key, and the file is loaded all the same.
    remove(&swtpm);
    put(&swtpm, swtpm.create_other_primary(b""));
    for pin in [&owner, &null] {
        assert!(sign(&file, pin).unwrap());
        assert!(!salts(&proxy).contains(&SRK), "{}", proxy.log().text());
    }
    let wrong = HashAlg::Sha256.digest(&[b"another key"]);
    let wrong = Name::from([&[0, 11][..], &wrong].concat());
    assert_eq!(sign(&file, &wrong).unwrap_err().kind(), ErrorKind::Integrity);
    swtpm.assert_empty();
}

#[test]
fn a_forged_public_area_only_makes_the_parent_derived() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, Some("secret"));
    put(&swtpm, swtpm.create_primary());
    let other = swtpm.create_other_primary(b"");
    swtpm.persist(other, 0x8100_0002);
    swtpm.flush(other);
    let proxy = Proxy::start(&swtpm);
    let read = |handle: u32| swtpm.raw(raw::READ_PUBLIC, &[handle], &[], &[]).ok();
    let sign = || {
        proxy.log().clear();
        let key = kit::open(&kit::through(&proxy), &file, Some("secret"));
        assert!(kit::signs(&key), "{}", proxy.log().text());
    };
    // The Name is the digest of the public area (TPM 2.0 Part 1 §16), so each flipped bit of either is found before the key is used. The
    // qualified Name, the last 34 bytes, is not used.
    let length = read(SRK).len();
    for bit in (80..80 + 8 * (length - 34)).step_by(29) {
        proxy.on_response(tamper::flip_bit(raw::READ_PUBLIC, 0, bit));
        sign();
        assert_eq!(proxy.log().count(DERIVE), 1, "bit {bit}: {}", proxy.log().text());
        assert!(!salts(&proxy).contains(&SRK), "bit {bit}: {}", proxy.log().text());
    }
    // The area of another key with the same template and its right Name: the TPM does not open a session that is salted to that key.
    let forged = read(0x8100_0002);
    proxy.on_response(move |command, response| {
        if raw::code(command) == raw::READ_PUBLIC {
            response[10..].copy_from_slice(&forged);
        }
        Fate::Pass
    });
    sign();
    assert_eq!(proxy.log().count(DERIVE), 1, "{}", proxy.log().text());
    assert_eq!(salts(&proxy).iter().filter(|key| **key == SRK).count(), 1, "{}", proxy.log().text());
    assert_ne!(salts(&proxy).last(), Some(&SRK), "{}", proxy.log().text());
    assert_eq!(swtpm.failures(), 0);
}
