"""A TLS server with a private key in the TPM: python3 serve.py KEY CERTIFICATE PORT. Nothing in it is specific to a TPM."""

import http.server
import ssl
import sys

key, certificate, port = sys.argv[1], sys.argv[2], int(sys.argv[3])

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
# A key with a password: password="…", or a function that returns it.
context.load_cert_chain(certificate, key)


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"served with a key in the TPM\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Hello)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
