//! An operation as in a program: with a fresh context for a key that OpenSSL loaded from a file. The configuration (OPENSSL_CONF) chooses
//! the module.

use openssl::derive::Deriver;
use openssl::ec::{EcGroup, EcKey};
use openssl::encrypt::{Decrypter, Encrypter};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private, Public};
use openssl::rsa::Padding;
use openssl::sign::Signer;
use openssl::x509::X509;

use crate::contender::Algorithm;
use crate::worker::Operation;

const MESSAGE: &[u8] = b"a message of some length, as handshakes have it";

pub(crate) struct OpenSsl {
    key: PKey<Private>,
    work: Work,
}

/// The operation with the key, and its inputs.
enum Work {
    Sign,
    Decrypt { sealed: Vec<u8>, padding: Padding },
    Derive { peer: PKey<Public>, checked: bool },
}

impl OpenSsl {
    pub(crate) fn new(algorithm: Algorithm, file: &str) -> Self {
        let key = load(file);
        let work = match algorithm {
            Algorithm::EcdsaP256 | Algorithm::Rsa2048 => Work::Sign,
            Algorithm::Rsaes2048 => Work::decrypt(&key, Padding::PKCS1),
            Algorithm::Oaep2048 => Work::decrypt(&key, Padding::PKCS1_OAEP),
            Algorithm::EcdhP256 => Work::Derive { peer: peer(), checked: true },
            Algorithm::EcdhUnchecked => Work::Derive { peer: peer(), checked: false },
        };
        OpenSsl { key, work }
    }
}

impl Work {
    /// Prepares to decrypt the message, encrypted to the key.
    fn decrypt(key: &PKey<Private>, padding: Padding) -> Self {
        let public = PKey::public_key_from_der(&key.public_key_to_der().expect("its public half"));
        let public = public.expect("a public key");
        let mut encrypter = Encrypter::new(&public).expect("an encryption");
        encrypter.set_rsa_padding(padding).expect("a padding");
        if padding == Padding::PKCS1_OAEP {
            encrypter.set_rsa_oaep_md(MessageDigest::sha256()).expect("a digest");
        }
        let mut sealed = vec![0; public.size()];
        let size = encrypter.encrypt(MESSAGE, &mut sealed).expect("a ciphertext");
        sealed.truncate(size);
        Work::Decrypt { sealed, padding }
    }
}

fn load(file: &str) -> PKey<Private> {
    PKey::private_key_from_pem(&std::fs::read(file).expect("the key file")).expect("a key of the provider")
}

/// Returns the public key of a peer to share a secret with.
fn peer() -> PKey<Public> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).expect("a curve");
    let key = PKey::from_ec_key(EcKey::generate(&group).expect("a key")).expect("a key");
    PKey::public_key_from_der(&key.public_key_to_der().expect("its public half")).expect("a public key")
}

/// Loads a key file and compares it with a certificate, as each TLS server does when it starts.
pub(crate) fn matches(key: &str, certificate: &str) {
    let key = load(key);
    let certificate =
        X509::from_pem(&std::fs::read(certificate).expect("the certificate")).expect("a certificate");
    assert!(certificate.public_key().expect("its key").public_eq(&key));
}

impl Operation for OpenSsl {
    fn run(&self) {
        match &self.work {
            Work::Sign => {
                let mut signer = Signer::new(MessageDigest::sha256(), &self.key).expect("a signer");
                let signature = signer.sign_oneshot_to_vec(MESSAGE).expect("a signature");
                assert!(signature.len() > 60);
            }
            Work::Decrypt { sealed, padding } => {
                let mut decrypter = Decrypter::new(&self.key).expect("a decryption");
                decrypter.set_rsa_padding(*padding).expect("a padding");
                if *padding == Padding::PKCS1_OAEP {
                    decrypter.set_rsa_oaep_md(MessageDigest::sha256()).expect("a digest");
                }
                let mut message = vec![0; self.key.size()];
                let size = decrypter.decrypt(sealed, &mut message).expect("a message");
                assert_eq!(&message[..size], MESSAGE);
            }
            Work::Derive { peer, checked } => {
                let mut deriver = Deriver::new(&self.key).expect("a derivation");
                deriver.set_peer_ex(peer, *checked).expect("a peer");
                assert_eq!(deriver.derive_to_vec().expect("a secret").len(), 32);
            }
        }
    }
}
