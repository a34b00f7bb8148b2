//! `srk` makes the standard storage key persistent at its standard handle; other tools derive the same key.

use tests::raw::{self, Tpm as _};
use tests::tamper;

use crate::keytool::Desk;

#[test]
fn the_standard_storage_key_is_made_persistent_once() {
    for (option, kind, theirs) in [("", "P-256", "ecc256"), ("--rsa", "RSA-2048", "rsa2048")] {
        let desk = Desk::new();
        // A file under the owner hierarchy, made earlier.
        desk.run("tpm2-keytool create -e P-256 before.tpm").ok();
        let made = desk.run(&format!("tpm2-keytool srk {option}")).ok();
        assert_eq!(made.out(), format!("made the {kind} storage key persistent at 0x81000001\n"));
        assert_eq!(desk.tpm.persistent(), [0x8100_0001]);
        let again = desk.run(&format!("tpm2-keytool srk {option}")).ok();
        assert_eq!(again.out(), format!("the {kind} storage key is already at 0x81000001\n"));
        // tpm2-tools derive the same key from the TCG template.
        desk.others(&format!(
            "tpm2_createprimary -Q -C o -G {theirs}:aes128cfb -c p.ctx -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt'
             tpm2_readpublic -Q -c p.ctx -n derived; tpm2_flushcontext -t; tpm2_readpublic -Q -c 0x81000001 -n kept; cmp derived kept"
        ));
        let serves =
            if option.is_empty() { "present at 0x81000001" } else { "another parent is at 0x81000001" };
        desk.run("tpm2-keytool status").ok().says(serves);
        desk.run("tpm2-keytool create -e P-256 -p 81000001 under.tpm").ok();
        desk.load("under.tpm", "0x81000001");
        desk.sign("-s ecdsa").ok();
        if option.is_empty() {
            desk.load("before.tpm", "0x81000001");
            desk.sign("-s ecdsa").ok();
        }
        desk.assert_tidy();
    }
}

#[test]
fn another_object_at_the_handle_is_kept() {
    let desk = Desk::new();
    desk.run("tpm2-keytool srk --rsa").ok();
    desk.run("tpm2-keytool srk")
        .failed()
        .says("another object is at 0x81000001: RSA 2048, standard storage key")
        .says("tpm2-keytool evict 0x81000001");
    desk.run("tpm2-keytool evict --yes 81000001").ok();
    desk.run("tpm2-keytool create -e P-256 key.tpm").ok();
    desk.run("tpm2-keytool load key.tpm 81000001").ok();
    for option in ["", "--rsa"] {
        desk.run(&format!("tpm2-keytool srk {option}")).failed().says("EC prime256v1, signs and decrypts");
    }
    // The template alone does not determine the key: another unique field gives another key.
    desk.run("tpm2-keytool evict --yes 81000001").ok();
    desk.others(
        "head -c 32 /dev/zero >x; printf '\\040\\000' >unique; cat x >>unique; printf '\\040\\000' >>unique; cat x >>unique
         tpm2_createprimary -Q -C o -G ecc256:aes128cfb -u unique -c p.ctx -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt'
         tpm2_evictcontrol -Q -c p.ctx 0x81000001; tpm2_flushcontext -t",
    );
    desk.run("tpm2-keytool srk").failed().says("another object is at 0x81000001");
    assert_eq!(desk.tpm.persistent(), [0x8100_0001]);
    desk.assert_tidy();
}

#[test]
fn the_owners_password_is_used() {
    let (desk, proxy) = Desk::behind_proxy();
    desk.tpm.set_hierarchy_auth(raw::OWNER, b"", b"ownersecretword");
    desk.shell.write("word", "ownersecretword\n");
    for (options, code) in [("", 7), ("-b wrong", 3)] {
        let output = desk.run(&format!("tpm2-keytool srk {options}")).failed().says("password");
        assert_eq!(output.code(), Some(code), "{output}");
    }
    assert!(desk.tpm.persistent().is_empty());
    desk.run("tpm2-keytool srk --passowner file:word").ok().says("made the P-256");
    desk.run("tpm2-keytool evict --yes --passowner file:word 81000001").ok().says("removed 0x81000001");
    // The settings give the password.
    let shell = desk.shell.clone().env("TPM2_PIN", "ownersecretword");
    let tool = tests::module::keytool().display().to_string();
    assert!(shell.run(&format!("{tool} srk")).ok().out().contains("made the P-256"));
    assert!(!proxy.log().contains(b"ownersecretword"));
    desk.assert_tidy();
}

#[test]
fn a_lost_response_does_not_make_a_second_key() {
    let (desk, proxy) = Desk::behind_proxy();
    proxy.on_response(tamper::hang_up(raw::EVICT_CONTROL, 1));
    let output = desk.run("tpm2-keytool srk");
    proxy.remove_rules();
    // The tool connects again, finds the key, and so does the next run.
    output.ok().says("made the P-256 storage key persistent");
    desk.run("tpm2-keytool srk").ok().says("already");
    assert_eq!(desk.tpm.persistent(), [0x8100_0001]);
    desk.assert_tidy();
}
