//! Resets, lost connections, forked children, idle processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use keyfile::policy::Condition;
use keyfile::{AlgId, CommandCode, Handle, HashAlg};
use tests::raw::{self, Tpm as _};
use tests::{Options, Proxy, ResourceManager, Swtpm};
use tpm::{Config, Lifetime, Tpm};

use crate::kit::{self, DIGEST, signs};
use crate::policy_kit::make;
use crate::process::{alone, in_child};

#[test]
fn a_key_works_after_a_reset_even_if_handles_are_reused() {
    for password in [None, Some("secret")] {
        let swtpm = Swtpm::start();
        let key = kit::open(&kit::direct(&swtpm), &kit::ec(&swtpm, password), password);
        kit::check(&key);

        swtpm.reset();
        kit::check(&key);
        let own = swtpm.transient();

        swtpm.reset_and_startup();
        let mut others = Vec::new();
        while others.last() != own.last() {
            others.push(swtpm.create_primary_with(b"other", raw::DA_PROTECTED));
        }
        others.drain(..others.len() - 1).for_each(|other| swtpm.flush(other));
        kit::check(&key);
        assert_eq!(swtpm.failures(), 0);
        drop(key);
        assert_eq!(swtpm.transient(), others);
    }
}

#[test]
fn a_key_stays_loaded_after_a_reset_of_a_shared_tpm() {
    let swtpm = Swtpm::start();
    for password in [None, Some("secret")] {
        let proxy = Proxy::start(&swtpm);
        let tpm = Tpm::new(kit::config(proxy.swtpm_tcti()));
        let key = kit::open(&tpm, &kit::ec(&swtpm, password), password);
        kit::check(&key);
        // The TPM assigns the same handles again, to the key and the session that are loaded after the reset.
        let before = (swtpm.transient(), swtpm.loaded_sessions());
        swtpm.reset_and_startup();
        kit::check(&key);
        assert_eq!((swtpm.transient(), swtpm.loaded_sessions()), before, "{}", proxy.log().text());
        for _ in 0..6 {
            proxy.log().clear();
            kit::check(&key);
            assert_eq!(proxy.log().codes(), [raw::SIGN], "{}", proxy.log().text());
        }
        drop(key);
        tpm.close();
        swtpm.assert_empty();
    }
}

#[test]
fn a_key_works_after_the_tpm_restarts() {
    let mut swtpm = Swtpm::start();
    let key = kit::open(&kit::direct(&swtpm), &kit::ec(&swtpm, Some("secret")), Some("secret"));
    kit::check(&key);
    swtpm.restart();
    kit::check(&key);
}

#[test]
fn a_broken_connection_is_reopened_and_its_leftovers_are_flushed() {
    let swtpm = Swtpm::start();
    let proxy = Proxy::start(&swtpm);
    let key = kit::open(&kit::through(&proxy), &kit::ec(&swtpm, Some("secret")), Some("secret"));
    for _ in 0..4 {
        kit::check(&key);
        proxy.hang_up();
    }
    kit::check(&key);
    assert!(swtpm.transient().len() <= 2);
    assert_eq!(swtpm.loaded_sessions().len(), 1);
}

#[test]
fn a_connection_reopened_later_leaves_nothing_loaded() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, Some("secret"));
    let proxy = Proxy::start(&swtpm);
    for tcti in [proxy.tcti(), proxy.swtpm_tcti()] {
        let failures = Arc::new(AtomicUsize::new(0));
        let (left, at) = (failures.clone(), tcti.clone());
        let refuses = move || left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
        let opener = move |deadline| match refuses() {
            true => Err(tpm::Error::new(tpm::ErrorKind::NoTpm, "the TPM is closed")),
            false => tpm::open(Some(&at), deadline),
        };
        let tpm = Tpm::with_opener(kit::config(tcti), Box::new(opener));
        let key = kit::open(&tpm, &file, Some("secret"));
        kit::check(&key);
        assert!(!swtpm.transient().is_empty() && !swtpm.loaded_sessions().is_empty());
        failures.store(2, SeqCst);
        proxy.on_response(tests::tamper::hang_up(raw::SIGN, 1));
        for _ in 0..2 {
            let error = key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap_err();
            assert!(error.to_string().contains("the TPM is closed"), "{error}");
        }
        kit::check(&key);
        drop((key, tpm));
        swtpm.assert_empty();
    }
}

#[test]
fn a_broken_one_operation_connection_leaves_nothing_loaded() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, Some("secret"));
    let proxy = Proxy::start(&swtpm);
    for tcti in [proxy.tcti(), proxy.swtpm_tcti()] {
        let tpm = Tpm::new(Config { connection: Lifetime::Operation, ..kit::config(tcti) });
        let key = kit::open(&tpm, &file, Some("secret"));
        // Each operation is the first one of its connection: it reconnects once, and not forever.
        proxy.on_response(tests::tamper::hang_up(raw::SIGN, 1));
        kit::check(&key);
        swtpm.assert_empty();
        proxy.on_response(tests::tamper::hang_up(raw::SIGN, 2));
        let error = key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap_err();
        assert_eq!(error.kind(), tpm::ErrorKind::Io, "{error}");
        swtpm.assert_empty();
        kit::check(&key);
        // The connection is closed, and nothing is loaded, while the key is still open.
        swtpm.assert_empty();
    }
}

#[test]
fn a_damaged_handle_is_recovered_as_a_lost_reference() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, Some("secret"));
    let proxy = Proxy::start(&swtpm);
    // A bit of the handle's type, of its number, and of its number such that it becomes that of another object.
    for bit in [10 * 8 + 4, 12 * 8 + 7, 13 * 8, 13 * 8 + 6, 13 * 8 + 7] {
        for command in [raw::CREATE_PRIMARY, raw::START_AUTH_SESSION, raw::LOAD] {
            let tpm = kit::through(&proxy);
            let key = kit::open(&tpm, &file, Some("secret"));
            proxy.on_response(tests::tamper::flip_bit(command, 0, bit));
            kit::check(&key);
            kit::check(&key);
            drop((key, tpm));
            swtpm.assert_empty();
        }
    }
}

#[test]
fn the_search_for_lost_objects_keeps_those_of_other_programs() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, Some("secret"));
    let proxy = Proxy::start(&swtpm);
    // Sessions cannot be distinguished: if another program's session is there, own stays as well.
    for (command, sessions) in [(raw::CREATE_PRIMARY, 0), (raw::LOAD, 0), (raw::START_AUTH_SESSION, 1)] {
        let object = swtpm.create_primary_with(b"other", raw::DA_PROTECTED);
        let session = swtpm.start_session();
        let tpm = kit::through(&proxy);
        let key = kit::open(&tpm, &file, Some("secret"));
        proxy.on_response(tests::tamper::hang_up(command, 1));
        kit::check(&key);
        drop((key, tpm));
        let left = [(swtpm.transient(), object, 0), (swtpm.loaded_sessions(), session, sessions)];
        for (left, other, own) in left {
            let is_right = left.contains(&other) && left.len() == 1 + own;
            assert!(is_right, "{left:x?}: {}", proxy.log().text());
        }
        swtpm.clear();
    }
}

#[test]
fn leftovers_that_cannot_be_checked_are_flushed_later() {
    let swtpm = Swtpm::start();
    let plain = kit::ec(&swtpm, None);
    let by_policy = make(&swtpm, HashAlg::Sha256, &[Condition::AuthValue], Some("secret"));
    let proxy = Proxy::start(&swtpm);
    // The connection breaks when a key is dropped.
    let tpm = kit::through(&proxy);
    let shared = Tpm::new(kit::config(proxy.swtpm_tcti()));
    let key = kit::open(&shared, &plain, None);
    kit::check(&key);
    assert_eq!(swtpm.transient().len(), 1);
    proxy.on_response(tests::tamper::hang_up(raw::READ_PUBLIC, 1));
    drop(key);
    assert_eq!(swtpm.transient().len(), 1);
    shared.read_clock().unwrap();
    assert!(swtpm.transient().is_empty(), "{}", proxy.log().text());
    shared.close();
    swtpm.assert_empty();
    // It breaks when a key is used, and again when the leftovers are checked.
    for tpm in [shared, tpm] {
        let key = kit::open(&tpm, &by_policy, Some("secret"));
        kit::check(&key);
        let mut at = [raw::SIGN, raw::READ_PUBLIC].into_iter().peekable();
        proxy.on_response(move |command, _| match at.next_if_eq(&raw::code(command)) {
            Some(_) => tests::Fate::HangUp,
            None => tests::Fate::Pass,
        });
        // If the new connection breaks, too, the failure is reported.
        let _ = signs(&key);
        kit::check(&key);
        drop((key, tpm));
        swtpm.assert_empty();
    }
}

#[test]
fn an_object_that_seems_absent_from_a_shared_tpm_is_flushed_later() {
    let swtpm = Swtpm::start();
    let made = kit::direct(&swtpm).create(&kit::OWNER, &kit::restricted(), None).unwrap();
    let mut file = keyfile::KeyFile::new(keyfile::Kind::Loadable, Handle::OWNER, made.public, made.private);
    file.empty_auth = true;
    let proxy = Proxy::start(&swtpm);
    for tcti in [proxy.tcti(), proxy.swtpm_tcti()] {
        let tpm = Tpm::new(kit::config(tcti));
        let key = kit::open(&tpm, &file, None);
        key.sign_message(&[1; 1030], HashAlg::Sha256, AlgId::ECDSA).unwrap();
        // A hash sequence fails in the middle, and the TPM seems not to have it when it is flushed.
        proxy.on_command(tests::tamper::answer(CommandCode::SEQUENCE_UPDATE.0, 0x101, 1));
        proxy.also_on_command(tests::tamper::answer(raw::FLUSH_CONTEXT, 0x1cb, 1));
        key.sign_message(&[1; 1030], HashAlg::Sha256, AlgId::ECDSA).unwrap_err();
        proxy.remove_rules();
        // The key is still loaded, which proves that there was no reset.
        drop(key);
        tpm.close();
        assert!(swtpm.transient().is_empty(), "{}", proxy.log().text());
        swtpm.assert_empty();
    }
}

#[test]
fn keys_work_after_the_resource_manager_restarts() {
    let swtpm = Swtpm::start();
    let files = [kit::ec(&swtpm, Some("secret")), kit::ec(&swtpm, None)];
    let manager = ResourceManager::start(&swtpm, Options::default());
    let tpm = kit::managed(&manager);
    let keys = [kit::open(&tpm, &files[0], Some("secret")), kit::open(&tpm, &files[1], None)];
    for _ in 0..3 {
        keys.iter().for_each(kit::check);
        manager.hang_up();
    }
    keys.iter().for_each(kit::check);
}

#[test]
fn a_key_works_after_a_failed_system_call_of_the_kernel() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, Some("secret"));
    let options = Options { refusal: tests::Refusal::Empty, ..Options::default() };
    let manager = ResourceManager::start(&swtpm, options);
    let key = kit::open(&kit::managed(&manager), &file, Some("secret"));
    kit::check(&key);
    // The TPM is reset behind the manager: contexts that it has saved do not load again.
    swtpm.reset_and_startup();
    kit::check(&key);
    assert!(!manager.refused().is_empty());
}

#[test]
fn repeated_resets_end_in_an_error() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, Some("secret"));
    let proxy = Proxy::start(&swtpm);
    let key = kit::open(&kit::through(&proxy), &file, Some("secret"));
    kit::check(&key);
    for code in [0x100, 0x910, 0x918, 0x1df, 0x1cb] {
        proxy.log().clear();
        proxy.on_command(tests::tamper::answer(raw::SIGN, code, usize::MAX));
        key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap_err();
        assert!(proxy.log().count(raw::SIGN) <= 3, "{code:#x}: {}", proxy.log().text());
        proxy.remove_rules();
        kit::check(&key);
    }
}

#[test]
fn parent_and_children_sign_through_the_resource_manager() {
    alone("lifetimes::parent_and_children_sign_through_the_resource_manager", || {
        let swtpm = Swtpm::start();
        let files = [kit::ec(&swtpm, Some("secret")), kit::ec(&swtpm, None)];
        let manager = ResourceManager::start(&swtpm, Options::default());
        let tpm = kit::managed(&manager);
        let keys = [kit::open(&tpm, &files[0], Some("secret")), kit::open(&tpm, &files[1], None)];
        keys.iter().for_each(kit::check);
        let children: Vec<_> = (0..4)
            .map(|_| {
                in_child(|| {
                    let all = (0..5).all(|_| keys.iter().all(signs));
                    keys.iter().cloned().for_each(drop);
                    all
                })
            })
            .collect();
        (0..5).for_each(|_| keys.iter().for_each(kit::check));
        children.into_iter().for_each(|wait| wait());
        keys.iter().for_each(kit::check);
    });
}

#[test]
fn parent_and_four_children_share_a_tpm_without_resource_manager() {
    alone("lifetimes::parent_and_four_children_share_a_tpm_without_resource_manager", || {
        let swtpm = Swtpm::start();
        let file = kit::ec(&swtpm, Some("secret"));
        let config = Config { connection: Lifetime::Operation, ..kit::config(swtpm.tcti()) };
        let key = kit::open(&Tpm::new(config), &file, Some("secret"));
        kit::check(&key);
        let children: Vec<_> = (0..4).map(|_| in_child(|| (0..3).all(|_| signs(&key)))).collect();
        (0..3).for_each(|_| kit::check(&key));
        children.into_iter().for_each(|wait| wait());
        swtpm.assert_empty();
    });
}

#[test]
fn a_child_does_not_wait_for_a_lock_of_its_parent() {
    alone("lifetimes::a_child_does_not_wait_for_a_lock_of_its_parent", || {
        let swtpm = Swtpm::start();
        let file = kit::ec(&swtpm, None);
        let proxy = Proxy::start(&swtpm);
        let slow = kit::open(&Tpm::new(kit::config(proxy.swtpm_tcti())), &file, None);
        kit::check(&slow);
        proxy.on_command(tests::tamper::delay(raw::SIGN, std::time::Duration::from_millis(300)));
        std::thread::scope(|scope| {
            scope.spawn(|| kit::check(&slow));
            std::thread::sleep(std::time::Duration::from_millis(100));
            // The thread that holds the lock now does not exist in the child.
            in_child(|| signs(&slow))();
        });
        kit::check(&slow);
    });
}

#[test]
fn a_child_that_exits_flushes_no_object_of_its_parent() {
    alone("lifetimes::a_child_that_exits_flushes_no_object_of_its_parent", || {
        let swtpm = Swtpm::start();
        let tpm = kit::direct(&swtpm);
        let key = kit::open(&tpm, &kit::ec(&swtpm, None), None);
        kit::check(&key);
        let before = (swtpm.transient(), swtpm.loaded_sessions());
        in_child(|| {
            drop(key.clone());
            // SAFETY: exit(3) runs the exit handlers, which is what is tested.
            unsafe { libc::exit(0) }
        })();
        assert_eq!((swtpm.transient(), swtpm.loaded_sessions()), before);
        kit::check(&key);
    });
}

#[test]
fn loaded_objects_are_flushed_at_exit() {
    alone("lifetimes::loaded_objects_are_flushed_at_exit", || {
        let swtpm = Swtpm::start();
        let file = kit::ec(&swtpm, Some("secret"));
        in_child(|| {
            let key = kit::open(&kit::direct(&swtpm), &file, Some("secret"));
            let good = signs(&key);
            std::mem::forget(key);
            // SAFETY: exit(3) runs the exit handlers, which is what is tested.
            unsafe { libc::exit(i32::from(!good)) }
        })();
        swtpm.assert_empty();
    });
}

#[test]
fn an_idle_process_does_not_starve_another_with_a_small_context_gap() {
    let swtpm = Swtpm::start();
    let file = kit::ec(&swtpm, Some("secret"));
    let manager = ResourceManager::start(&swtpm, Options { context_gap: 255, ..Options::default() });
    let [idle, busy] = [(); 2].map(|()| kit::open(&kit::managed(&manager), &file, Some("secret")));
    kit::check(&idle);
    (0..300).for_each(|_| assert!(signs(&busy)));
    kit::check(&idle);
}

#[test]
fn the_trace_names_commands_and_no_secrets() {
    let folder = tests::Scratch::new("trace");
    let file = folder.file("trace");
    let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
    alone.args(["--exact", "commands::a_long_password_opens_a_key_made_by_another_tool"]);
    assert!(alone.env("TPM2_TRACE", &file).status().unwrap().success());
    let trace = std::fs::read_to_string(&file).unwrap();
    for part in ["TPM2_CreatePrimary 0x40000001", "TPM2_Sign 0x80000001 +0x02000000", " bytes, ", " us\n"] {
        assert!(trace.contains(part), "{part}: {trace}");
    }
    assert!(!trace.contains("0123456789"), "{trace}");
}

#[test]
fn an_executed_program_inherits_no_descriptor_of_the_tpm() {
    alone("lifetimes::an_executed_program_inherits_no_descriptor_of_the_tpm", || {
        let sockets = || {
            let listing = std::process::Command::new("ls").args(["-l", "/proc/self/fd"]).output().unwrap();
            String::from_utf8_lossy(&listing.stdout).matches("socket:").count()
        };
        let before = sockets();
        let swtpm = Swtpm::start();
        let proxy = Proxy::start(&swtpm);
        let file = kit::ec(&swtpm, None);
        for tcti in [swtpm.tcti(), proxy.tcti()] {
            let key = kit::open(&Tpm::new(kit::config(tcti.clone())), &file, None);
            kit::check(&key);
            assert_eq!(sockets(), before, "{tcti}");
        }
    });
}
