//! Policies across resets, lost sessions and connections, in shared TPMs, and with every connection lifetime.

use keyfile::policy::{Condition, Secret};
use keyfile::{AlgId, CommandCode, Handle, HashAlg, KeyFile, Name};
use tests::raw::{self, Tpm as _};
use tests::{Options, Proxy, ResourceManager, Swtpm};
use tpm::{Auth, Config, ErrorKind, Key, Lifetime, Protection, Tpm};

use crate::kit::{self, DIGEST};
use crate::policy_kit::{make, pcr};
use crate::process::{alone, in_child};

/// Keys for every kind of policy session: without a key, with a password, with another entity's password.
fn keys(swtpm: &Swtpm) -> Vec<(KeyFile, Option<&'static str>)> {
    let tpm = kit::direct(swtpm);
    let lock = pcr(&tpm, HashAlg::Sha256, "16");
    drop(tpm);
    let secret = Secret { hint: Handle(0), name: Name::from(Handle::ENDORSEMENT), policy_ref: Vec::new() };
    swtpm.set_hierarchy_auth(raw::ENDORSEMENT, b"", b"endorsed");
    let mut of_another = make(swtpm, HashAlg::Sha384, &[Condition::Secret(secret)], None);
    of_another.empty_auth = false;
    vec![
        (make(swtpm, HashAlg::Sha256, &[lock.clone(), Condition::Locality(1)], None), None),
        (make(swtpm, HashAlg::Sha256, &[Condition::AuthValue, lock], Some("secret")), Some("secret")),
        (of_another, Some("endorsed")),
    ]
}

fn open_all(tpm: &Tpm, files: &[(KeyFile, Option<&str>)]) -> Vec<Key> {
    files.iter().map(|(file, password)| kit::open(tpm, file, *password)).collect()
}

#[test]
fn keys_with_policies_work_after_resets_and_lost_sessions() {
    let swtpm = Swtpm::start();
    let files = keys(&swtpm);
    let proxy = Proxy::start(&swtpm);
    for tpm in [kit::through(&proxy), kit::direct(&swtpm)] {
        for key in open_all(&tpm, &files) {
            kit::check(&key);
            swtpm.reset();
            kit::check(&key);
            swtpm.reset_and_startup();
            kit::check(&key);
            // Another program flushes the sessions.
            for session in swtpm.handles(0x0200_0000).into_iter().chain(swtpm.handles(0x0300_0000)) {
                swtpm.flush(session);
                kit::check(&key);
            }
            proxy.hang_up();
            kit::check(&key);
        }
    }
    drop(proxy);
    swtpm.assert_empty();
}

#[test]
fn a_connection_broken_at_a_statement_leaves_nothing_loaded() {
    let swtpm = Swtpm::start();
    let files = keys(&swtpm);
    let proxy = Proxy::start(&swtpm);
    let tpm = kit::through(&proxy);
    let at = [CommandCode::POLICY_LOCALITY, CommandCode::POLICY_PCR, CommandCode::POLICY_SECRET];
    for (key, command) in open_all(&tpm, &files).into_iter().zip(at) {
        for times in [1, 2] {
            kit::check(&key);
            proxy.on_response(tests::tamper::hang_up(command.0, times));
            // The second time the connection is new, so the failure is reported.
            assert_eq!(kit::signs(&key), times == 1, "{command}");
            proxy.remove_rules();
            kit::check(&key);
            // One that protects and one that authorizes.
            assert!(swtpm.loaded_sessions().len() <= 2, "{command}: {:x?}", swtpm.loaded_sessions());
        }
    }
    tpm.close();
    swtpm.assert_empty();
}

#[test]
fn policies_work_after_the_resource_manager_restarts() {
    let swtpm = Swtpm::start();
    let files = keys(&swtpm);
    let manager = ResourceManager::start(&swtpm, Options::default());
    let tpm = kit::managed(&manager);
    let keys = open_all(&tpm, &files);
    for _ in 0..2 {
        keys.iter().for_each(kit::check);
        manager.hang_up();
    }
    keys.iter().for_each(kit::check);
    drop((keys, tpm, manager));
    swtpm.assert_empty();
}

#[test]
fn one_operation_connections_leave_no_policy_session() {
    let swtpm = Swtpm::start();
    let files = keys(&swtpm);
    let config = Config { connection: Lifetime::Operation, ..kit::config(swtpm.tcti()) };
    let tpm = Tpm::new(config);
    for key in open_all(&tpm, &files) {
        for _ in 0..2 {
            kit::check(&key);
            swtpm.assert_empty();
        }
    }
}

#[test]
fn policies_work_without_session_protection() {
    let swtpm = Swtpm::start();
    let files = keys(&swtpm);
    let config = Config { session: Protection::Password, ..kit::config(swtpm.tcti()) };
    let tpm = Tpm::new(config);
    for ((file, password), key) in files.iter().zip(open_all(&tpm, &files)) {
        let answer = key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap();
        kit::verify(key.public(), &answer.value);
        assert!(!answer.authenticated);
        if password.is_some() {
            let error = kit::open(&tpm, file, Some("wrong"))
                .sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA)
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Authorization, "{error}");
        }
    }
    drop(tpm);
    swtpm.assert_empty();
}

#[test]
fn threads_and_a_child_use_many_keys_with_policies() {
    alone("policy_lifetimes::threads_and_a_child_use_many_keys_with_policies", || {
        let swtpm = Swtpm::start();
        let files = keys(&swtpm);
        let manager = ResourceManager::start(&swtpm, Options::default());
        for tpm in [kit::direct(&swtpm), kit::managed(&manager)] {
            let keys = open_all(&tpm, &files);
            std::thread::scope(|scope| {
                for at in 0..3 {
                    let keys = &keys;
                    scope.spawn(move || {
                        (0..keys.len()).for_each(|n| kit::check(&keys[(n + at) % keys.len()]));
                    });
                }
            });
            tpm.close();
            let child = || {
                let good = keys.iter().all(kit::signs);
                // The child exits by _exit, without its exit handlers.
                tpm.close();
                good
            };
            in_child(child)();
            keys.iter().for_each(kit::check);
        }
        assert!(manager.refused().is_empty());
        drop(manager);
        swtpm.assert_empty();
    });
}

#[test]
fn a_wrong_policy_secret_is_sent_once() {
    let swtpm = Swtpm::start();
    swtpm.set_dictionary_attack(4, 1000);
    let other = swtpm.create_primary_with(b"object", raw::DA_PROTECTED);
    swtpm.persist(other, 0x8100_0005);
    swtpm.flush(other);
    let tpm = kit::direct(&swtpm);
    let (_, name) = tpm.read_public(Handle(0x8100_0005)).unwrap();
    let secret = Condition::Secret(Secret { hint: Handle(0x8100_0005), name, policy_ref: Vec::new() });
    let mut file = make(&swtpm, HashAlg::Sha256, &[secret], None);
    file.empty_auth = false;
    let sign = |file: &KeyFile, auth: Option<Auth>| {
        let key = Key::from_file(&tpm, file.clone(), auth).unwrap();
        key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA)
    };
    for (password, failures) in [("wrong", 1), ("wrong", 1), ("worse", 2), ("wrong", 2)] {
        let error = sign(&file, Some(Auth::new(password))).unwrap_err();
        assert_eq!((error.kind(), swtpm.failures()), (ErrorKind::Authorization, failures), "{error}");
    }
    // The file claims that there is no password; the earlier refusal shows that there is one.
    file.empty_auth = true;
    let error = sign(&file, None).unwrap_err();
    assert_eq!((error.kind(), swtpm.failures()), (ErrorKind::PasswordMissing, 2), "{error}");
    assert!(error.to_string().contains("refused before"), "{error}");
    sign(&file, Some(Auth::new("object"))).unwrap();
    swtpm.set_dictionary_attack(3, 1000);
    let error = sign(&file, Some(Auth::new("worst"))).unwrap_err();
    assert!(error.kind() == ErrorKind::Lockout && error.to_string().contains("last-try"), "{error}");
    sign(&file, Some(Auth::new("object"))).unwrap();
    assert_eq!(swtpm.failures(), 2);
    drop(tpm);
    swtpm.assert_empty();
}
