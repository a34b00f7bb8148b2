//! Programs that know nothing of TPMs: they are given a key file, or a reference to a key at a handle, where they expect a PEM key.
use tests::{Authority, Options, ResourceManager, Swtpm, port};

use crate::machine::Machine;
use crate::store::{LOCKED, PLAIN, persist};

/// Five TLS connections to a server of Python's, each on a thread of its own, then one to a client that shows a certificate.
const PYTHON: &str = r#"
import socket, ssl, threading

server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain("crt", "key.tpm")
server.load_verify_locations("crt")
server.verify_mode = ssl.CERT_OPTIONAL
client = ssl.create_default_context(cafile="crt")
listener = socket.create_server(("127.0.0.1", 0))

def answer(connection):
    with server.wrap_socket(connection, server_side=True) as tls:
        tls.sendall(b"known" if tls.getpeercert() else b"hello")

def serve():
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],)).start()

threading.Thread(target=serve, daemon=True).start()

def ask():
    connection = socket.create_connection(listener.getsockname())
    with client.wrap_socket(connection, server_hostname="localhost") as tls:
        return tls.version(), tls.recv(10).decode()

for _ in range(5):
    print(*ask())
client.load_cert_chain("crt", "key.tpm")
print(*ask())
"#;

#[test]
fn python_serves_and_asks_with_a_key_in_the_tpm() {
    for options in ["--ecc P-256", "--key-size 2048"] {
        let machine = Machine::new();
        machine.key("key.tpm", options);
        machine.openssl.ok("req -x509 -key key.tpm -subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2 -out crt");
        machine.openssl.write("programs.py", PYTHON);
        // Debian's own, which is linked to the openssl under test; another one of the PATH may bring its own OpenSSL.
        let told = machine.openssl.shell().ok("/usr/bin/python3 programs.py").out();
        assert_eq!(told, "TLSv1.3 hello\n".repeat(5) + "TLSv1.3 known\n");
    }
}

/// A machine with an EC key at a handle and an RSA key with password at another, references to both, and certificates.
fn referenced(machine: Machine) -> Machine {
    let authority = Authority::new(&machine.openssl, "authority");
    let word = machine.openssl.write("word", "secret\n");
    let uri = format!("handle:0x{LOCKED}?pin-source=file:{}", word.display());
    for (handle, kind, uri) in [(PLAIN, "-e P-256", PLAIN), (LOCKED, "-r -k secret", &uri)] {
        persist(&machine, handle, kind);
        machine.tool.ok(&format!("reference {uri} {handle}.ref"));
        authority.certify(&format!("{handle}.pub"), &format!("{handle}.crt"));
        let both = ["ref", "crt"].map(|kind| machine.openssl.text(format!("{handle}.{kind}").as_str()));
        machine.openssl.write(format!("{handle}.pem"), both.concat());
    }
    machine
}

/// Each front end has the key in another way; the last one asks the first and shows a certificate.
const HAPROXY: &str = "\
defaults
    mode http
    timeout connect 10s
    timeout client 10s
    timeout server 10s
frontend one_file
    bind 127.0.0.1:PORT0 ssl crt PLAIN.pem ca-file authority.pem verify optional
    http-request return status 200 content-type text/plain lf-string \"one %[ssl_c_used]\\n\"
frontend password
    bind 127.0.0.1:PORT1 ssl crt LOCKED.pem
    http-request return status 200 content-type text/plain string \"two\\n\"
frontend key_file_beside
    bind 127.0.0.1:PORT2 ssl crt site.crt
    http-request return status 200 content-type text/plain string \"three\\n\"
frontend plain
    bind 127.0.0.1:PORT3
    default_backend encrypted
backend encrypted
    server one 127.0.0.1:PORT0 ssl crt LOCKED.pem ca-file authority.pem verify required verifyhost localhost
";

#[test]
fn haproxy_serves_and_asks_with_keys_in_the_tpm() {
    let machine = referenced(Machine::new());
    let openssl = &machine.openssl;
    openssl.write("site.crt", openssl.read(format!("{PLAIN}.crt")));
    openssl.write("site.crt.key", openssl.read(PLAIN));
    let text = HAPROXY.replace("PLAIN", PLAIN).replace("LOCKED", LOCKED);
    // A master that reads the keys and a worker that uses them, as the distributions start it.
    let (first, _server) = port::serve_forking(4, |first| {
        let put = |text: String, at: u16| text.replace(&format!("PORT{at}"), &(first + at).to_string());
        openssl.write("haproxy.cfg", (0..4).fold(text.clone(), put));
        openssl.shell().spawn("/usr/sbin/haproxy -W -f haproxy.cfg", "haproxy.log")
    });
    for version in ["1.2", "1.3"] {
        let curl =
            format!("curl -sS --max-time 20 --cacert authority.pem --tlsv{version} --tls-max {version}");
        let pages =
            (0..3).map(|at| format!("https://localhost:{}/", first + at)).collect::<Vec<_>>().join(" ");
        let told = openssl.stranger().shell().ok(&format!("{curl} {pages}")).out();
        assert_eq!(told, "one 0\ntwo\nthree\n");
    }
    let told =
        openssl.stranger().shell().ok(&format!("curl -sS --max-time 20 http://127.0.0.1:{}/", first + 3));
    assert_eq!(told.out(), "one 1\n", "{}", openssl.text("haproxy.log"));
}

const MOSQUITTO: &str = "\
listener PORT 127.0.0.1
allow_anonymous true
certfile PLAIN.crt
keyfile PLAIN.ref
cafile authority.pem
require_certificate true
user root
";

#[test]
fn mosquitto_and_its_clients_meet_with_keys_in_the_tpm() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = referenced(Machine::managed(tpm, &manager));
    let openssl = &machine.openssl;
    let (port, _broker) = port::serve(1, |port| {
        openssl.write("mosquitto.conf", MOSQUITTO.replace("PLAIN", PLAIN).replace("PORT", &port.to_string()));
        openssl.shell().spawn("/usr/sbin/mosquitto -c mosquitto.conf", "mosquitto.log")
    });
    let client = |name: &str, certificate: &str, key: &str, options: &str| {
        let identity = format!("--cafile authority.pem --cert {certificate}.crt --key {key}");
        format!("{name} -h 127.0.0.1 -p {port} -t topic {identity} {options}")
    };
    let reference = format!("{LOCKED}.ref");
    openssl.shell().ok(&client("mosquitto_pub", LOCKED, &reference, "-r -m retained"));
    let told = openssl.shell().ok(&client("mosquitto_sub", PLAIN, PLAIN, "-C 1 -W 20"));
    assert_eq!(told.out(), "retained\n", "{}", openssl.text("mosquitto.log"));
    openssl
        .shell()
        .failed(&format!("mosquitto_pub -h 127.0.0.1 -p {port} --cafile authority.pem -t topic -m nobody"));
}
