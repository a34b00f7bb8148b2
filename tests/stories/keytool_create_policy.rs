//! Keys with a policy: `create` has an option for each condition, and the policy commands of other tools satisfy it or fail.

use keyfile::policy::Condition;
use keyfile::{Attributes, CommandCode, HashAlg};
use tests::process::Output;
use tests::raw::{self, Tpm as _};

use crate::keytool::Desk;

/// Loads KEY, a child of the owner hierarchy, and signs with it in a policy session of `hash` that ran `steps`; `$S` is the session.
fn sign_by(desk: &Desk, key: &str, hash: &str, steps: &str, password: &str) -> Output {
    desk.load(key, "o");
    sign_in_session(desk, hash, steps, password)
}

/// Does the same with key.ctx.
fn sign_in_session(desk: &Desk, hash: &str, steps: &str, password: &str) -> Output {
    desk.shell.write("data", "hello\n");
    desk.shell.write(
        "session",
        format!(
            "S=policy.ctx; trap 'tpm2_flushcontext policy.ctx; tpm2_flushcontext -t' EXIT
             tpm2_startauthsession --policy-session -g {hash} -S $S
             {steps}
             tpm2_sign -Q -c key.ctx -g sha256 -s ecdsa -f plain -p session:$S{password} -o signature data"
        ),
    );
    let signed = desk.shell.run("sh -e session");
    desk.tpm.assert_empty();
    signed
}

/// Checks that the key can be used by its policy only, and that the file has these statements in this order.
fn assert_policy(desk: &Desk, key: &str, commands: &[CommandCode]) {
    let key = desk.key(key);
    assert!(key.uses_policy() && !key.public.attributes.contains(Attributes::USER_WITH_AUTH));
    let found: Vec<CommandCode> = key.policy.unwrap().iter().map(|statement| statement.command).collect();
    assert_eq!(found, commands);
}

#[test]
fn current_pcr_values_are_bound_in_every_name_hash_and_bank() {
    let desk = Desk::new();
    desk.others("tpm2_pcrextend 16:sha1=0123456789012345678901234567890123456789");
    for (hash, spec, list) in [
        (HashAlg::Sha1, "sha1:16", "sha1:16"),
        (HashAlg::Sha256, "0,3-5", "sha256:0,3,4,5"),
        (HashAlg::Sha384, "sha256:1+sha1:16", "sha256:1+sha1:16"),
        (HashAlg::Sha512, "sha1:0-7", "sha1:0,1,2,3,4,5,6,7"),
    ] {
        desk.run(&format!("create_tpm2_key -e P-256 -n {hash} -x {spec} key.tpm")).ok();
        assert_policy(&desk, "key.tpm", &[CommandCode::POLICY_PCR]);
        let steps = format!("tpm2_policypcr -Q -S $S -l {list}");
        sign_by(&desk, "key.tpm", hash.name(), &steps, "").ok();
    }
    desk.run("create_tpm2_key -e P-256 --pcr-lock sha256:16 key.tpm").ok();
    desk.others("tpm2_pcrextend 16:sha256=0123456789012345678901234567890123456789012345678901234567890123");
    sign_by(&desk, "key.tpm", "sha256", "tpm2_policypcr -Q -S $S -l sha256:16", "").failed();
    desk.load("key.tpm", "o");
    desk.sign("-s ecdsa").failed();
    desk.assert_tidy();
}

#[test]
fn more_pcrs_than_one_response_holds_are_bound() {
    let desk = Desk::new();
    desk.others("tpm2_pcrextend 3:sha1=0123456789012345678901234567890123456789");
    // Two banks of 24 PCRs, compared with the values that tpm2-tools read.
    desk.others("tpm2_pcrread -Q sha1:all+sha256:all -o values");
    for hash in HashAlg::ALL {
        desk.run(&format!("create_tpm2_key -e P-256 -n {hash} -x sha1:0-23+sha256:0-23 key.tpm")).ok();
        let Ok(Condition::Pcr { digest, .. }) = desk.key("key.tpm").policy.unwrap()[0].condition() else {
            panic!("no PolicyPCR")
        };
        assert_eq!(digest, hash.digest(&[&desk.shell.read("values")]), "{hash}");
    }
}

#[test]
fn a_password_and_a_policy_are_both_demanded() {
    let desk = Desk::new();
    for options in ["-a -k secret", "--passout pass:secret"] {
        desk.run(&format!("create_tpm2_key -e P-256 -x 16 {options} key.tpm")).ok();
        assert_policy(&desk, "key.tpm", &[CommandCode::POLICY_PCR, CommandCode::POLICY_AUTH_VALUE]);
        assert!(desk.key("key.tpm").needs_password());
    }
    let steps = "tpm2_policypcr -Q -S $S -l sha256:16; tpm2_policyauthvalue -Q -S $S";
    sign_by(&desk, "key.tpm", "sha256", steps, "+secret").ok();
    sign_by(&desk, "key.tpm", "sha256", steps, "+wrong").failed();
}

#[test]
fn a_locality_is_demanded() {
    let desk = Desk::new();
    for (map, name, allowed) in [("1", "zero", true), ("0x8", "three", false)] {
        desk.run(&format!("create_tpm2_key -e P-256 --locality {map} key.tpm")).ok();
        assert_policy(&desk, "key.tpm", &[CommandCode::POLICY_LOCALITY]);
        let signed = sign_by(&desk, "key.tpm", "sha256", &format!("tpm2_policylocality -Q -S $S {name}"), "");
        assert_eq!(signed.success(), allowed, "{signed}");
    }
    desk.run("create_tpm2_key -e P-256 --locality 255 key.tpm").ok();
}

#[test]
fn the_password_of_another_object_is_demanded() {
    let desk = Desk::new();
    desk.others("tpm2_nvdefine -Q 0x1500016 -C o -s 8 -p index -a 'authread|authwrite|no_da'");
    let parent = desk.tpm.create_primary_with(b"other", raw::STORAGE);
    desk.tpm.persist(parent, 0x8100_0007);
    desk.tpm.flush(parent);
    for (name, tool, word) in
        [("endorsement", "e", ""), ("81000007", "0x81000007", "other"), ("0x01500016", "0x01500016", "index")]
    {
        desk.run(&format!("create_tpm2_key -e P-256 -p null --secret {name} key.tpm")).ok();
        assert_policy(&desk, "key.tpm", &[CommandCode::POLICY_SECRET]);
        assert!(desk.key("key.tpm").needs_password(), "{name}");
        desk.load("key.tpm", "n");
        for (given, fits) in [(word, true), ("wrong", false)] {
            let steps = format!("tpm2_policysecret -Q -S $S -c {tool} '{given}'");
            let signed = sign_in_session(&desk, "sha256", &steps, "");
            assert_eq!(signed.success(), fits, "{name}: {signed}");
        }
    }
    desk.run("create_tpm2_key -e P-256 --secret 81000009 no.tpm").failed().says("no object at 0x81000009");
    desk.run("create_tpm2_key -e P-256 --secret 01500017 no.tpm").failed().says("no object at 0x01500017");
    desk.assert_absent("no.tpm");
}

#[test]
fn policy_statements_are_read_from_a_file() {
    let desk = Desk::new();
    desk.shell.write("policy", "0000016f01\n\n0000016b\n");
    desk.run("create_tpm2_key -e P-256 -k secret -c policy -x 16 key.tpm").ok();
    let commands = [CommandCode::POLICY_LOCALITY, CommandCode::POLICY_AUTH_VALUE, CommandCode::POLICY_PCR];
    assert_policy(&desk, "key.tpm", &commands);
    let steps = "tpm2_policylocality -Q -S $S zero; tpm2_policyauthvalue -Q -S $S; tpm2_policypcr -Q -S $S -l sha256:16";
    sign_by(&desk, "key.tpm", "sha256", steps, "+secret").ok();
    // PolicyCounterTimer: the restart counter is 0, and the digest contains a hash of it.
    desk.shell.write("policy", "0000016d0000000000140000");
    desk.run("create_tpm2_key -e P-256 --key-policy policy key.tpm").ok();
    sign_by(&desk, "key.tpm", "sha256", "tpm2_policycountertimer -Q -S $S restarts=0", "").ok();
}

#[test]
fn policies_can_be_signed_later() {
    let desk = Desk::new();
    desk.others(
        "openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem
         openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out ecc.pem
         for k in rsa ecc; do
           openssl pkey -in $k.pem -pubout -out $k.public
           openssl pkey -in $k.pem -pubout -outform DER -out $k.public.der
           tpm2_loadexternal -Q -G $k -C o -u $k.public -n $k.name -c $k.ctx; tpm2_readpublic -Q -c $k.ctx -o $k.area; tpm2_flushcontext -t
         done
         tpm2_startauthsession -S s.ctx; tpm2_policypcr -Q -S s.ctx -l sha256:16 -L approved; tpm2_flushcontext s.ctx",
    );
    let mut nonces = Vec::new();
    for (kind, scheme) in [("rsa", "rsassa"), ("ecc", "ecdsa")] {
        for file in ["public", "public.der", "area"] {
            desk.run(&format!("create_tpm2_key -e P-256 --signed-policy {kind}.{file} key.tpm")).ok();
            assert_policy(&desk, "key.tpm", &[CommandCode::POLICY_AUTHORIZE]);
            let Ok(Condition::Authorize(place)) = desk.key("key.tpm").policy.unwrap()[0].condition() else {
                panic!("no PolicyAuthorize statement")
            };
            assert_eq!(
                place.key.name().unwrap().as_bytes(),
                desk.shell.read(format!("{kind}.name")),
                "{file}"
            );
            desk.shell.write("nonce", &place.policy_ref);
            nonces.push(place.policy_ref);
        }
        desk.others(&format!(
            "cat approved nonce >message
             openssl dgst -sha256 -sign {kind}.pem -out signature message
             tpm2_loadexternal -Q -G {kind} -C o -u {kind}.public -c {kind}.ctx
             tpm2_verifysignature -Q -c {kind}.ctx -g sha256 -m message -s signature -f {scheme} -t ticket; tpm2_flushcontext -t"
        ));
        let authorize =
            format!("tpm2_policyauthorize -Q -S $S -i approved -q nonce -n {kind}.name -t ticket");
        let pcr = "tpm2_policypcr -Q -S $S -l sha256:16";
        sign_by(&desk, "key.tpm", "sha256", &format!("{pcr}; {authorize}"), "").ok();
        sign_by(&desk, "key.tpm", "sha256", pcr, "").failed();
    }
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 6, "two keys have one nonce");
    // With a password: it is needed whatever is signed later.
    desk.run("create_tpm2_key -e P-256 -k secret -x 16 --signed-policy rsa.public key.tpm").ok();
    let commands = [CommandCode::POLICY_AUTHORIZE, CommandCode::POLICY_PCR, CommandCode::POLICY_AUTH_VALUE];
    assert_policy(&desk, "key.tpm", &commands);
}

#[test]
fn a_wrapped_key_can_have_a_policy() {
    let desk = Desk::new();
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem; openssl pkey -in ec.pem -pubout -out ec.public");
    desk.run("create_tpm2_key -w ec.pem -n sha384 -x 16 -k secret key.tpm").ok();
    let steps = "tpm2_policypcr -Q -S $S -l sha256:16; tpm2_policyauthvalue -Q -S $S";
    sign_by(&desk, "key.tpm", "sha384", steps, "+secret").ok();
    desk.verify("ec.public");
}

#[test]
fn an_invalid_policy_is_refused_before_any_tpm_command() {
    let desk = Desk::new();
    desk.others("openssl genpkey -algorithm ED25519 -out ed.pem; openssl pkey -in ed.pem -pubout -out ed.public; head -c 2000000 /dev/zero >huge");
    for (name, text) in [
        ("odd", "0000016f01\n0000016f0"),
        ("word", "PolicyPCR"),
        ("short", "0000016f"),
        ("unknown", "00000126"),
        ("empty", "\n\n"),
        ("authvalue", "0000016b"),
        ("secret", "00000151400000010004400000010000"),
    ] {
        desk.shell.write(name, text);
    }
    desk.shell.write("binary", [0xff, 0xfe]);
    for (options, why) in [
        ("-c odd", "line 2"),
        ("-c word", "line 1"),
        ("-c short", "line 1"),
        ("-c unknown", "line 1"),
        ("-c empty", "no statement"),
        ("-c binary", "not a text file"),
        ("-c huge", "longer than a megabyte"),
        ("-c no-such-file", "No such file"),
        ("-c authvalue", "the object has none"),
        ("-c secret -k word", "two passwords"),
        ("--secret owner -k word", "two passwords"),
        ("--secret owner -c authvalue -k word", "two passwords"),
        ("--signed-policy ed.public", "neither"),
        ("--signed-policy ed.pem", "private key"),
        ("--signed-policy odd", "no public key"),
        ("--signed-policy no-such-file", "No such file"),
    ] {
        // No TPM listens there: a command that needs a TPM fails with another message.
        let line = format!("create_tpm2_key --tcti swtpm:host=127.0.0.1,port=1 {options} no.tpm");
        let output = desk.run(&line).failed().says(why);
        assert_eq!(output.err().lines().count(), 2, "{output}");
    }
    for options in [
        "-x md5:1",
        "-x sha256:32",
        "-x 5-3",
        "-x sha256:",
        "--locality 0",
        "--locality 256",
        "--secret null",
        "--secret 80000000",
    ] {
        let output = desk.run(&format!("create_tpm2_key {options} no.tpm")).failed();
        assert_eq!(output.code(), Some(2), "{output}");
    }
    // Only the TPM knows which banks it has, and which signatures it can verify.
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1 -out bp.pem; openssl pkey -in bp.pem -pubout -out bp.public");
    desk.run("create_tpm2_key -e P-256 --signed-policy bp.public no.tpm")
        .failed()
        .says("no curve brainpoolP256r1")
        .says("prime256v1");
    desk.run("create_tpm2_key -e P-256 -x sha512:31 no.tpm").failed().says("PCR 31");
    desk.assert_absent("no.tpm");
    desk.assert_tidy();
}
