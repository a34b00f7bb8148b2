//! No TPM at all: everything that needs none works, and a signature says what is missing and what to do.
use std::path::Path;
use std::time::{Duration, Instant};

use tests::{Openssl, Order, Swtpm};

use crate::machine::Machine;

/// A machine that had a TPM when its keys were made, and an openssl that finds none.
fn orphan(tcti: &str, order: Order) -> Openssl {
    let machine = Machine::new();
    machine.key("ec", "-e P-256");
    machine.key("rsa", "-r");
    machine.openssl.write("file", b"contents");
    Openssl::in_shell(machine.openssl.shell().clone(), tcti, order)
}

/// A TCTI string of a TPM that was there a moment ago.
fn gone() -> String {
    Swtpm::start().tcti()
}

#[test]
fn what_needs_no_tpm_works_without_one() {
    let openssl = orphan(&gone(), Order::Tpm2First);
    for order in Order::BOTH {
        let openssl = openssl.clone().ordered(order);
        // A module in somebody's process is silent.
        let quiet = |line: &str| {
            let output = openssl.shell().ok(line);
            assert_eq!(output.err(), "", "{output}");
            output.out()
        };
        assert!(quiet("openssl version").starts_with("OpenSSL "));
        let providers = quiet("openssl list -providers");
        assert!(providers.contains("tpm2") && providers.contains("default"), "{providers}");
        for key in ["ec", "rsa"] {
            assert!(quiet(&format!("openssl pkey -in {key} -pubout")).contains("BEGIN PUBLIC KEY"));
            quiet(&format!("openssl pkey -in {key} -noout -text"));
        }
        let file = openssl.file("file").display().to_string();
        assert_eq!(quiet(&format!("curl --no-progress-meter file://{file}")), "contents");
    }
}

#[test]
fn a_signature_names_what_it_looked_for_and_what_to_do() {
    let socket = gone();
    let openssl = orphan(&socket, Order::Tpm2First);
    let mssim = socket.replace("swtpm:", "mssim:");
    for (tcti, named) in [
        (socket.as_str(), socket.as_str()),
        (mssim.as_str(), mssim.as_str()),
        ("device:/dev/tpm-of-nobody", "/dev/tpm-of-nobody"),
        ("nonsense:x", "nonsense"),
    ] {
        for order in Order::BOTH {
            let openssl = openssl.clone().ordered(order).env("TPM2_TCTI", tcti);
            for key in ["ec", "rsa"] {
                let start = Instant::now();
                let output = openssl.failed(&format!("dgst -sha256 -sign {key} -out sig file"));
                assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
                names_it(&output.err(), named);
            }
        }
    }
}

#[test]
fn without_a_hint_it_says_where_it_looked() {
    if ["/dev/tpmrm0", "/dev/tpm0"].iter().any(|device| Path::new(device).exists()) {
        // This machine has a TPM, and it would be found.
        return;
    }
    let openssl = orphan("", Order::Tpm2First);
    let output = openssl.shell().failed("env -u TPM2_TCTI openssl dgst -sha256 -sign ec -out sig file");
    names_it(&output.err(), "/dev/tpmrm0 and /dev/tpm0 do not exist");
}

/// One error of ours that names the TPM and what to do about it; beside it only what openssl itself prints of any failed
/// signature, nothing of tpm2-tss or GLib.
#[track_caller]
fn names_it(stderr: &str, named: &str) {
    let ours: Vec<&str> = stderr.lines().filter(|line| line.contains("no TPM can be reached")).collect();
    let [ours] = ours[..] else { panic!("not one line of ours:\n{stderr}") };
    assert!(ours.contains(named), "should name {named}:\n{stderr}");
    assert!(["TPM2_TCTI", "tcti"].iter().any(|advice| ours.contains(advice)), "no advice:\n{stderr}");
    for line in stderr.lines() {
        assert!(line.contains(":error:") || line.starts_with("Error "), "who prints {line:?}?\n{stderr}");
    }
}

#[test]
fn the_list_of_providers_tells_about_ours() {
    // Neither a configuration nor a TPM.
    let openssl = Openssl::with_tpm2(&gone(), Order::DefaultFirst).env("OPENSSL_CONF", "/dev/null");
    let output = openssl.ok("list -providers -verbose -provider tpm2");
    assert_eq!(output.err(), "", "{output}");
    let text = output.out();
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name}:\n{text}"))
    };
    assert!(text.contains("tpm2") && !value("name").is_empty(), "{text}");
    assert_eq!(value("version"), env!("CARGO_PKG_VERSION"));
    assert!(value("build info").contains(env!("CARGO_PKG_VERSION")), "{text}");
    assert_eq!(value("status"), "active");
}
