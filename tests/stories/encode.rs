//! A TPM key is written as its TSS2 file, byte for byte as it was read, whichever structure a program asks for.
use keyfile::KeyFile;
use tests::{Openssl, Order};

use crate::machine::{Machine, program};

/// Key files of several tools, and true for each that has a password.
const FILES: [(&str, bool); 8] = [
    ("tpm2-openssl-p256.pem", false),
    ("tpm2-openssl-p384-password.pem", true),
    ("tpm2-openssl-rsa.pem", false),
    ("tpm2-openssl-rsa-pss.pem", false),
    ("description.pem", false),
    ("later-version.pem", false),
    ("negative-parent.pem", false),
    ("policy.pem", true),
];

/// No TPM listens there.
const NO_TPM: &str = "swtpm:host=127.0.0.1,port=9";

#[test]
fn files_of_all_tools_are_written_as_they_were_read() {
    for order in Order::BOTH {
        let openssl = Openssl::with_tpm2(NO_TPM, order);
        for (name, password) in FILES {
            let path = format!("{}/../keyfile/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
            let read = std::fs::read_to_string(&path).unwrap();
            let block = &read[read.find("-----BEGIN").unwrap()..];
            openssl.write("key", &read);
            let password = if password { "-passin pass:x" } else { "" };
            openssl.ok(&format!("pkey -in key {password} -out copy"));
            assert_eq!(openssl.text("copy").trim_end(), block.trim_end(), "{name}");
            openssl.ok(&format!("pkey -in key {password} -outform DER -out copy"));
            assert_eq!(
                openssl.read("copy"),
                KeyFile::parse(read.as_bytes()).unwrap().to_der().unwrap(),
                "{name}"
            );
        }
    }
}

#[test]
fn commands_for_old_structures_write_the_file_too() {
    let machine = Machine::new();
    machine.key("ec", "-e P-256");
    machine.key("rsa", "-r");
    for order in Order::BOTH {
        let openssl = Openssl::in_shell(machine.openssl.shell().clone(), NO_TPM, order);
        for (line, key) in [("ec -in ec", "ec"), ("rsa -in rsa", "rsa"), ("rsa -in rsa -traditional", "rsa")]
        {
            openssl.ok(&format!("{line} -out copy"));
            assert_eq!(openssl.text("copy"), openssl.text(key), "{line}");
            openssl.ok(&format!("{line} -outform DER -out copy"));
            openssl.ok("pkey -in copy -out copy.pem");
            assert_eq!(openssl.text("copy.pem"), openssl.text(key), "{line}, DER");
            let refused = openssl.failed(&format!("{line} -aes256 -passout pass:secret"));
            refused.says("cannot encrypt a TPM key file").says("user-auth");
        }
        // Public halves and parameters are written in the old structures.
        openssl.ok("rsa -in rsa -RSAPublicKey_out -out public");
        assert!(openssl.text("public").starts_with("-----BEGIN RSA PUBLIC KEY-----"));
        openssl.ok("rsa -in rsa -pubout -out public");
        openssl.without_tpm2().ok("rsa -pubin -in public -noout -text").says("2048 bit");
    }
}

#[test]
fn software_keys_are_written_in_old_structures_as_by_the_default_provider() {
    for order in Order::BOTH {
        let openssl = Openssl::with_tpm2(NO_TPM, order);
        let stock = openssl.without_tpm2();
        openssl.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out ec");
        openssl.ok("genpkey -algorithm RSA -out rsa");
        for (line, head) in [("ec -in ec", "EC"), ("rsa -in rsa -traditional", "RSA")] {
            openssl.ok(&format!("{line} -out old"));
            assert!(
                openssl.text("old").starts_with(&format!("-----BEGIN {head} PRIVATE KEY-----")),
                "{order:?}"
            );
            assert_eq!(openssl.text("old"), stock.ok(line).out(), "{order:?}");
            openssl.ok(&format!("{line} -aes256 -passout pass:secret -out old"));
            assert!(openssl.text("old").contains("Proc-Type: 4,ENCRYPTED"), "{order:?}");
            stock.failed("pkey -in old -noout -passin pass:wrong");
            stock.ok("pkey -in old -check -noout -passin pass:secret").says("Key is valid");
            openssl.ok(&format!("{line} -outform DER -out old"));
            stock.ok("pkey -in old -check -noout").says("Key is valid");
        }
        openssl.ok("genpkey -genparam -algorithm EC -pkeyopt group:P-384 -out parameters");
        stock.ok("ecparam -in parameters -noout -text").says("secp384r1");
        openssl.ok("ecparam -name P-256 -genkey -noout -out old");
        stock.ok("pkey -in old -check -noout").says("Key is valid");
    }
}

#[test]
fn library_calls_for_old_structures_write_the_file_too() {
    let machine = Machine::new();
    machine.key("ec", "-e P-256");
    machine.key("rsa", "-r");
    let program = program(machine.openssl.shell(), "write");
    for order in Order::BOTH {
        let openssl = Openssl::in_shell(machine.openssl.shell().clone(), NO_TPM, order);
        for key in ["ec", "rsa"] {
            openssl.shell().ok(&format!("{program} {key}"));
        }
    }
}

#[test]
fn old_structures_of_a_persistent_key_are_a_reference() {
    let machine = Machine::new();
    machine.key("ec", "-e P-256");
    machine.key("rsa", "-r");
    machine.tool.ok("load ec 81000010");
    machine.tool.ok("load rsa 81000011");
    for order in Order::BOTH {
        let openssl = machine.openssl.clone().ordered(order);
        for (line, handle) in
            [("pkey", "81000010"), ("ec", "81000010"), ("rsa", "81000011"), ("rsa -traditional", "81000011")]
        {
            openssl.ok(&format!("{line} -in handle:0x{handle} -out reference"));
            assert!(openssl.text("reference").starts_with("-----BEGIN TPM2 KEY REFERENCE-----"), "{line}");
            machine.signs("reference");
            let refused =
                openssl.failed(&format!("{line} -in handle:0x{handle} -aes256 -passout pass:secret"));
            refused.says("cannot encrypt a TPM key file");
        }
    }
}
