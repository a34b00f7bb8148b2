"""An EST server (RFC 7030) for one story: est.py PORT.

It certifies a request for the key of a device that knows a password, or for a device that shows a certificate of this server. Below the
label proof, the request must prove that its key is in the TPM of the attestation key whose Name is in ak.name.
"""
import base64
import http.server
import ssl
import subprocess
import sys

PROOF = "tpm2-keytool verify request.der --format request --ak ak.pub --ak-name ak.name --nonce 2f6b".split()
ISSUE = "openssl x509 -req -inform der -in request.der -CA authority.pem -CAkey authority.key -days 9 -out issued.pem".split()
CHECK = "openssl req -inform der -in request.der -verify -noout".split()
ENVELOPE = "openssl crl2pkcs7 -nocrl -certfile issued.pem -outform der".split()


class Server(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = base64.b64decode(self.rfile.read(int(self.headers["Content-Length"])))
        with open("request.der", "wb") as file:
            file.write(body)
        path = self.path.removeprefix("/.well-known/est/")
        if path.endswith("simplereenroll"):
            known = bool(self.connection.getpeercert())
        else:
            known = self.headers.get("Authorization") == "Basic " + base64.b64encode(b"device-17:password").decode()
        checks = [CHECK] + ([PROOF] if path.startswith("proof/") else [])
        if not known:
            self.answer(401, b"")
        elif self.headers["Content-Type"] != "application/pkcs10" or any(subprocess.run(check).returncode for check in checks):
            self.answer(400, b"")
        else:
            subprocess.run(ISSUE, check=True)
            self.answer(200, base64.encodebytes(subprocess.run(ENVELOPE, check=True, stdout=subprocess.PIPE).stdout))

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/pkcs7-mime; smime-type=certs-only")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Server)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem", "server.key")
context.load_verify_locations("authority.pem")
context.verify_mode = ssl.CERT_OPTIONAL
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
