//! Passwords in policies: the key's own, and those of other entities.

use keyfile::policy::{Condition, Secret};
use keyfile::{Attributes, CommandCode, Curve, Handle, HashAlg, KeyFile, Name};
use tests::raw::{self, Tpm as _};
use tests::{Proxy, Swtpm, tamper};
use tpm::ErrorKind;
use tpm::template::Template;

use crate::kit;
use crate::policy_kit::{make, make_of, refused};

#[test]
fn a_policy_password_is_proven_and_never_sent() {
    let swtpm = Swtpm::start();
    let proxy = Proxy::start(&swtpm);
    for hash in HashAlg::ALL {
        let file = make(&swtpm, hash, &[Condition::AuthValue, Condition::Locality(1)], Some("key-secret"));
        let tpm = kit::through(&proxy);
        let key = kit::open(&tpm, &file, Some("key-secret"));
        proxy.log().clear();
        kit::check(&key);
        kit::check(&key);
        // It cannot be guessed from the traffic either: both sessions are salted.
        let salted = |entry: &tests::log::Exchange| raw::u32_at(&entry.command, 10) != raw::NULL;
        let mut starts = proxy.log().all();
        starts.retain(|entry| entry.code() == raw::START_AUTH_SESSION);
        assert!(starts.len() == 2 && starts.iter().all(salted), "{}", proxy.log().text());
        let error = refused(&kit::open(&tpm, &file, Some("wrong")));
        assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
        let error = refused(&kit::open(&tpm, &file, None));
        assert_eq!(error.kind(), ErrorKind::PasswordMissing, "{error}");
        kit::check(&key);
        assert!(!proxy.log().contains(b"key-secret"));
    }
    swtpm.assert_empty();
}

/// The nonce in the answer to a StartAuthSession is damaged: of the protecting session, then of the policy session.
#[test]
fn a_policy_session_that_was_damaged_is_no_wrong_password() {
    for (nth, failures) in [(0, 1), (1, 2)] {
        for bit in [8 * 16, 8 * 20, 8 * 45] {
            let swtpm = Swtpm::start();
            swtpm.set_dictionary_attack(9, 1000);
            let template = Template::ecc(Curve::P256).dictionary_attack_protection(true);
            let file = make_of(&swtpm, template, HashAlg::Sha256, &[Condition::AuthValue], Some("secret"));
            let proxy = Proxy::start(&swtpm);
            let tpm = kit::through(&proxy);
            let [right, wrong] = ["secret", "wrong"].map(|password| kit::open(&tpm, &file, Some(password)));
            proxy.on_response(tamper::flip_bit(raw::START_AUTH_SESSION, nth, bit));
            let error = refused(&right);
            assert_eq!(error.kind(), ErrorKind::Integrity, "{nth} {bit}: {error}\n{}", proxy.log().text());
            proxy.remove_rules();
            kit::check(&right);
            tpm.close();
            proxy.log().clear();
            for _ in 0..2 {
                assert_eq!(refused(&wrong).kind(), ErrorKind::Authorization);
            }
            // The new policy session was tested once, and the TPM has the same key.
            let mut tests = proxy.log().all();
            tests.retain(|exchange| exchange.code() == raw::GET_RANDOM);
            assert!(matches!(&tests[..], [one] if one.response_code() == Some(0)), "{}", proxy.log().text());
            kit::check(&right);
            // The protecting session is proven before the key is used, so its damage costs no try.
            assert_eq!(swtpm.failures(), failures, "{nth} {bit}");
            tpm.close();
            swtpm.assert_empty();
        }
    }
}

/// Without a handle in the policy, the object is searched for, and again if another object has replaced it.
fn check_handle_is_searched_once(swtpm: &Swtpm, file: &KeyFile) {
    let proxy = Proxy::start(swtpm);
    let tpm = kit::through(&proxy);
    let key = kit::open(&tpm, file, Some("object"));
    for sought in [true, false, false] {
        proxy.log().clear();
        kit::check(&key);
        // One more the first time: the lockout counters, for a password that might be the last try.
        assert_eq!(proxy.log().count(raw::GET_CAPABILITY), 2 * usize::from(sought), "{}", proxy.log().text());
        // One more the first time: the persistent copy of the parent, which is absent.
        assert_eq!(proxy.log().count(raw::READ_PUBLIC), 2 * usize::from(sought), "{}", proxy.log().text());
    }
    let put = |attributes, at| {
        let made = swtpm.create_primary_with(b"object", attributes);
        swtpm.persist(made, at);
        swtpm.flush(made);
    };
    // First its handle is free, then another object is at it.
    put(raw::STORAGE, 0x8100_0006);
    swtpm.persist(0x8100_0005, 0x8100_0005);
    kit::check(&key);
    put(raw::STORAGE, 0x8100_0005);
    swtpm.persist(0x8100_0006, 0x8100_0006);
    put(raw::STORAGE | Attributes::ADMIN_WITH_POLICY.bits(), 0x8100_0006);
    kit::check(&key);
    swtpm.persist(0x8100_0006, 0x8100_0006);
}

#[test]
fn a_forged_missing_entity_starts_new_sessions() {
    let swtpm = Swtpm::start();
    let handle = swtpm.create_primary_with(b"object", raw::DA_PROTECTED);
    swtpm.persist(handle, 0x8100_0005);
    swtpm.flush(handle);
    let tpm = kit::direct(&swtpm);
    let (_, name) = tpm.read_public(Handle(0x8100_0005)).unwrap();
    let secret = Condition::Secret(Secret { hint: Handle(0), name, policy_ref: Vec::new() });
    let mut file = make(&swtpm, HashAlg::Sha256, &[Condition::Locality(1), secret], None);
    file.empty_auth = false;
    let proxy = Proxy::start(&swtpm);
    let key = kit::open(&kit::through(&proxy), &file, Some("object"));
    kit::check(&key);
    // The TPM has accepted the password, but a bus attacker answers that there is no object, or that the policy has failed.
    for code in [0x18b, 0x99d] {
        let mut once = Some(code);
        proxy.on_response(move |command, response| {
            let proven = raw::code(command) == CommandCode::POLICY_SECRET.0 && raw::code(response) == 0;
            match once.take_if(|_| proven) {
                Some(code) => tests::Fate::Answer(raw::answer(code)),
                None => tests::Fate::Pass,
            }
        });
        proxy.log().clear();
        kit::check(&key);
        assert_eq!(swtpm.failures(), 0, "{}", proxy.log().text());
        assert_eq!(proxy.log().count(raw::START_AUTH_SESSION), 2, "{}", proxy.log().text());
    }
    drop((key, tpm));
    swtpm.assert_empty();
}

#[test]
fn policy_secret_uses_the_password_of_another_entity() {
    let swtpm = Swtpm::start();
    let handle = swtpm.create_primary_with(b"object", raw::STORAGE);
    swtpm.persist(handle, 0x8100_0005);
    swtpm.flush(handle);
    let tpm = kit::direct(&swtpm);
    let (_, name) = tpm.read_public(Handle(0x8100_0005)).unwrap();
    swtpm.set_hierarchy_auth(raw::ENDORSEMENT, b"", b"endorsed");
    let secret = |hint, name: &Name| {
        Condition::Secret(Secret { hint: Handle(hint), name: name.clone(), policy_ref: Vec::new() })
    };
    let endorsement = Name::from(Handle::ENDORSEMENT);
    for (condition, password) in [
        (secret(0x8100_0005, &name), "object"),
        (secret(raw::ENDORSEMENT, &endorsement), "endorsed"),
        (secret(0, &endorsement), "endorsed"),
        (secret(0, &name), "object"),
    ] {
        for hash in [HashAlg::Sha1, HashAlg::Sha384] {
            let mut file = make(&swtpm, hash, std::slice::from_ref(&condition), None);
            file.empty_auth = false;
            let proxy = Proxy::start(&swtpm);
            let tpm = kit::through(&proxy);
            kit::check(&kit::open(&tpm, &file, Some(password)));
            let error = refused(&kit::open(&tpm, &file, Some("wrong")));
            assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
            assert!(error.to_string().contains("is wrong"), "{error}");
            let error = refused(&kit::open(&tpm, &file, None));
            assert_eq!(error.kind(), ErrorKind::PasswordMissing, "{error}");
            assert!(!proxy.log().contains(password.as_bytes()));
            assert!(proxy.log().unprotected().is_empty(), "{}", proxy.log().text());
        }
    }
    check_handle_is_searched_once(&swtpm, &make(&swtpm, HashAlg::Sha256, &[secret(0, &name)], None));
    // The empty password of the owner is accepted; missing and different objects are reported.
    let owner = make(&swtpm, HashAlg::Sha256, &[secret(0, &Name::from(Handle::OWNER))], None);
    kit::check(&kit::open(&tpm, &owner, None));
    let nowhere = make(&swtpm, HashAlg::Sha256, &[secret(0x8100_0077, &name)], None);
    let error = refused(&kit::open(&tpm, &nowhere, Some("object")));
    assert!(error.to_string().contains("there is nothing at 0x81000077"), "{error}");
    let other = Name::of(HashAlg::Sha256, b"another object");
    let missing = make(&swtpm, HashAlg::Sha256, &[secret(0, &other)], None);
    let error = refused(&kit::open(&tpm, &missing, Some("object")));
    assert!(error.to_string().contains(&format!("nothing with the Name {other}")), "{error}");
    let another = make(&swtpm, HashAlg::Sha256, &[secret(0x8100_0005, &other)], None);
    let error = refused(&kit::open(&tpm, &another, Some("object")));
    assert!(error.to_string().contains("another object than the one"), "{error}");
    assert_eq!(swtpm.failures(), 0);
    drop(tpm);
    swtpm.assert_empty();
}
