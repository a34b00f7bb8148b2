//! `policy add`, `ls` and `rm`: a policy that is signed later unlocks an object that was locked before.

use std::os::unix::fs::PermissionsExt;

use keyfile::policy::Condition;
use keyfile::wire::{Marshal as _, Unmarshal as _};
use keyfile::{Attributes, CommandCode, HashAlg, KeyFile, Public, PublicKey, Scheme};
use tests::raw::Tpm as _;
use tests::{Openssl, Order, Pty, module};

use crate::keytool::Desk;

const EXTEND: &str = "tpm2_pcrevent -Q 16 script";

/// Makes signing keys: KIND.pem, and its public half in KIND.public and as the public area KIND.area.
fn signers(desk: &Desk) {
    desk.others(
        "openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem
         openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ecc.pem
         openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out other.pem
         for k in rsa ecc other; do openssl pkey -in $k.pem -pubout -out $k.public; done
         openssl pkey -in ecc.pem -aes256 -passout pass:swordfish -out ecc.secret.pem
         openssl pkey -in ecc.pem -outform DER -out ecc.der",
    );
}

impl Desk {
    /// Returns the output of `ls`.
    #[track_caller]
    fn listed(&self, file: &str) -> String {
        self.run(&format!("tpm2-keytool policy ls {file}")).ok().out()
    }
}

#[test]
fn the_first_policy_that_holds_unlocks() {
    let desk = Desk::new();
    signers(&desk);
    for kind in ["rsa", "ecc"] {
        desk.seal(&format!("--signed-policy {kind}.public"), b"hello");
        assert_eq!(desk.listed("sealed.tpm"), "");
        desk.stays_sealed("", "no policy");
        desk.run(&format!("tpm2-keytool policy add -x 16 -n clean sealed.tpm {kind}.pem")).ok();
        assert_eq!(desk.listed("sealed.tpm"), "1  clean\n");
        desk.unseals("", b"hello");
        desk.others(EXTEND);
        desk.stays_sealed("", "PCR 16");
        desk.run(&format!(
            "signed_tpm2_policy add sealed.tpm {kind}.pem --policy-name extended --pcr-lock 16"
        ))
        .ok();
        assert_eq!(desk.listed("sealed.tpm"), "1  extended\n2  clean\n");
        // The second policy that is tried, and then the first.
        desk.unseals("", b"hello");
        desk.others("tpm2_pcrreset 16");
        desk.unseals("", b"hello");
        desk.run("signed_tpm2_policy rm sealed.tpm 2").ok();
        desk.stays_sealed("", "PCR 16");
        desk.others(EXTEND);
        desk.unseals("", b"hello");
        desk.others("tpm2_pcrreset 16");
        desk.run("signed_tpm2_policy rm sealed.tpm 1").ok();
        assert_eq!(desk.listed("sealed.tpm"), "");
        desk.stays_sealed("", "no policy");
    }
}

#[test]
fn every_condition_and_name_hash_can_be_signed() {
    let desk = Desk::new();
    signers(&desk);
    desk.shell.write("policy", "0000016c0000015e");
    for hash in ["sha1", "sha256", "sha384", "sha512"] {
        desk.seal(&format!("-n {hash} --signed-policy ecc.public"), b"hello");
        for (options, opens) in [
            ("--locality 8", false),
            ("--locality 1", true),
            ("-c policy", true),
            ("-x sha256:0-3", true),
            ("-c policy -x 16 --locality 1", true),
        ] {
            let untouched = desk.shell.read("sealed.tpm");
            desk.run(&format!("signed_tpm2_policy add {options} sealed.tpm ecc.pem")).ok();
            match opens {
                true => desk.unseals("", b"hello"),
                false => desk.stays_sealed("", "locality 3"),
            }
            desk.run("signed_tpm2_policy rm sealed.tpm 1").ok();
            assert_eq!(desk.shell.read("sealed.tpm"), untouched);
        }
    }
    // A policy without conditions is allowed, with a warning.
    desk.run("signed_tpm2_policy add sealed.tpm ecc.pem").ok().says("has no conditions");
    desk.unseals("", b"hello");
    assert_eq!(desk.listed("sealed.tpm"), "1  \n");
}

/// openssl_tpm2_engine uses the object's name hash for the signing key, whatever the key's public area says.
#[test]
fn the_signing_key_uses_the_name_hash_of_the_object() {
    let desk = Desk::new();
    signers(&desk);
    for hash in HashAlg::ALL {
        for kind in ["rsa", "ecc"] {
            desk.seal(&format!("-n {hash} --signed-policy {kind}.public"), b"hello");
            desk.run(&format!("signed_tpm2_policy add -x 16 sealed.tpm {kind}.pem")).ok();
            let file = desk.key("sealed.tpm");
            let signed = file.auth_policies[0].statements.last().unwrap();
            for statement in [&file.policy.unwrap()[0], signed] {
                let Ok(Condition::Authorize(authorize)) = statement.condition() else {
                    panic!("{statement:?}")
                };
                assert_eq!(authorize.key.name_alg, hash);
            }
            desk.unseals("", b"hello");
        }
        // Files of earlier versions have SHA-256 there.
        let file = desk.key("sealed.tpm");
        let Ok(Condition::Authorize(place)) = file.policy.unwrap()[0].condition() else { panic!("no place") };
        let area = Public { name_alg: HashAlg::Sha256, ..place.key };
        desk.shell.write("area", area.to_sized().unwrap());
        desk.seal(&format!("-n {hash} --signed-policy area"), b"hello");
        desk.run("signed_tpm2_policy add -x 16 sealed.tpm ecc.pem").ok();
        desk.unseals("", b"hello");
    }
    desk.assert_tidy();
}

#[test]
fn a_signed_policy_within_a_signed_policy_gives_a_warning() {
    let desk = Desk::new();
    signers(&desk);
    desk.seal("--signed-policy ecc.public", b"hello");
    desk.run("signed_tpm2_policy add -e pkcs11 --locality 1 sealed.tpm ecc.pem").ok();
    desk.run("signed_tpm2_policy add --signed-policy rsa.public sealed.tpm ecc.pem")
        .ok()
        .says("the new policy cannot be satisfied");
    // The other policy still unlocks.
    desk.unseals("", b"hello");
    desk.run("signed_tpm2_policy rm sealed.tpm 2").ok();
    desk.stays_sealed("", "");
}

#[test]
fn policies_demand_passwords_of_the_key_and_of_other_objects() {
    let desk = Desk::new();
    signers(&desk);
    // Without a policy of its own, the data's password is demanded in addition to the signed policy.
    desk.seal("-k secret --signed-policy ecc.public", b"hello");
    desk.run("signed_tpm2_policy add -x 16 sealed.tpm ecc.pem").ok();
    desk.unseals("-k secret", b"hello");
    desk.stays_sealed("-k wrong", "password");
    // A policy that demands the password itself, beside one that does not: the first needs no password in addition.
    desk.run("signed_tpm2_policy add -a --locality 1 sealed.tpm ecc.pem").ok();
    let commands: Vec<_> = desk.key("sealed.tpm").auth_policies[0]
        .statements
        .iter()
        .map(|statement| statement.command)
        .collect();
    assert_eq!(
        commands,
        [CommandCode::POLICY_LOCALITY, CommandCode::POLICY_AUTH_VALUE, CommandCode::POLICY_AUTHORIZE]
    );
    desk.unseals("-k secret", b"hello");
    // Another object's password: now a password is asked for.
    desk.tpm.set_hierarchy_auth(tests::raw::ENDORSEMENT, b"", b"endorsed");
    desk.seal("--signed-policy rsa.public", b"hello");
    assert!(!desk.key("sealed.tpm").needs_password());
    let refused = |options: &str, why: &str| {
        let before = desk.shell.read("sealed.tpm");
        desk.run(&format!("signed_tpm2_policy add {options} sealed.tpm rsa.pem")).failed().says(why);
        assert_eq!(desk.shell.read("sealed.tpm"), before);
        desk.assert_tidy();
    };
    refused("-a --secret owner", "two passwords");
    refused("--secret 81000009", "no object at 0x81000009");
    // An empty password can be demanded; it is always satisfied.
    let untouched = desk.shell.read("sealed.tpm");
    desk.run("signed_tpm2_policy add -a sealed.tpm rsa.pem").ok().says("has no password");
    desk.unseals("", b"hello");
    desk.run("signed_tpm2_policy rm sealed.tpm 1").ok();
    assert_eq!(desk.shell.read("sealed.tpm"), untouched);
    desk.run("signed_tpm2_policy add --secret endorsement sealed.tpm rsa.pem").ok();
    assert!(desk.key("sealed.tpm").needs_password());
    desk.unseals("-k endorsed", b"hello");
    desk.stays_sealed("-k wrong", "endorsement");
    // The file no longer shows whether the data has a password: it claims none.
    desk.run("signed_tpm2_policy rm sealed.tpm 1").ok();
    desk.run("tpm2-keytool show sealed.tpm").ok().says("password      not needed");
}

#[test]
fn a_key_signs_when_its_signed_policy_holds() {
    let desk = Desk::new();
    signers(&desk);
    desk.run("create_tpm2_key -e P-256 --signed-policy rsa.public key.tpm").ok();
    desk.run("tpm2-keytool policy add -n here -x 16 key.tpm rsa.pem").ok();
    desk.run("tpm2-keytool show key.tpm").ok().says("\"here\": passes now");
    let openssl = Openssl::in_shell(desk.shell.beside(), &desk.tpm.tcti(), Order::Tpm2First);
    let sign = || openssl.run("dgst -sha256 -sign key.tpm -out signature script");
    sign().ok();
    desk.others(EXTEND);
    sign().failed().says("PCR 16");
    desk.run("signed_tpm2_policy add -x 16 key.tpm rsa.pem").ok();
    sign().ok();
    openssl.ok("pkey -in key.tpm -pubout -out key.public");
    openssl.without_tpm2().ok("dgst -sha256 -verify key.public -signature signature script");
}

#[test]
fn signing_keys_are_read_from_every_container_and_use_their_scheme() {
    let desk = Desk::new();
    signers(&desk);
    desk.seal("--signed-policy ecc.public", b"hello");
    for (options, key) in [
        ("", "ecc.der"),
        ("", "ecc.pem"),
        ("--passin pass:swordfish", "ecc.secret.pem"),
        ("--passin file:word", "ecc.secret.pem"),
    ] {
        desk.shell.write("word", "swordfish\n");
        desk.run(&format!("signed_tpm2_policy add {options} --locality 1 sealed.tpm {key}")).ok();
        desk.unseals("", b"hello");
        desk.run("signed_tpm2_policy rm sealed.tpm 1").ok();
    }
    for (word, opens) in [("swordfish", true), ("trout", false)] {
        let mut terminal =
            Pty::start(desk.command("signed_tpm2_policy add -n asked sealed.tpm ecc.secret.pem"));
        let (success, screen) = terminal.expect("password of ecc.secret.pem").type_line(word).end();
        assert!(success == opens && !screen.contains(word), "{screen}");
        assert_eq!(screen.contains("the password is wrong"), !opens, "{screen}");
    }
    desk.unseals("", b"hello");
    // A public area may demand PSS, or another hash than its name hash: no TPM could verify such a signature.
    desk.others("tpm2_loadexternal -Q -G rsa -C o -u rsa.public -c rsa.ctx; tpm2_readpublic -Q -c rsa.ctx -o rsa.area; tpm2_flushcontext -t");
    let area = Public::from_sized(&desk.shell.read("rsa.area")).unwrap();
    for (scheme, signs) in [
        (Scheme::Rsapss(HashAlg::Sha256), true),
        (Scheme::Rsassa(HashAlg::Sha256), true),
        (Scheme::Rsassa(HashAlg::Sha384), false),
    ] {
        let mut area = area.clone();
        area.attributes = area.attributes.without(Attributes::DECRYPT);
        if let PublicKey::Rsa { scheme: of, .. } = &mut area.key {
            *of = scheme;
        }
        desk.shell.write("area", area.to_sized().unwrap());
        desk.seal("--signed-policy area", b"hello");
        let added = desk.run("signed_tpm2_policy add --locality 1 sealed.tpm rsa.pem");
        match signs {
            true => {
                added.ok();
                desk.unseals("", b"hello");
            }
            false => drop(added.failed().says(
                "cannot sign with rsa.pem: the scheme of its public area has another hash than its Name; \
                 policies are signed with the Name's hash, sha256",
            )),
        }
    }
}

#[test]
fn a_policy_of_one_file_does_not_unlock_another() {
    let desk = Desk::new();
    signers(&desk);
    desk.seal("--signed-policy ecc.public", b"one");
    desk.run("signed_tpm2_policy add --locality 1 sealed.tpm ecc.pem").ok();
    let signed = desk.key("sealed.tpm").auth_policies;
    desk.seal("--signed-policy ecc.public", b"other");
    let mut other = desk.key("sealed.tpm");
    other.auth_policies = signed;
    desk.shell.write("sealed.tpm", other.to_file().unwrap());
    desk.stays_sealed("", "policy");
    // A policy that was altered after it was signed does not unlock either.
    desk.seal("--signed-policy ecc.public", b"other");
    desk.run("signed_tpm2_policy add --locality 2 sealed.tpm ecc.pem").ok();
    desk.stays_sealed("", "locality 1");
    let mut altered = desk.key("sealed.tpm");
    altered.auth_policies[0].statements[0].body = vec![1];
    desk.shell.write("sealed.tpm", altered.to_file().unwrap());
    desk.stays_sealed("", "signature");
}

#[test]
fn everything_else_in_the_file_is_unchanged() {
    let desk = Desk::new();
    signers(&desk);
    desk.run("create_tpm2_key -e P-256 --signed-policy ecc.public --description 'mine' key.tpm").ok();
    // As other tools write it: emptyAuth as 1, a parent without its leading zero, text around the block.
    let der = desk.key("key.tpm").to_der().unwrap();
    let mut foreign = der.clone();
    let at = der.windows(5).position(|window| window == [0xa0, 3, 1, 1, 0xff]).unwrap();
    foreign[at + 4] = 1;
    let surrounded = |der: &[u8]| {
        let pem = KeyFile::from_der(der).unwrap().to_pem().unwrap();
        format!("the key of the web server\n{pem}and a note\n")
    };
    for (file, contents) in [("key.der", foreign.clone()), ("key.pem", surrounded(&foreign).into_bytes())] {
        let path = desk.shell.write(file, &contents);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        desk.run(&format!("signed_tpm2_policy -n one add {file} ecc.pem")).ok();
        desk.run(&format!("signed_tpm2_policy add {file} -x 16 ecc.pem -n two")).ok();
        assert_eq!(desk.listed(file), "1  two\n2  one\n");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        let changed = KeyFile::parse(&desk.shell.read(file)).unwrap().to_der().unwrap();
        assert!(changed.windows(5).any(|window| window == [0xa0, 3, 1, 1, 1]));
        if file == "key.pem" {
            let text = String::from_utf8(desk.shell.read(file)).unwrap();
            assert!(
                text.starts_with("the key of the web server\n")
                    && text.ends_with("END TSS2 PRIVATE KEY-----\nand a note\n")
            );
        }
        desk.run(&format!("signed_tpm2_policy rm {file} 1")).ok();
        desk.run(&format!("signed_tpm2_policy rm {file} 1")).ok();
        assert_eq!(KeyFile::parse(&desk.shell.read(file)).unwrap().to_der().unwrap(), foreign);
    }
    assert_eq!(desk.shell.read("key.der"), foreign);
    // A file of another tool.
    let fixture = module::workspace().join("keyfile/tests/data/signed-policies.pem");
    std::fs::copy(fixture, desk.shell.file("theirs.tpm")).unwrap();
    assert_eq!(desk.listed("theirs.tpm"), "1  three\n2  \n");
    desk.run("signed_tpm2_policy rm theirs.tpm 2").ok();
    assert_eq!(desk.listed("theirs.tpm"), "1  three\n");
}

#[test]
fn wrong_uses_of_policy_are_refused() {
    let desk = Desk::new();
    signers(&desk);
    desk.run("create_tpm2_key -e P-256 plain.tpm").ok();
    desk.run("create_tpm2_key -e P-256 -x 16 locked.tpm").ok();
    desk.run("create_tpm2_key -e P-256 --signed-policy ecc.public key.tpm").ok();
    desk.run("signed_tpm2_policy add --locality 1 key.tpm ecc.pem").ok();
    desk.shell.write("odd", "0000016f0");
    let before = desk.shell.read("key.tpm");
    for (line, cause) in [
        ("add key.tpm", "needs the signer's private key"),
        ("add plain.tpm ecc.pem", "does not accept signed policies"),
        ("add locked.tpm ecc.pem", "does not accept signed policies"),
        ("add key.tpm other.pem", "not the private half of the key"),
        ("add key.tpm rsa.pem", "not the private half of the key"),
        ("add key.tpm ecc.public", "cannot sign with ecc.public: it contains no private key"),
        ("add key.tpm plain.tpm", "already a TPM key file"),
        ("add key.tpm no-such-file", "No such file"),
        ("add key.tpm ecc.secret.pem --passin pass:wrong", "the password is wrong"),
        ("add key.tpm ecc.secret.pem --passin env:NO_SUCH", "NO_SUCH"),
        ("add key.tpm ecc.secret.pem", "no terminal"),
        ("add -c odd key.tpm ecc.pem", "line 1"),
        ("add -c no-such-file key.tpm ecc.pem", "No such file"),
        ("add -x 16 key.tpm ecc.pem --tcti swtpm:host=127.0.0.1,port=1", "port=1"),
        ("add no/such/key.tpm ecc.pem", "cannot write"),
        ("add no-such.tpm ecc.pem", "No such file"),
        ("add ecc.pem ecc.pem", "not a readable key file"),
        ("ls key.tpm 1", "a key file only"),
        ("ls -x 16 key.tpm", "only add accepts policy options"),
        ("rm key.tpm 1 -n name", "only add accepts policy options"),
        ("ls no-such.tpm", "No such file"),
        ("rm key.tpm", "needs the number"),
        ("rm key.tpm 0", "number from 1 to 1"),
        ("rm key.tpm 2", "number from 1 to 1"),
        ("rm key.tpm first", "number from 1 to 1"),
        ("rm plain.tpm 1", "the file has no signed policies"),
    ] {
        let output = desk.run(&format!("tpm2-keytool policy {line}")).failed().says(cause);
        let error = output.err();
        let lines: Vec<&str> = error.lines().collect();
        assert!(lines[0].starts_with("tpm2-keytool: ") && lines.len() == 2, "{output}");
        assert!(lines[1].starts_with("  hint: ") && output.stdout.is_empty(), "{output}");
        assert_eq!(desk.shell.read("key.tpm"), before, "{line}");
        desk.assert_tidy();
    }
    for line in
        ["", "list key.tpm", "add", "add -n 'two\nlines' key.tpm ecc.pem", "add --locality 0 key.tpm ecc.pem"]
    {
        let output = desk.run(&format!("signed_tpm2_policy {line}")).failed();
        assert_eq!(output.code(), Some(2), "{output}");
    }
    let Ok(Condition::Authorize(_)) = desk.key("key.tpm").policy.unwrap()[0].condition() else {
        panic!("no PolicyAuthorize statement")
    };
}
