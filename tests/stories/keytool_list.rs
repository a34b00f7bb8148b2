//! `list` describes the TPM's persistent keys and NV indexes; `evict` removes a key.

use tests::Pty;
use tests::raw::{self, Tpm as _};

use crate::keytool::Desk;

/// Makes a TPM with keys of each kind, and NV indexes.
fn full() -> Desk {
    let desk = Desk::new();
    desk.run("tpm2-keytool srk").ok();
    desk.run("tpm2-keytool create -r rsa.tpm").ok();
    desk.run("tpm2-keytool load rsa.tpm 81000100").ok();
    desk.run("tpm2-keytool create -e P-256 -x sha256:16 bound.tpm").ok();
    desk.run("tpm2-keytool load -f bound.tpm 81000101").ok();
    desk.shell.write("req.cnf", "[req]\ndistinguished_name = n\n[n]\n");
    desk.others(
        "openssl req -x509 -config req.cnf -newkey rsa:2048 -nodes -keyout k.pem -subj /CN=host -outform DER -out c.der
         size=$(stat -c %s c.der)
         tpm2_nvdefine -Q -C o -s $size -a 'ownerwrite|ownerread|authread|no_da' 0x01800010; tpm2_nvwrite -Q -C o -i c.der 0x01800010
         tpm2_nvdefine -Q -C o -s 8 -a 'ownerwrite|ownerread' 0x01800011
         tpm2_createek -Q -G ecc -c 0x81010001 -u ek.pub; tpm2_flushcontext -t",
    );
    desk
}

#[test]
fn persistent_objects_are_listed_in_words() {
    let empty = Desk::new();
    assert_eq!(
        empty.run("tpm2-keytool list").ok().out(),
        "this TPM has no persistent keys and no NV indexes\n"
    );
    let desk = full();
    let out = desk.run("tpm2-keytool list").ok().out();
    assert_eq!(
        out.lines().collect::<Vec<_>>(),
        [
            "0x81000001  EC prime256v1, standard storage key: a parent of other keys",
            "0x81000100  RSA 2048, signs and decrypts",
            "0x81000101  EC prime256v1, signs and decrypts; can only be used with a policy",
            "0x81010001  EC prime256v1, endorsement key; can only be used with a policy",
            "0x01800010  NV index: a certificate of CN=host",
            "0x01800011  NV index: nothing: it was never written",
        ]
    );
    desk.assert_tidy();
}

#[test]
fn a_key_is_evicted_after_the_user_confirms() {
    let desk = full();
    let kept = desk.tpm.persistent();
    // There is no terminal to ask on.
    desk.run("tpm2-keytool evict 81000100").failed().says("there is no terminal").says("--yes");
    assert_eq!(desk.tpm.persistent(), kept);
    for (answer, removed) in [("n", false), ("", false), ("y", true)] {
        let mut terminal = Pty::start(desk.command("tpm2-keytool evict 81000100"));
        terminal.expect("Remove 0x81000100 (RSA 2048, signs and decrypts) from the TPM? [y/N] ");
        let (success, screen) = terminal.answer(answer).end();
        assert_eq!(success, removed, "{screen}");
        assert_eq!(!desk.tpm.persistent().contains(&0x8100_0100), removed, "{screen}");
    }
    let output = desk.run("tpm2-keytool evict --force 81000101").ok();
    assert_eq!(
        output.out(),
        "removed 0x81000101: EC prime256v1, signs and decrypts; can only be used with a policy\n"
    );
    assert_eq!(desk.tpm.persistent(), [0x8100_0001, 0x8101_0001]);
    desk.run("tpm2-keytool evict --yes 81000101").failed().says("there is no key at 0x81000101");
    for (handle, words) in
        [("80000001", "not a persistent handle"), ("01800010", "tpm2_nvundefine"), ("x", "")]
    {
        let output = desk.run(&format!("tpm2-keytool evict --yes {handle}")).failed().says(words);
        assert_eq!(output.code(), Some(2), "{output}");
    }
    desk.assert_tidy();
}

#[test]
fn evict_needs_the_password_of_the_hierarchy() {
    let desk = Desk::new();
    desk.run("tpm2-keytool create -p platform -e P-256 platform.tpm").ok();
    desk.run("tpm2-keytool load platform.tpm 81800001").ok();
    desk.run("tpm2-keytool srk").ok();
    desk.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    desk.tpm.set_hierarchy_auth(raw::PLATFORM, b"", b"platform");
    for (line, code) in [
        ("81000001", 7),
        ("-b wrong 81000001", 3),
        ("-b platform 81000001", 3),
        ("81800001", 7),
        ("-b owner 81800001", 3),
    ] {
        let output = desk.run(&format!("tpm2-keytool evict --yes {line}")).failed().says("password");
        assert_eq!(output.code(), Some(code), "{output}");
    }
    // The password of the settings is used for the owner hierarchy.
    let shell = desk.shell.clone().env("TPM2_PIN", "owner");
    let tool = tests::module::keytool().display().to_string();
    shell.failed(&format!("{tool} evict --yes 81800001")).says("the platform hierarchy has a password");
    desk.run("tpm2-keytool evict --yes -b owner 81000001").ok();
    desk.run("tpm2-keytool evict --yes -b platform 81800001").ok();
    assert!(desk.tpm.persistent().is_empty());
    desk.assert_tidy();
}
