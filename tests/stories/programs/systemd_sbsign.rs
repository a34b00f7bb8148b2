//! systemd-sbsign and ukify: sign programs of UEFI and kernels for Secure Boot, and the PCR values that such a kernel will make.
//!
//! Debian has them since 13: `make matrix` runs this there.
use std::fs;

use openssl::base64;
use serde_json::Value;

use super::case::Case;
use super::keys::{Form, PASSWORD};
use super::sbsign;
use super::tried::{Outcome, Program};

const SBSIGN: &str = "/usr/lib/systemd/systemd-sbsign";

const SYSTEMD_SBSIGN: Program = Program {
    name: "systemd-sbsign",
    version: "/usr/lib/systemd/systemd-sbsign --version",
    forms: &Form::ALL,
    does: "signatures by systemd-sbsign and ukify that sbverify verifies, and signed PCR values that OpenSSL verifies",
};

/// In the page: without a provider systemd leaves the question to OpenSSL.
const ASKS: &str = "A key file with password, without `--private-key-source=provider:tpm2`: OpenSSL asks for the password at the terminal, \
                    and a unit has no terminal.";

/// What `--private-key` gets, and whether `--private-key-source` names the provider.
struct Key {
    name: String,
    by_provider: bool,
}

#[test]
#[ignore = "make matrix, on Debian 13"]
fn systemd_sbsign() {
    SYSTEMD_SBSIGN.tried(|case| {
        let _ = fs::create_dir_all(case.path("credentials"));
        for tool in ["sbsign", "measure"] {
            let pin = case.if_password(PASSWORD);
            case.openssl.write(&*format!("credentials/{tool}.private-key-pin"), pin);
        }
        for key in keys(case) {
            signs_a_program(case, &key);
            signs_a_kernel(case, &key);
        }
        let engine = "--private-key=KEY --private-key-source=engine:tpm2";
        case.run(&sign(engine)).failed().says("Failed to load private key");
        if case.password().is_none() {
            signs_a_kernel_with_sbsign(case);
            return Outcome::Works;
        }
        case.run(&sign("--private-key=KEY")).failed().says("Failed to load private key");
        Outcome::Fails(ASKS)
    });
}

fn keys(case: &Case) -> Vec<Key> {
    let key = |name: String, by_provider| Key { name, by_provider };
    let mut keys = vec![key(case.key(), true)];
    if case.password().is_none() {
        keys.extend([key(case.key(), false), key(case.uri(), true)]);
    }
    keys
}

fn signs_a_program(case: &Case, key: &Key) {
    let source = if key.by_provider { "--private-key-source=provider:tpm2" } else { "" };
    ok(case, &sign(&format!("--private-key={} {source}", key.name)));
    case.checked("sbverify --cert AUTHORITY signed.efi");
}

fn sign(options: &str) -> String {
    let program = sbsign::program();
    format!("{SBSIGN} sign {options} --certificate=CERTIFICATE --output=signed.efi {program}")
}

/// By one call of ukify for Secure Boot and for the PCR values.
fn signs_a_kernel(case: &Case, key: &Key) {
    let provider = if key.by_provider { "--signing-provider=tpm2 --pcr-public-key=CERTIFICATE" } else { "" };
    let options = "--signtool=systemd-sbsign --no-sign-kernel --secureboot-certificate=CERTIFICATE";
    let name = &key.name;
    let keys = format!("--secureboot-private-key={name} --pcr-private-key={name}");
    ok(case, &format!("{} {options} {keys} {provider}", ukify()));
    case.checked("sbverify --cert AUTHORITY kernel.efi");
    pcr_values_verify(case);
}

fn signs_a_kernel_with_sbsign(case: &Case) {
    let keys = "--secureboot-private-key=KEY --secureboot-certificate=CERTIFICATE";
    case.ok(&format!("{} --signtool=sbsign {keys}", ukify()));
    case.checked("sbverify --cert AUTHORITY kernel.efi");
}

fn ukify() -> String {
    format!("ukify build --linux={} --cmdline=quiet --output=kernel.efi", sbsign::program())
}

/// Each signature is one of the TPM policy of a boot phase (systemd-measure(1)).
fn pcr_values_verify(case: &Case) {
    case.checked("objcopy --dump-section .pcrsig=pcrsig.json kernel.efi unused.efi");
    case.checked("openssl x509 -in CERTIFICATE -pubkey -noout -out signer.pub");
    let banks: Value = serde_json::from_slice(&case.openssl.read("pcrsig.json")).expect("JSON");
    let values = banks["sha256"].as_array().expect("values of the bank sha256");
    assert!(!values.is_empty(), "{banks}");
    for value in values {
        let text = |name: &str| value[name].as_str().unwrap_or_else(|| panic!("no {name}: {value}"));
        case.openssl.write("policy", hex::decode(text("pol")).expect("hex"));
        case.openssl.write("policy.sig", base64::decode_block(text("sig")).expect("base64"));
        case.checked("openssl dgst -sha256 -verify signer.pub -signature policy.sig policy");
    }
}

/// With the password as a credential of systemd, as a unit's `LoadCredential=` gives it.
fn ok(case: &Case, line: &str) {
    let shell = case.openssl.shell().clone().env("CREDENTIALS_DIRECTORY", case.path("credentials"));
    shell.ok(&case.fill(line));
}
