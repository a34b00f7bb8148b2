//! A TPM key gives the same result as a software key in every call of libcrypto, except for the intended differences.
use tests::raw::Tpm as _;
use tests::{Openssl, Order};

use crate::machine::{Machine, program};
use transcript::Transcript;

mod intended;
mod transcript;

/// Name, options of the TPM key, and the additional options of a comparable software key.
const KEYS: [(&str, &str, &str); 3] = [
    ("ec", "-algorithm EC -pkeyopt group:P-256", ""),
    ("rsa", "-algorithm RSA -pkeyopt bits:2048", ""),
    (
        "pss",
        "-algorithm RSA-PSS -pkeyopt bits:2048 -pkeyopt digest:sha256",
        "-pkeyopt rsa_pss_keygen_mgf1_md:sha256 -pkeyopt rsa_pss_keygen_saltlen:32",
    ),
];

/// Runs the program `c/same.c` with a key, and returns its results.
#[track_caller]
fn answers(openssl: &Openssl, key: &str, properties: &str) -> Transcript {
    let program = program(openssl.shell(), "same");
    Transcript::read(&openssl.shell().ok(&format!("{program} {key} {properties}")).out())
}

#[test]
fn every_call_gives_the_same_result_as_for_a_software_key() {
    let machine = machine();
    let stock = machine.openssl.without_tpm2();
    let mut new = Vec::new();
    for (key, ..) in KEYS {
        let expected = answers(&stock, &format!("soft-{key}"), "");
        assert!(expected.calls() > 150, "{} calls", expected.calls());
        // A plain fetch by name takes the first provider.
        for (order, properties) in [
            (Order::DefaultFirst, "provider=tpm2"),
            (Order::Tpm2First, "provider=tpm2"),
            (Order::Tpm2First, ""),
        ] {
            let openssl = machine.openssl.clone().ordered(order);
            let found = answers(&openssl, key, properties);
            let differences = expected.differences(&found, |line| intended::why(key, line).is_some());
            new.extend(differences.iter().map(|line| format!("{key}, {order:?}: {line}")));
        }
        machine.tpm.assert_empty();
    }
    assert!(new.is_empty(), "{} new differences:\n{}", new.len(), new.join("\n"));
}

#[test]
fn software_keys_are_not_affected_by_the_provider() {
    let machine = machine();
    let stock = machine.openssl.without_tpm2();
    for (key, ..) in KEYS {
        let key = format!("soft-{key}");
        let expected = answers(&stock, &key, "");
        for order in Order::BOTH {
            let openssl = machine.openssl.clone().ordered(order);
            // Some algorithms are fetched from the first provider.
            let is_intended = |line: &str| line.ends_with(" lacks kat");
            let differences = expected.differences(&answers(&openssl, &key, ""), is_intended);
            assert!(differences.is_empty(), "{key}, {order:?}:\n{}", differences.join("\n"));
        }
    }
}

fn machine() -> Machine {
    let machine = Machine::new();
    let stock = machine.openssl.without_tpm2();
    for (key, made, more) in KEYS {
        machine.openssl.ok(&format!("genpkey {made} -propquery provider=tpm2 -out {key}"));
        stock.ok(&format!("genpkey {made} {more} -out soft-{key}"));
    }
    machine
}
