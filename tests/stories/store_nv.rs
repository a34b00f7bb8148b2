//! Certificates and public keys in NV indexes, written with tpm2-tools and opened by URI.
use tests::raw::{self, Tpm as _};
use tests::tls::handshake;
use tests::{Authority, Order, Proxy, Swtpm, TlsServer, peers, tamper};

use crate::machine::Machine;
use crate::store::{LOCKED, certificate, nv, persist};

/// Checks that a program reads the certificate NAME out of an index, in PEM; `options` are additional options of x509.
#[track_caller]
fn same(machine: &Machine, uri: &str, name: &str, options: &str) {
    let found = machine.openssl.ok(&format!("x509 -in '{uri}' {options}")).out();
    assert_eq!(found, machine.openssl.without_tpm2().ok(&format!("x509 -in {name}.crt")).out(), "{uri}");
}

#[test]
fn certificates_are_read_in_every_form_with_any_padding() {
    let machine = Machine::new();
    let der = certificate(&machine.openssl, "host");
    let pem = machine.openssl.read("host.crt");
    let padded = |bytes: &[u8], padding: u8| [bytes, &[padding; 300]].concat();
    for (at, contents) in
        [der.clone(), padded(&der, 0), padded(&der, 0xff), pem.clone(), padded(&pem, 0), padded(&pem, 0xff)]
            .iter()
            .enumerate()
    {
        let index = format!("0x1c0000{at}");
        nv(&machine, &index, "", contents);
        same(&machine, &format!("handle:{index}"), "host", "");
        same(&machine, &format!("tpm2:nv={index}"), "host", "");
    }
    // Written in parts and never completely: bytes that were not written are 0xff.
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    tools.ok("tpm2_nvdefine -Q -C o -s 2000 0x1c00009");
    machine.openssl.write("part", &der);
    tools.ok("tpm2_nvwrite -Q -C o -i part 0x1c00009");
    same(&machine, "handle:0x1c00009", "host", "");
    machine.tpm.assert_empty();
}

#[test]
fn several_certificates_in_an_index_and_long_contents_are_read() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    let (one, two) = (certificate(&machine.openssl, "one"), certificate(&machine.openssl, "two"));
    certificate(&machine.openssl, "three");
    let chain =
        [machine.openssl.read("one.crt"), machine.openssl.read("two.crt"), machine.openssl.read("three.crt")]
            .concat();
    assert!(chain.len() > 1024, "more than TPM_PT_NV_BUFFER_MAX: {}", chain.len());
    nv(&machine, "0x1c00002", "", &chain);
    nv(&machine, "0x1c00003", "", &[one, two].concat());
    for index in ["0x1c00002", "0x1c00003"] {
        proxy.log().clear();
        let found = machine.openssl.ok(&format!("storeutl -noout -text handle:{index}"));
        let (reads, certificates) = if index.ends_with('2') { (2, 3) } else { (1, 2) };
        found.says("CN=one").says("CN=two").says(&format!("Total found: {certificates}"));
        assert_eq!(proxy.log().count(raw::NV_READ), reads, "{}", proxy.log().text());
        machine
            .openssl
            .ok(&format!("storeutl -noout -subject /CN=two handle:{index}"))
            .says("Total found: 1");
        // OpenSSL 3.0 prints "Total found: 0", later versions print nothing.
        let other = machine.openssl.ok(&format!("storeutl -noout -subject /CN=x handle:{index}"));
        assert!(!other.out().contains("0: "), "{other}");
    }
    // A list skips an index that was removed meanwhile (TPM_RC_HANDLE), and names one that cannot be read (TPM_RC_NV_LOCKED) if it was
    // requested.
    let list = "storeutl -noout tpm2:";
    proxy.on_command(tamper::answer(raw::NV_READ_PUBLIC, 0x18b, 2));
    machine.openssl.ok(list).says("tpm2:nv=0x01c00003").says("Total found: 1");
    let locked = || proxy.on_command(tamper::answer(raw::NV_READ, 0x148, 1));
    locked();
    machine.openssl.ok(list).says("Total found: 2").says("not read: ").says("TPM_RC_NV_LOCKED");
    locked();
    machine.openssl.ok("storeutl -noout -certs tpm2:").says("Total found: 1");
    // A TPM that fails during the list, or disconnects, is an error, not a shorter list.
    for command in [raw::NV_READ_PUBLIC, raw::NV_READ] {
        proxy.on_command(tamper::answer(command, 0x101, 1));
        machine.openssl.failed(list).says("TPM_RC_FAILURE");
        proxy.remove_rules();
        proxy.on_response(tamper::hang_up(command, usize::MAX));
        machine.openssl.failed(list).says("waiting for the TPM's answer").says("unexpected end of file");
        proxy.remove_rules();
    }
}

#[test]
fn opening_every_listed_object_asks_for_no_password() {
    let machine = Machine::new();
    let der = certificate(&machine.openssl, "host");
    nv(&machine, "0x1c00002", "", &der);
    nv(&machine, "0x1c00003", "-p secret -a 'ownerwrite|authread|authwrite'", &der);
    let list = "storeutl -noout -text -r";
    machine
        .openssl
        .pipe(&format!("{list} tpm2:"), "wrong\n")
        .ok()
        .says("CN=host")
        .says("tpm2:unread=0x01c00003");
    machine.openssl.ok(&format!("{list} -passin pass:wrong tpm2:")).says("CN=host");
    assert_eq!(machine.tpm.failures(), 0, "no password was tried");
    machine.openssl.ok("storeutl -noout -text -passin pass:secret tpm2:nv=0x01c00003").says("CN=host");
    machine.openssl.failed("x509 -in tpm2:unread=0x01c00003").says("a certificate is wanted");
    machine
        .tool
        .ok("show tpm2:unread=0x01c00003")
        .says("NV index 0x01c00003")
        .says("a password is needed to read it");
}

#[test]
fn public_keys_of_every_type_are_read() {
    let machine = Machine::new();
    let stock = machine.openssl.without_tpm2();
    machine.openssl.write("message", b"what is signed");
    stock.ok("dgst -sha256 -binary -out digest message");
    for (at, algorithm) in [
        "RSA -pkeyopt rsa_keygen_bits:2048",
        "RSA-PSS -pkeyopt rsa_keygen_bits:2048",
        "EC -pkeyopt group:P-384",
        "ED25519",
    ]
    .iter()
    .enumerate()
    {
        stock.ok(&format!("genpkey -algorithm {algorithm} -out soft"));
        let public = stock.ok("pkey -in soft -pubout").out();
        let der = stock.ok("pkey -in soft -pubout -outform DER").stdout;
        let (first, second) = (format!("0x1c0001{at}"), format!("0x1c0002{at}"));
        nv(&machine, &first, "", &[&der[..], &[0xff; 9]].concat());
        nv(&machine, &second, "", public.as_bytes());
        for order in Order::BOTH {
            let openssl = machine.openssl.clone().ordered(order);
            for index in [&first, &second] {
                let found = openssl.ok(&format!("pkey -pubin -in handle:{index} -pubout")).out();
                assert_eq!(found, public, "{algorithm} {order:?}");
            }
            if *algorithm != "ED25519" {
                stock.ok("dgst -sha256 -sign soft -out sig message");
                openssl.ok(&format!("dgst -sha256 -verify handle:{first} -signature sig message")).says("OK");
            }
        }
        if *algorithm != "ED25519" {
            let alone = machine.openssl.clone().ordered(Order::Tpm2Only);
            alone.ok(&format!("pkey -pubin -in tpm2:nv={first} -noout -text")).says("Public-Key");
        }
    }
}

#[test]
fn passwords_of_the_index_and_of_the_owner_are_used() {
    let machine = Machine::new();
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    let der = certificate(&machine.openssl, "host");
    let size = der.len();
    let define = |index: &str, attributes: &str| {
        machine.openssl.write("contents", &der);
        tools.ok(&format!("tpm2_nvdefine -Q -C o -s {size} -p secret -a {attributes} {index}"));
        tools.ok(&format!("tpm2_nvwrite -Q -C {index} -P secret -i contents {index}"));
    };
    machine.openssl.write("word", "secret\n");
    let word = machine.openssl.file("word").display().to_string();
    define("0x1c00002", "authwrite|authread|no_da");
    define("0x1c00003", "authwrite|authread");
    for index in ["0x1c00002", "0x1c00003"] {
        let uri = format!("handle:{index}");
        same(&machine, &format!("{uri}?pin-value=secret"), "host", "");
        same(&machine, &format!("{uri}?pin-source=file:{word}"), "host", "");
        same(&machine, &format!("{uri}?pass"), "host", "-passin pass:secret");
        machine.openssl.failed(&format!("x509 -in {uri}?pass")).says("the NV index needs a password");
        let wrong = format!("x509 -in {uri}?pass -passin pass:wrong");
        machine.openssl.failed(&wrong).says("the TPM refused the password");
    }
    same(&machine, "handle:0x1c00002", "host", "-passin pass:secret");
    same(&machine, "tpm2:nv=0x1c00003", "host", "-passin pass:secret");
    assert_eq!(machine.tpm.failures(), 1, "the wrong one above, and no empty one");

    define("0x1c00004", "authwrite|ownerread|authread|no_da");
    define("0x1c00005", "authwrite|ownerread");
    same(&machine, "handle:0x1c00004", "host", "");
    machine.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    same(&machine, "handle:0x1c00004", "host", "-passin pass:secret");
    machine
        .openssl
        .failed("x509 -in handle:0x1c00005")
        .says("the NV index needs a password")
        .says("pin or pin-source");
    same(&machine, "handle:0x1c00005?pin-value=owner", "host", "");
    let machine = machine.set("pin", "owner");
    same(&machine, "handle:0x1c00004", "host", "");
    same(&machine, "handle:0x1c00005", "host", "");
    machine.tpm.assert_empty();
}

/// A server whose key and certificate are both in the TPM, and a client that trusts a root certificate in the TPM.
#[test]
fn key_and_certificate_of_a_server_can_both_be_in_the_tpm() {
    let machine = Machine::new();
    persist(&machine, LOCKED, "-e P-256 -k secret");
    let authority = Authority::new(&machine.openssl, "authority");
    authority.certify(&format!("{LOCKED}.pub"), "server.crt");
    nv(&machine, "0x1c00002", "", &machine.openssl.read("server.crt"));
    nv(&machine, "0x1c00003", "", &machine.openssl.read("authority.pem"));
    for order in Order::BOTH {
        let openssl = machine.openssl.clone().ordered(order);
        openssl.ok("verify -CAstore handle:0x1c00003 server.crt").says("OK");
        openssl.ok("verify -CAstore tpm2:nv=0x1c00003 server.crt").says("OK");
        openssl.failed("verify -CAstore handle:0x1c00002 server.crt");
        let key = format!("-cert handle:0x1c00002 -key nvkey:{LOCKED} -pass pass:secret");
        let server = TlsServer::start(&openssl, &key);
        let client = server.client(&openssl, "-CAstore handle:0x1c00003 -verify_return_error");
        assert_eq!(handshake(&client).protocol, "TLSv1.3", "{order:?}");
    }
}
