//! Persistent keys opened by URI: every form, with and without password, beside every provider; and the commands it takes.
use tests::raw::{self, Tpm as _};
use tests::{Openssl, Options, Order, Proxy, Pty, ResourceManager, Swtpm, peers, valgrind};

use crate::machine::{Machine, program};

/// The handles of the keys in these stories.
pub(crate) const PLAIN: &str = "81000101";
pub(crate) const LOCKED: &str = "81000102";

/// The forms of a handle's URI.
const FORMS: [&str; 4] = ["//nvkey:", "nvkey:", "handle:0x", "tpm2:handle=0x"];

/// Makes a key persistent at a handle, with its file in HANDLE and its public half in HANDLE.pub.
#[track_caller]
pub(crate) fn persist(machine: &Machine, handle: &str, options: &str) {
    machine.key(handle, options);
    machine.tool.ok(&format!("load {handle} {handle}"));
    machine.openssl.ok(&format!("pkey -pubin -in {handle} -pubout -out {handle}.pub"));
}

/// Removes the persistent key at a handle.
pub(crate) fn evict(tpm: &Swtpm, handle: &str) {
    let handle = u32::from_str_radix(handle, 16).unwrap();
    tpm.persist(handle, handle);
}

/// Prepares a machine with two persistent keys of this kind: one without a password, one with it.
fn prepared(machine: Machine, kind: &str) -> Machine {
    persist(&machine, PLAIN, kind);
    persist(&machine, LOCKED, &format!("{kind} -k secret"));
    machine.openssl.write("message", b"what is signed");
    machine
}

/// Signs with `openssl dgst`, and verifies with a stock openssl and the public half of the key's file.
#[track_caller]
fn signs(openssl: &Openssl, uri: &str, handle: &str, options: &str) {
    openssl.ok(&format!("dgst -sha256 -sign '{uri}' {options} -out sig message"));
    let verify = format!("dgst -sha256 -verify {handle}.pub -signature sig message");
    openssl.without_tpm2().ok(&verify).says("Verified OK");
}

#[test]
fn every_form_of_uri_opens_the_key_in_both_orders() {
    for (kind, order) in [("-e P-256", Order::DefaultFirst), ("-r", Order::Tpm2First)] {
        let machine = prepared(Machine::new(), kind);
        let openssl = machine.openssl.clone().ordered(order);
        openssl.write("word", "secret\nanother");
        for form in FORMS {
            signs(&openssl, &format!("{form}{PLAIN}"), PLAIN, "");
            signs(&openssl, &format!("{form}{LOCKED}"), LOCKED, "-passin pass:secret");
        }
        signs(&openssl, &format!("handle:0x{LOCKED}?pass"), LOCKED, "-passin pass:secret");
        signs(&openssl, &format!("nvkey:{LOCKED}?pin-value=secret"), LOCKED, "");
        signs(&openssl, &format!("tpm2:handle={LOCKED};pin-value=%73ecret"), LOCKED, "");
        let word = openssl.file("word");
        signs(&openssl, &format!("handle:0x{LOCKED}?pin-source=file:{}", word.display()), LOCKED, "");
        signs(&openssl, &format!("tpm2:file={PLAIN}"), PLAIN, "");
        signs(&openssl, &format!("tpm2:file={LOCKED}"), LOCKED, "-passin pass:secret");
        signs(&openssl, &format!("tpm2:file={LOCKED}?pin-value=secret"), LOCKED, "");
        // The public half needs no password.
        for uri in [format!("nvkey:{LOCKED}"), format!("tpm2:file={LOCKED}")] {
            let public = openssl.ok(&format!("pkey -pubin -in {uri} -pubout")).out();
            assert_eq!(public, openssl.text(&format!("{LOCKED}.pub")), "{uri}");
        }
        machine.tpm.assert_empty();
    }
}

#[test]
fn the_prefix_of_uris_can_be_set() {
    let machine = prepared(Machine::new(), "-e P-256");
    let openssl = machine.openssl.clone().set("NVPREFIX", "site-key:");
    for form in ["site-key:", "//nvkey:", "handle:"] {
        signs(&openssl, &format!("{form}{PLAIN}"), PLAIN, "");
    }
    machine.openssl.failed(&format!("pkey -in site-key:{PLAIN} -pubout"));
    let openssl = machine.openssl.clone().set("NVPREFIX", "sitekey");
    openssl
        .failed(&format!("pkey -in nvkey:{PLAIN} -pubout"))
        .says("invalid configuration")
        .says("\"sitekey\" in NVPREFIX");
    let openssl = machine.openssl.clone().env("TPM2_NVPREFIX", "tpm2:");
    signs(&openssl, &format!("tpm2:{PLAIN}"), PLAIN, "");
}

#[test]
fn uris_work_without_another_provider() {
    let machine = prepared(Machine::new(), "-e P-256");
    machine.openssl.without_tpm2().ok("dgst -sha256 -binary -out digest message");
    nv(&machine, "0x1c00002", "", &certificate(&machine.openssl, "alone"));
    let alone = machine.openssl.clone().ordered(Order::Tpm2Only);
    let uris = [
        format!("tpm2:handle=0x{PLAIN}"),
        format!("tpm2:file={PLAIN}"),
        format!("tpm2:handle=0x{LOCKED}?pin-value=secret"),
    ];
    for (uri, handle) in uris.iter().zip([PLAIN, PLAIN, LOCKED]) {
        alone.ok(&format!("pkeyutl -sign -inkey {uri} -in digest -out sig"));
        let verify = format!("dgst -sha256 -verify {handle}.pub -signature sig message");
        machine.openssl.without_tpm2().ok(&verify).says("Verified OK");
    }
    alone
        .ok(&format!("pkey -in tpm2:handle={PLAIN} -noout -text"))
        .says("in a TPM 2.0")
        .says("persistent key");
    alone.ok("storeutl -noout tpm2:nv=1c00002").says("0: Certificate");
    alone.ok("storeutl -noout tpm2:").says(&format!("tpm2:handle=0x{PLAIN}")).says("Total found: 3");
}

#[test]
fn a_store_lists_persistent_keys_and_certificates() {
    let machine = prepared(Machine::new(), "-e P-256");
    let openssl = &machine.openssl;
    nv(&machine, "0x1c00002", "", &certificate(openssl, "listed"));
    nv(&machine, "0x1c00003", "", b"no certificate");
    openssl.ok("storeutl -noout tpm2:").says("Total found: 3").says("tpm2:nv=0x01c00002").says("EC key");
    openssl
        .ok("storeutl -noout -r -passin pass:secret tpm2:")
        .says("0: Name: tpm2:handle")
        .says("Total found: 3");
    openssl.ok("storeutl -noout -keys tpm2:").says("Total found: 2");
    openssl.ok("storeutl -noout -certs tpm2:").says("Total found: 1");
    openssl.ok("storeutl -noout -subject /CN=listed tpm2:").says("Total found: 1");
    // OpenSSL 3.0 prints "Total found: 0", later versions print nothing.
    let other = openssl.ok("storeutl -noout -subject /CN=other tpm2:");
    assert!(!other.out().contains("0: "), "{other}");
    openssl.ok(&format!("storeutl -noout handle:0x{PLAIN}")).says("0: Pkey").says("Total found: 1");
    openssl.ok("storeutl -noout handle:0x1c00002").says("0: Certificate").says("Total found: 1");
    openssl.ok(&format!("storeutl -text -noout handle:0x{PLAIN}")).says("in a TPM 2.0");
    machine.tpm.assert_empty();
}

#[test]
fn a_failure_to_open_gives_one_error_with_its_reason() {
    let machine = prepared(Machine::new(), "-e P-256");
    let openssl = &machine.openssl;
    nv(&machine, "0x1c00002", "", &certificate(openssl, "there"));
    let tools = peers::tpm2_tools(openssl.shell(), &machine.tpm.tcti());
    tools.ok("tpm2_nvdefine -Q -C o -s 20 0x1c00003");
    nv(&machine, "0x1c00004", "-p secret -a ownerwrite|authwrite|authread|no_da", b"text");
    tools.ok("tpm2_nvdefine -Q -C o -a ownerwrite|ownerread|nt=counter 0x1c00005");
    tools.ok("tpm2_nvincrement -Q -C o 0x1c00005");
    tools.ok("tpm2_createprimary -Q -C o -c primary");
    tools.pipe("tpm2_create -Q -C primary -i - -u sealed.u -r sealed.r -c sealed", "data").ok();
    tools.ok("tpm2_flushcontext -t");
    tools.ok("tpm2_evictcontrol -Q -C o -c sealed 0x81000109");
    tools.ok("tpm2_flushcontext -t");
    let key = "pkey -noout -in";
    let certificate = "x509 -noout -in";
    for (command, uri, reason, detail) in [
        (key, "nvkey:81000999", "the TPM has nothing at this handle", "0x81000999"),
        (key, "handle:0x1c00999", "the TPM has nothing at this handle", "no NV index 0x01c00999"),
        (
            key,
            "handle:0x1c00999",
            "the TPM has nothing at this handle",
            "`tpm2-keytool status` lists all NV indexes",
        ),
        (
            certificate,
            "handle:0x1c00003",
            "the NV index was never written",
            "tpm2_nvwrite (NV index 0x01c00003)",
        ),
        (certificate, "handle:0x1c00004", "the NV index needs a password", "-passin"),
        (certificate, "handle:0x1c00005", "a handle of the wrong kind", "counter"),
        (certificate, "handle:0x1c00004?pin-value=secret", "no key, certificate or public key", "0x01c00004"),
        (certificate, "handle:0x1c00004?pin-value=wrong", "the TPM refused the password", "0x01c00004"),
        (key, "nvkey:81x", "malformed URI", "\"81x\" is not a handle: give hexadecimal such as 0x81000101"),
        (key, "handle:0x81000101?pin=x", "malformed URI", "\"pin\""),
        (key, "tpm2:key=81000101", "malformed URI", "\"key\""),
        (
            key,
            "nvkey:1c00002",
            "a handle of the wrong kind",
            "persistent key (0x81......): use handle:0x01c00002",
        ),
        (key, "handle:0x40000001", "a handle of the wrong kind", "0x40000001"),
        (key, "tpm2:nv=81000101", "a handle of the wrong kind", "NV index"),
        (key, "handle:0x1c00002", "a handle of the wrong kind", "a key is wanted, but NV index 0x01c00002"),
        (
            certificate,
            "handle:0x81000101",
            "a handle of the wrong kind",
            "a certificate is wanted, but 0x81000101",
        ),
        ("crl -noout -in", "handle:0x1c00002", "a handle of the wrong kind", "a revocation list is wanted"),
        (key, "handle:0x81000109", "wrong kind of key", "sealed data"),
        (key, "tpm2:file=/no/such/file", "a file cannot be read", "/no/such/file"),
        (key, "tpm2:file=message", "no key, certificate or public key", "message"),
        (key, "object:message", "no key, certificate or public key", "tpm2_evictcontrol"),
        (key, "nvkey:81000101?pin-source=file:/no/such", "a file cannot be read", "/no/such"),
    ] {
        let output = openssl.failed(&format!("{command} '{uri}'")).says(reason).says(detail);
        // After 3.0, OpenSSL adds an error of its prompt where there is no terminal.
        let text = output.err();
        let errors = text.lines().filter(|line| line.contains(":error:") && !line.contains(":UI ")).count();
        assert_eq!(errors, 1, "{output}");
    }
    // storeutl fails because OSSL_STORE_error(3ossl) reports it.
    openssl.failed("storeutl -noout nvkey:81000999").says("the TPM has nothing at this handle");
    let wrong = format!("dgst -sha256 -sign nvkey:{LOCKED} -passin pass:wrong -out sig message");
    openssl.failed(&wrong).says("the TPM refused the password");
    let missing = format!("dgst -sha256 -sign nvkey:{LOCKED} -out sig message");
    openssl.failed(&missing).says("the key needs a password");
    machine.tpm.assert_empty();
}

#[test]
fn objects_of_an_unwanted_type_are_not_opened() {
    let openssl = Openssl::with_tpm2("swtpm:host=127.0.0.1,port=9", Order::Tpm2First);
    certificate(&openssl, "host");
    let data = |name: &str| {
        std::fs::read(format!("{}/../keyfile/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    };
    let keys = [data("tpm2-openssl-p256.pem"), data("tpm2-openssl-p384-password.pem"), data("sealed.pem")];
    openssl.write("bundle", [keys.concat(), openssl.read("host.crt")].concat());
    let taken = openssl.ok("pkey -in tpm2:file=bundle -noout -text").says("P-256");
    assert!(!taken.err().contains("pass phrase"), "{taken}");
    // A program that takes every object gets an error for the one that is not a key, and the rest.
    let all = openssl.failed("storeutl -noout -passin pass:x tpm2:file=bundle").says("sealed data");
    all.says("1: Pkey").says("2: Certificate").says("Total found: 3");
}

#[test]
fn a_password_is_asked_for_only_when_it_is_needed() {
    let machine = prepared(Machine::new(), "-e P-256");
    persist(&machine, "81000103", "-e P-256 -d -k secret");
    // Under dictionary-attack protection and without a password: the defaults of tpm2_create.
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    tools.ok("tpm2_createprimary -Q -C o -c primary");
    tools.ok("tpm2_create -Q -C primary -G ecc256 -u open.u -r open.r -c open");
    tools.ok("tpm2_flushcontext -t");
    tools.ok("tpm2_evictcontrol -Q -C o -c open 0x81000104");
    tools.ok("tpm2_flushcontext -t");
    for (uri, typed) in [
        (format!("nvkey:{PLAIN}"), None),
        (format!("handle:0x{PLAIN}"), None),
        (format!("nvkey:{LOCKED}"), Some("secret")),
        (format!("handle:0x{LOCKED}"), Some("secret")),
        ("nvkey:81000103".to_owned(), Some("secret")),
        ("handle:0x81000103?pass".to_owned(), Some("secret")),
        ("tpm2:handle=81000103?pin-value=secret".to_owned(), None),
        // In the form of tpm2-openssl, ?pass would be needed.
        ("handle:0x81000104".to_owned(), None),
        ("nvkey:81000104".to_owned(), Some("")),
        ("nvkey:81000104?pin-value=".to_owned(), None),
    ] {
        let line = format!("openssl dgst -sha256 -sign '{uri}' -out sig message");
        let mut terminal = Pty::start(machine.openssl.command(&line));
        if let Some(word) = typed {
            terminal.expect("pass phrase for key at 0x810001").type_line(word);
        }
        let (success, screen) = terminal.end();
        assert!(success, "{uri}: {screen}");
        assert_eq!(screen.matches("pass phrase").count(), usize::from(typed.is_some()), "{uri}: {screen}");
    }
    assert_eq!(machine.tpm.failures(), 0, "no wrong password was tried");
}

#[test]
fn opening_a_uri_takes_at_most_five_commands_and_a_reference_none() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti()).set("prove-password", "use");
    let machine = prepared(machine, "-e P-256");
    machine.tool.ok(&format!("reference handle:0x{PLAIN} plain.ref"));
    let mut signer = machine.signer();
    for (open, opening, reads) in [
        // The salt key, StartAuthSession, ReadPublic for the Name and for the proof. A URI without a password parameter means the empty
        // password.
        (format!("open a handle:0x{PLAIN}"), 5, 2),
        // After its refusal the provider checks that the key is unchanged, and reads the clock, which later shows if the TPM was reset.
        (format!("open a nvkey:{LOCKED} secret"), 5, 3),
        (format!("open a handle:0x{LOCKED}?pin-value=secret"), 2, 2),
        (format!("open a handle:0x{LOCKED}?pass secret"), 2, 2),
        // The file contains the public area, and this process knows that the key is at the handle.
        ("load a plain.ref".to_owned(), 0, 0),
    ] {
        proxy.log().clear();
        signer.ok(&open);
        assert_eq!(proxy.log().len(), opening, "{open}: {}", proxy.log().text());
        signer.ok("sign a");
        signer.ok("sign a 10");
        signer.ok("free a");
        let signatures = proxy.log().count(raw::SIGN);
        assert_eq!(signatures, 11, "{open}: {}", proxy.log().text());
        assert_eq!(proxy.log().count(raw::READ_PUBLIC), reads, "{open}");
        assert!(proxy.log().len() <= opening.max(reads) + 11, "{open}: {}", proxy.log().text());
    }
    assert!(!proxy.log().contains(b"secret"), "no password in the clear");
    signer.end("quit");
    machine.tpm.assert_empty();
}

#[test]
fn a_request_for_a_certificate_or_public_key_reads_nothing_else() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = prepared(Machine::reached_by(tpm, &proxy.tcti()), "-e P-256");
    proxy.log().clear();
    machine.openssl.ok(&format!("pkey -pubin -in nvkey:{LOCKED} -pubout"));
    let (read, flush) = (raw::READ_PUBLIC, raw::FLUSH_CONTEXT);
    let expected = [read, raw::CREATE_PRIMARY, raw::START_AUTH_SESSION, read, flush, flush];
    assert_eq!(proxy.log().codes(), expected, "{}", proxy.log().text());
    proxy.log().clear();
    machine.openssl.failed(&format!("x509 -in nvkey:{LOCKED} -noout"));
    machine.openssl.failed("pkey -in nvkey:zz -noout");
    assert!(proxy.log().is_empty(), "{}", proxy.log().text());
}

#[test]
fn children_sign_with_a_key_that_the_parent_opened() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = prepared(Machine::managed(tpm, &manager), "-e P-256");
    let mut signer = machine.signer();
    signer.ok(&format!("open a nvkey:{LOCKED} secret"));
    signer.ok(&format!("open b nvkey:{PLAIN}"));
    signer.ok("forks 4 5 a");
    signer.ok("forks 4 5 b");
    signer.ok("threads 4 5 a b");
    signer.ok("sign a 3");
    signer.end("quit");
    manager.wait_for_connections(0);
    machine.tpm.assert_empty();
}

#[test]
fn keys_open_in_two_contexts_and_by_libssl() {
    let machine = prepared(Machine::new(), "-e P-256");
    let opener = program(machine.openssl.shell(), "opener");
    for (handle, options, word) in [(PLAIN, "", ""), (LOCKED, "-a", "secret")] {
        machine.tool.ok(&format!("reference --force {options} nvkey:{handle} key.ref"));
        machine.openssl.shell().ok(&format!("{opener} nvkey:{handle} key.ref {word}"));
    }
    machine.tpm.assert_empty();
}

#[test]
fn a_key_that_is_removed_or_replaced_is_an_error() {
    let machine = prepared(Machine::new(), "-e P-256");
    let mut signer = machine.signer();
    for (handle, options) in [(PLAIN, ""), (LOCKED, "-k secret")] {
        signer.ok(&format!("open a nvkey:{handle} secret"));
        signer.ok(&format!("open used nvkey:{handle} secret"));
        signer.ok("sign used");
        evict(&machine.tpm, handle);
        for key in ["a", "used"] {
            let gone = signer.ask(&format!("sign {key}"));
            assert!(gone.contains("nothing at this handle") && gone.contains("removed"), "{gone}");
        }
        // Another key is made persistent at the handle.
        machine.key("other", &format!("-e P-256 {options}"));
        machine.tool.ok(&format!("load other {handle}"));
        for key in ["a", "used"] {
            let other = signer.ask(&format!("sign {key}"));
            assert!(other.starts_with("error") && other.contains("another key"), "{other}");
        }
        signer.ok(&format!("open b nvkey:{handle} secret"));
        signer.ok("sign b");
        for key in ["a", "used", "b"] {
            signer.ok(&format!("free {key}"));
        }
    }
}

#[test]
fn a_password_is_never_the_last_try() {
    let machine = Machine::new();
    persist(&machine, LOCKED, "-e P-256 -d -k secret");
    machine.openssl.write("message", b"what is signed");
    machine.tpm.set_dictionary_attack(2, 1000);
    let sign = |word: &str| format!("dgst -sha256 -sign 'nvkey:{LOCKED}?pin-value={word}' -out sig message");
    machine.openssl.failed(&sign("wrong")).says("the TPM refused the password");
    for word in ["wrong", "secret"] {
        machine
            .openssl
            .failed(&sign(word))
            .says("dictionary-attack lockout")
            .says("1000 seconds")
            .says("last-try");
    }
    assert_eq!(machine.tpm.failures(), 1);
    machine.tpm.set_dictionary_attack(9, 1000);
    signs(&machine.openssl, &format!("nvkey:{LOCKED}"), LOCKED, "-passin pass:secret");
    machine.tpm.set_dictionary_attack(2, 1000);
    // The empty password of a URI without parameters is never the last try either, for a key or an index.
    nv(&machine, "0x1c00004", "-p word -a ownerwrite|authread", b"contents");
    let refused = |line: &str, failures| {
        let output = machine.openssl.failed(line);
        assert_eq!(machine.tpm.failures(), failures, "{line}: {output}");
        output
    };
    let open = format!("dgst -sha256 -sign handle:0x{LOCKED} -out sig message");
    let tries = ["x509 -noout -passin pass:word -in handle:0x1c00004", &open];
    for line in tries {
        refused(line, 1).says("dictionary-attack lockout").says("the empty one is not tried");
    }
    machine.tpm.set_dictionary_attack(9, 1000);
    refused(tries[0], 2).says("the NV index needs a password").says("?pass");
    refused(tries[1], 3).says("the key needs a password");
    machine.tpm.set_dictionary_attack(4, 1000);
    let bold = machine.openssl.clone().set("last-try", "allow");
    signs(&bold, &format!("nvkey:{LOCKED}?pin-value=secret"), LOCKED, "");
}

#[test]
fn valgrind_finds_no_error_of_ours_in_a_store() {
    let machine = prepared(Machine::new(), "-e P-256");
    nv(&machine, "0x1c00002", "", &certificate(&machine.openssl, "host"));
    machine.tool.ok(&format!("reference -a handle:0x{LOCKED} key.ref"));
    let opener = program(machine.openssl.shell(), "opener");
    let list = machine.openssl.clone().set("NVPREFIX", "site-key:");
    for (shell, line, success) in [
        (machine.openssl.shell(), format!("{opener} nvkey:{LOCKED} key.ref secret"), true),
        (list.shell(), "openssl storeutl -noout -subject /CN=host -r -certs tpm2:".to_owned(), true),
        (machine.openssl.shell(), "openssl pkey -in handle:0x81000999 -noout".to_owned(), false),
    ] {
        let report = valgrind::run(shell, &line, "tpm2.so");
        assert_eq!(report.output.success(), success, "{}", report.output);
        assert!(report.ours.is_empty(), "{line}:\n{}", report.ours.join("\n"));
    }
}

#[test]
fn an_unreadable_file_opens_no_store() {
    let machine = Machine::new();
    machine.openssl.write("text", "no serialized object");
    machine.openssl.write("large", vec![0; 10_241]);
    for order in [Order::Tpm2Only, Order::Tpm2First, Order::DefaultFirst] {
        let openssl = machine.openssl.clone().ordered(order);
        for (uri, why) in [("object:absent", "No such file or directory"), ("object:.", "Is a directory")] {
            openssl.failed(&format!("pkey -in {uri} -noout")).says("Could not open file or uri").says(why);
        }
        for malformed in ["object:text", "object:large"] {
            let refused = openssl.failed(&format!("pkey -in {malformed} -noout"));
            // OpenSSL 3.5 could not "find" what earlier ones could not "read".
            let text = refused.says("not a serialized object of tpm2-tss").err();
            assert!(text.contains("Could not read") || text.contains("Could not find"), "{text}");
        }
    }
    machine.tpm.assert_empty();
}

/// Writes contents into an NV index with tpm2-tools.
#[track_caller]
pub(crate) fn nv(machine: &Machine, index: &str, options: &str, contents: &[u8]) {
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    machine.openssl.write("contents", contents);
    tools.ok(&format!("tpm2_nvdefine -Q -C o -s {} {options} {index}", contents.len()));
    tools.ok(&format!("tpm2_nvwrite -Q -C o -i contents {index}"));
}

/// Makes a self-signed certificate and returns it in DER; it is in NAME.crt, and its key in NAME.key.
#[track_caller]
pub(crate) fn certificate(openssl: &Openssl, name: &str) -> Vec<u8> {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    let files = format!("-keyout {name}.key -out {name}.crt");
    openssl.without_tpm2().ok(&format!("req -x509 {key} {files} -subj /CN={name} -days 2"));
    openssl.without_tpm2().ok(&format!("x509 -in {name}.crt -outform DER")).stdout
}
