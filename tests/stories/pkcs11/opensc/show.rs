//! The token, its objects and its mechanisms are listed.
use tests::token;

use super::Opensc;
use crate::pkcs11::PIN;
use crate::pkcs11::programs::{Does, PKCS11_TOOL};

#[test]
fn the_folder_is_a_writable_token_that_requires_a_login_only_if_a_key_has_a_password() {
    let module = |opensc: &Opensc| opensc.token.module().display().to_string();
    let opensc = Opensc::with_key("-e P-256");
    let line = format!("pkcs11-tool --module {} --list-slots", module(&opensc));
    let shown = opensc.token.ok(&line).says("token initialized").says("Example");
    let text = shown.out();
    let label = text.lines().find_map(|line| line.trim().strip_prefix("token label"));
    assert_eq!(
        label.map(|label| label.trim_start_matches([' ', ':']).trim_end()),
        Some(token::LABEL),
        "{text}"
    );
    assert!(!text.contains("login required") && !text.contains("readonly"), "{text}");
    opensc.token.key("locked", &format!("-e P-256 -k {PIN}"));
    opensc.token.ok(&line).says("login required");
}

#[test]
fn a_key_is_listed_with_its_public_key_and_certificate_under_one_id() {
    for (options, kind) in [("-e P-256", "EC"), ("-e P-384", "EC"), ("-r", "RSA")] {
        let opensc = Opensc::with_key(options);
        let listed = opensc.ok("--list-objects").says(&format!("Private Key Object; {kind}"));
        let listed = listed.says("Public Key Object").says("Certificate Object").says("CN=web").out();
        assert_eq!(listed.matches("label:      web").count(), 3, "{listed}");
        let ids = ["privkey", "pubkey", "cert"].map(|kind| opensc.id(kind));
        assert!(!ids[0].is_empty() && ids.iter().all(|id| *id == ids[0]), "{ids:?}\n{listed}");
        // The TPM never gives out a private key.
        let private = listed.split("Private Key Object").nth(1).unwrap();
        assert!(private.contains("sensitive"), "{listed}");
        PKCS11_TOOL.passed(Does::List, options);
    }
}

#[test]
fn the_public_key_and_the_certificate_are_those_of_the_files() {
    for options in ["-e P-256", "-r"] {
        let opensc = Opensc::with_key(options);
        let stock = opensc.token.stock();
        opensc.ok("--read-object --type cert --label web -o read.crt");
        opensc.ok("--read-object --type pubkey --label web -o read.pub");
        let certificate = stock.ok("x509 -inform DER -in read.crt").out();
        assert_eq!(certificate, stock.ok("x509 -in keys/web.crt").out());
        assert_eq!(stock.ok("pkey -pubin -inform DER -in read.pub -pubout").out(), stock.text("web.pub"));
    }
}

#[test]
fn the_mechanisms_that_tls_requires_are_listed() {
    let opensc = Opensc::with_key("-e P-256");
    let listed = opensc.ok("--list-mechanisms").out();
    for name in ["ECDSA", "RSA-PKCS", "RSA-PKCS-PSS", "RSA-PKCS-OAEP", "ECDH1-DERIVE", "SHA256-RSA-PKCS"] {
        let named = |line: &&str| line.split(',').next().is_some_and(|first| first.trim() == name);
        assert!(listed.lines().any(|line| named(&line)), "{name}: {listed}");
    }
}

#[test]
fn ec_and_rsa_tokens_pass_the_self_test_of_pkcs11_tool() {
    for options in ["-e P-256", "-r"] {
        let opensc = Opensc::with_key(&format!("{options} -k {PIN}")).login("--login --pin 1234");
        opensc.ok("--test").says("No errors");
    }
}
