//! Stock openssl reads and verifies requests with the attestation attribute.

use super::prover::{ECDSA, KEYS, Prover, RSASSA};

/// id-aa-attestation and the type of the statement (tcg-attest-tpm-certify), as openssl prints unknown numbers.
const ATTRIBUTE: &str = "1.2.840.113549.1.9.16.2.59";
const STATEMENT: &str = "2.23.133.20.1";

/// Reads the request with another library than openssl's programs.
const SCRIPT: &str = "\
import sys
from cryptography import x509
request = x509.load_pem_x509_csr(open(sys.argv[1], 'rb').read())
assert request.is_signature_valid
value = request.attributes.get_attribute_for_oid(x509.ObjectIdentifier('1.2.840.113549.1.9.16.2.59')).value
# It is without its tag, that of a sequence, and without its length, which has two bytes.
open('bundle', 'wb').write(b'\\x30\\x82' + len(value).to_bytes(2, 'big') + value)
names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
print(request.subject.rfc4514_string(), names.get_values_for_type(x509.DNSName))
";

#[test]
fn openssl_reads_requests_and_every_structure_in_them() {
    let prover = Prover::new();
    prover.keys();
    let shell = &prover.desk.shell;
    shell.write("nonce", [7; 32]);
    for ak in [ECDSA, RSASSA] {
        prover.attestation_key(ak);
        for (key, _) in KEYS {
            prover.ok(&format!(
                "request {key} --ak {} --ak-cert {}.crt --nonce nonce --subject /O=Example/CN=host.example.com \
                 --san DNS:host.example.com --force request.pem",
                ak.handle, ak.name
            ));
            shell
                .ok("openssl req -in request.pem -noout -text -verify")
                .says("verify OK")
                .says(ATTRIBUTE)
                .says("CN = host.example.com")
                .says("DNS:host.example.com");
            let parsed = shell.ok("openssl asn1parse -in request.pem").out();
            assert!(parsed.contains(ATTRIBUTE) && parsed.contains(STATEMENT), "{parsed}");
            let read = prover.python(SCRIPT, "request.pem").ok().out();
            assert_eq!(read, "CN=host.example.com,O=Example ['host.example.com']\n");
            shell.ok("openssl asn1parse -inform DER -in bundle").says(STATEMENT);
            // The value of the attribute is an AttestationBundle, as `certify --format csr` writes it.
            prover.ok("verify bundle --format csr --nonce nonce --ak-roots root.pem");
            prover.ok("verify request.pem --format request --nonce nonce --ak-roots root.pem");
            shell.ok("openssl req -in request.pem -outform DER -out request.der");
            prover.ok("verify request.der --format request --nonce nonce --ak-roots root.pem");
        }
    }
}

#[test]
fn a_request_that_openssl_changes_is_refused() {
    let prover = Prover::new();
    prover.keys();
    prover.attestation_key(ECDSA);
    let shell = &prover.desk.shell;
    prover.ok(&format!(
        "request p256.tpm --ak {} --ak-cert ecdsa.crt --nonce 07 --subject /CN=host --force request.pem",
        ECDSA.handle
    ));
    // The subject is signed by the key, but not by the attestation key.
    shell.ok("openssl req -in request.pem -outform DER -out request.der");
    let mut der = shell.read("request.der");
    let at = der.windows(4).position(|part| part == b"host").unwrap();
    der[at] = b'm';
    shell.write("changed.der", der);
    shell.ok("openssl req -inform DER -in changed.der -out changed.pem");
    // OpenSSL 3.0 prints the failure, and ends with 0.
    shell.run("openssl req -in changed.pem -noout -verify").says("verify failure");
    let verify = "tpm2-keytool verify changed.pem --format request --nonce 07 --ak-roots root.pem";
    prover.desk.run(verify).failed().says("refused: request-signature");
}
