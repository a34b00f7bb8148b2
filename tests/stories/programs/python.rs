//! Python's module ssl.
use crate::machine::Machine;

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
