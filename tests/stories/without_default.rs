//! Work without the default provider (tpm2 alone, or tpm2 and `base`): EC parameters, and keys that are fixed to a digest.
use tests::Order;
use tests::raw::Tpm as _;

use crate::machine::Machine;

#[test]
fn ecparam_prints_the_curve_and_makes_a_tpm_key() {
    let machine = Machine::new();
    for order in [Order::Tpm2Only, Order::Tpm2AndBase, Order::Tpm2First, Order::DefaultFirst] {
        let openssl = machine.openssl.clone().ordered(order);
        for curve in ["prime256v1", "secp384r1"] {
            let wanted = openssl.without_tpm2().ok(&format!("ecparam -name {curve}")).out();
            assert_eq!(openssl.ok(&format!("ecparam -name {curve}")).out(), wanted, "{order:?}");
            let bare = openssl.ok(&format!("ecparam -name {curve} -outform DER")).stdout;
            assert_eq!(
                bare,
                openssl.without_tpm2().ok(&format!("ecparam -name {curve} -outform DER")).stdout
            );
            let query = "-propquery ?provider=tpm2";
            let both = openssl.ok(&format!("ecparam {query} -name {curve} -genkey")).out();
            assert!(
                both.starts_with(&wanted) && both.contains("BEGIN TSS2 PRIVATE KEY"),
                "{order:?}: {both}"
            );
            openssl.write("both", &both);
            let key = openssl.ok(&format!("ecparam {query} -name {curve} -genkey -noout")).out();
            assert!(key.starts_with("-----BEGIN TSS2 PRIVATE KEY"), "{key}");
            // The usual next step of a user.
            machine.signs("both");
        }
    }
    // The same command works with a TPM key as its input.
    machine.key("key", "-e P-384");
    let wanted = machine.openssl.without_tpm2().ok("ecparam -name secp384r1").out();
    assert_eq!(machine.openssl.ok("ec -in key -param_out").out(), wanted);
    machine.tpm.assert_empty();
}

/// `openssl pkeyutl -rawin` takes the digest's name from the key and fetches that digest.
#[test]
fn a_pss_key_signs_with_its_own_digest_where_no_provider_has_digests() {
    let machine = Machine::new();
    let openssl = machine.openssl.clone().ordered(Order::Tpm2AndBase);
    openssl.write("message", "what is signed");
    for digest in ["sha1", "sha256", "sha384", "sha512"] {
        openssl
            .ok(&format!("genpkey -algorithm RSA-PSS -pkeyopt bits:2048 -pkeyopt digest:{digest} -out key"));
        openssl.ok("pkeyutl -sign -inkey key -rawin -in message -out sig");
        openssl.ok("pkey -in key -pubout -out key.pub");
        openssl.without_tpm2().ok("pkeyutl -verify -pubin -inkey key.pub -rawin -in message -sigfile sig");
    }
}
