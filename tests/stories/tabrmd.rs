//! Through tpm2-abrmd on a private bus: threads work, and a forked child gets an error at once.
use std::time::{Duration, Instant};

use tests::raw::Tpm as _;
use tests::{Openssl, Swtpm, Tabrmd};

use crate::machine::Machine;

fn machine(tpm: Swtpm, tabrmd: &Tabrmd) -> Machine {
    let machine = Machine::reached_by(tpm, tabrmd.tcti());
    let openssl: Openssl = machine.openssl.env("DBUS_SESSION_BUS_ADDRESS", tabrmd.bus_address());
    Machine { openssl, ..machine }
}

#[test]
fn threads_sign_and_leave_nothing() {
    let tpm = Swtpm::start();
    let tabrmd = Tabrmd::start(&tpm);
    let machine = machine(tpm, &tabrmd);
    machine.key("ec", "-e P-256");
    machine.key("rsa", "-r -k secret");
    let mut signer = machine.signer();
    signer.ok("load ec ec");
    signer.ok("load rsa rsa secret");
    signer.ok("threads 8 10 ec");
    signer.ok("threads 8 5 ec rsa");
    signer.end("quit");
    machine.signs("ec");
    assert!(machine.tpm.transient().is_empty());
}

#[test]
fn a_forked_child_gets_an_error_at_once() {
    let tpm = Swtpm::start();
    let tabrmd = Tabrmd::start(&tpm);
    let machine = machine(tpm, &tabrmd);
    machine.key("key", "-e P-256");
    let mut signer = machine.signer();
    signer.ok("load a key");
    signer.ok("sign a");
    let start = Instant::now();
    let answer = signer.ask("forks 2 1 a");
    assert!(
        answer.starts_with("error") && answer.contains("/dev/tpmrm0"),
        "no error with a remedy: {answer}"
    );
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    // The parent continues to work.
    signer.ok("sign a");
}

#[test]
fn a_child_signs_if_its_parent_has_not_used_the_bus_yet() {
    let tpm = Swtpm::start();
    let tabrmd = Tabrmd::start(&tpm);
    let machine = machine(tpm, &tabrmd);
    machine.key("key", "-e P-256");
    let mut signer = machine.signer();
    signer.ok("load a key");
    // The parent signs too, but only after the fork.
    signer.ok("forks 2 1 a");
}
