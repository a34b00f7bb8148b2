//! Behaviour of rare TPMs that swtpm lacks, imitated by a proxy; and the progress that the tool shows while a slow TPM works.

use std::time::Duration;

use keyfile::Attributes;
use tests::raw::{self, u32_at};
use tests::{Fate, Proxy, Pty, tamper};

use crate::keytool::Desk;

/// Makes P-384 the only curve in the TPM's list (TPM_CAP_ECC_CURVES, TPML_ECC_CURVE: Part 2 §6.12, §10.9.6).
fn without_p256(proxy: &Proxy) {
    proxy.on_response(|command, response| {
        if raw::code(command) == raw::GET_CAPABILITY && u32_at(command, 10) == 8 {
            *response = vec![0x80, 1, 0, 0, 0, 21, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1, 0, 4];
        }
        Fate::Pass
    });
}

#[test]
fn a_tpm_without_p256_has_rsa_parents() {
    let (desk, proxy) = Desk::behind_proxy();
    without_p256(&proxy);
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out ec.pem");
    for options in ["-e P-384", "-w ec.pem"] {
        desk.run(&format!("create_tpm2_key {options} key.tpm")).ok();
        assert!(desk.key("key.tpm").rsa_parent);
        desk.run("tpm2-keytool show key.tpm").ok().says("RSA-2048 storage key");
        desk.assert_tidy();
        desk.load("key.tpm", "o -G rsa2048");
        desk.sign("-s ecdsa -g sha384").ok();
    }
    desk.run("create_tpm2_key -e P-256 no.tpm").failed().says("no curve prime256v1").says("it has secp384r1");
    desk.run("tpm2-keytool create -e P-384 --deprecated no.tpm")
        .failed()
        .says("the storage key of the old layout: it is on P-256, which this TPM lacks");
    desk.assert_absent("no.tpm");
    desk.run("tpm2-keytool status").ok().says("no P-256");
}

#[test]
fn a_tpm_that_refuses_to_sign_and_decrypt_gets_keys_that_decrypt() {
    let (desk, proxy) = Desk::behind_proxy();
    desk.others("openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem");
    // TPM_RC_SCHEME and TPM_RC_ATTRIBUTES of the second parameter
    for (command, code, options) in [(raw::CREATE, 0x2D2, ""), (raw::IMPORT, 0x2C2, "-w rsa.pem")] {
        proxy.on_command(tamper::answer(command, code, 1));
        desk.run(&format!("create_tpm2_key {options} key.tpm"))
            .ok()
            .says("refuses RSA keys that sign and decrypt");
        let attributes = desk.key("key.tpm").public.attributes;
        assert!(attributes.contains(Attributes::DECRYPT) && !attributes.contains(Attributes::SIGN));
        desk.assert_tidy();
    }
    // After another error there is no second attempt.
    proxy.on_command(tamper::answer(raw::CREATE, 0x2D2, 2));
    desk.run("create_tpm2_key -e P-256 no.tpm").failed().says("TPM_RC_SCHEME");
    desk.assert_absent("no.tpm");
    desk.assert_tidy();
}

/// Makes the TPM take longer than a second for this command.
fn slow(proxy: &Proxy, slow: u32) {
    proxy.on_command(tamper::delay(slow, Duration::from_millis(1_300)));
}

#[test]
fn progress_is_shown_on_a_terminal_after_a_second() {
    let (desk, proxy) = Desk::behind_proxy();
    slow(&proxy, raw::CREATE);
    let (success, screen) = Pty::start(desk.command("create_tpm2_key key.tpm"))
        .expect("searching for primes")
        .expect("1 s")
        .end();
    assert!(success && screen.ends_with("\r\x1b[K"), "{screen:?}");
    assert_eq!(desk.run("create_tpm2_key key.tpm").ok().err(), "");
    // A fast command, or one that searches no primes, shows no progress.
    let (success, screen) = Pty::start(desk.command("create_tpm2_key -e P-256 key.tpm")).end();
    assert!(success && screen.is_empty(), "{screen:?}");
    proxy.remove_rules();
    desk.run("tpm2-keytool create -e P-256 quick.tpm").ok();
    let (success, screen) = Pty::start(desk.command("create_tpm2_key -s 1024 key.tpm")).end();
    assert!(success && screen.is_empty(), "{screen:?}");
    slow(&proxy, raw::CREATE_PRIMARY);
    without_p256(&proxy);
    Pty::start(desk.command("create_tpm2_key -e P-384 key.tpm")).expect("RSA storage key").end();
}
