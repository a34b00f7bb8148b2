//! No TPM at all: everything that needs none works, and a signature says what is missing and what to do.
use std::time::{Duration, Instant};

use tests::{Openssl, Order, Swtpm};

use crate::machine::Machine;

/// A machine that had a TPM when its keys were made, and an openssl that finds none.
fn orphan(tcti: Option<&str>, order: Order) -> Openssl {
    let machine = Machine::new();
    machine.key("ec", "-e P-256");
    machine.key("rsa", "-r");
    machine.openssl.write("file", b"contents");
    match tcti {
        Some(tcti) => Openssl::in_shell(machine.openssl.shell().clone(), tcti, order),
        None => Openssl::in_shell(machine.openssl.shell().clone(), "", order),
    }
}

/// A TCTI string of a TPM that was there a moment ago.
fn gone() -> String {
    Swtpm::start().tcti()
}

#[test]
fn what_needs_no_tpm_works_without_one() {
    for order in Order::BOTH {
        let openssl = orphan(Some(&gone()), order);
        openssl.ok("version");
        openssl.ok("list -providers -verbose").says("tpm2");
        for key in ["ec", "rsa"] {
            let public = openssl.ok(&format!("pkey -in {key} -pubout"));
            assert!(public.out().contains("BEGIN PUBLIC KEY") && public.err().is_empty(), "{public}");
            openssl.ok(&format!("pkey -in {key} -noout -text"));
        }
        let file = openssl.file("file").display().to_string();
        assert_eq!(openssl.shell().ok(&format!("curl --no-progress-meter file://{file}")).out(), "contents");
    }
}

#[test]
fn a_signature_names_what_it_looked_for_and_what_to_do() {
    let socket = gone();
    for (tcti, named) in [
        (socket.as_str(), socket.as_str()),
        ("device:/dev/tpm-of-nobody", "/dev/tpm-of-nobody"),
        ("nonsense:x", "nonsense"),
    ] {
        let openssl = orphan(Some(tcti), Order::Tpm2First);
        for key in ["ec", "rsa"] {
            let start = Instant::now();
            let output = openssl.failed(&format!("dgst -sha256 -sign {key} -out sig file"));
            assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
            let output = output.says(named).says("no TPM can be reached");
            // The loader's and the TCTIs' own lines would hide it.
            for theirs in ["WARNING:", "ERROR:", "CRITICAL"] {
                assert!(!output.err().contains(theirs), "somebody else prints: {output}");
            }
        }
    }
}
