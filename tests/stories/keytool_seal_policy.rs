//! Sealed data with a policy: it is unsealed while the policy holds; otherwise the error names the condition that fails.

use keyfile::{Attributes, Handle, HashAlg, Kind};
use tests::raw::{self, Tpm as _};

use crate::keytool::Desk;
use crate::keytool_seal::binary;

/// No TPM listens there: a command that needs a TPM fails.
const NO_TPM: &str = "--tcti swtpm:host=127.0.0.1,port=1";

#[test]
fn data_is_bound_to_pcr_values() {
    let desk = Desk::new();
    for hash in HashAlg::ALL {
        desk.seal(&format!("-n {hash} -x sha256:16,23"), &binary(100));
        let file = desk.key("sealed.tpm");
        assert!(!file.public.attributes.contains(Attributes::USER_WITH_AUTH) && file.empty_auth);
        desk.unseals("", &binary(100));
        desk.others(
            "tpm2_pcrextend 16:sha256=0123456789012345678901234567890123456789012345678901234567890123",
        );
        desk.stays_sealed("", "PCR");
        desk.others("tpm2_pcrreset 16");
        desk.unseals("", &binary(100));
    }
    // Other banks, and more PCRs than one response to PCR_Read holds.
    for spec in ["sha1:16", "sha512:16", "sha1:0-23+sha256:0-23", "16"] {
        desk.seal(&format!("--pcr-lock {spec}"), b"hello");
        desk.unseals("", b"hello");
        desk.others("tpm2_pcrevent -Q 16 script");
        desk.stays_sealed("", "has changed");
        desk.others("tpm2_pcrreset 16");
    }
    // Ten failures leave no more in the TPM than one.
    desk.others("tpm2_pcrevent -Q 16 script");
    for _ in 0..10 {
        desk.stays_sealed("", "PCR 16");
    }
    // All PCRs of a TPM with four banks.
    desk.seal("-x sha1:0-23+sha256:0-23+sha384:0-23+sha512:0-23", b"hello");
    desk.unseals("", b"hello");
    for bank in HashAlg::ALL {
        let zeros = "0".repeat(2 * bank.size());
        desk.others(&format!("tpm2_pcrextend 23:{bank}={zeros}"));
        desk.stays_sealed("", "has changed");
        desk.others("tpm2_pcrreset 23");
    }
    desk.unseals("", b"hello");
}

#[test]
fn an_invalid_policy_is_refused_before_any_tpm_command() {
    let desk = Desk::new();
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem; openssl pkey -in ec.pem -pubout -out ec.public");
    desk.seal("--signed-policy ec.public", b"hello");
    let before = desk.shell.read("sealed.tpm");
    desk.shell.write("cut", "0000016b\n0000016");
    desk.shell.write("words", "only on Sundays\n");
    for (options, cause, status) in [
        ("-x md5:1", "not a PCR selection", 2),
        ("-x sha256:32", "not a PCR selection", 2),
        ("-x 5-3", "not a PCR selection", 2),
        ("-x sha256:", "not a PCR selection", 2),
        ("-x sha256:1,sha256:2", "not a PCR selection", 2),
        ("-c cut", "line 2", 1),
        ("-c words", "line 1", 1),
        ("-c none", "No such file", 1),
        ("-c /dev/null", "no statement", 1),
        ("-c .", "directory", 1),
    ] {
        for line in [
            format!("seal_tpm2_data {options} no.tpm"),
            format!("signed_tpm2_policy add {options} sealed.tpm ec.pem"),
        ] {
            let output = desk.pipe(&format!("{line} {NO_TPM}"), b"hello").failed().says(cause);
            assert_eq!(output.code(), Some(status), "{output}");
            assert!(output.stdout.is_empty() && desk.shell.read("sealed.tpm") == before, "{output}");
            desk.assert_absent("no.tpm");
        }
    }
}

#[test]
fn a_password_and_pcr_values_are_both_demanded() {
    let desk = Desk::new();
    desk.seal("-x 16 -k secret", b"hello");
    desk.unseals("-k secret", b"hello");
    desk.stays_sealed("-k wrong", "password");
    desk.stays_sealed("-k ''", "password");
    desk.others("tpm2_pcrevent -Q 16 script");
    desk.stays_sealed("-k secret", "PCR 16");
    assert_eq!(desk.tpm.failures(), 0);
    // Under dictionary-attack protection a wrong password counts, and a changed PCR does not.
    desk.others("tpm2_pcrreset 16");
    desk.seal("-d -x 16 -k secret", b"hello");
    desk.unseals("-k secret", b"hello");
    desk.stays_sealed("-k wrong", "password");
    assert_eq!(desk.tpm.failures(), 1);
    desk.others("tpm2_pcrevent -Q 16 script");
    desk.stays_sealed("-k secret", "PCR 16");
    assert_eq!(desk.tpm.failures(), 1);
}

#[test]
fn localities_counters_and_commands_are_demanded() {
    let desk = Desk::new();
    desk.seal("--locality 1", b"hello");
    desk.unseals("", b"hello");
    desk.seal("--locality 0x1f", b"hello");
    desk.unseals("", b"hello");
    desk.seal("--locality 8", b"hello");
    desk.stays_sealed("", "locality 3");
    // The clock is below 2^40 ms; the command is TPM2_Unseal; NV is not written; each with the message of its failure.
    for (line, holds, cause) in [
        ("0000016d 0000010000000000 0008 0005", true, ""),
        ("0000016d 0000010000000000 0008 0003", false, "clock"),
        ("0000016c 0000015e", true, ""),
        ("0000016c 0000015d", false, "TPM2_Sign"),
        ("0000016b", true, ""),
        ("0000018c", true, ""),
    ] {
        desk.shell.write("policy", line.replace(' ', ""));
        let word = if line.ends_with("6b") || line.ends_with("8c") { "-k secret" } else { "" };
        desk.seal(&format!("-c policy {word}"), b"hello");
        if holds {
            desk.unseals(word, b"hello");
        } else {
            desk.stays_sealed(word, cause);
        }
    }
    // A clock that advances past the limit.
    desk.shell.write("policy", "0000016d00000000009896800008 0005".replace(' ', ""));
    desk.seal("-c policy", b"hello");
    desk.unseals("", b"hello");
    desk.others("tpm2_setclock 10000001");
    desk.stays_sealed("", "clock");
}

/// Rewrites the file as other tools do: the data itself has no password.
fn without_password(desk: &Desk) {
    let mut file = desk.key("sealed.tpm");
    file.empty_auth = true;
    desk.shell.write("sealed.tpm", file.to_pem().unwrap());
}

#[test]
fn the_password_of_another_object_is_demanded() {
    let desk = Desk::new();
    desk.others(
        "tpm2_startauthsession -S s.ctx; tpm2_policycommandcode -Q -S s.ctx -L change TPM2_CC_NV_ChangeAuth; tpm2_flushcontext s.ctx
         tpm2_nvdefine -Q 0x1500016 -C o -s 8 -p index -L change -a 'authread|authwrite|no_da'",
    );
    let parent = desk.tpm.create_primary_with(b"other", raw::STORAGE);
    desk.tpm.persist(parent, 0x8100_0007);
    desk.tpm.flush(parent);
    desk.seal("--secret 81000007", b"hello");
    assert!(desk.key("sealed.tpm").needs_password());
    desk.unseals("-k other", b"hello");
    desk.stays_sealed("-k wrong", "0x81000007");
    // The password of the other object is asked for all the same.
    let failures = desk.tpm.failures();
    without_password(&desk);
    assert_eq!(desk.pipe("tpm2-keytool unseal sealed.tpm", "other\n").ok().stdout, b"hello");
    assert_eq!(desk.tpm.failures(), failures);
    desk.stays_sealed("", "0x81000007");
    desk.seal("--secret 01500016 -x 16", b"hello");
    desk.unseals("-k index", b"hello");
    desk.stays_sealed("-k wrong", "0x01500016");
    desk.others(
        "tpm2_startauthsession --policy-session -S s.ctx; tpm2_policycommandcode -Q -S s.ctx TPM2_CC_NV_ChangeAuth
         tpm2_changeauth -Q -c 0x1500016 -p session:s.ctx newer; tpm2_flushcontext s.ctx",
    );
    desk.stays_sealed("-k index", "0x01500016");
    desk.unseals("-k newer", b"hello");
    // Without an option the password of the other object is asked for, by name.
    desk.stays_sealed("", "cannot read the password of the object at 0x01500016");
    desk.others("tpm2_nvundefine -Q -C o 0x1500016");
    desk.stays_sealed("-k newer", "0x01500016");
    desk.seal("--secret endorsement", b"hello");
    desk.unseals("-k ''", b"hello");
    desk.stays_sealed("", "cannot read the password of the endorsement hierarchy");
    // At boot there is no terminal, and no password is needed if the other object has none.
    without_password(&desk);
    desk.unseals("", b"hello");
    desk.others("tpm2_changeauth -Q -c e changed");
    desk.stays_sealed("-k ''", "endorsement");
    desk.unseals("--passin pass:changed", b"hello");
    for (name, letter) in [("platform", "p"), ("lockout", "l"), ("owner", "o")] {
        desk.seal(&format!("--secret {name}"), b"hello");
        desk.unseals("-k ''", b"hello");
        desk.others(&format!("tpm2_changeauth -Q -c {letter} changed"));
        // A wrong lockout password disables lockout authorization for a day (Part 1 §19.8.6): none is tried.
        if name != "lockout" {
            desk.stays_sealed(&format!("{} -k wrong", if name == "owner" { "-b changed" } else { "" }), name);
        }
        desk.unseals(if name == "owner" { "-b changed -k changed" } else { "-k changed" }, b"hello");
        desk.others(&format!("tpm2_changeauth -Q -c {letter} -p changed"));
        desk.unseals("-k ''", b"hello");
    }
    for (options, why) in [
        ("--secret 81000009", "no object at 0x81000009"),
        ("--secret owner -k word", "two passwords"),
        ("-x sha256:31", "PCR 31"),
    ] {
        desk.pipe(&format!("seal_tpm2_data {options} no.tpm"), b"hello").failed().says(why);
        desk.assert_absent("no.tpm");
        desk.assert_tidy();
    }
}

#[test]
fn importable_data_is_sealed_without_a_tpm() {
    let desk = Desk::new();
    let templates = [
        "-G ecc256:aes128cfb",
        "-G rsa2048:aes128cfb",
        "-G ecc384:aes256cfb -g sha384",
        "-G rsa2048:aes256cfb -g sha512",
    ];
    for (n, template) in (1..).zip(templates) {
        desk.others(&format!(
            "tpm2_createprimary -Q {template} -c p.ctx; tpm2_evictcontrol -Q -c p.ctx 0x8100000{n}; tpm2_flushcontext -t
             tpm2_readpublic -Q -c 0x8100000{n} -o {n}.area; tpm2_readpublic -Q -c 0x8100000{n} -f pem -o {n}.pem"
        ));
    }
    for (n, hash) in (1..).zip(["sha256", "sha1", "sha512", "sha384"]) {
        let options = format!("{NO_TPM} -i {n}.area -p 8100000{n} -n {hash}");
        for data in [binary(1), binary(128)] {
            desk.seal(&options, &data);
            let file = desk.key("sealed.tpm");
            assert_eq!((file.kind, file.parent), (Kind::Sealed, Handle(0x8100_0000 + n)));
            assert!(file.secret.is_some() && !file.public.attributes.contains(Attributes::FIXED_TPM));
            desk.unseals("", &data);
            // Other tools import it.
            desk.import("sealed.tpm", &format!("0x8100000{n}"));
            assert_eq!(desk.others("tpm2_unseal -c key.ctx; tpm2_flushcontext -t").stdout, data);
        }
        desk.seal(&format!("{options} -k secret -d"), b"hello");
        desk.unseals("-k secret", b"hello");
        desk.shell.write("policy", "0000016f01");
        desk.seal(&format!("{options} -k secret -c policy"), b"hello");
        desk.unseals("-k secret", b"hello");
        desk.stays_sealed("-k wrong", "password");
        desk.shell.write("policy", "0000016f08");
        desk.seal(&format!("{options} -c policy"), b"hello");
        desk.stays_sealed("", "locality 3");
    }
    // The data is sealed for another parent than the one at the handle.
    for other in [Handle(0x8100_0002), Handle(0x8100_0003), Handle::OWNER] {
        desk.seal(&format!("{NO_TPM} -i 1.area -p 81000001"), b"hello");
        let mut moved = desk.key("sealed.tpm");
        moved.parent = other;
        desk.shell.write("sealed.tpm", moved.to_pem().unwrap());
        desk.stays_sealed("", "belongs to another machine or parent");
    }
    // With the public key alone, the tool says what it assumes; PCR values can only be read from a TPM.
    let line = format!("seal_tpm2_data {NO_TPM} -i 1.pem -p 81000001 sealed.tpm");
    desk.pipe(&line, b"hello").ok().says("assuming");
    desk.unseals("", b"hello");
    desk.pipe(&format!("seal_tpm2_data {NO_TPM} -i 1.area -p 81000001 -x 16 no.tpm"), b"hello")
        .failed()
        .says("port=1");
    desk.seal("-i 1.area -p 81000001 -x 16", b"hello");
    desk.unseals("", b"hello");
    for (options, why) in [("-i 1.area", "-p 81"), ("-i sealed.tpm -p 81000001", "private key")] {
        desk.pipe(&format!("seal_tpm2_data {NO_TPM} {options} no.tpm"), b"hello").failed().says(why);
    }
    for options in ["-i 1.area -b word", "-i 1.area -m"] {
        let output = desk.pipe(&format!("seal_tpm2_data {options} no.tpm"), b"hello").failed();
        assert_eq!(output.code(), Some(2), "{output}");
    }
    desk.assert_absent("no.tpm");
}

#[test]
fn importable_data_is_sealed_for_the_storage_keys_of_a_hierarchy() {
    let desk = Desk::new();
    let attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt";
    for (kind, rsa) in [("ecc256", false), ("rsa2048", true)] {
        desk.others(&format!(
            "tpm2_createprimary -Q -C o -G {kind}:aes128cfb -a '{attributes}' -c primary.ctx
             tpm2_readpublic -Q -c primary.ctx -o {kind}.area; tpm2_flushcontext -t"
        ));
        desk.seal(&format!("{NO_TPM} -i {kind}.area"), &binary(50));
        let file = desk.key("sealed.tpm");
        assert_eq!((file.parent, file.rsa_parent), (Handle::OWNER, rsa));
        desk.unseals("", &binary(50));
        desk.run("load_tpm2_key sealed.tpm 81000005").ok();
        assert_eq!(desk.others("tpm2_unseal -c 0x81000005").stdout, binary(50));
        desk.others("tpm2_evictcontrol -Q -C o -c 0x81000005");
    }
}
