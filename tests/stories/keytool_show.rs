//! `show`: what a key is, in words; files without a TPM, persistent keys with one.

use keyfile::{CommandCode, Handle, HashAlg, Kind, policy::Statement};
use tests::raw::{self, Tpm as _};
use tests::{Proxy, Swtpm, peers};

use crate::keytool::Desk;

#[test]
fn a_file_is_told_without_a_tpm() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let desk = Desk::by(tpm, &proxy.swtpm_tcti());
    desk.run("tpm2-keytool create -e P-384 -k secret -d --description 'mine' key.tpm").ok();
    desk.run("tpm2-keytool create key2.tpm").ok();
    proxy.log().clear();
    for part in [
        "EC, curve P-384 (secp384r1)",
        "inside the TPM",
        "owner hierarchy (0x40000001)",
        "password      needed",
        "wrong passwords count",
        "policy        none",
        "mine",
        "ecdsa_secp384r1_sha384",
    ] {
        desk.run("tpm2-keytool show key.tpm").ok().says(part);
    }
    for part in ["RSA, 2048 bits", "password      none", "rsa_pss_rsae", "raw RSA"] {
        desk.run("tpm2-keytool show key2.tpm --tcti device:/dev/no-such-tpm").ok().says(part);
    }
    assert!(proxy.log().is_empty());
}

#[test]
fn a_wrapped_key_under_a_persistent_parent() {
    let desk = Desk::new();
    let parent = desk.tpm.create_primary();
    desk.tpm.persist(parent, 0x8100_0001);
    desk.tpm.flush(parent);
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
    desk.run("create_tpm2_key -w ec.pem -p 81000001 key.tpm").ok();
    desk.run("tpm2-keytool show key.tpm")
        .ok()
        .says("copies of the original")
        .says("persistent key at 0x81000001");
}

#[test]
fn a_policy_sentence_by_sentence() {
    let desk = Desk::new();
    desk.run("create_tpm2_key -e P-256 key.tpm").ok();
    let mut key = desk.key("key.tpm");
    let statements = vec![
        Statement { command: CommandCode::POLICY_LOCALITY, body: vec![0b1001] },
        Statement { command: CommandCode::POLICY_AUTH_VALUE, body: Vec::new() },
    ];
    key.public.auth_policy = keyfile::policy::digest(&statements, HashAlg::Sha256).unwrap();
    key.public.attributes = key.public.attributes.without(keyfile::Attributes::USER_WITH_AUTH);
    key.policy = Some(statements);
    desk.shell.write("policy.tpm", key.to_pem().unwrap());
    let shown = desk
        .run("tpm2-keytool show policy.tpm")
        .ok()
        .says("1. ")
        .says("2. ")
        .says("locality")
        .says("password");
    assert!(!shown.out().contains("policy        none"), "{shown}");
}

#[test]
fn an_importable_key() {
    let desk = Desk::new();
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
    desk.run("create_tpm2_key -w ec.pem key.tpm").ok();
    let mut key = desk.key("key.tpm");
    (key.kind, key.secret) = (Kind::Importable, Some(vec![0; 70]));
    desk.shell.write("importable.tpm", key.to_pem().unwrap());
    desk.run("tpm2-keytool show importable.tpm").ok().says("TPM2_Import under its parent");
}

#[test]
fn a_persistent_handle() {
    let desk = Desk::new();
    let parent = desk.tpm.create_primary_with(b"", raw::STORAGE);
    desk.tpm.persist(parent, 0x8100_0001);
    desk.tpm.flush(parent);
    for spelling in ["0x81000001", "81000001"] {
        desk.run(&format!("tpm2-keytool show {spelling}"))
            .ok()
            .says("0x81000001")
            .says("a parent")
            .says("P-256");
    }
    // A file is meant before a handle.
    desk.run("create_tpm2_key 81000001").ok();
    desk.run("tpm2-keytool show 81000001").ok().says("RSA, 2048 bits");
    desk.assert_tidy();
}

#[test]
fn files_of_tpm2_openssl() {
    let desk = Desk::new();
    let other = peers::tpm2_openssl(&desk.shell, &desk.tpm.tcti());
    let genpkey = "openssl genpkey -provider tpm2 -provider default -propquery ?provider=tpm2";
    other.ok(&format!("{genpkey} -algorithm EC -pkeyopt group:P-256 -out ec.tpm"));
    other.ok(&format!("{genpkey} -algorithm RSA -pkeyopt bits:2048 -pkeyopt user-auth:abc -out rsa.tpm"));
    desk.run("tpm2-keytool show ec.tpm").ok().says("EC, curve P-256").says("password      none");
    desk.run("tpm2-keytool show rsa.tpm").ok().says("RSA, 2048 bits").says("password      needed");
    assert_eq!(desk.key("ec.tpm").parent, Handle::OWNER);
}

#[test]
fn tpm2_openssl_uses_our_files() {
    let desk = Desk::new();
    let other = peers::tpm2_openssl(&desk.shell, &desk.tpm.tcti());
    desk.shell.write("data", "hello\n");
    for (options, name) in [("-e P-256", "ec"), ("", "rsa")] {
        desk.run(&format!("create_tpm2_key {options} {name}.tpm")).ok();
        let providers = "-provider tpm2 -provider default -propquery ?provider=tpm2";
        other.ok(&format!("openssl pkey {providers} -in {name}.tpm -pubout -out {name}.public"));
        other.ok(&format!("openssl pkeyutl {providers} -sign -rawin -digest sha256 -in data -inkey {name}.tpm -out signature"));
        desk.verify(&format!("{name}.public"));
    }
}
