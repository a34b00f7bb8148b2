//! Keys are made inside the TPM, of every type, name hash and parent; other tools load the files.

use std::os::unix::fs::PermissionsExt;

use keyfile::{Attributes, Curve, Handle, HashAlg, PublicKey};
use tests::chips::Chip;
use tests::process::{self, LIMIT};
use tests::raw::{self, Tpm as _};
use tests::{Proxy, Pty, Swtpm, module};

use crate::keytool::Desk;

#[test]
fn rsa_is_the_default_and_the_file_is_private() {
    let desk = Desk::new();
    desk.run("tpm2-keytool create key.tpm").ok();
    let key = desk.key("key.tpm");
    assert!(matches!(&key.public.key, PublicKey::Rsa { bits: 2048, modulus, .. } if modulus.len() == 256));
    assert_eq!((key.parent, key.empty_auth, key.rsa_parent), (Handle::OWNER, true, false));
    assert_eq!(key.public.attributes.bits(), 0x0006_0472);
    let mode = std::fs::metadata(desk.shell.file("key.tpm")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    desk.assert_tidy();
    desk.load("key.tpm", "o");
    desk.sign("-s rsassa").ok();
    desk.sign("-s rsapss").ok();
}

#[test]
fn every_rsa_size_of_the_tpm_and_no_other_is_made() {
    let desk = Desk::new();
    for bits in [1024, 2048, 3072, 4096, 1000] {
        let output = desk.run(&format!("tpm2-keytool create -s {bits} {bits}.tpm"));
        if output.success() {
            let key = desk.key(&format!("{bits}.tpm")).public.key;
            assert!(matches!(key, PublicKey::Rsa { bits: b, .. } if b == bits));
        } else {
            assert_ne!(bits, 2048, "{output}");
            output.failed().says(&format!("no RSA keys of {bits} bits")).says("hint: it has").says("2048");
            desk.assert_absent(&format!("{bits}.tpm"));
        }
    }
    desk.assert_tidy();
}

#[test]
fn curves_are_accepted_in_every_spelling() {
    let desk = Desk::new();
    for (spelling, curve) in [
        ("prime256v1", Curve::P256),
        ("P-256", Curve::P256),
        ("nistp384", Curve::P384),
        ("secp521r1", Curve::P521),
        ("bnp256", Curve::BnP256),
    ] {
        desk.run(&format!("tpm2-keytool create -e {spelling} {spelling}.tpm")).ok();
        let key = desk.key(&format!("{spelling}.tpm")).public.key;
        assert!(matches!(key, PublicKey::Ecc { curve: c, .. } if c == curve), "{spelling}");
    }
    desk.load("P-256.tpm", "o");
    desk.sign("-s ecdsa").ok();
    desk.run("tpm2-keytool create -e secp256k1 no.tpm").failed().says("secp256k1");
    let unknown = desk.run("tpm2-keytool create -e bn_p638 bn.tpm").ok();
    assert!(unknown.err().contains("warning: OpenSSL does not know the curve BN_P638"), "{unknown}");
    desk.run("tpm2-keytool create -e sm2 no.tpm").failed().says("OpenSSL cannot use an SM2 key");
    desk.run("tpm2-keytool create --restricted -e sm2 parent.tpm").ok();
    desk.run("tpm2-keytool create -e brainpoolP256r1 no.tpm")
        .failed()
        .says("no curve brainpoolP256r1")
        .says("prime256v1");
    desk.assert_tidy();
}

#[test]
fn the_listed_curves_are_those_that_can_be_made() {
    let desk = Desk::new();
    let list = desk.run("create_tpm2_key --list-curves").ok().out();
    assert!(list.lines().any(|line| line == "prime256v1"), "{list}");
    assert_eq!(desk.run("create_tpm2_key -l").ok().out(), list);
    // A key file named on the same line is not written.
    assert_eq!(desk.run("tpm2-keytool create -l no.tpm").ok().out(), list);
    desk.assert_absent("no.tpm");
    for curve in list.lines() {
        desk.run(&format!("create_tpm2_key -e {curve} key.tpm")).ok();
    }
    desk.assert_tidy();
}

#[test]
fn keys_are_made_with_every_name_hash() {
    let desk = Desk::new();
    for hash in HashAlg::ALL {
        desk.run(&format!("create_tpm2_key -e P-256 -n {hash} {hash}.tpm")).ok();
        assert_eq!(desk.key(&format!("{hash}.tpm")).public.name_alg, hash);
        desk.load(&format!("{hash}.tpm"), "o");
        desk.sign("-s ecdsa").ok();
    }
    desk.run("create_tpm2_key -n md5 no.tpm").failed().says("md5");
}

#[test]
fn keys_are_made_under_every_hierarchy() {
    let desk = Desk::new();
    for (name, letter, handle) in [
        ("owner", "o", Handle::OWNER),
        ("null", "n", Handle::NULL),
        ("endorsement", "e", Handle::ENDORSEMENT),
        ("platform", "p", Handle::PLATFORM),
    ] {
        desk.run(&format!("tpm2-keytool create --force -e P-256 -p {name} key.tpm")).ok();
        assert_eq!(desk.key("key.tpm").parent, handle);
        desk.assert_tidy();
        desk.load("key.tpm", letter);
        desk.sign("-s ecdsa").ok();
    }
}

#[test]
fn keys_are_made_under_a_persistent_parent_with_and_without_password() {
    let desk = Desk::new();
    for (word, handle) in [(&b""[..], 0x8100_0001), (b"parent", 0x8100_0002)] {
        let parent = desk.tpm.create_primary_with(word, raw::STORAGE);
        desk.tpm.persist(parent, handle);
        desk.tpm.flush(parent);
    }
    for spelling in ["81000001", "0x81000001"] {
        desk.run(&format!("create_tpm2_key -e P-256 -p {spelling} key.tpm")).ok();
        assert_eq!(desk.key("key.tpm").parent, Handle(0x8100_0001));
    }
    desk.load("key.tpm", "0x81000001");
    desk.sign("-s ecdsa").ok();
    for password in ["-b parent", "--auth-parent parent", "--passparent pass:parent"] {
        desk.run(&format!("create_tpm2_key -e P-256 -p 81000002 {password} key.tpm")).ok();
        desk.load("key.tpm", "0x81000002 -P parent");
    }
    for password in ["", "-b wrong"] {
        desk.run(&format!("create_tpm2_key -e P-256 -p 81000002 {password} no.tpm"))
            .failed()
            .says("81000002");
        desk.assert_absent("no.tpm");
    }
    desk.assert_tidy();
}

#[test]
fn keys_are_made_under_a_hierarchy_with_a_password() {
    let desk = Desk::new();
    desk.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    desk.run("create_tpm2_key -e P-256 -b owner key.tpm").ok();
    for password in ["", "-b wrong"] {
        desk.run(&format!("create_tpm2_key -e P-256 {password} no.tpm")).failed().says("password");
        desk.assert_absent("no.tpm");
    }
    desk.assert_tidy();
}

#[test]
fn passwords_are_read_from_every_source() {
    let desk = Desk::new();
    desk.shell.write("words", "first\nsecond\n");
    for (options, input, word) in [
        ("-a -k secret", "", "secret"),
        ("-k secret", "", "secret"),
        ("--passout pass:secret", "", "secret"),
        ("--passout file:words", "", "first"),
        ("--passout stdin", "typed\nrest\n", "typed"),
        ("--passout fd:0", "typed\n", "typed"),
        ("--passout env:HOME", "", desk.shell.folder().to_str().unwrap()),
        // Without a terminal the two entries are lines of stdin, as with OpenSSL's prompt.
        ("-a", "twice\ntwice\n", "twice"),
    ] {
        desk.pipe(&format!("create_tpm2_key -e P-256 {options} key.tpm"), input).ok();
        let key = desk.key("key.tpm");
        assert!(!key.empty_auth && key.needs_password(), "{options}");
        desk.load("key.tpm", "o");
        desk.sign(&format!("-s ecdsa -p {word}")).ok();
        desk.sign("-s ecdsa -p wrong").failed();
        desk.sign("-s ecdsa").failed();
    }
}

#[test]
fn a_new_password_is_typed_twice_and_not_shown() {
    let desk = Desk::new();
    let mut terminal = Pty::start(desk.command("create_tpm2_key -e P-256 -a key.tpm"));
    let (success, screen) =
        terminal.expect("password").type_line("swordfish").expect("again").type_line("swordfish").end();
    assert!(success && !screen.contains("swordfish"), "{screen}");
    desk.load("key.tpm", "o");
    desk.sign("-s ecdsa -p swordfish").ok();
    let mut terminal = Pty::start(desk.command("create_tpm2_key -e P-256 -a no.tpm"));
    let (success, screen) =
        terminal.expect("password").type_line("swordfish").expect("again").type_line("trout").end();
    assert!(!success && screen.contains("differ"), "{screen}");
    // Ctrl-C
    let mut terminal = Pty::start(desk.command("create_tpm2_key -e P-256 -a no.tpm"));
    let (success, screen) = terminal.expect("password").type_line("\x03").end();
    assert!(!success && screen.contains("nothing was written"), "{screen}");
    // Terminating the tool at the prompt restores the terminal's settings.
    let tool = module::keytool().display().to_string();
    desk.shell.write(
        "ended",
        format!("stty -g >before; sh -c 'echo $$ >pid; exec {tool} create -a no.tpm'; echo ended $?; stty -g >after"),
    );
    for (signal, status) in [("TERM", 143), ("HUP", 129)] {
        let mut terminal = Pty::start(desk.shell.command("sh ended"));
        terminal.expect("password").expect_no_echo();
        desk.shell.ok(&format!("kill -{signal} {}", desk.shell.text("pid").trim()));
        let (_, screen) = terminal.expect(&format!("ended {status}")).end();
        assert_eq!(desk.shell.text("after"), desk.shell.text("before"), "{screen}");
    }
    desk.assert_absent("no.tpm");
}

#[test]
fn unusable_passwords_are_refused() {
    let desk = Desk::new();
    for (options, input, why) in [
        ("-a", "one\nother\n", "differ"),
        ("-a", "", "no terminal"),
        ("-a", "\n\n", "empty"),
        ("-k ''", "", "empty"),
        ("--passout env:NO_SUCH_VARIABLE", "", "NO_SUCH_VARIABLE"),
        ("--passout file:no-such-file", "", "no-such-file"),
        ("--passout hunter2", "", "pass:PASSWORD"),
    ] {
        let output = desk.pipe(&format!("create_tpm2_key {options} no.tpm"), input).failed().says(why);
        assert!(!output.err().contains("hunter2"), "{output}");
        desk.assert_absent("no.tpm");
    }
}

#[test]
fn dictionary_attack_protection_is_an_option() {
    let desk = Desk::new();
    for (option, guarded) in [("-d", true), ("--da", true), ("", false)] {
        desk.run(&format!("create_tpm2_key -e P-256 -k secret {option} key.tpm")).ok();
        assert_eq!(desk.key("key.tpm").public.attributes.contains(Attributes::NO_DA), !guarded);
    }
}

#[test]
fn the_description_is_stored_in_the_file() {
    let desk = Desk::new();
    desk.run("create_tpm2_key -e P-256 --description 'the web server’s key' key.tpm").ok();
    assert_eq!(desk.key("key.tpm").description.as_deref(), Some("the web server’s key"));
}

#[test]
fn no_password_crosses_the_bus() {
    let (desk, proxy) = Desk::behind_proxy();
    desk.tpm.set_hierarchy_auth(raw::OWNER, b"", b"ownerword");
    let command = desk.command("create_tpm2_key -e P-256 -b ownerword -k keyword key.tpm");
    process::run(command, b"", LIMIT).ok();
    assert_eq!(proxy.log().count(raw::CREATE), 1);
    for word in ["ownerword", "keyword"] {
        assert!(!proxy.log().contains(word.as_bytes()), "{word} on the bus:\n{}", proxy.log().text());
    }
}

#[test]
fn a_curve_without_a_matching_hash_gives_a_warning() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    proxy.become_chip(Chip::named("no SHA-384"));
    let desk = Desk::by(tpm, &proxy.tcti());
    for (curve, hash) in [("P-384", "sha384"), ("P-521", "sha512")] {
        desk.run(&format!("tpm2-keytool create --force -e {curve} key.tpm"))
            .ok()
            .says(&format!("cannot sign {hash} digests"))
            .says("use P-256");
    }
    let quiet = desk.run("tpm2-keytool create --force -e P-256 key.tpm").ok();
    assert!(!quiet.err().contains("warning"), "{}", quiet.err());
}
