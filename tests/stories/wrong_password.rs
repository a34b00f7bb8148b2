//! A wrong password costs one try, however many clients connect to a server; and a program that loads a key gets the error at once.
use std::fs;

use tests::raw::{self, Tpm as _};
use tests::{Options, Proxy, ResourceManager, Swtpm, TlsServer};

use crate::machine::{Machine, SRK};

/// Four workers share a listener, forked before or after the key is loaded; 200 clients connect. Prints the number of failed handshakes.
const WORKERS: &str = r#"
import os, signal, socket, ssl, sys

def context():
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain("crt", "key.tpm", password=lambda: open("word").read())
    return server

listener = socket.create_server(("127.0.0.1", 0), backlog=64)
opened = context() if sys.argv[1] == "parent" else None
children = []
for _ in range(4):
    child = os.fork()
    if child == 0:
        server = opened or context()
        while True:
            try:
                server.wrap_socket(listener.accept()[0], server_side=True).close()
            except OSError:
                pass
    children.append(child)
client = ssl.create_default_context(cafile="crt")
failed = 0
for _ in range(200):
    try:
        connection = socket.create_connection(listener.getsockname())
        client.wrap_socket(connection, server_hostname="localhost").close()
    except OSError:
        failed += 1
for child in children:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
print(failed)
"#;

/// A machine with a key under dictionary-attack protection, a certificate, and files with the right and a wrong password.
fn machine(machine: Machine) -> Machine {
    machine.key("key.tpm", "-e P-256 -d -k secret");
    let name = "-subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2";
    machine.openssl.ok(&format!("req -x509 -key key.tpm -passin pass:secret {name} -out crt"));
    machine.openssl.write("word", "wrong");
    machine.tpm.set_dictionary_attack(20, 1000);
    machine
}

/// Runs a program with Debian's own Python, which is linked to the openssl under test, and returns its output.
#[track_caller]
fn python(machine: &Machine, text: &str, arguments: &str) -> String {
    machine.openssl.write("refused.py", text);
    machine.openssl.shell().ok(&format!("/usr/bin/python3 refused.py {arguments}")).out()
}

#[test]
fn four_workers_with_two_hundred_clients_spend_one_try() {
    // Four connections take more slots than a TPM without a resource manager has.
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = machine(Machine::managed(tpm, &manager).set("prove-password", "use"));
    let run = |who: &str| {
        assert_eq!(python(&machine, WORKERS, who), "200\n");
        machine.tpm.failures()
    };
    // The children try the password of a key that the parent loaded only once between them.
    assert_eq!(run("parent"), 1);
    // Each child loads the key: one try for each process.
    assert!((1..=4).contains(&(run("child") - 1)));
    machine.openssl.write("word", "secret");
    assert_eq!(python(&machine, WORKERS, "parent"), "0\n");
}

#[test]
fn a_server_with_a_wrong_password_spends_one_try() {
    let machine = machine(Machine::new().set("prove-password", "use"));
    let server = TlsServer::start(&machine.openssl, "-cert crt -key key.tpm -pass pass:wrong");
    for _ in 0..20 {
        let output = server.client(&machine.openssl.without_tpm2(), "");
        assert!(!output.out().contains("Verify return code: 0"), "{output}");
    }
    server.wait_for("the password was refused before, and is not sent again");
    assert_eq!(machine.tpm.failures(), 1);
}

/// Loads a key with this password, and returns the error of openssl.
#[track_caller]
fn opens(machine: &Machine, key: &str, word: &str) -> Result<(), String> {
    let word = if word.is_empty() { String::new() } else { format!("-passin pass:{word}") };
    let output = machine.openssl.run(&format!("pkey -in '{key}' {word} -noout"));
    if output.success() { Ok(()) } else { Err(output.err()) }
}

#[test]
fn a_key_does_not_load_with_a_wrong_or_missing_password() {
    let machine = machine(Machine::new());
    machine.tool.ok("load key.tpm 81000101");
    machine.tool.ok("reference 'handle:0x81000101?pass' key.ref");
    for (key, failures) in [("key.tpm", 1), ("handle:0x81000101?pass", 2), ("key.ref", 3)] {
        let wrong = opens(&machine, key, "wrong").unwrap_err();
        assert!(wrong.contains("the TPM refused the password"), "{key}: {wrong}");
        let missing = opens(&machine, key, "").unwrap_err();
        assert!(missing.contains("none was given"), "{key}: {missing}");
        opens(&machine, key, "secret").unwrap();
        assert_eq!(machine.tpm.failures(), failures);
        // The public half needs no password.
        machine.openssl.ok(&format!("pkey -pubin -in '{key}' -noout"));
    }
    // Where the proof is disabled, or not possible, the key loads.
    let later = Machine { openssl: machine.openssl.clone().set("prove-password", "use"), ..machine };
    opens(&later, "key.tpm", "wrong").unwrap();
    let nowhere = Machine { openssl: later.openssl.clone().set("tcti", "swtpm:port=1"), ..later };
    opens(&nowhere, "key.tpm", "wrong").unwrap();
}

#[test]
fn python_gets_an_ssl_error_and_no_system_error() {
    let machine = machine(Machine::new());
    let text = r#"
import ssl
for word in [lambda: "", "wrong", "secret"]:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain("crt", "key.tpm", password=word)
        print("opened")
    except ssl.SSLError as error:
        print("SSLError")
"#;
    assert_eq!(python(&machine, text, ""), "SSLError\nSSLError\nopened\n");
    assert_eq!(machine.tpm.failures(), 2, "the empty answer is a password, too");
}

#[test]
fn haproxy_reports_a_wrong_password_before_it_starts() {
    let machine = machine(Machine::new());
    let word = machine.openssl.write("wrong", "wrong\n");
    machine.tool.ok("load key.tpm 81000101");
    let uri = format!("handle:0x81000101?pin-source=file:{}", word.display());
    machine.tool.ok(&format!("reference '{uri}' key.ref"));
    let both = ["key.ref", "crt"].map(|name| machine.openssl.text(name));
    machine.openssl.write("site.pem", both.concat());
    machine.openssl.write(
        "haproxy.cfg",
        "defaults\n mode http\n timeout connect 9s\n timeout client 9s\n timeout server 9s\nfrontend f\n bind 127.0.0.1:1 ssl crt site.pem\n",
    );
    let shell = machine.openssl.shell();
    shell.failed("/usr/sbin/haproxy -c -f haproxy.cfg").says("site.pem");
    fs::write(&word, "secret\n").unwrap();
    shell.ok("/usr/sbin/haproxy -c -f haproxy.cfg");
    assert_eq!(machine.tpm.failures(), 1);
}

#[test]
fn proving_a_password_takes_three_commands_and_leaves_nothing() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    // ReadPublic of the parent, StartAuthSession and Load are needed for any first use, and CreatePrimary if there is no persistent storage
    // key. Then come a trial session, TPM2_PolicySecret, and FlushContext of that session, of the key, of the protecting session, and of a
    // derived parent.
    let (owner, persistent) = ("-p owner".to_owned(), format!("-p {SRK:x}"));
    for (parent, commands) in [(&owner, 10), (&persistent, 8), (&owner, 8)] {
        if parent == &persistent {
            machine.provision();
        }
        machine.key("key", &format!("-e P-256 -k secret {parent}"));
        let mut signer = machine.signer();
        proxy.log().clear();
        signer.ok("load a key secret");
        assert_eq!(proxy.log().len(), commands, "{parent}:\n{}", proxy.log().text());
        machine.tpm.assert_empty();
        // The second key is known to have the right password.
        proxy.log().clear();
        signer.ok("load b key secret");
        assert_eq!(proxy.log().count(raw::LOAD), 0, "{}", proxy.log().text());
        signer.end("quit");
    }
}
