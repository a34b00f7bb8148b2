//! Software keys behave as if tpm2 were absent, in either order of the providers.
use tests::{Openssl, Order};

use crate::machine::{self, Machine};

/// No TPM listens there: a TPM command fails.
const NO_TPM: &str = "swtpm:host=127.0.0.1,port=9";

#[test]
fn software_keys_work_in_either_order() {
    for (order, server) in [(Order::Tpm2First, "tpm2"), (Order::DefaultFirst, "default")] {
        let openssl = Openssl::with_tpm2(NO_TPM, order);
        let program = machine::program(openssl.shell(), "order");
        // A plain fetch in the program shows which provider comes first.
        openssl.shell().ok(&format!("{program} {server}"));
    }
}

#[test]
fn software_keys_work_after_a_tpm_key_was_used() {
    for order in Order::BOTH {
        let machine = Machine::new();
        machine.key("ec", "-e P-256");
        machine.key("rsa", "-r");
        let openssl = machine.openssl.clone().ordered(order);
        // libcrypto remembers the provider of the last fetch, so both keys may be in tpm2 now, whatever the order.
        openssl.shell().ok(&format!("{} any ec rsa", machine::program(openssl.shell(), "order")));
    }
}
