//! Without a TPM: everything that needs none works, and a signature fails with a message that names the cause and the remedy.
use std::path::Path;
use std::time::{Duration, Instant};

use tests::{Openssl, Order, Swtpm};

use crate::machine::Machine;

/// Makes keys with a TPM, and returns an openssl that finds no TPM.
fn openssl_without_tpm(tcti: &str, order: Order) -> Openssl {
    let machine = Machine::new();
    machine.key("ec", "-e P-256");
    machine.key("rsa", "-r");
    machine.openssl.write("file", b"contents");
    Openssl::in_shell(machine.openssl.shell().clone(), tcti, order)
}

/// Returns a TCTI string of a TPM that has just been stopped.
fn stopped_tpm() -> String {
    Swtpm::start().tcti()
}

#[test]
fn uses_without_the_private_half_work_without_a_tpm() {
    let openssl = openssl_without_tpm(&stopped_tpm(), Order::Tpm2First);
    for order in Order::BOTH {
        let openssl = openssl.clone().ordered(order);
        // A module in a program's process prints nothing.
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
fn a_failed_signature_names_the_tcti_and_the_remedy() {
    let socket = stopped_tpm();
    let openssl = openssl_without_tpm(&socket, Order::Tpm2First);
    let mssim = socket.replace("swtpm:", "mssim:");
    for (tcti, named) in [
        (socket.as_str(), socket.as_str()),
        (mssim.as_str(), mssim.as_str()),
        ("device:/dev/tpm-missing", "/dev/tpm-missing"),
        ("nonsense:x", "nonsense"),
    ] {
        for order in Order::BOTH {
            let openssl = openssl.clone().ordered(order).env("TPM2_TCTI", tcti);
            for key in ["ec", "rsa"] {
                let start = Instant::now();
                let output = openssl.failed(&format!("dgst -sha256 -sign {key} -out sig file"));
                assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
                assert_names_tpm(&output.err(), named);
            }
        }
    }
}

#[test]
fn without_a_tcti_the_error_lists_where_it_looked() {
    if ["/dev/tpmrm0", "/dev/tpm0"].iter().any(|device| Path::new(device).exists()) {
        // This machine has a TPM, which would be found.
        return;
    }
    let openssl = openssl_without_tpm("", Order::Tpm2First);
    let output = openssl.shell().failed("env -u TPM2_TCTI openssl dgst -sha256 -sign ec -out sig file");
    assert_names_tpm(&output.err(), "/dev/tpmrm0 and /dev/tpm0 do not exist");
}

/// Checks that there is one error of ours that names the TPM and a remedy; all other lines are those that openssl itself prints for any
/// failed signature, and none comes from tpm2-tss or GLib.
#[track_caller]
fn assert_names_tpm(stderr: &str, named: &str) {
    let ours: Vec<&str> = stderr.lines().filter(|line| line.contains("no TPM can be reached")).collect();
    let [ours] = ours[..] else { panic!("not one line of ours:\n{stderr}") };
    assert!(ours.contains(named), "should name {named}:\n{stderr}");
    assert!(["TPM2_TCTI", "tcti"].iter().any(|advice| ours.contains(advice)), "no advice:\n{stderr}");
    for line in stderr.lines() {
        assert!(
            line.contains(":error:") || line.starts_with("Error "),
            "unexpected line {line:?}:\n{stderr}"
        );
    }
}

#[test]
fn the_list_of_providers_describes_tpm2() {
    // Without a configuration and without a TPM.
    let openssl = Openssl::with_tpm2(&stopped_tpm(), Order::DefaultFirst).env("OPENSSL_CONF", "/dev/null");
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
