//! A process crashes: its core dump contains no password of a key, and no authorization value made from one.
//!
//! gdb writes the dump as the kernel would: without pages marked by madvise(2), MADV_DONTDUMP.

use tests::raw::{self, Tpm as _};
use tests::{Order, Shell};

use crate::machine::{Machine, program};

/// Longer than the digest, so the authorization value is its hash.
const PASSWORD: &str = "Vq3mT8yKz1wXn6RbJ4cLh9PdF2sGu7AeYo5iZt0WkMx";
const CONTROL: &str = "a7Hs2Kd9Lf4Jg6Zx1Cv8Bn3Mq5Wr0Ty";
/// SHA-256 of the password.
const AUTH_VALUE: &str = "7243f41aa8f33ee6b8d1d49f002af2556d82d034b9ae7463d46093c251ae416c";

/// Runs the program under gdb until it aborts, and searches its core. The control string must be found: it proves that the search works.
#[track_caller]
fn crashed(shell: &Shell, line: &str, secrets: &[&str], digests: &[&str]) {
    shell.write("control", CONTROL);
    let gdb = "gdb -q -nx -batch -ex run -ex 'gcore core' --args";
    let output = shell.ok(&format!("{gdb} {line}"));
    output.says("SIGABRT").says("Saved corefile");
    let count = |needles: &[String], how: &str| {
        shell.write("needles", needles.join("\n"));
        let found = shell.run(&format!("grep -c -a {how} -f needles core"));
        found.out().trim().parse::<u32>().expect("a number of lines")
    };
    let bytes = |hex: &str| {
        let byte = |at| format!("\\x{}", &hex[at..at + 2]);
        [(0..hex.len()).step_by(2).take(12).map(byte).collect::<String>()]
    };
    assert_eq!(count(&parts(CONTROL), "-F"), 1, "the control is in the core, once");
    assert_eq!(count(&bytes(&hex::encode(CONTROL)), "-P"), 1, "and found by its bytes");
    for secret in secrets {
        assert_eq!(count(&parts(secret), "-F"), 0, "the password is in the core");
    }
    for digest in digests {
        assert_eq!(count(&bytes(digest), "-P"), 0, "the authValue is in the core");
    }
}

/// Every part of twelve characters: the rest of a partly overwritten password counts as found.
fn parts(secret: &str) -> Vec<String> {
    (0..=secret.len() - 12).map(|at| secret[at..at + 12].to_owned()).collect()
}

fn with_key(machine: &Machine) -> String {
    machine.key("key", &format!("-e P-256 -k {PASSWORD}"));
    machine.openssl.write("pin", PASSWORD);
    program(machine.openssl.shell(), "crash")
}

#[test]
fn the_password_of_a_key_is_in_no_core() {
    let machine = Machine::new();
    let crash = with_key(&machine);
    let path = |name| machine.openssl.file(name).display().to_string();
    for key in ["key", &format!("tpm2:file={}?pin-source=file:{}", path("key"), path("pin"))] {
        crashed(machine.openssl.shell(), &format!("{crash} {key} pin control"), &[PASSWORD], &[AUTH_VALUE]);
    }
}

#[test]
fn the_password_is_in_no_core_where_no_memory_can_be_locked() {
    let machine = Machine::new();
    let crash = with_key(&machine);
    // Root can lock memory despite the limit while it has the capability.
    let as_root = if machine.openssl.shell().ok("id -u").out().trim() == "0" {
        "setpriv --bounding-set=-ipc_lock "
    } else {
        ""
    };
    let shell = machine.openssl.shell().clone().under(&format!("{as_root}prlimit --memlock=0 --"));
    crashed(&shell, &format!("{crash} key pin control"), &[PASSWORD], &[AUTH_VALUE]);
}

#[test]
fn the_password_is_in_no_core_where_the_bus_is_not_protected() {
    let machine = Machine::new().set("session", "password");
    let crash = with_key(&machine);
    let line = format!("{crash} key pin control");
    crashed(machine.openssl.shell(), &line, &[PASSWORD], &[AUTH_VALUE]);
}

#[test]
fn the_parents_password_is_in_no_core() {
    let machine = Machine::new();
    let crash = with_key(&machine);
    let parent = "Ow7Xk2Pf9Rj4Ma6Vb1Nz8Ch3Eq5Tu0Ls";
    machine.tpm.set_hierarchy_auth(raw::OWNER, b"", parent.as_bytes());
    machine.openssl.write("parent", parent);
    let source = format!("file:{}", machine.openssl.file("parent").display());
    let openssl = machine.openssl.clone().set("pin-source", &source);
    let line = format!("{crash} key pin control");
    crashed(openssl.ordered(Order::Tpm2First).shell(), &line, &[PASSWORD, parent], &[AUTH_VALUE]);
}
