//! A signature as a program makes it: EVP_DigestSign with a fresh context over a key that OpenSSL loaded from a file.
//! Which module serves it is the configuration's business (OPENSSL_CONF).

use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use openssl::x509::X509;

use crate::worker::Operation;

pub(crate) struct OpenSsl {
    key: PKey<Private>,
}

impl OpenSsl {
    pub(crate) fn new(file: &str) -> Self {
        let pem = std::fs::read(file).expect("the key file");
        OpenSsl { key: PKey::private_key_from_pem(&pem).expect("a key of the provider") }
    }
}

/// Loads a key file and holds it against a certificate, as each TLS server does when it starts.
pub(crate) fn matches(key: &str, certificate: &str) {
    let key = OpenSsl::new(key).key;
    let certificate =
        X509::from_pem(&std::fs::read(certificate).expect("the certificate")).expect("a certificate");
    assert!(certificate.public_key().expect("its key").public_eq(&key));
}

impl Operation for OpenSsl {
    fn run(&self) {
        let mut signer = Signer::new(MessageDigest::sha256(), &self.key).expect("a signer");
        let signature = signer
            .sign_oneshot_to_vec(b"a message of some length, as handshakes have it")
            .expect("a signature");
        assert!(signature.len() > 60);
    }
}
