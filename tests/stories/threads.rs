//! Threads share one connection: with one key, and with more keys than the TPM has object slots.
use tests::raw::Tpm as _;
use tests::{Options, Proxy, ResourceManager, Swtpm, raw};

use crate::machine::Machine;

const KEYS: [&str; 8] = ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"];

#[test]
fn eight_threads_sign_with_one_key() {
    for options in ["-e P-256", "-r"] {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let machine = Machine::reached_by(tpm, &proxy.tcti());
        machine.key("key", options);
        let mut signer = machine.signer();
        signer.ok("load a key");
        signer.ok("sign a");
        proxy.log().clear();
        signer.ok("threads 8 10 a");
        // One command each, on one connection.
        assert_eq!((proxy.log().len(), proxy.log().connections()), (80, 1), "{}", proxy.log().text());
        signer.end("quit");
        machine.tpm.assert_empty();
    }
}

#[test]
fn eight_threads_sign_with_eight_keys_in_three_slots() {
    let machine = Machine::new();
    machine.provision();
    let mut signer = machine.signer();
    for (i, key) in KEYS.iter().enumerate() {
        machine.key(key, ["-e P-256 -p 81000001", "-r", "-e P-384"][i % 3]);
        signer.ok(&format!("load {key} {key}"));
    }
    signer.ok(&format!("threads 8 10 {}", KEYS.join(" ")));
    signer.end("quit");
    machine.tpm.assert_empty();
}

#[test]
fn eight_threads_sign_with_one_and_eight_keys_through_the_kernels_resource_manager() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    let mut signer = machine.signer();
    for key in KEYS {
        machine.key(key, "-e P-256");
        signer.ok(&format!("load {key} {key}"));
    }
    signer.ok("threads 8 10 k0");
    signer.ok(&format!("threads 8 10 {}", KEYS.join(" ")));
    assert_eq!(manager.refused(), [], "{}", manager.log().text());
    signer.end("quit");
    manager.wait_for_connections(0);
    machine.tpm.assert_empty();
}

#[test]
fn twenty_keys_sign_one_after_another_in_three_slots() {
    let machine = Machine::new();
    let mut signer = machine.signer();
    let names: Vec<String> = (0..20).map(|i| format!("key{i}")).collect();
    for name in &names {
        machine.key(name, "-e P-256");
        signer.ok(&format!("load {name} {name}"));
    }
    for _ in 0..3 {
        for name in &names {
            signer.ok(&format!("sign {name} 2"));
        }
    }
    assert!(machine.tpm.transient().len() <= 2, "at most two keys stay loaded");
    signer.end("quit");
    machine.tpm.assert_empty();
}

#[test]
fn another_process_that_fills_the_tpm_is_an_error_only_while_it_does() {
    let machine = Machine::new();
    machine.key("key", "-e P-256");
    let others: Vec<u32> = (0..3).map(|_| machine.tpm.create_primary()).collect();
    // TPM_RC_OBJECT_MEMORY, retried for some time and then reported.
    machine.openssl.write("message", b"what is signed");
    machine.openssl.failed("dgst -sha256 -sign key -out message.sig message").says("0x902");
    for other in others {
        machine.tpm.flush(other);
    }
    machine.signs("key");
    assert_eq!(machine.tpm.raw(raw::GET_RANDOM, &[], &[], &[0, 4]).code(), 0);
    machine.tpm.assert_empty();
}
