//! Timeouts: a TPM that never responds, a busy TPM, and long commands of other threads.
use std::time::{Duration, Instant};

use tests::raw::Tpm as _;
use tests::{Fate, Proxy, Swtpm, TerminalDevice, raw, tamper};

use crate::machine::Machine;

const LONG: Duration = Duration::from_secs(6);

/// A machine whose provider talks to the proxy with the protocol of Microsoft's simulator, which keeps its connection.
fn behind_a_proxy() -> (Machine, Proxy) {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    (Machine::reached_by(tpm, &proxy.tcti()), proxy)
}

/// Delays the response to one command of this code far too long.
fn stall(proxy: &Proxy, command: u32) {
    let mut stalled = false;
    proxy.on_command(move |sent| {
        if raw::code(sent) == command && !std::mem::replace(&mut stalled, true) {
            std::thread::sleep(LONG);
        }
        Fate::Pass
    });
}

fn milliseconds(answer: &str) -> u128 {
    answer.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
}

#[test]
fn a_silent_tpm_is_a_timeout_and_the_next_operation_works() {
    let (machine, proxy) = behind_a_proxy();
    let machine = machine.set("timeout", "2");
    machine.key("key", "-e P-256 -k secret");
    for tcti in [proxy.tcti(), proxy.swtpm_tcti()] {
        let openssl = machine.openssl.clone().env("TPM2_TCTI", &tcti);
        let own = Machine { openssl, tool: machine.tool.clone(), tpm: Swtpm::start() };
        let mut signer = own.signer();
        signer.ok("load a key secret");
        for command in [raw::START_AUTH_SESSION, raw::SIGN] {
            stall(&proxy, command);
            let start = Instant::now();
            // All threads wait for the same response, and none waits longer than its own timeout.
            let answer = signer.ask("threads 4 1 a");
            let took = start.elapsed();
            assert!(answer.contains("did not answer in time"), "{tcti}: {answer}");
            assert!(answer.contains("within 2 seconds") && answer.contains("timeout"), "{answer}");
            assert!((2..5).contains(&took.as_secs()), "{tcti}: {took:?}");
            proxy.remove_rules();
            signer.ok("sign a 3");
        }
        signer.end("quit");
    }
    // Sessions whose handles were never received cannot be flushed.
    assert!(machine.tpm.transient().is_empty());
}

#[test]
fn a_tpm_that_is_silent_at_the_first_use_is_a_timeout() {
    let machine = Machine::new().set("timeout", "1");
    machine.key("key", "-e P-256");
    machine.openssl.write("message", b"what is signed");
    let sign = "dgst -sha256 -sign key -out signature message";
    // The kernel accepts the connection, and no process reads from it.
    let (port, _listeners) = tests::port::listen_pair();
    for framing in ["swtpm", "mssim"] {
        let openssl =
            machine.openssl.clone().env("TPM2_TCTI", &format!("{framing}:host=127.0.0.1,port={port}"));
        let start = Instant::now();
        openssl.failed(sign).says("did not answer in time");
        assert!(start.elapsed() < Duration::from_secs(10), "{framing}: {:?}", start.elapsed());
    }
}

#[test]
fn a_silent_device_is_a_timeout_and_works_again_after_its_response() {
    let tpm = Swtpm::start();
    let device = TerminalDevice::start(&tpm);
    let machine = Machine::reached_by(tpm, &device.tcti()).set("timeout", "2");
    machine.key("key", "-e P-256");
    let mut signer = machine.signer();
    signer.ok("load a key");
    signer.ok("sign a");
    let before = device.commands();
    device.pause(true);
    for _ in 0..2 {
        let start = Instant::now();
        let answer = signer.ask("sign a");
        assert!(answer.contains("did not answer in time") && answer.contains("within 2 seconds"), "{answer}");
        assert!((2..5).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    }
    // The kernel accepts no other command, and would wait when the device is closed.
    assert_eq!(device.commands(), before + 1, "sent while an answer was outstanding");
    device.pause(false);
    signer.ok("sign a 3");
    signer.end("quit");
    machine.tpm.assert_empty();
}

#[test]
fn opening_a_busy_device_waits() {
    let tpm = Swtpm::start();
    let device = TerminalDevice::start(&tpm);
    let machine = Machine::reached_by(tpm, &device.tcti());
    machine.key("key", "-e P-256");
    let mut signer = machine.signer();
    signer.ok("load a key");
    // Another program makes an RSA key.
    device.pause(true);
    signer.send("sign a");
    std::thread::sleep(Duration::from_secs(4));
    device.pause(false);
    let answer = signer.answer("sign a");
    assert!(answer.starts_with("ok"), "{answer}");
    signer.end("quit");
    machine.tpm.assert_empty();
}

#[test]
fn a_key_is_freed_while_another_thread_waits_for_the_tpm() {
    let (machine, proxy) = behind_a_proxy();
    for name in ["long", "free"] {
        machine.key(name, "-e P-256");
    }
    let mut signer = machine.signer();
    for name in ["long", "free"] {
        signer.ok(&format!("load {name} {name}"));
        signer.ok(&format!("sign {name}"));
    }
    stall(&proxy, raw::SIGN);
    let answer = signer.ok("while long free free");
    assert!(answer.ends_with("and signed"), "{answer}");
    assert!(milliseconds(&answer) < 1_000, "EVP_PKEY_free waited: {answer}");
    // The thread that held the connection has flushed the key.
    assert_eq!(machine.tpm.transient().len(), 1);
    signer.end("quit");
    machine.tpm.assert_empty();
}

#[test]
fn threads_retry_on_a_busy_tpm_together_and_do_not_block_others() {
    let (machine, proxy) = behind_a_proxy();
    machine.key("ec", "-e P-256 -k secret");
    machine.key("rsa", "-r");
    let mut signer = machine.signer();
    signer.ok("load ec ec secret");
    signer.ok("load rsa rsa");
    signer.ok("sign ec");
    signer.ok("sign rsa");
    // TPM_RC_RETRY for TPM2_Sign, which RSA keys do not use.
    proxy.on_command(tamper::answer(raw::SIGN, 0x922, usize::MAX));
    let start = Instant::now();
    let answer = signer.ask("threads 5 1 ec");
    let alone = start.elapsed();
    assert!(answer.contains("TPM_RC_RETRY"), "{answer}");
    // Each thread retries for ten seconds; one after another that would take fifty.
    assert!(alone < Duration::from_secs(25), "{alone:?}");
    let answer = signer.ok("while ec sign rsa 10");
    assert!(answer.contains("TPM_RC_RETRY"), "{answer}");
    assert!(milliseconds(&answer) < 8_000, "waited for the retries of the other key: {answer}");
    // A password is proven with current nonces of the TPM: no try counted as wrong.
    proxy.on_command(tamper::answer(raw::SIGN, 0x922, 40));
    signer.ok("threads 4 5 ec rsa");
    signer.end("quit");
    machine.tpm.assert_empty();
    assert_eq!(machine.tpm.failures(), 0);
}
