//! Many keys in few slots.

use keyfile::{AlgId, HashAlg};
use tests::raw::Tpm as _;
use tests::{Options, ResourceManager, Swtpm};
use tpm::{Config, Lifetime, Tpm};

use crate::kit::{self, DIGEST};

#[test]
fn four_threads_use_twenty_keys_in_three_slots() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let keys: Vec<_> = (0..20).map(|_| kit::open(&tpm, &kit::ec(&swtpm, None), None)).collect();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let keys = &keys;
            scope.spawn(move || (0..40).for_each(|at| kit::check(&keys[(at + 5 * thread) % 20])));
        }
    });
    drop(keys);
    drop(tpm);
    swtpm.assert_empty();
}

#[test]
fn many_keys_work_through_the_kernel_resource_manager() {
    let swtpm = Swtpm::start();
    let files: Vec<_> = (0..5).map(|at| kit::ec(&swtpm, (at % 2 == 0).then_some("secret"))).collect();
    let manager = ResourceManager::start(&swtpm, Options::default());
    let tpm = kit::managed(&manager);
    let keys: Vec<_> =
        files.iter().map(|file| kit::open(&tpm, file, (!file.empty_auth).then_some("secret"))).collect();
    (0..3).for_each(|_| keys.iter().for_each(kit::check));
    assert!(manager.refused().is_empty(), "{}", manager.log().text());
    assert_eq!(manager.log().count(tests::raw::CREATE_PRIMARY), 1, "{}", manager.log().text());
}

#[test]
fn a_dropped_key_frees_its_slot() {
    let swtpm = Swtpm::start();
    let tpm = kit::direct(&swtpm);
    let key = kit::open(&tpm, &kit::ec(&swtpm, None), None);
    let clone = key.clone();
    kit::check(&key);
    drop(key);
    assert_eq!(swtpm.transient().len(), 1);
    drop(clone);
    assert!(swtpm.transient().is_empty());
}

#[test]
fn slots_held_by_other_programs_are_waited_for_then_reported() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, None);
    let others = [swtpm.create_primary(), swtpm.create_primary()];
    let tpm = kit::direct(&swtpm);
    let key = kit::open(&tpm, &file, None);
    let error = key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap_err();
    assert_eq!(error.kind(), tpm::ErrorKind::ObjectMemory, "{error}");
    assert!(error.to_string().contains("resource manager"), "{error}");
    swtpm.flush(others[0]);
    kit::check(&key);
}

#[test]
fn two_connections_share_a_tpm_without_resource_manager() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, Some("secret"));
    let keys = [(); 2].map(|()| kit::open(&kit::direct(&swtpm), &file, Some("secret")));
    (0..3).for_each(|_| keys.iter().for_each(kit::check));
}

#[test]
fn a_one_operation_connection_leaves_nothing_loaded() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, Some("secret"));
    let config = Config { connection: Lifetime::Operation, ..kit::config(swtpm.tcti()) };
    let key = kit::open(&Tpm::new(config), &file, Some("secret"));
    for _ in 0..3 {
        kit::check(&key);
        swtpm.assert_empty();
    }
}

#[test]
fn a_busy_tpm_gets_the_same_bytes_again() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, Some("secret"));
    let proxy = tests::Proxy::start(&swtpm);
    let key = kit::open(&kit::through(&proxy), &file, Some("secret"));
    kit::check(&key);
    for busy in [tests::raw::RETRY, 0x908, 0x90a, 0x920] {
        proxy.log().clear();
        proxy.on_command(tests::tamper::answer(tests::raw::SIGN, busy, 3));
        kit::check(&key);
        let sent = proxy.log().all();
        assert_eq!(sent.len(), 4);
        assert!(sent.iter().all(|exchange| exchange.command == sent[0].command));
    }
}
