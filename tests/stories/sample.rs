//! The sample configuration of the repository, as it stands and with each of its settings.
use std::fs;

use tests::module;

use crate::machine::Machine;

#[test]
fn the_sample_configuration_works_as_it_is() {
    let machine = with_configuration(&sample());
    machine.openssl.ok("list -providers").says("default").says("tpm2");
    machine.signs("key.tpm");
}

#[test]
fn each_setting_of_the_sample_is_read() {
    let sample = sample();
    let settings = sample.lines().filter_map(|line| Some(line.strip_prefix("# ")?.split_once(" = ")?.0));
    let settings: Vec<&str> = settings.filter(|name| !name.contains(' ') && *name != "module").collect();
    assert!(settings.len() > 6, "{settings:?}");
    let machine = with_configuration(&sample);
    for name in settings {
        machine.openssl.write("sample.cnf", format!("{sample}\n{name} = nonsense\n"));
        let failed = machine.openssl.failed("dgst -sha256 -sign key.tpm -out sig key.tpm");
        // The nonsense is a password for the owner, who has none.
        failed.says(if name == "pin" { "the TPM refused the password of the parent" } else { "nonsense" });
    }
}

fn sample() -> String {
    fs::read_to_string(module::workspace().join("openssl.cnf")).unwrap()
}

/// A machine with a key file, whose openssl is configured by that text and nothing else.
fn with_configuration(text: &str) -> Machine {
    let machine = Machine::new();
    machine.key("key.tpm", "--ecc P-256");
    let path = machine.openssl.write("sample.cnf", text);
    Machine { openssl: machine.openssl.env("OPENSSL_CONF", path.to_str().unwrap()), ..machine }
}
