//! `seal` and `unseal`: the data comes back byte for byte, on this TPM only and with the right password only.

use std::os::unix::fs::PermissionsExt;

use keyfile::{Attributes, Handle, HashAlg, KeyFile, Kind, Public};
use tests::raw::{self, Tpm as _};
use tests::{Options, Pty, ResourceManager, Swtpm, peers};

use crate::keytool::Desk;

/// TPM_CC_PolicyPCR (Part 2 §6.5.2).
const POLICY_PCR: u32 = 0x17F;

/// Returns `length` bytes that go through all byte values.
pub(crate) fn binary(length: usize) -> Vec<u8> {
    (0..=255).rev().cycle().skip(1).step_by(7).take(length).collect()
}

impl Desk {
    /// Seals data into sealed.tpm, and checks that the tool prints nothing.
    #[track_caller]
    pub(crate) fn seal(&self, options: &str, data: &[u8]) {
        let output = self.pipe(&format!("seal_tpm2_data {options} sealed.tpm"), data).ok();
        assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output}");
        self.assert_tidy();
    }

    /// Unseals sealed.tpm and compares the data.
    #[track_caller]
    pub(crate) fn unseals(&self, options: &str, data: &[u8]) {
        let output = self.run(&format!("unseal_tpm2_data {options} sealed.tpm")).ok();
        assert!(output.stdout == data && output.stderr.is_empty(), "{output}");
        self.assert_tidy();
    }

    /// Fails to unseal sealed.tpm, and checks that nothing is written.
    #[track_caller]
    pub(crate) fn stays_sealed(&self, options: &str, cause: &str) {
        let output = self.run(&format!("unseal_tpm2_data {options} sealed.tpm")).failed().says(cause);
        assert!(output.stdout.is_empty(), "{output}");
        self.assert_tidy();
    }
}

#[test]
fn sealed_data_comes_back_byte_for_byte() {
    let desk = Desk::new();
    for data in [&b"\0"[..], b"secret\n", &[0; 128], &binary(64), &binary(128)] {
        desk.seal("", data);
        let file = desk.key("sealed.tpm");
        assert_eq!((file.kind, file.parent, file.empty_auth), (Kind::Sealed, Handle::OWNER, true));
        // fixedTPM, fixedParent, userWithAuth, noDA; no sensitiveDataOrigin, since the data was not made in the TPM.
        assert_eq!(file.public.attributes.bits(), 0x0452);
        let mode = std::fs::metadata(desk.shell.file("sealed.tpm")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        desk.unseals("", data);
        let output = desk.run("tpm2-keytool unseal sealed.tpm").ok();
        assert_eq!(output.stdout, data);
        // Other tools unseal it, too.
        desk.load("sealed.tpm", "o");
        assert_eq!(desk.others("tpm2_unseal -c key.ctx; tpm2_flushcontext -t").stdout, data);
    }
    desk.run("tpm2-keytool show sealed.tpm").ok().says("sealed data");
}

#[test]
fn data_is_sealed_under_every_parent_and_name_hash() {
    let desk = Desk::new();
    let parent = desk.tpm.create_primary_with(b"parent", raw::STORAGE);
    desk.tpm.persist(parent, 0x8100_0001);
    desk.tpm.flush(parent);
    for (parent, letter) in [
        ("-p owner", "o"),
        ("-p null", "n"),
        ("-p endorsement", "e"),
        ("-p platform", "p"),
        ("-p 81000001 -b parent", "0x81000001 -P parent"),
    ] {
        desk.seal(parent, b"hello");
        desk.unseals(if parent.contains("-b") { "-b parent" } else { "" }, b"hello");
        desk.load("sealed.tpm", letter);
        assert_eq!(desk.others("tpm2_unseal -c key.ctx; tpm2_flushcontext -t").stdout, b"hello");
    }
    desk.stays_sealed("-b wrong", "password");
    for hash in HashAlg::ALL {
        desk.seal(&format!("-n {hash} -k word"), b"hello");
        assert_eq!(desk.key("sealed.tpm").public.name_alg, hash);
        desk.unseals("-k word", b"hello");
    }
}

#[test]
fn passwords_are_read_from_every_source() {
    let desk = Desk::new();
    desk.shell.write("words", "first\nsecond\n");
    let long = "a password that is longer than the digest of any hash ".repeat(2);
    for (options, word, input) in [
        ("-k secret", "secret", ""),
        ("-a -k secret", "secret", ""),
        ("--passout pass:secret", "secret", ""),
        ("--passout file:words", "first", ""),
        // The first line is the password; the data follows.
        ("--passout stdin", "typed", "typed\n"),
        (&format!("-k '{long}'"), &long, ""),
    ] {
        desk.seal(options, &[input.as_bytes(), &binary(128)].concat());
        let file = desk.key("sealed.tpm");
        assert!(!file.empty_auth && file.needs_password(), "{options}");
        desk.shell.write("word", word);
        desk.unseals("--passin file:word", &binary(128));
        desk.unseals(&format!("-k '{word}'"), &binary(128));
        // tpm2-tools accept no password longer than a digest.
        if word.len() <= 32 {
            desk.load("sealed.tpm", "o");
            let output = desk.others("tpm2_unseal -c key.ctx -p file:word; tpm2_flushcontext -t");
            assert_eq!(output.stdout, binary(128));
        }
        // Without an option the password is asked for; without a terminal it is a line of stdin.
        let asked = desk.pipe("unseal_tpm2_data sealed.tpm", format!("{word}\n")).ok();
        assert_eq!(asked.stdout, binary(128));
        desk.stays_sealed("-k wrong", "password");
        desk.stays_sealed("-k ''", "password");
        desk.stays_sealed("", "no terminal");
    }
    // The data is never used as the password.
    for (options, why) in
        [("-a", "there is no terminal"), ("-k ''", "empty"), ("--passout file:none", "none")]
    {
        desk.pipe(&format!("seal_tpm2_data {options} no.tpm"), b"data\ndata\n").failed().says(why);
        desk.assert_absent("no.tpm");
    }
}

#[test]
fn a_password_is_typed_at_the_prompt() {
    let desk = Desk::new();
    desk.shell.write("data", "hello");
    let line = format!("sh -c '{} seal -a sealed.tpm < data'", tests::module::keytool().display());
    let mut terminal = Pty::start(desk.shell.command(&line));
    let (success, screen) =
        terminal.expect("password").type_line("swordfish").expect("again").type_line("swordfish").end();
    assert!(success && !screen.contains("swordfish"), "{screen}");
    for (word, opens) in [("swordfish", true), ("trout", false)] {
        let mut terminal = Pty::start(desk.command("unseal_tpm2_data sealed.tpm"));
        let (success, screen) = terminal.expect("password").type_line(word).end();
        assert!(success == opens && screen.contains("hello") == opens && !screen.contains(word), "{screen}");
    }
}

#[test]
fn every_password_can_be_asked_for_at_a_prompt() {
    let desk = Desk::new();
    desk.tpm.set_hierarchy_auth(raw::OWNER, b"", b"swordfish");
    // The parent's password is asked for only if an option demands it; the advice names the option.
    desk.run("create_tpm2_key -e P-256 key.tpm").failed().says("--passparent prompt");
    for (line, answers, fits) in [
        ("create_tpm2_key -e P-256 --passparent prompt key.tpm", &[("parent", "swordfish")][..], true),
        ("create_tpm2_key -e P-256 --passparent prompt no.tpm", &[("parent", "trout")], false),
        (
            "create_tpm2_key -e P-256 --passout prompt --passparent prompt own.tpm",
            &[("of the key", "minnow"), ("again", "minnow"), ("parent", "swordfish")],
            true,
        ),
        ("create_tpm2_key --passout prompt no.tpm", &[("of the key", "minnow"), ("again", "trout")], false),
        (
            "load_tpm2_key --passparent prompt --passowner prompt key.tpm 81000001",
            &[("parent", "swordfish"), ("hierarchy", "swordfish")],
            true,
        ),
        ("attest_tpm2_primary -o -C owner --passparent prompt", &[("hierarchy", "swordfish")], true),
        ("attest_tpm2_primary -o -C owner --passparent prompt", &[("hierarchy", "trout")], false),
    ] {
        let mut terminal = Pty::start(desk.command(line));
        for (question, word) in answers {
            terminal.expect(question).type_line(word);
        }
        let (success, screen) = terminal.end();
        assert!(
            success == fits && answers.iter().all(|(_, word)| !screen.contains(word)),
            "{line}: {screen}"
        );
        desk.assert_absent("no.tpm");
        desk.assert_tidy();
    }
    assert!(desk.key("own.tpm").needs_password() && desk.tpm.persistent() == [0x8100_0001]);
    // Without a terminal the password is a line of stdin, unless stdin has the data.
    desk.pipe("create_tpm2_key -e P-256 --passparent prompt key.tpm", "swordfish\n").ok();
    desk.pipe("seal_tpm2_data --passparent prompt no.tpm", b"swordfish\ndata")
        .failed()
        .says("there is no terminal");
    desk.pipe("seal_tpm2_data -b swordfish -k minnow sealed.tpm", b"hello").ok();
    let mut terminal =
        Pty::start(desk.command("unseal_tpm2_data --passin prompt --passparent prompt sealed.tpm"));
    let (success, screen) = terminal
        .expect("data")
        .type_line("minnow")
        .expect("parent")
        .type_line("swordfish")
        .expect("hello")
        .end();
    assert!(success, "{screen}");
    desk.assert_absent("no.tpm");
}

#[test]
fn wrong_passwords_count_under_dictionary_attack_protection() {
    let desk = Desk::new();
    desk.tpm.set_dictionary_attack(3, 1000);
    desk.seal("-k secret", b"hello");
    assert!(desk.key("sealed.tpm").public.attributes.contains(Attributes::NO_DA));
    for _ in 0..4 {
        desk.stays_sealed("-k wrong", "password");
    }
    assert_eq!(desk.tpm.failures(), 0);
    for option in ["-d", "--da"] {
        desk.seal(&format!("{option} -k secret"), b"hello");
        assert!(!desk.key("sealed.tpm").public.attributes.contains(Attributes::NO_DA));
    }
    desk.unseals("-k secret", b"hello");
    for failures in 1..=2 {
        desk.stays_sealed("-k wrong", "password");
        assert_eq!(desk.tpm.failures(), failures);
    }
    // A new process does not know whether a password is right, so it does not spend the last try.
    for word in ["wrong", "secret"] {
        desk.stays_sealed(&format!("-k {word}"), "would lock the TPM");
    }
    assert_eq!(desk.tpm.failures(), 2);
    desk.others("tpm2_dictionarylockout -c");
    desk.unseals("-k secret", b"hello");
}

#[test]
fn oversized_and_missing_data_is_refused_before_any_tpm_command() {
    let (desk, proxy) = Desk::behind_proxy();
    desk.shell.write("old", "the only copy");
    for (length, why) in [
        (0, "no data on stdin"),
        (129, "a TPM can seal 128 bytes, but stdin has more"),
        (1 << 20, "a TPM can seal 128 bytes, but stdin has more"),
    ] {
        for target in ["no.tpm", "old"] {
            desk.pipe(&format!("seal_tpm2_data {target}"), vec![7; length]).failed().says(why);
        }
    }
    for (line, cause) in [
        ("seal_tpm2_data no/such/folder/no.tpm", "cannot write"),
        ("seal_tpm2_data .", "not a regular file"),
        ("unseal_tpm2_data no-such-file", "No such file"),
        ("unseal_tpm2_data old", "not a readable key file"),
        ("unseal_tpm2_data /dev/null", "not a readable key file"),
    ] {
        desk.pipe(line, b"data").failed().says(cause);
    }
    for line in [
        "seal_tpm2_data",
        "seal_tpm2_data -n md5 no.tpm",
        "seal_tpm2_data -p 80000000 no.tpm",
        "unseal_tpm2_data",
    ] {
        let output = desk.pipe(line, b"data").failed();
        assert_eq!(output.code(), Some(2), "{output}");
    }
    assert!(proxy.log().is_empty(), "asked the TPM:\n{}", proxy.log().text());
    assert_eq!(desk.shell.read("old"), b"the only copy");
    desk.assert_absent("no.tpm");
}

#[test]
fn wrong_uses_leave_nothing() {
    let desk = Desk::new();
    desk.run("create_tpm2_key -e P-256 key.tpm").ok();
    desk.seal("", b"hello");
    let mut moved = desk.key("sealed.tpm");
    moved.parent = Handle::ENDORSEMENT;
    desk.shell.write("foreign.tpm", moved.to_pem().unwrap());
    moved.parent = Handle(0x8100_0007);
    desk.shell.write("moved.tpm", moved.to_pem().unwrap());
    desk.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    for (line, cause) in [
        ("seal -p 81000009 no.tpm", "81000009"),
        ("seal no.tpm", "password"),
        ("seal -b wrong no.tpm", "password"),
        ("seal -p platform --tcti swtpm:host=127.0.0.1,port=1 no.tpm", "port=1"),
        ("unseal key.tpm", "contains a key, not sealed data"),
        ("unseal sealed.tpm", "password"),
        ("unseal -b wrong sealed.tpm", "password"),
        ("unseal foreign.tpm", "belongs to another machine"),
        ("unseal moved.tpm", "no key there"),
        ("unseal -b owner -k word sealed.tpm", "password"),
        ("unseal sealed.tpm --tcti nonsense", "nonsense"),
    ] {
        let output = desk.pipe(&format!("tpm2-keytool {line}"), b"data").failed().says(cause);
        let error = output.err();
        let lines: Vec<&str> = error.lines().collect();
        assert!(lines[0].starts_with("tpm2-keytool: ") && lines.len() == 2, "{output}");
        assert!(lines[1].starts_with("  hint: ") && output.stdout.is_empty(), "{output}");
        desk.assert_absent("no.tpm");
        desk.assert_tidy();
    }
    desk.unseals("-b owner", b"hello");
    // An output that cannot be written is a failure.
    let line =
        format!("sh -c '{} unseal -b owner sealed.tpm > /dev/full'", tests::module::keytool().display());
    desk.shell.failed(&line).says("cannot write stdout");
    desk.assert_tidy();
}

#[test]
fn sealed_objects_of_other_tools_are_unsealed() {
    let desk = Desk::new();
    desk.shell.write("data", binary(100));
    // tpm2_encodeobject labels every object as a key.
    let sealed = |password: bool, options: &str| {
        let option = peers::encodeobject_option(&desk.shell, password);
        desk.others(&format!(
            "tpm2_create -Q -C 0x81000001 {options} -u s.pub -r s.priv
             tpm2_encodeobject -C 0x81000001 -u s.pub -r s.priv {option} -o sealed.tpm; tpm2_flushcontext -l"
        ));
    };
    desk.others("tpm2_createprimary -Q -C o -G ecc256:aes128cfb -c p.ctx; tpm2_evictcontrol -Q -c p.ctx 0x81000001; tpm2_flushcontext -t");
    sealed(false, "-i data");
    desk.unseals("", &binary(100));
    sealed(true, "-i data -p secret");
    desk.unseals("-k secret", &binary(100));
    desk.stays_sealed("-k wrong", "password");
    // An HMAC key has the same type of public area, and no data.
    sealed(false, "-G hmac");
    desk.stays_sealed("", "contains an HMAC key, not sealed data");
}

#[test]
fn sealed_data_never_leaves_its_tpm_unless_its_parent_can() {
    let desk = Desk::new();
    // A storage key that was made in software: no fixedTPM.
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
    let parent = movable_parent(&desk);
    assert!(!parent.attributes.contains(Attributes::FIXED_TPM));
    desk.seal("-p 81000002", b"hello");
    assert_eq!(desk.key("sealed.tpm").public.attributes.bits(), 0x0450);
    desk.unseals("", b"hello");
    for option in ["-m", "--nomigrate"] {
        desk.pipe(&format!("seal_tpm2_data {option} -p 81000002 no.tpm"), b"hello")
            .failed()
            .says("can move to another TPM");
        desk.assert_absent("no.tpm");
        desk.seal(option, b"hello");
        assert!(desk.key("sealed.tpm").public.attributes.contains(Attributes::FIXED_TPM));
    }
}

/// Makes ec.pem a persistent storage key at 0x81000002: wrapped in software and imported.
fn movable_parent(desk: &Desk) -> Public {
    let ec = openssl::pkey::PKey::private_key_from_pem(&desk.shell.read("ec.pem")).unwrap().ec_key().unwrap();
    let mut context = openssl::bn::BigNumContext::new().unwrap();
    let (mut x, mut y) = (openssl::bn::BigNum::new().unwrap(), openssl::bn::BigNum::new().unwrap());
    ec.public_key().affine_coordinates(ec.group(), &mut x, &mut y, &mut context).unwrap();
    let public = tpm::template::Template::wrapped_ecc(keyfile::Curve::P256, &x.to_vec(), &y.to_vec())
        .usage(tpm::template::Usage::Parent)
        .public();
    let sensitive = keyfile::Sensitive {
        kind: keyfile::AlgId::ECC,
        auth_value: Vec::new().into(),
        seed_value: vec![7; 32].into(),
        sensitive: ec.private_key().to_vec_padded(32).unwrap().into(),
    };
    let primary = tpm::template::Storage::P256.template();
    let own = tpm::Tpm::new(tpm::Config { tcti: Some(desk.tpm.tcti()), ..tpm::Config::default() });
    let owner = tpm::Parent { handle: Handle::OWNER, storage: tpm::template::Storage::P256, auth: None };
    let (of_primary, _) = own.parent_public(&owner).unwrap();
    assert_eq!(of_primary.attributes, primary.attributes);
    let wrapped = tpm::wrap(&of_primary, &public, &sensitive).unwrap();
    own.close();
    let mut file = KeyFile::new(Kind::Importable, Handle::OWNER, wrapped.public, wrapped.duplicate);
    file.secret = Some(wrapped.secret);
    desk.shell.write("parent.tpm", file.to_pem().unwrap());
    desk.run("load_tpm2_key parent.tpm 81000002").ok();
    public
}

#[test]
fn no_secret_crosses_the_bus_or_is_written_elsewhere() {
    let (desk, proxy) = Desk::behind_proxy();
    let data = b"a passphrase not to be read on the bus";
    desk.seal("-k keyword", data);
    desk.unseals("-k keyword", data);
    assert_eq!((proxy.log().count(raw::CREATE), proxy.log().count(raw::UNSEAL)), (1, 1));
    for word in [&b"keyword"[..], &data[..20]] {
        assert!(!proxy.log().contains(word), "on the bus:\n{}", proxy.log().text());
    }
    // Every byte that the two programs write to any descriptor.
    let tool = tests::module::keytool();
    let strace = "strace -f -xx -s 4096 -e trace=write,writev,pwrite64,sendto,sendmsg -o trace";
    desk.shell.write("data", data);
    desk.shell.write("word", "keyword");
    desk.shell.ok(&format!(
        "sh -c '{strace} {} seal --force --passout file:word sealed.tpm < data'",
        tool.display()
    ));
    let trace = String::from_utf8(desk.shell.read("trace")).unwrap();
    let spelled = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    assert!(trace.contains("write(") || trace.contains("sendto("), "{trace}");
    assert!(!trace.contains(&spelled(&data[..16])) && !trace.contains(&spelled(b"keyword")));
    let output = desk.shell.ok(&format!("{strace} {} unseal --passin file:word sealed.tpm", tool.display()));
    assert_eq!(output.stdout, data);
    let trace = String::from_utf8(desk.shell.read("trace")).unwrap();
    // The data is written once, completely, to stdout.
    let lines: Vec<&str> = trace.lines().filter(|line| line.contains(&spelled(&data[..16]))).collect();
    assert!(lines.len() == 1 && lines[0].contains(&spelled(data)), "{lines:?}");
    assert!(!trace.contains(&spelled(b"keyword")));
}

#[test]
fn an_interruption_leaves_nothing() {
    let (desk, proxy) = Desk::behind_proxy();
    desk.run("create_tpm2_key -e P-256 key.tpm").ok();
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem; openssl pkey -in ec.pem -pubout -out ec.public");
    desk.seal("--signed-policy ec.public -x 16", b"hello");
    desk.run("signed_tpm2_policy add --locality 1 sealed.tpm ec.pem").ok();
    desk.unseals("", b"hello");
    desk.others(
        "tpm2_createprimary -Q -C o -G ecc256:aes128cfb -c p.ctx -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt'
         tpm2_readpublic -Q -c p.ctx -o area; tpm2_flushcontext -t",
    );
    desk.run("create_tpm2_key -i area -e P-256 moving.tpm").ok();
    desk.pipe("seal_tpm2_data -i area moving-data.tpm", b"hello").ok();
    desk.shell.write("old", "the only copy");
    for (command, line) in [
        (raw::IMPORT, "tpm2-keytool load moving.tpm 81000001"),
        (raw::IMPORT, "tpm2-keytool unseal moving-data.tpm"),
        (raw::LOAD_EXTERNAL, "tpm2-keytool show sealed.tpm"),
        (raw::START_AUTH_SESSION, "tpm2-keytool show sealed.tpm"),
        (POLICY_PCR, "tpm2-keytool show sealed.tpm"),
        (raw::CREATE_PRIMARY, "tpm2-keytool seal --force old"),
        (raw::CREATE, "tpm2-keytool seal --force old"),
        (raw::LOAD, "tpm2-keytool unseal sealed.tpm"),
        (raw::LOAD_EXTERNAL, "tpm2-keytool unseal sealed.tpm"),
        (raw::UNSEAL, "tpm2-keytool unseal sealed.tpm"),
        (raw::LOAD, "tpm2-keytool load key.tpm 81000001"),
        (raw::EVICT_CONTROL, "tpm2-keytool load key.tpm 81000001"),
        (raw::PCR_READ, "tpm2-keytool policy add -x 16 sealed.tpm ec.pem"),
    ] {
        let before = desk.shell.read("sealed.tpm");
        desk.interrupt(&proxy, command, libc::SIGINT, line, b"data");
        assert_eq!(
            (desk.shell.read("old"), desk.shell.read("sealed.tpm")),
            (b"the only copy".to_vec(), before)
        );
    }
    desk.unseals("", b"hello");
}

#[test]
fn a_full_disk_leaves_the_old_file() {
    let desk = Desk::new();
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem; openssl pkey -in ec.pem -pubout -out ec.public");
    desk.seal("--signed-policy ec.public", b"hello");
    desk.run("signed_tpm2_policy add --locality 1 sealed.tpm ec.pem").ok();
    desk.run("create_tpm2_key -e P-256 key.tpm").ok();
    desk.run("load_tpm2_key key.tpm 81000001").ok();
    desk.others(
        "tpm2_createprimary -Q -C o -G ecc256:aes128cfb -c p.ctx; tpm2_evictcontrol -Q -c p.ctx 0x81000002; tpm2_flushcontext -t
         tpm2_readpublic -Q -c 0x81000002 -o area",
    );
    let tool = tests::module::keytool();
    for line in [
        "seal --force disk/sealed.tpm",
        "seal --force -i area -p 81000002 disk/sealed.tpm",
        "create --force -i area -p 81000002 -e P-256 disk/sealed.tpm",
        "policy add --locality 1 disk/sealed.tpm ec.pem",
        "policy rm disk/sealed.tpm 1",
        "attest -C owner --force -f disk/sealed.tpm",
        "reference --force 81000001 disk/sealed.tpm",
    ] {
        // A file system of one page, which the old file fills.
        desk.shell.write(
            "full",
            format!(
                "mkdir -p disk; mount -t tmpfs -o size=4k tmpfs disk; cp sealed.tpm disk
                 status=0; echo hello | {} {line} 2>printed || status=$?
                 cmp sealed.tpm disk/sealed.tpm; ls -A disk; exit $status",
                tool.display()
            ),
        );
        let output = desk.shell.run("unshare --map-root-user --mount sh full").failed();
        assert_eq!(output.out(), "sealed.tpm\n", "{output}");
        let printed = desk.shell.text("printed");
        assert!(
            printed.contains("disk/sealed.tpm: No space left on device") && printed.lines().count() == 2,
            "{line}: {printed}"
        );
        desk.assert_tidy();
    }
    // Printed output that is lost is a failure, too.
    for line in [
        "create -l",
        "show sealed.tpm",
        "show 81000001",
        "status",
        "policy ls sealed.tpm",
        "attest -E -C owner -o",
    ] {
        let output = desk.shell.failed(&format!("sh -c '{} {line} > /dev/full'", tool.display()));
        output.says("cannot write stdout: No space left on device");
        desk.assert_tidy();
    }
}

#[test]
fn sealing_works_through_the_kernels_resource_manager() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let desk = Desk::by(tpm, &manager.tcti());
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem; openssl pkey -in ec.pem -pubout -out ec.public");
    desk.seal("-k secret", &binary(128));
    desk.unseals("-k secret", &binary(128));
    desk.stays_sealed("-k wrong", "password");
    desk.seal("-x 16 --signed-policy ec.public", &binary(128));
    for policy in ["--locality 1", "--locality 2", "-x sha256:0-23"] {
        desk.run(&format!("signed_tpm2_policy add {policy} sealed.tpm ec.pem")).ok();
        desk.unseals("", &binary(128));
    }
    desk.run("load_tpm2_key -f sealed.tpm 81000001").ok();
    assert_eq!(desk.tpm.persistent(), [0x8100_0001]);
    desk.assert_tidy();
    assert!(manager.refused().is_empty(), "{:?}", manager.refused());
}
