//! Signals during operations: the handler runs and no operation fails; a request to terminate ends the program at once.
//!
//! TPM2_SIGNALS=thorough signs as often as a long field test.
use std::time::{Duration, Instant};

use tests::raw::Tpm as _;
use tests::{Options, Proxy, ResourceManager, Swtpm, Tabrmd, TerminalDevice, raw, tamper};

use crate::machine::Machine;

/// The interval of the timer in microseconds, and 1 if the handler uses SA_RESTART.
const TIMERS: [(u32, u32); 6] = [(1_000, 0), (1_000, 1), (3_000, 1), (7_000, 0), (7_000, 1), (20_000, 0)];

/// Signs under each timer. Each time the key is new to the process, so that signals also interrupt loading it.
#[track_caller]
fn assert_undisturbed(machine: &Machine, way: &str) {
    let times = match std::env::var("TPM2_SIGNALS").as_deref() {
        // 2,010 is divisible by the number of timers.
        Ok("thorough") => 2_010 / TIMERS.len(),
        _ => 50,
    };
    for (name, options, share) in [("ec", "-e P-256", 4), ("rsa", "-r -k secret", 1)] {
        machine.key(name, options);
        let mut came = 0;
        for (interval, restart) in TIMERS {
            let mut signer = machine.signer();
            signer.ok(&format!("load a {name} secret"));
            signer.ok(&format!("timer {interval} {restart}"));
            // The first operation opens the connection.
            signer.ok(&format!("sign a {}", times * share / 5));
            came += signer.ok("timer 0 0").parse::<u32>().unwrap();
            signer.end("quit");
        }
        assert!(came > 10, "{way}, {name}: only {came} signals: too few to prove anything");
    }
    machine.tpm.assert_empty();
}

#[test]
fn timers_interrupt_no_operation_of_a_simulator() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    assert_undisturbed(&machine, "mssim");
    assert_undisturbed(&Machine::new(), "swtpm");
}

#[test]
fn timers_interrupt_no_operation_of_a_device() {
    let tpm = Swtpm::start();
    let device = TerminalDevice::start(&tpm);
    let machine = Machine::reached_by(tpm, &device.tcti());
    assert_undisturbed(&machine, "device");
}

#[test]
fn timers_interrupt_no_operation_through_a_resource_manager() {
    let tpm = Swtpm::start();
    let tabrmd = Tabrmd::start(&tpm);
    let machine = Machine::reached_by(tpm, tabrmd.tcti());
    let openssl = machine.openssl.env("DBUS_SESSION_BUS_ADDRESS", tabrmd.bus_address());
    assert_undisturbed(&Machine { openssl, ..machine }, "tabrmd");
}

#[test]
fn timers_interrupt_no_operation_through_tcti_cmd() {
    let tpm = Swtpm::start();
    let tcti = format!("cmd:tpm2_send -T {}", tpm.tcti());
    assert_undisturbed(&Machine::reached_by(tpm, &tcti), "cmd");
}

#[test]
fn the_program_of_tcti_cmd_ends_even_if_the_host_blocks_sigterm() {
    let tpm = Swtpm::start();
    let tcti = format!("cmd:tpm2_send -T {}", tpm.tcti());
    let machine = Machine::reached_by(tpm, &tcti);
    machine.key("key", "-e P-256");
    for how in ["handled", "blocked", "ignored"] {
        let mut signer = machine.signer();
        signer.ok(&format!("sigterm {how}"));
        signer.ok("load a key");
        signer.ok("sign a");
        // tcti-cmd sends SIGTERM to its program, and waits for it without a timeout.
        signer.end("quit");
        machine.tpm.assert_empty();
    }
}

#[test]
fn sigterm_ends_the_program_while_the_tpm_works() {
    let ways: [fn(&Proxy) -> String; 3] =
        [Proxy::tcti, Proxy::swtpm_tcti, |proxy| format!("cmd:tpm2_send -T {}", proxy.swtpm_tcti())];
    for (way, signal) in ways.into_iter().zip([libc::SIGTERM, libc::SIGINT, libc::SIGTERM]) {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let tcti = way(&proxy);
        let machine = Machine::reached_by(tpm, &tcti);
        machine.key("key", "-e P-256");
        let mut signer = machine.signer();
        signer.ok("load a key");
        signer.ok("sign a");
        proxy.on_command(tamper::delay(raw::SIGN, Duration::from_secs(4)));
        let start = Instant::now();
        signer.send("sign a");
        std::thread::sleep(Duration::from_millis(500));
        signer.process().signal(signal);
        let status = signer.process().wait(Duration::from_secs(30));
        assert!(!status.success() && start.elapsed() < Duration::from_secs(3), "{tcti}: {status}");
    }
}

#[test]
fn a_terminated_program_leaves_nothing_in_a_resource_manager() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    let line = "openssl genpkey -algorithm TPM2-RSA -pkeyopt bits:3072 -out key";
    for wait in [50, 200, 400] {
        let mut making = machine.openssl.shell().spawn(line, "making.log");
        std::thread::sleep(Duration::from_millis(wait));
        let start = Instant::now();
        making.signal(libc::SIGTERM);
        making.wait(Duration::from_secs(30));
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        manager.wait_for_connections(0);
        machine.tpm.assert_empty();
    }
    assert_eq!(machine.tpm.raw(raw::GET_RANDOM, &[], &[], &[0, 4]).code(), 0);
}
