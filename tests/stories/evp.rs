//! Every EVP call on TPM keys and on software keys in this provider, from C, as programs make them.
use tests::raw::Tpm as _;
use tests::{Openssl, Order, Swtpm, valgrind};

use crate::machine::{Machine, program};
use crate::restricted;

const NO_TPM: &str = "swtpm:host=127.0.0.1,port=9";

/// The handles that `persist` makes persistent, in every spelling; the last one has a password.
const PERSISTENT: &str = "handle:0x81000010 //nvkey:81000011 tpm2:handle=0x81000012?pin-value=secret";

/// The name of an operation, and the option of `openssl list` that lists it.
const LISTS: [(&str, &str); 7] = [
    ("KEYMGMT", "-key-managers"),
    ("KEYEXCH", "-key-exchange-algorithms"),
    ("SIGNATURE", "-signature-algorithms"),
    ("ASYM_CIPHER", "-asymcipher-algorithms"),
    ("ENCODER", "-encoders"),
    ("DECODER", "-decoders"),
    ("STORE", "-store-loaders"),
];

#[test]
fn every_algorithm_can_be_fetched_by_each_of_its_names() {
    let openssl = Openssl::with_tpm2(NO_TPM, Order::DefaultFirst);
    let registry = program(openssl.shell(), "registry");
    let rows = openssl.shell().ok(&registry).out();
    assert!(rows.lines().count() > 30, "{rows}");
    for (operation, option) in LISTS {
        let list = openssl.ok(&format!("list {option}")).out();
        let names: Vec<&str> =
            rows.lines().filter_map(|row| row.strip_prefix(operation)).map(str::trim).collect();
        assert!(!names.is_empty(), "no row of {operation}");
        for name in names {
            let ours = |line: &&str| line.contains("@ tpm2") && line.contains(name);
            assert!(list.lines().any(|line| ours(&line)), "{operation} {name} is not in:\n{list}");
        }
    }
}

#[test]
fn every_call_works_on_tpm_keys_and_software_keys() {
    let machine = machine();
    persist(&machine, "ec", "rsa");
    machine.openssl.ok("genpkey -algorithm RSA-PSS -propquery provider=tpm2 -out pss");
    let evp = program(machine.openssl.shell(), "evp");
    for order in Order::BOTH {
        let openssl = machine.openssl.clone().ordered(order);
        openssl.shell().ok(&format!("{evp} ec rsa p384 {PERSISTENT} -fixed pss -software soft-ec soft-rsa"));
        machine.tpm.assert_empty();
    }
}

#[test]
fn every_call_works_on_restricted_keys() {
    let machine = restricted::machine(Swtpm::tcti);
    let evp = program(machine.openssl.shell(), "evp");
    let keys = restricted::KEYS.map(|(_, key, _)| key).join(" ");
    for order in Order::BOTH {
        machine.openssl.clone().ordered(order).shell().ok(&format!("{evp} -restricted {keys}"));
        machine.tpm.assert_empty();
    }
}

#[test]
fn misuse_of_the_api_is_an_error() {
    let machine = machine();
    let misuse = program(machine.openssl.shell(), "misuse");
    for order in Order::BOTH {
        machine.openssl.clone().ordered(order).shell().ok(&format!("{misuse} ec rsa p384"));
        machine.tpm.assert_empty();
    }
}

#[test]
fn valgrind_finds_no_error_of_ours_in_any_call() {
    let machine = restricted::machine(Swtpm::tcti);
    machine.key("free-ec", "-e P-256");
    machine.key("free-rsa", "-r");
    soft_keys(&machine);
    let evp = program(machine.openssl.shell(), "evp");
    let line = format!("{evp} -q free-ec free-rsa -restricted pss ec -software soft-ec soft-rsa");
    valgrind::clean(machine.openssl.shell(), &line);
    if valgrind::thorough() {
        persist(&machine, "free-ec", "free-rsa");
        let keys = restricted::KEYS.map(|(_, key, _)| key).join(" ");
        let line =
            format!("{evp} free-ec free-rsa {PERSISTENT} -restricted {keys} -software soft-ec soft-rsa");
        let openssl = machine.openssl.clone().ordered(Order::DefaultFirst);
        valgrind::clean(openssl.shell(), &line);
    }
}

#[test]
fn valgrind_finds_no_error_of_ours_in_the_registry_in_generation_and_in_encoders() {
    let machine = Machine::new();
    machine.key("ec", "-e P-256");
    let [registry, generate, write] =
        ["registry", "generate", "write"].map(|name| program(machine.openssl.shell(), name));
    for line in [registry, format!("{generate} -q ec"), format!("{write} ec")] {
        valgrind::clean(machine.openssl.shell(), &line);
    }
    if valgrind::thorough() {
        machine.key("rsa", "-r");
        let openssl = machine.openssl.clone().ordered(Order::DefaultFirst);
        for line in [format!("{generate} ec"), format!("{write} rsa")] {
            valgrind::clean(openssl.shell(), &line);
        }
    }
}

fn machine() -> Machine {
    let machine = Machine::new();
    machine.key("ec", "-e P-256");
    machine.key("p384", "-e P-384");
    machine.key("rsa", "-r");
    soft_keys(&machine);
    machine
}

fn soft_keys(machine: &Machine) {
    let stock = machine.openssl.without_tpm2();
    stock.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out soft-ec");
    stock.ok("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out soft-rsa");
}

fn persist(machine: &Machine, ec: &str, rsa: &str) {
    machine.key("locked", "-e P-256 -k secret");
    for (key, handle) in [(ec, "81000010"), (rsa, "81000011"), ("locked", "81000012")] {
        machine.tool.ok(&format!("load {key} {handle}"));
    }
}
