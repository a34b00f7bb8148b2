//! Keys that have nothing to do with a TPM behave as if tpm2 were absent, in either order of the providers.
use std::path::Path;

use tests::{Openssl, Order, c_program};

/// No TPM listens there: whoever sends a command fails.
const NOWHERE: &str = "swtpm:host=127.0.0.1,port=9";

fn program(openssl: &Openssl) -> String {
    c_program::build(openssl.shell(), &Path::new(env!("CARGO_MANIFEST_DIR")).join("stories/c/order.c"))
}

#[test]
fn software_keys_work_in_either_order() {
    for (order, server) in [(Order::Tpm2First, "tpm2"), (Order::DefaultFirst, "default")] {
        let openssl = Openssl::with_tpm2(NOWHERE, order);
        let program = program(&openssl);
        // The program proves by a plain fetch that it is the other's turn in the other order.
        openssl.shell().ok(&format!("{program} {server}"));
    }
}
