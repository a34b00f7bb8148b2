//! `show` describes a key in words: a key file without a TPM, a persistent key with one.

use keyfile::policy::{AuthPolicy, Authorize, Condition, Statement};
use keyfile::wire::Unmarshal as _;
use keyfile::{AlgId, CommandCode, Handle, HashAlg, KeyReference, Kind, Public, Signature};
use tests::peers;
use tests::raw::{self, Tpm as _};

use crate::keytool::{Desk, full};

#[test]
fn a_key_file_is_described_without_a_tpm() {
    let desk = Desk::new();
    desk.run("tpm2-keytool create -e P-384 -k secret -d --description 'mine' key.tpm").ok();
    desk.run("tpm2-keytool create key2.tpm").ok();
    desk.run("tpm2-keytool show key.tpm")
        .ok()
        .says("EC, curve P-384 (secp384r1)")
        .says("inside the TPM")
        .says("owner hierarchy (0x40000001)")
        .says("loads here    yes")
        .says("password      needed")
        .says("wrong passwords count")
        .says("policy        none")
        .says("mine")
        .says("ecdsa_secp384r1_sha384");
    desk.run("tpm2-keytool show key2.tpm --tcti device:/dev/no-such-tpm")
        .ok()
        .says("RSA, 2048 bits")
        .says("loads here    unknown, no TPM")
        .says("password      none")
        .says("rsa_pss_rsae")
        .says("raw RSA");
    desk.assert_tidy();
}

/// One TPM2_Load without use of the key: the key's password is not needed, and no wrong password is counted.
#[test]
fn show_says_if_this_tpm_can_load_the_file_and_why_not() {
    let (desk, other) = (Desk::new(), Desk::new());
    desk.run("tpm2-keytool create -e P-256 -k secret -d key.tpm").ok();
    other.shell.write("key.tpm", desk.shell.read("key.tpm"));
    other
        .run("tpm2-keytool show key.tpm")
        .ok()
        .says("loads here    no: ")
        .says("TPM_RC_INTEGRITY")
        .says("another machine");
    // An importable key is imported first.
    desk.others("tpm2_createprimary -Q -C o -G ecc256:aes128cfb -c srk.ctx; tpm2_evictcontrol -Q -c srk.ctx 0x81000001; tpm2_flushcontext -t; tpm2_readpublic -Q -c 0x81000001 -o area");
    desk.run("tpm2-keytool create -e P-256 -i area -p 81000001 far.tpm").ok();
    // tpm2-tools leave the parent under dictionary-attack protection.
    desk.run("tpm2-keytool show far.tpm").ok().says("loads here    not tried: ").says("0x81000001");
    desk.shell.clone().env("TPM2_PIN", "").ok(&full("tpm2-keytool show far.tpm")).says("loads here    yes");
    other.shell.write("far.tpm", desk.shell.read("far.tpm"));
    other.run("tpm2-keytool show far.tpm").ok().says("loads here    no: ").says("no key there");
    desk.tpm.set_hierarchy_auth(raw::OWNER, b"", b"word");
    desk.run("tpm2-keytool show key.tpm").ok().says("loads here    unknown: ").says("set pin");
    desk.shell
        .clone()
        .env("TPM2_PIN", "word")
        .ok(&full("tpm2-keytool show key.tpm"))
        .says("loads here    yes");
    desk.others(
        "test \"$(tpm2_getcap properties-variable | sed -n 's/^TPM2_PT_LOCKOUT_COUNTER: //p')\" = 0x0",
    );
    desk.assert_tidy();
    other.assert_tidy();
}

#[test]
fn a_wrapped_key_under_a_persistent_parent_is_described() {
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
fn a_policy_is_described_statement_by_statement() {
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
        .says("1. the command must come from locality 0 or 3 – passes now")
        .says("2. the key's password must be given – passes with the right password")
        .says("use now       passes with the right password");
    assert!(!shown.out().contains("policy        none"), "{shown}");
    desk.assert_tidy();
}

#[test]
fn show_says_if_each_policy_statement_passes_now() {
    let desk = Desk::new();
    let pcr = "PCRs 16, 23 of bank sha256 must hold the values with the digest";
    // The clock: above zero, and below it (TPM_EO, Part 2 §6.8).
    desk.shell.write("ran", "0000016d000000000000000000080003\n");
    desk.shell.write("never", "0000016d000000000000000000080005\n");
    for (options, sentence, verdict) in [
        ("-x sha256:16,23", pcr, "passes now"),
        ("-x sha1:16", "PCR 16 of bank sha1", "passes now"),
        ("--locality 1", "the command must come from locality 0", "passes now"),
        (
            "--locality 6",
            "locality 1 or 2",
            "does not pass now: the command does not come from locality 1 or 2",
        ),
        ("--secret owner", "the password of the owner hierarchy", "passes with the right password"),
        ("-n sha384 -x sha256:16,23", pcr, "passes now"),
        ("-c ran", "the TPM's clock", "passes now"),
        ("-c never", "the TPM's clock", "does not pass now: the TPM's clock at offset 8 is not"),
    ] {
        desk.run(&format!("create_tpm2_key -e P-256 {options} key.tpm")).ok();
        let shown = desk.run("tpm2-keytool show key.tpm").ok().out();
        let line = shown.lines().find(|line| line.contains(sentence)).unwrap_or_else(|| panic!("{shown}"));
        assert!(line.contains(&format!("– {verdict}")), "{shown}");
        let usable = shown.lines().find(|line| line.starts_with("  use now")).unwrap();
        assert!(usable.contains(verdict), "{shown}");
        desk.assert_tidy();
    }
    // A changed PCR is noticed; the results of the other statements are unchanged.
    desk.run("create_tpm2_key -e P-256 -x sha256:16 --locality 1 -k word key.tpm").ok();
    desk.others("tpm2_pcrextend 16:sha256=0000000000000000000000000000000000000000000000000000000000000001");
    desk.run("tpm2-keytool show key.tpm")
        .ok()
        .says("– does not pass now: PCR 16 (sha256) has changed")
        .says("locality 0 – passes now")
        .says("password must be given – passes with the right password")
        .says("use now       does not pass now: PCR 16 (sha256) has changed");
    desk.others("tpm2_pcrreset 16");
    desk.run("tpm2-keytool show key.tpm").ok().says("use now       passes with the right password");
    // Without a TPM the result is unknown, and the command succeeds.
    for nowhere in ["device:/dev/no-such-tpm", "swtpm:host=127.0.0.1,port=1"] {
        let shown = desk.run(&format!("tpm2-keytool show key.tpm --tcti {nowhere}")).ok();
        assert_eq!(shown.out().matches("unknown, no TPM").count(), 5, "{shown}");
        assert!(shown.err().is_empty(), "{shown}");
    }
    // The statements do not lead to the key's policy digest.
    let mut key = desk.key("key.tpm");
    key.policy.as_mut().unwrap().remove(1);
    desk.shell.write("key.tpm", key.to_pem().unwrap());
    desk.run("tpm2-keytool show key.tpm").ok().says("do not lead to the policy of the key");
    desk.assert_tidy();
}

#[test]
fn signed_policies_are_listed_by_number_and_name() {
    let desk = Desk::new();
    desk.others(
        "openssl genpkey -algorithm RSA -out signer.key 2>/dev/null; openssl pkey -in signer.key -pubout -out signer.pub",
    );
    desk.run("create_tpm2_key -e P-256 --signed-policy signer.pub key.tpm").ok();
    let unsigned = desk.run("tpm2-keytool show key.tpm").ok();
    assert_eq!(unsigned.out().matches("does not pass now").count(), 2, "{unsigned}");
    unsigned.says("there is no signed policy for this key yet");
    let locality = |map: u8| Statement { command: CommandCode::POLICY_LOCALITY, body: vec![map] };
    sign(&desk, "key.tpm", Some("workshop"), locality(2));
    desk.run("tpm2-keytool show key.tpm")
        .ok()
        .says("signed 1      \"workshop\": does not pass now: the command does not come from locality 1")
        .says("use now       does not pass now: the command does not come from locality 1");
    sign(&desk, "key.tpm", None, Statement { command: CommandCode::POLICY_AUTH_VALUE, body: Vec::new() });
    sign(&desk, "key.tpm", Some("desk"), locality(1));
    let shown = desk
        .run("tpm2-keytool show key.tpm")
        .ok()
        .says("signed 1      \"desk\": passes now")
        .says("signed 2      without a name: passes with the right password")
        .says("signed 3      \"workshop\": does not pass now")
        .says("– passes now, by signed policy 1 (\"desk\")")
        .says("use now       passes now, by signed policy 1 (\"desk\")");
    assert_eq!(shown.out().matches("that is signed by the key with the Name").count(), 4, "{shown}");
    // A signature by another key is not valid.
    desk.others("openssl genpkey -algorithm RSA -out signer.key 2>/dev/null");
    sign(&desk, "key.tpm", Some("forged"), locality(1));
    desk.run("tpm2-keytool show key.tpm")
        .ok()
        .says("signed 1      \"forged\": does not pass now: the signature of the policy is wrong")
        .says("use now       passes now, by signed policy 2 (\"desk\")");
    desk.run("tpm2-keytool show key.tpm --tcti device:/dev/no")
        .ok()
        .says("signed 4      \"workshop\": unknown, no TPM");
    desk.assert_tidy();
}

/// Adds a signed policy of one statement before the others; signer.key signs it.
#[track_caller]
fn sign(desk: &Desk, name: &str, policy: Option<&str>, statement: Statement) {
    let mut key = desk.key(name);
    let Ok(Condition::Authorize(place)) = key.policy.as_ref().unwrap()[0].condition() else {
        panic!("no PolicyAuthorize statement")
    };
    let approved = keyfile::policy::digest([&statement], key.public.name_alg).unwrap();
    desk.shell.write("digest", place.signed_digest(&approved));
    desk.shell.ok("openssl pkeyutl -sign -inkey signer.key -in digest -pkeyopt digest:sha256 -out signature");
    let bytes = desk.shell.read("signature");
    let signature = Signature::Rsa { scheme: AlgId::RSASSA, hash: HashAlg::Sha256, bytes };
    let authorize = Condition::Authorize(Box::new(Authorize { signature, ..*place })).statement().unwrap();
    let name_of = policy.map(str::to_owned);
    key.auth_policies.insert(0, AuthPolicy { name: name_of, statements: vec![statement, authorize] });
    desk.shell.write(name, key.to_pem().unwrap());
}

#[test]
fn an_importable_key_is_described() {
    let desk = Desk::new();
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
    desk.run("create_tpm2_key -w ec.pem key.tpm").ok();
    let mut key = desk.key("key.tpm");
    (key.kind, key.secret) = (Kind::Importable, Some(vec![0; 70]));
    desk.shell.write("importable.tpm", key.to_pem().unwrap());
    desk.run("tpm2-keytool show importable.tpm").ok().says("wrapped outside the TPM").says("TPM2_Import");
}

#[test]
fn sealed_data_is_described() {
    let desk = Desk::new();
    desk.pipe("seal_tpm2_data -x 16 -k word sealed.tpm", "secret").ok();
    let nowhere = "--tcti device:/dev/no-such-tpm";
    desk.others(
        "tpm2_createprimary -Q -C o -G ecc256:aes128cfb -c parent.ctx \
                 -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt'
                 tpm2_readpublic -Q -c parent.ctx -f pem -o parent.pub; tpm2_flushcontext -t",
    );
    desk.pipe(&format!("seal_tpm2_data {nowhere} -i parent.pub importable.tpm"), "secret").ok();
    desk.run("tpm2-keytool show sealed.tpm")
        .ok()
        .says("sealed data: TPM2_Load, then TPM2_Unseal")
        .says("nothing: it is sealed data")
        .says("PCR 16 of bank sha256");
    desk.run("tpm2-keytool show importable.tpm")
        .ok()
        .says("sealed data, wrapped outside the TPM")
        .says("password      none");
    desk.assert_tidy();
}

#[test]
fn a_persistent_handle_is_described() {
    let desk = Desk::new();
    let parent = desk.tpm.create_primary_with(b"", raw::STORAGE);
    desk.tpm.persist(parent, 0x8100_0001);
    desk.tpm.flush(parent);
    for spelling in
        ["0x81000001", "81000001", "//nvkey:81000001", "handle:0x81000001", "tpm2:handle=81000001"]
    {
        desk.run(&format!("tpm2-keytool show {spelling}"))
            .ok()
            .says("0x81000001")
            .says("a parent")
            .says("P-256");
    }
    // A file takes precedence over a handle.
    desk.run("create_tpm2_key 81000001").ok();
    desk.run("tpm2-keytool show 81000001").ok().says("RSA, 2048 bits");
    desk.assert_tidy();
}

#[test]
fn uris_and_references_to_a_persistent_key_are_described() {
    let desk = Desk::new();
    let parent = desk.tpm.create_primary();
    desk.tpm.persist(parent, 0x8100_0001);
    desk.tpm.flush(parent);
    desk.others(
        "tpm2_readpublic -Q -c 0x81000001 -t key.tr -o key.pub
         tpm2_createprimary -Q -C e -G ecc256:ecdsa-sha256:null -c signer.ctx \
             -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign'
         tpm2_evictcontrol -Q -c signer.ctx -o signer.tr 0x81000002; tpm2_flushcontext -t",
    );
    let public = Public::from_sized(&desk.shell.read("key.pub")).unwrap();
    for (name, uri) in [
        ("here", "tpm2:handle=0x81000001?pin-value=swordfish"),
        ("path", "tpm2:handle=0x81000001;pin-value=swordfish"),
        ("damaged", "tpm2:handle=0x81000001;pin-value=swordfish%4"),
        ("file", "tpm2:file=swordfish"),
        ("gone", "//nvkey:81000009"),
        ("other", "handle:0x81000002"),
    ] {
        let reference =
            KeyReference { uri: uri.to_owned().into(), empty_auth: false, public: public.clone() };
        desk.shell.write(name, reference.to_pem().unwrap());
    }
    for (name, part) in [
        ("here", "leads to      0x81000001\n  there now     yes"),
        ("path", "leads to      0x81000001\n  there now     yes"),
        ("damaged", "leads to      nothing: a % is not followed by two hexadecimal digits"),
        ("file", "leads to      not a persistent key"),
    ] {
        let shown = desk.run(&format!("tpm2-keytool show {name}")).ok().says(part);
        assert!(!shown.out().contains("swordfish"), "{shown}");
    }
    for (line, part) in [
        ("gone", "there now     no: there is nothing at 0x81000009"),
        ("other", "there now     no: another key is at 0x81000002"),
        ("here --tcti device:/dev/no", "there now     unknown, no TPM"),
        ("key.tr", "serialized object of tpm2-tss"),
        ("key.tr", "there now     yes"),
        ("signer.tr", "attestation: it signs statements of its TPM"),
        ("signer.tr", "TLS 1.3       ecdsa_secp256r1_sha256"),
        ("object:key.tr", "leads to      0x81000001"),
        ("key.pub --tcti device:/dev/no", "public area only"),
    ] {
        desk.run(&format!("tpm2-keytool show {line}")).ok().says(part);
    }
    desk.assert_tidy();
}

#[test]
fn nv_indexes_are_described() {
    let desk = Desk::new();
    desk.others(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -subj /O=maker/CN=host -outform DER -out crt 2>/dev/null
         size=$(($(wc -c <crt) + 20))
         tpm2_nvdefine -Q 0x1500001 -s $size -a 'ownerread|ownerwrite|policyread|no_da'; tpm2_nvwrite -Q 0x1500001 -C o -i crt
         tpm2_nvdefine -Q 0x1500002 -a 'nt=counter|ownerread|ownerwrite|authread'; tpm2_nvincrement -Q 0x1500002 -C o
         tpm2_nvdefine -Q 0x1500003 -s 8 -p word -a 'authread|authwrite'; echo 1234567 | tpm2_nvwrite -Q 0x1500003 -P word -i-
         tpm2_nvdefine -Q 0x1500004 -s 16 -g sha384 -a 'authread|authwrite|no_da|write_stclear|orderly'
         tpm2_nvdefine -Q 0x1500005 -s 8 -a 'ownerread|authread|authwrite|no_da|write_stclear'; echo 1234567 | tpm2_nvwrite -Q 0x1500005 -i-
         tpm2_nvwritelock -Q 0x1500005; tpm2_nvreadpublic >public
         printf '\\0\\0\\0\\0\\0\\0\\0\\003' >limit
         tpm2_nvdefine -Q 0x1500006 -s 8 -p word -a 'nt=pinfail|authread|ppread|ownerwrite|no_da'; tpm2_nvwrite -Q 0x1500006 -C o -i limit
         tpm2_nvdefine -Q 0x1500007 -s 8 -a 'nt=pinpass|authread|ownerread|ownerwrite|no_da'; tpm2_nvwrite -Q 0x1500007 -C o -i limit",
    );
    let shown = [
        ("1500001", "holds         a certificate of O=maker, CN=host", "read by       the owner, its policy"),
        ("1500002", "counter, 8 bytes", "holds         the number 1"),
        ("1500003", "holds         unknown: a password is needed to read it", "its own password"),
        ("1500004", "holds         nothing: it was never written", "(sha384)"),
        ("1500005", "written by    its own password; locked now", "8 bytes, neither a certificate nor a key"),
    ]
    .map(|(index, first, second)| {
        (index, desk.run(&format!("tpm2-keytool show {index}")).ok().says(first).says(second).out())
    });
    for (spelling, part) in [
        ("0x01500001", "written by    the owner"),
        ("tpm2:nv=0x1500001", "a certificate"),
        ("handle:0x1500001", "not under dictionary-attack protection"),
        ("1500007", "holds         a count of 0 of 3"),
    ] {
        desk.run(&format!("tpm2-keytool show {spelling}")).ok().says(part);
    }
    desk.run("tpm2-keytool show 1500006")
        .ok()
        .says("holds         unknown: a password is needed to read it")
        .says("the index counts failures itself")
        .says("PIN that counts failures");
    assert_eq!(desk.tpm.failures(), 0);
    // No try of a PIN was spent.
    desk.others("tpm2_nvread 0x1500006 -C p -o now; cmp now limit");
    // Name and attributes are those of tpm2-tools, for each index.
    let public = desk.shell.text("public");
    for (index, shown) in shown {
        let theirs = public.split(&format!("0x{index}:")).nth(1).unwrap();
        let value = |key: &str| theirs.split(key).nth(1).unwrap().lines().next().unwrap().trim();
        assert!(shown.contains(value("name:")), "{shown}\n{theirs}");
        let words = theirs.split("attributes:").nth(1).unwrap().split("friendly:").nth(1).unwrap();
        let words = words.lines().next().unwrap().trim().replace("nt=0x1|", "").replace("|nt=0x1", "");
        assert!(shown.contains(&format!("attributes    {words}\n")), "{words}\n{shown}");
    }
    desk.run("tpm2-keytool show 1500009").failed().says("there is no NV index at 0x01500009");
    for (key, why) in [
        ("handle:0x81000001?pin-value=hunter2%4", "a % is not followed"),
        ("81000001?pin-value=hunter2%4", "a % is not followed"),
        ("81000001?pin-value=hunter2:%4", "a % is not followed"),
        ("tpm2:hndle=81000001", "the attribute \"hndle\" is not known"),
        ("80000001", "0x80000001 is a transient object"),
        ("TPM2:", "it refers to all objects"),
    ] {
        let printed =
            desk.run(&format!("tpm2-keytool show '{key}'")).failed().says(why).says("no file with that name");
        assert!(!printed.err().contains("hunter2"), "{printed}");
    }
    desk.run("tpm2-keytool show nowhere:x").failed().says("cannot read nowhere:x");
    desk.run("tpm2-keytool show tpm2:handle=81000009").failed().says("there is no key at 0x81000009");
    desk.assert_tidy();
}

#[test]
fn files_of_tpm2_openssl_are_described() {
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
