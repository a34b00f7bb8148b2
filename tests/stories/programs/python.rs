//! Python: its module ssl, alone and with asyncio, requests and pyOpenSSL.
use super::keys::Form;
use super::tried::{Outcome, Program};
use crate::machine::Machine;

const PROGRAM: Program = Program {
    name: "python",
    version: "/usr/bin/python3 --version",
    forms: &Form::ALL,
    does: "servers with ssl and asyncio, clients with ssl, requests and pyOpenSSL, in TLS 1.2 and 1.3",
};

const SERVER: &str = r#"
import http.server, ssl, sys

port, certificate, key, *password = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key, *password)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), http.server.SimpleHTTPRequestHandler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"#;

const ASYNCIO: &str = r#"
import asyncio, ssl, sys

port, certificate, key, *password = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key, *password)

async def answer(reader, writer):
    await reader.read()
    writer.close()

async def serve():
    server = await asyncio.start_server(answer, "127.0.0.1", int(port), ssl=context)
    await server.serve_forever()

asyncio.run(serve())
"#;

/// Each client prints if the server has seen its certificate.
const CLIENTS: &str = r#"
import socket, ssl, sys, urllib.request
import requests
from OpenSSL import SSL

port, certificate, key, *password = sys.argv[1:]
url = f"https://localhost:{port}/"

def by_ssl(version):
    context = ssl.create_default_context(cafile="authority.pem")
    context.minimum_version = context.maximum_version = version
    context.load_cert_chain(certificate, key, *password)
    return urllib.request.urlopen(url, context=context).read()

def by_pyopenssl(version):
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    context.load_verify_locations("authority.pem")
    context.set_verify(SSL.VERIFY_PEER)
    context.set_passwd_cb(lambda *_: password[0].encode())
    context.use_certificate_file(certificate)
    context.use_privatekey_file(key)
    connection = SSL.Connection(context, socket.create_connection(("localhost", int(port))))
    connection.set_connect_state()
    connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
    page = b""
    try:
        while True:
            page += connection.recv(4096)
    except (SSL.ZeroReturnError, SSL.SysCallError):
        return page

pages = [client(version) for client in (by_ssl, by_pyopenssl) for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)]
if not password:
    # requests has no setting for a password.
    pages.append(requests.get(url, cert=(certificate, key), verify="authority.pem").content)
print(all(b"Client certificate" in page for page in pages))
"#;

#[test]
fn python() {
    PROGRAM.tried(|case| {
        let arguments = format!("CERTIFICATE KEY {}", case.if_password("PASSWORD"));
        for text in [SERVER, ASYNCIO] {
            case.server("server.py", text, &format!("/usr/bin/python3 server.py PORT {arguments}"))
                .answers("");
        }
        let server = case.strict_server();
        case.openssl.write("clients.py", CLIENTS);
        let printed = case.ok(&format!("/usr/bin/python3 clients.py {} {arguments}", server.port())).out();
        assert_eq!(printed, "True\n");
        Outcome::Works
    });
}

/// Five TLS connections to a Python server, each in its own thread, then one to a client that presents a certificate.
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
fn python_uses_keys_in_the_tpm_as_server_and_client() {
    for options in ["--ecc P-256", "--key-size 2048"] {
        let machine = Machine::new();
        machine.key("key.tpm", options);
        machine.openssl.ok("req -x509 -key key.tpm -subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2 -out crt");
        machine.openssl.write("programs.py", PYTHON);
        // Debian's own Python, which is linked to the openssl under test; another one in the PATH may have its own OpenSSL.
        let printed = machine.openssl.shell().ok("/usr/bin/python3 programs.py").out();
        assert_eq!(printed, "TLSv1.3 hello\n".repeat(5) + "TLSv1.3 known\n");
    }
}
