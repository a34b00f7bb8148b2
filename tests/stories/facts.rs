//! libcrypto reports the same properties for a TPM key as for the same public key in software. The self test runs on request only.
use tests::{Openssl, Order, Proxy, Swtpm};

use crate::machine::{Machine, program};

#[test]
fn a_tpm_key_has_the_properties_of_its_public_half() {
    let machine = Machine::new();
    let keys = [("p256", "-e P-256"), ("p384", "-e P-384"), ("p521", "-e P-521"), ("rsa", "-r")];
    for (key, options) in keys {
        machine.key(key, options);
        machine.openssl.ok(&format!("pkey -in {key} -pubout -out {key}.pub"));
    }
    let program = program(machine.openssl.shell(), "facts");
    let stock = machine.openssl.without_tpm2();
    for (key, _) in keys {
        let software = stock.shell().ok(&format!("{program} {key}.pub")).out();
        assert!(software.contains("dup is eq 1"), "{software}");
        for order in Order::BOTH {
            let openssl = machine.openssl.clone().ordered(order);
            for file in [key.to_owned(), format!("{key}.pub")] {
                let ours = openssl.shell().ok(&format!("{program} {file}")).out();
                assert_eq!(ours, software, "{file}, {order:?}");
            }
        }
    }
}

#[test]
fn the_public_half_of_a_tpm_key_cannot_be_changed() {
    let machine = Machine::new();
    machine.key("key", "-e P-256");
    let program = program(machine.openssl.shell(), "facts");
    for order in Order::BOTH {
        machine.openssl.clone().ordered(order).shell().ok(&format!("{program} -keeps key"));
    }
}

#[test]
fn the_self_test_runs_in_the_tpm() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let openssl = Openssl::with_tpm2(&proxy.tcti(), Order::Tpm2First);
    let program = program(openssl.shell(), "facts");
    openssl.shell().ok(&format!("{program} -self-test"));
    // TPM2_SelfTest, fullTest YES (Part 3 §10.2).
    assert!(proxy.log().text().contains("0x143 80010000000b0000014301"), "{}", proxy.log().text());
    let no_tpm = Openssl::in_shell(openssl.shell().clone(), "swtpm:host=127.0.0.1,port=9", Order::Tpm2First);
    no_tpm.shell().failed(&format!("{program} -self-test")).says("no TPM can be reached");
}
