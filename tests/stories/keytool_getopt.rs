//! The drop-in names parse their command lines like getopt_long(3), and report errors under the name that was called.

use keyfile::{Curve, Handle, PublicKey};

use crate::keytool::Desk;

#[test]
fn options_may_be_abbreviated_joined_repeated_and_last() {
    let desk = Desk::new();
    desk.run("create_tpm2_key --restricted --ec prime256v1 parent.tpm").ok();
    desk.run("load_tpm2_key parent.tpm 0x81000101").ok();
    // A password that looks like an option, after a flag in the same argument.
    desk.run("create_tpm2_key key.tpm -ak -secret --ec=secp384r1 --par 81000101").ok();
    let key = desk.key("key.tpm");
    assert!(key.needs_password() && matches!(key.public.key, PublicKey::Ecc { curve: Curve::P384, .. }));
    assert_eq!(key.parent, Handle(0x8100_0101));
    // The value in the same argument, and an operand after it.
    desk.run("create_tpm2_key -aksecret -eprime256v1 joined.tpm").ok();
    assert!(desk.key("joined.tpm").needs_password());
    // The last one counts.
    desk.run("create_tpm2_key -p null -e prime256v1 --parent owner -- -odd.tpm").ok();
    assert_eq!(desk.key("-odd.tpm").parent, Handle::OWNER);
    // Their --pas means --password, although --passin and --passout exist here.
    desk.pipe("seal_tpm2_data -a --pas secret sealed.tpm", "hello").ok();
    assert_eq!(desk.run("unseal_tpm2_data sealed.tpm --pass secret").ok().out(), "hello");
    desk.run("attest_tpm2_primary --ek").ok();
}

#[test]
fn each_pcr_bank_has_its_option() {
    let desk = Desk::new();
    desk.pipe("seal_tpm2_data --pcr-lock sha256:16 -x sha1:3,5-6 sealed.tpm", "hello").ok();
    desk.run("tpm2-keytool show sealed.tpm").ok().says("PCR 16 of bank sha256 and PCRs 3, 5, 6 of bank sha1");
    assert_eq!(desk.run("unseal_tpm2_data sealed.tpm").ok().out(), "hello");
    desk.pipe("tpm2-keytool seal -x 16 -x sha256:3 no.tpm", "hello")
        .failed()
        .says("names the bank sha256 twice");
    desk.shell.write("policy", "0000016f01");
    desk.pipe("seal_tpm2_data --policy policy sealed.tpm", "hello").ok();
    assert_eq!(desk.run("unseal_tpm2_data sealed.tpm").ok().out(), "hello");
}

#[test]
fn a_wrapped_key_keeps_its_type() {
    let desk = Desk::new();
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
    desk.run("create_tpm2_key --rsa -w ec.pem key.tpm").ok();
    desk.run("create_tpm2_key -e secp384r1 -w ec.pem key.tpm").ok();
    assert!(matches!(desk.key("key.tpm").public.key, PublicKey::Ecc { curve: Curve::P256, .. }));
    desk.run("create_tpm2_key -s 2048 -w ec.pem key.tpm").failed().says("cannot be used with");
}

#[test]
fn errors_begin_with_the_name_that_was_called() {
    let desk = Desk::new();
    for (line, name, cause) in [
        ("create_tpm2_key --pa x key.tpm", "create_tpm2_key", "'--password' '--parent-handle'"),
        ("create_tpm2_key --nosuch", "create_tpm2_key", "--nosuch"),
        ("load_tpm2_key no-such-file 81000101", "load_tpm2_key", "No such file"),
        ("signed_tpm2_policy ls no-such-file", "signed_tpm2_policy", "No such file"),
        ("tpm2-keytool show no-such-file", "tpm2-keytool", "No such file"),
        ("tpm2-keytool create --par owner key.tpm", "tpm2-keytool", "--par"),
    ] {
        let output = desk.run(line).failed().says(cause);
        assert!(output.err().starts_with(&format!("{name}: ")), "{output}");
    }
}

#[test]
fn curves_are_spelled_as_the_engine_spells_them() {
    let desk = Desk::new();
    let listed = desk.run("create_tpm2_key --list-curves").ok().out();
    let has = |name: &str| listed.lines().any(|line| line == name);
    assert!(has("prime256v1") && has("bnp256"), "{listed}");
    for curve in ["bnp256", "bnp638", "sm2"] {
        let made = desk.run(&format!("create_tpm2_key -e {curve} key.tpm"));
        match has(curve) {
            true => drop(made.ok()),
            false => drop(made.failed().says("curve")),
        }
    }
}
