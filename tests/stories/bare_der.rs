//! A key file in DER that cannot be used gives the same error as the same file in PEM, in `openssl` and through OSSL_STORE.
use tests::raw::Tpm as _;
use tests::{Openssl, Order};

use crate::machine::Machine;
use crate::store::certificate;

/// Writes the same key in DER and returns its bytes.
#[track_caller]
fn der(openssl: &Openssl, key: &str, passin: &str) -> Vec<u8> {
    openssl.ok(&format!("pkey -in {key} {passin} -outform DER -out {key}.der"));
    openssl.read(format!("{key}.der"))
}

#[test]
fn the_error_names_the_fault_of_a_der_file() {
    let machine = Machine::new();
    machine.key("key", "-e P-256");
    machine.key("rsa", "-r");
    machine.key("locked", "-e P-256 -k word");
    let openssl = &machine.openssl;
    let whole = der(openssl, "key", "");
    der(openssl, "rsa", "");
    der(openssl, "locked", "-passin pass:word");
    openssl.write("cut.der", &whole[..whole.len() / 2]);
    let middle = |byte: usize| [&whole[..byte], &[whole[byte] ^ 0x40], &whole[byte + 1..]].concat();
    openssl.write("type.der", middle(9));
    // The parent's handle: INTEGER, 40 00 00 01.
    let parent = whole.windows(6).position(|window| window == [2, 4, 0x40, 0, 0, 1]).expect("the parent") + 2;
    openssl.write("parent.der", middle(parent));
    for order in [Order::Tpm2First, Order::DefaultFirst, Order::Tpm2AndBase] {
        let openssl = openssl.clone().ordered(order);
        for (file, options, says) in [
            ("cut.der", "", "malformed TSS2 key file"),
            ("type.der", "", "TSS2 key file"),
            ("parent.der", "", "parent"),
            ("locked.der", "-passin pass:other", "the password of the key is wrong"),
            ("locked.der", "-passin file:/dev/null", "password"),
        ] {
            openssl.failed(&format!("pkey -noout {options} -in {file}")).says(says);
            openssl.failed(&format!("rsa -noout {options} -in {file}")).says(says);
            // storeutl continues after an error, and OpenSSL 3.0 exits with 0.
            let found = openssl.run(&format!("storeutl -noout {options} {file}"));
            assert!(found.err().contains(says) && !found.out().contains("Pkey"), "{found}");
        }
        for key in ["key.der", "rsa.der"] {
            openssl.ok(&format!("pkey -in {key} -pubout"));
        }
        openssl.ok("pkey -in locked.der -passin pass:word -noout");
        openssl.ok("storeutl -noout -passin pass:word locked.der").says("0: Pkey").says("Total found: 1");
    }
    machine.signs("key.der");
    machine.signs("rsa.der");
    machine.tpm.assert_empty();
}

#[test]
fn objects_after_a_der_key_are_found() {
    let machine = Machine::new();
    let openssl = &machine.openssl;
    machine.key("key", "-e P-256");
    let (key, host) = (der(openssl, "key", ""), certificate(openssl, "host"));
    openssl.write("key-first", [&key[..], &host].concat());
    openssl.write("key-last", [&host[..], &key].concat());
    openssl.write("two-keys", [&key[..], &key].concat());
    for order in Order::BOTH {
        let openssl = openssl.clone().ordered(order);
        for file in ["key-first", "key-last"] {
            let found = openssl.ok(&format!("storeutl -noout {file}"));
            found.says("Pkey").says("Certificate").says("Total found: 2");
        }
        openssl.ok("storeutl -noout two-keys").says("1: Pkey").says("Total found: 2");
    }
}
