//! Providers, library contexts and keys are created and freed in every order that programs use.
use tests::raw::Tpm as _;
use tests::{Order, valgrind};

use crate::machine::{Machine, program};

fn machine() -> (Machine, String) {
    let machine = Machine::new();
    machine.key("ec", "-e P-256");
    machine.key("rsa", "-r");
    let program = program(machine.openssl.shell(), "lifetimes");
    (machine, program)
}

#[test]
fn two_library_contexts_use_the_same_key_at_once() {
    let (machine, lifetimes) = machine();
    // Each context has its own connection, and this TPM accepts one at a time.
    let openssl = machine.openssl.clone().env("TPM2_CONNECTION", "operation");
    for key in ["ec", "rsa"] {
        openssl.shell().ok(&format!("{lifetimes} contexts {key}"));
        machine.tpm.assert_empty();
    }
}

#[test]
fn loading_the_provider_a_thousand_times_leaks_nothing() {
    let (machine, lifetimes) = machine();
    for key in ["ec", "rsa"] {
        let output = machine.openssl.shell().ok(&format!("{lifetimes} reload {key} 1000"));
        let grown: i64 = output.out().trim().parse().expect("a number of bytes");
        // 900 rounds: a leak of 300 bytes per round is detected.
        assert!(grown < 900 * 300, "{grown} bytes");
        machine.tpm.assert_empty();
    }
}

#[test]
fn keys_outlive_their_provider_and_a_process_may_exit_in_any_way() {
    let (machine, lifetimes) = machine();
    for mode in ["provider-first", "exit", "cleanup", "late"] {
        for (key, order) in ["ec", "rsa"].into_iter().zip(Order::BOTH) {
            machine.openssl.clone().ordered(order).shell().ok(&format!("{lifetimes} {mode} {key}"));
            machine.tpm.assert_empty();
        }
    }
    valgrind::clean(machine.openssl.shell(), &format!("{lifetimes} provider-first ec"));
    if valgrind::thorough() {
        let openssl = machine.openssl.clone().env("TPM2_CONNECTION", "operation");
        for (mode, rest) in
            [("contexts", ""), ("reload", "21"), ("provider-first", ""), ("cleanup", ""), ("late", "")]
        {
            valgrind::clean(openssl.shell(), &format!("{lifetimes} {mode} rsa {rest}"));
        }
    }
}
