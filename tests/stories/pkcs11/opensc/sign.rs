//! Signatures of every mechanism are verified by a stock openssl.
use super::Opensc;
use crate::pkcs11::PIN;
use crate::pkcs11::programs::{Does, PKCS11_TOOL};

/// A mechanism with options, the input, and the options of `openssl dgst` that verify the signature.
type Row = (&'static str, &'static str, &'static str);

const EC: [Row; 4] = [
    ("ECDSA --signature-format openssl", "digest", "-sha256"),
    ("ECDSA-SHA256 --signature-format openssl", "data", "-sha256"),
    ("ECDSA-SHA384 --signature-format openssl", "data", "-sha384"),
    ("ECDSA-SHA512 --signature-format openssl", "data", "-sha512"),
];

const PSS: &str = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -sha256";

const RSA: [Row; 7] = [
    ("RSA-PKCS", "info", "-sha256"),
    ("SHA256-RSA-PKCS", "data", "-sha256"),
    ("SHA384-RSA-PKCS", "data", "-sha384"),
    ("SHA512-RSA-PKCS", "data", "-sha512"),
    ("RSA-PKCS-PSS --hash-algorithm SHA256", "digest", PSS),
    ("SHA256-RSA-PKCS-PSS", "data", PSS),
    ("SHA384-RSA-PKCS-PSS", "data", "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -sha384"),
];

/// Signs with every mechanism of the table and verifies the signatures.
#[track_caller]
fn verified(options: &str, login: &'static str, rows: &[Row]) {
    let opensc = Opensc::with_key(options).login(login);
    let stock = opensc.data();
    for (mechanism, input, verify) in rows {
        opensc.ok(&format!("--sign --mechanism {mechanism} -i {input} -o signature"));
        stock.ok(&format!("dgst {verify} -verify web.pub -signature signature data")).says("Verified OK");
    }
    PKCS11_TOOL.passed(Does::Sign, options);
}

#[test]
fn ecdsa_is_verified() {
    for curve in ["P-256", "P-384"] {
        verified(&format!("-e {curve}"), "", &EC);
    }
}

#[test]
fn rsa_is_verified() {
    verified("-r", "", &RSA);
}

#[test]
fn a_key_with_password_signs_after_the_login() {
    for (options, rows) in [("-e P-256", &EC[..1]), ("-r", &RSA[..1])] {
        verified(&format!("{options} -k {PIN}"), "--login --pin 1234", rows);
    }
}
