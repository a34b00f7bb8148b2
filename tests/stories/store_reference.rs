//! Reference files: programs that can only open a file use a persistent key.
use std::os::unix::fs::PermissionsExt as _;

use keyfile::KeyReference;
use tests::raw::Tpm as _;
use tests::{Authority, Openssl, Order, TlsServer, peers};

use crate::keytool::Desk;
use crate::machine::Machine;
use crate::store::{LOCKED, PLAIN, persist};

fn machine() -> Machine {
    let machine = Machine::new();
    persist(&machine, PLAIN, "-e P-256");
    persist(&machine, LOCKED, "-r -k secret");
    machine.openssl.write("message", b"what is signed");
    machine
}

fn reference(openssl: &Openssl, name: &str) -> KeyReference {
    KeyReference::parse(&openssl.read(name)).unwrap()
}

#[test]
fn a_reference_contains_what_its_page_documents() {
    let machine = machine();
    let (tool, openssl) = (&machine.tool, &machine.openssl);
    for (uri, handle, empty) in [
        (format!("handle:0x{PLAIN}"), PLAIN, true),
        (format!("//nvkey:{PLAIN}"), PLAIN, true),
        (format!("tpm2:handle=0x{LOCKED}"), LOCKED, false),
        (format!("nvkey:{PLAIN}?pass"), PLAIN, false),
    ] {
        tool.ok(&format!("reference --force '{uri}' key.ref"));
        let made = reference(openssl, "key.ref");
        assert_eq!((made.uri.as_str(), made.empty_auth), (uri.as_str(), empty));
        assert_eq!(made.public, keyfile::KeyFile::parse(&openssl.read(handle)).unwrap().public);
        let mode = openssl.file("key.ref").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // Any openssl reads the structure that the page documents.
        openssl.without_tpm2().ok("asn1parse -in key.ref").says("TPM2 Key Reference v1.0").says("UTF8STRING");
    }
    tool.ok(&format!("reference --force {PLAIN} key.ref"));
    assert_eq!(*reference(openssl, "key.ref").uri, format!("handle:0x{PLAIN}"));
    let tools = peers::tpm2_tools(openssl.shell(), &machine.tpm.tcti());
    tools.ok(&format!("tpm2_readpublic -Q -c 0x{PLAIN} -t plain.obj"));
    tool.ok("reference --force object:plain.obj?pin-value=x key.ref").says("in the clear");
    assert_eq!(*reference(openssl, "key.ref").uri, format!("handle:0x{PLAIN}?pin-value=x"));
    let absent =
        tool.ok(&format!("reference --force handle:0x{LOCKED}?pin-source=file:/no/such/word key.ref"));
    absent.says("cannot read the password in /no/such/word");
    openssl.write("word", "secret\n");
    let there = tool.ok(&format!("reference --force handle:0x{LOCKED}?pin-source=file:word key.ref"));
    assert!(there.err().is_empty(), "{there}");
    machine.tpm.assert_empty();
}

#[test]
fn openssl_reads_and_writes_a_reference_without_a_tpm_command() {
    let machine = machine();
    machine.tool.ok(&format!("reference --force handle:0x{PLAIN} plain.ref"));
    machine.tool.ok(&format!("reference --force handle:0x{LOCKED} locked.ref"));
    // The password of the caller takes precedence over the password in the reference.
    machine.tool.ok(&format!("reference --force handle:0x{LOCKED}?pin-value=other wrong.ref"));
    machine.openssl.write("pin", "secret\n");
    machine.openssl.ok(&format!("pkey -in handle:0x{PLAIN} -out written.ref"));
    assert_eq!(machine.openssl.text("written.ref"), machine.openssl.text("plain.ref"));
    for order in Order::BOTH {
        let shell = machine.openssl.shell().clone();
        let nowhere = Openssl::in_shell(shell, "swtpm:host=127.0.0.1,port=9", order);
        nowhere.ok("pkey -in plain.ref -outform DER -out plain.der");
        for (name, handle, options) in [
            ("plain.ref", PLAIN, ""),
            ("plain.der", PLAIN, ""),
            ("locked.ref", LOCKED, "-passin pass:secret"),
        ] {
            let public = nowhere.ok(&format!("pkey -in {name} {options} -pubout")).out();
            assert_eq!(public, nowhere.text(&format!("{handle}.pub")), "{name} {order:?}");
            let public = nowhere.ok(&format!("pkey -pubin -in {name} -pubout")).out();
            assert_eq!(public, nowhere.text(&format!("{handle}.pub")), "{name} {order:?}");
        }
        nowhere.ok("pkey -in plain.ref -out copy");
        assert_eq!(nowhere.text("copy"), nowhere.text("plain.ref"));
        nowhere.failed("dgst -sha256 -sign plain.ref message").says("no TPM can be reached");
        let openssl = machine.openssl.clone().ordered(order);
        for (name, handle, options) in [
            ("plain.der", PLAIN, ""),
            ("tpm2:file=locked.ref", LOCKED, "-passin pass:secret"),
            ("tpm2:file=locked.ref?pin-value=secret", LOCKED, ""),
            ("tpm2:file=wrong.ref?pin-source=file:pin", LOCKED, ""),
        ] {
            openssl.ok(&format!("dgst -sha256 -sign {name} {options} -out sig message"));
            let verify = format!("dgst -sha256 -verify {handle}.pub -signature sig message");
            openssl.without_tpm2().ok(&verify).says("Verified OK");
        }
        openssl.failed("dgst -sha256 -sign locked.ref -out sig message").says("the key needs a password");
    }
    // The text shows the key's URI, and never its password.
    machine.openssl.ok("pkey -in plain.ref -noout -text").says("password: none");
    for uri in ["tpm2:handle=0x{};pin-value=secret", "handle:0x{}?pin-value=secret"] {
        machine.tool.ok(&format!("reference --force '{}' pin.ref", uri.replace("{}", LOCKED)));
        let text = machine.openssl.ok("pkey -in pin.ref -noout -text");
        assert!(!text.out().contains("secret"), "{text}");
        let text = text.says("persistent key 0x81000102").says("password: may be needed");
        text.says("parent: ").says("policy: none");
    }
    machine.openssl.ok("dgst -sha256 -sign pin.ref -out sig message");
}

#[test]
fn each_fault_of_a_reference_has_its_error() {
    let machine = machine();
    let openssl = &machine.openssl;
    machine.tool.ok(&format!("reference --force handle:0x{PLAIN} key.ref"));
    let pem = openssl.text("key.ref");
    let sign = "dgst -sha256 -sign damaged.ref -out sig message";
    openssl.write("damaged.ref", pem.replace("-----END", ""));
    openssl.failed(sign).says("malformed key reference").says("END");
    let mut made = reference(openssl, "key.ref");
    for (uri, reason) in [
        ("handle:0x1c00002", "handle of the wrong kind"),
        ("handle:0x40000001", "handle of the wrong kind"),
        ("tpm2:file=key", "handle of the wrong kind"),
        ("nvkey:x", "malformed URI"),
        ("https://example.org/", "malformed URI"),
    ] {
        uri.clone_into(&mut *made.uri);
        openssl.write("damaged.ref", made.to_pem().unwrap());
        openssl.failed(sign).says(reason);
    }
    *made.uri = format!("handle:0x{PLAIN}?pin-source=file:/no/such/file");
    openssl.write("damaged.ref", made.to_pem().unwrap());
    openssl.failed(sign).says("a file cannot be read").says("/no/such/file");
    // A program that needs only the public half may not be allowed to read the password file.
    let public = openssl.text(&format!("{PLAIN}.pub"));
    assert_eq!(openssl.ok("pkey -pubin -in damaged.ref -pubout").out(), public);
    assert_eq!(openssl.ok("pkey -in damaged.ref -pubout").out(), public);
    // Another key at the handle, and no key.
    *made.uri = format!("handle:0x{LOCKED}");
    openssl.write("damaged.ref", made.to_pem().unwrap());
    openssl.failed(sign).says("nothing at this handle").says("another key is at this handle now");
    "handle:0x81000999".clone_into(&mut *made.uri);
    openssl.write("damaged.ref", made.to_pem().unwrap());
    openssl.failed(sign).says("nothing at this handle").says("0x81000999");
}

#[test]
fn wrong_uses_of_the_tool_are_refused() {
    let desk = Desk::new();
    desk.run("create_tpm2_key -e P-256 key.tpm").ok();
    desk.run("load_tpm2_key key.tpm 81000101").ok();
    desk.run("create_tpm2_key -e P-256 --locality 1 bound.tpm").ok();
    desk.run("load_tpm2_key -f bound.tpm 81000102").ok();
    desk.run("create_tpm2_key -e P-256 -d -k secret da.tpm").ok();
    desk.run("load_tpm2_key da.tpm 81000103").ok();
    desk.others("printf data | tpm2_create -Q -C 0x81000101 -i - -u x -r y || true; printf x >object");
    for (line, what) in [
        ("handle:0x81000999 out", "there is no key at 0x81000999"),
        ("81000102 out", "can only be used with a policy"),
        ("handle:0x1c00002 out", "persistent key"),
        ("tpm2:file=key.tpm out", "needs no reference"),
        ("tpm2: out", "persistent key"),
        ("nonsense out", "does not name a key"),
        ("object:object out", "not a serialized object"),
        ("object:absent out", "cannot read absent"),
        ("object:/dev/zero out", "longer than a megabyte"),
        ("81000101 /no/such/folder/out", "cannot write"),
        ("81000101", "FILE"),
    ] {
        let output = desk.run(&format!("tpm2-keytool reference {line}")).failed();
        assert!(output.err().contains(what), "{line}: {output}");
    }
    desk.assert_absent("out");
    // The last try before a lockout is never spent.
    desk.tpm.set_dictionary_attack(2, 1000);
    desk.run("tpm2-keytool reference 81000103 one.ref").ok();
    assert_eq!(desk.tpm.failures(), 1);
    desk.run("tpm2-keytool reference 81000103 out").failed().says("would lock the TPM").says("-a");
    desk.run("tpm2-keytool reference -a 81000103 two.ref").ok();
    assert_eq!(desk.tpm.failures(), 1);
    assert_eq!(desk.shell.read("one.ref"), desk.shell.read("two.ref"));
    desk.assert_absent("out");
    desk.assert_tidy();
}

/// curl accepts a path and no URI.
#[test]
fn curl_authenticates_with_a_key_in_the_tpm() {
    let machine = machine();
    let authority = Authority::new(&machine.openssl, "authority");
    for handle in [PLAIN, LOCKED] {
        authority.certify(&format!("{handle}.pub"), &format!("{handle}.crt"));
        machine.tool.ok(&format!("reference --force handle:0x{handle} {handle}.ref"));
    }
    let identity = format!("-cert {PLAIN}.crt -key {PLAIN}.ref");
    let server = TlsServer::start(&machine.openssl, &format!("{identity} -CAfile authority.pem -Verify 1"));
    for (handle, word) in [(PLAIN, ""), (LOCKED, "--pass secret")] {
        let client = format!("--cert {handle}.crt --key {handle}.ref {word} --cacert authority.pem");
        let line = format!("curl -sS --max-time 20 {client} https://localhost:{}/", server.port());
        machine.openssl.shell().ok(&line).says("Verify return code: 0");
    }
    let port = server.port();
    let anonymous = format!("curl -sS --max-time 20 --cacert authority.pem https://localhost:{port}/");
    machine.openssl.shell().failed(&anonymous);
}
