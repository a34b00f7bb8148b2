//! The sample configuration of the repository works unchanged and with each of its settings.
use std::fs;

use tests::module;
use tests::raw::{self, Tpm as _};

use crate::machine::Machine;

#[test]
fn the_sample_configuration_works_unchanged() {
    let machine = with_configuration(&sample());
    machine.openssl.ok("list -providers").says("default").says("tpm2");
    machine.signs("key.tpm");
}

#[test]
fn each_setting_of_the_sample_is_read() {
    let sample = sample();
    let settings = sample.lines().filter_map(setting).map(|(_, name, _)| name);
    let settings: Vec<&str> = settings.filter(|name| *name != "module").collect();
    assert!(settings.len() > 6, "{settings:?}");
    let machine = with_configuration(&sample);
    for name in settings {
        machine.openssl.write("sample.cnf", format!("{sample}\n{name} = nonsense\n"));
        let failed = machine.openssl.failed(match name {
            "parent" => "genpkey -algorithm EC -pkeyopt group:P-256 -propquery provider=tpm2",
            _ => "dgst -sha256 -sign key.tpm -out sig key.tpm",
        });
        failed.says(match name {
            // The test value is a password for the owner hierarchy, which has none.
            "pin" => "the TPM refused the password of the parent",
            // The value may be a password by mistake, so the message does not repeat it.
            "pin-source" => "the value of pin-source",
            _ => "nonsense",
        });
    }
}

#[test]
fn each_setting_of_the_sample_has_its_effect() {
    let sample = sample();
    let machine = with_configuration(&sample);
    let secret = machine.openssl.write("pin", "word\n").display().to_string();
    let mut seen = 0;
    for (line, name, value) in sample.lines().filter_map(setting) {
        let value = match name {
            "module" => module::folder().join("tpm2.so").display().to_string(),
            "tcti" => machine.tpm.tcti(),
            "pin" => "word".to_owned(),
            "pin-source" => format!("file:{secret}"),
            // No swtpm has its Name in /sys, and few machines have the FIPS provider.
            "salt-name" | "software" => continue,
            _ => value.to_owned(),
        };
        seen += 1;
        machine.openssl.write("sample.cnf", sample.replace(line, &format!("{name} = {value}")));
        // The hierarchy has this password for the settings that give one.
        let owner: &[u8] = if name.starts_with("pin") { b"word" } else { b"" };
        machine.tpm.set_hierarchy_auth(raw::OWNER, b"", owner);
        machine.signs("key.tpm");
        if name == "parent" {
            machine
                .openssl
                .ok("genpkey -algorithm EC -pkeyopt group:P-256 -propquery provider=tpm2 -out new.tpm");
            machine.signs("new.tpm");
        }
        machine.tpm.set_hierarchy_auth(raw::OWNER, owner, b"");
    }
    assert!(seen >= 8, "{seen} settings in the sample");
}

/// Parses a setting that is commented out: `# name = value`.
fn setting(line: &str) -> Option<(&str, &str, &str)> {
    let (name, value) = line.strip_prefix("# ")?.split_once(" = ")?;
    name.bytes().all(|b| b.is_ascii_lowercase() || b"-_".contains(&b)).then_some((line, name, value))
}

fn sample() -> String {
    fs::read_to_string(module::workspace().join("openssl.cnf")).unwrap()
}

/// A machine with a key file, whose openssl is configured by that text only.
fn with_configuration(text: &str) -> Machine {
    let machine = Machine::new();
    machine.key("key.tpm", "--ecc P-256");
    let path = machine.openssl.write("sample.cnf", text);
    Machine { openssl: machine.openssl.env("OPENSSL_CONF", path.to_str().unwrap()), ..machine }
}
