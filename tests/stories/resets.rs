//! TPM resets, restarts and transient errors under a running process: the next signature is right, and no lockout counter changes.
use std::time::{Duration, Instant};

use tests::raw::Tpm as _;
use tests::{Proxy, Swtpm, raw, tamper};

use crate::machine::{Machine, another_programs_key};

const KINDS: [(&str, &str); 3] = [("ec", "-e P-256"), ("rsa", "-r"), ("password", "-e P-256 -d -k secret")];

#[test]
fn a_reset_that_gives_our_handles_to_another_programs_key_costs_no_try() {
    for (name, options) in KINDS {
        let machine = Machine::new();
        machine.key(name, options);
        let mut signer = machine.signer();
        signer.ok(&format!("load a {name} secret"));
        signer.ok("sign a 2");
        let ours = machine.tpm.transient();
        machine.tpm.reset_and_startup();
        assert_eq!(ours.len(), 1, "{ours:x?}");
        another_programs_key(&machine.tpm, ours[0]);
        signer.ok("sign a 2");
        assert_eq!(machine.tpm.failures(), 0, "{name}: a wrong password was tried on another program's key");
        signer.end("quit");
        assert_eq!(machine.tpm.transient(), ours, "only the other program's key is loaded");
        assert_eq!((machine.tpm.loaded_sessions(), machine.tpm.saved_sessions()), (vec![], vec![]));
    }
}

#[test]
fn a_reset_without_startup_is_recovered() {
    for (name, options) in KINDS {
        let machine = Machine::new();
        machine.key(name, options);
        let mut signer = machine.signer();
        signer.ok(&format!("load a {name} secret"));
        for _ in 0..3 {
            signer.ok("sign a");
            machine.tpm.reset();
        }
        signer.ok("sign a");
        assert_eq!(machine.tpm.failures(), 0);
    }
}

#[test]
fn a_reset_between_exit_and_flush_does_no_harm() {
    let machine = Machine::new();
    machine.key("key", "-e P-256");
    let mut signer = machine.signer();
    signer.ok("load a key");
    signer.ok("sign a");
    let ours = machine.tpm.transient();
    machine.tpm.reset_and_startup();
    another_programs_key(&machine.tpm, ours[0]);
    signer.end("quit");
    assert_eq!(machine.tpm.transient(), ours, "exit flushed another program's key");
}

#[test]
fn a_power_cut_is_recovered() {
    let mut machine = Machine::new();
    machine.provision();
    machine.key("key", "-e P-256 -p 81000001");
    let mut signer = machine.signer();
    signer.ok("load a key");
    signer.ok("sign a");
    machine.tpm.stop();
    let answer = signer.ask("sign a");
    assert!(answer.starts_with("error"), "signed without a TPM: {answer}");
    machine.tpm.restart();
    signer.ok("sign a");
}

#[test]
fn commands_to_a_busy_tpm_are_repeated() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    machine.key("key", "-e P-256");
    let mut signer = machine.signer();
    signer.ok("load a key");
    // TPM_RC_RETRY, TPM_RC_YIELDED, TPM_RC_TESTING, TPM_RC_NV_RATE
    for code in [0x922, 0x908, 0x90A, 0x920] {
        for command in [raw::START_AUTH_SESSION, raw::LOAD, raw::SIGN] {
            proxy.on_command(tamper::answer(command, code, 3));
            signer.ok("sign a");
            machine.tpm.reset_and_startup();
        }
    }
}

#[test]
fn objects_are_flushed_although_the_tpm_is_busy() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    machine.key("key", "-e P-256");
    machine.openssl.write("message", b"what is signed");
    let sign = || machine.openssl.ok("dgst -sha256 -sign key -out message.sig message");
    // TPM_RC_RETRY, TPM_RC_YIELDED, TPM_RC_TESTING; and TPM_RC_FAILURE, which is not transient: the process tries once more.
    for code in [0x922, 0x908, 0x90A] {
        proxy.on_command(tamper::answer(raw::FLUSH_CONTEXT, code, 3));
        sign();
        machine.tpm.assert_empty();
    }
    let mut signer = machine.signer();
    signer.ok("load a key");
    for _ in 0..4 {
        proxy.on_command(tamper::answer(raw::FLUSH_CONTEXT, 0x101, 1));
        signer.ok("sign a");
    }
    signer.end("quit");
    machine.tpm.assert_empty();
}

#[test]
fn a_tpm_that_stays_busy_is_an_error() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    machine.key("key", "-e P-256");
    let mut signer = machine.signer();
    signer.ok("load a key");
    let start = Instant::now();
    proxy.on_command(tamper::answer(raw::SIGN, 0x922, usize::MAX));
    let answer = signer.ask("sign a");
    assert!(answer.contains("0x922") && answer.contains("TPM_RC_RETRY"), "{answer}");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    proxy.remove_rules();
    signer.ok("sign a");
}

#[test]
fn a_refused_authorization_is_tried_once() {
    // TPM_RC_AUTH_FAIL of session 1, TPM_RC_LOCKOUT
    for (code, at_most) in [(0x98E, 2), (0x921, 1)] {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let machine = Machine::reached_by(tpm, &proxy.tcti());
        machine.key("key", "-e P-256 -d -k secret");
        let mut signer = machine.signer();
        signer.ok("load a key secret");
        proxy.on_command(tamper::answer(raw::SIGN, code, usize::MAX));
        let answer = signer.ask("sign a");
        assert!(answer.contains(&format!("{code:#x}")), "{answer}");
        // After AUTH_FAIL one more attempt is allowed: the handle could belong to another object now.
        let tries = proxy.log().count(raw::SIGN);
        assert!(tries <= at_most, "{code:#x}: sent {tries} times");
    }
}

#[test]
fn a_connection_that_breaks_during_a_command_is_reopened() {
    for (name, options, command) in [("ec", "-e P-256", raw::SIGN), ("rsa", "-r", raw::RSA_DECRYPT)] {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let machine = Machine::reached_by(tpm, &proxy.tcti());
        machine.key(name, options);
        let mut signer = machine.signer();
        signer.ok(&format!("load a {name}"));
        signer.ok("sign a");
        proxy.on_response(tamper::hang_up(command, 1));
        signer.ok("sign a 2");
        // The connection breaks every time: that is an error.
        proxy.on_response(tamper::hang_up(command, usize::MAX));
        let answer = signer.ask("sign a");
        assert!(answer.starts_with("error") && answer.contains("connection to the TPM lost"), "{answer}");
        proxy.remove_rules();
        signer.ok("sign a");
        signer.end("quit");
        machine.tpm.assert_empty();
    }
}

#[test]
fn a_connection_that_breaks_at_the_first_use_is_reopened_and_leaves_nothing() {
    for command in [raw::CREATE_PRIMARY, raw::START_AUTH_SESSION, raw::LOAD, raw::FLUSH_CONTEXT, raw::SIGN] {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let machine = Machine::reached_by(tpm, &proxy.tcti());
        machine.key("key", "-e P-256");
        let mut signer = machine.signer();
        signer.ok("load a key");
        proxy.on_response(tamper::hang_up(command, 1));
        signer.ok("sign a");
        signer.end("quit");
        machine.tpm.assert_empty();
    }
}
