//! A private key from a file, to be wrapped: PKCS#1, PKCS#8, SEC1 or PKCS#12, PEM or DER, encrypted or not.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::provider::Provider;
use openssl::x509::X509;
use zeroize::Zeroizing;

use super::private_key::{KINDS, PrivateKey, Unfit};
use crate::error::Error;
use crate::ffi;
use crate::password::Secret;

/// No private key is longer; what is, is something else.
const LONGEST: u64 = 1 << 20;

/// Reads `path`; `password` is asked only if the file is encrypted.
///
/// # Errors
/// It holds no private key that a TPM could hold, or the password is wrong.
pub(crate) fn read(
    path: &Path,
    password: impl FnOnce() -> Result<Secret, Error>,
) -> Result<PrivateKey, Error> {
    ffi::openssl::start_without_configuration();
    // Old PKCS#12 files and PEM files are encrypted with what is legacy now; a system may do without that provider.
    let _default = Provider::load(None, "default");
    let _legacy = Provider::load(None, "legacy");
    let octets = contents(path)?;
    let mut reading = Reading { path, password: Some(password) };
    let key = if octets.windows(11).any(|window| window == b"-----BEGIN ") {
        reading.pem(&octets)?
    } else {
        reading.der(&octets)?
    };
    PrivateKey::of(&key).map_err(|unfit| match unfit {
        Unfit::Key(problem, advice) => refused(path, problem, advice),
        Unfit::OpenSsl(stack) => refused(path, openssl_says(&stack), "check it with `openssl pkey -check`"),
    })
}

fn contents(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let file = File::open(path).map_err(|source| Error::read(path, source))?;
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let size = file.metadata().map_or(0, |metadata| metadata.len().min(LONGEST));
    let mut octets =
        Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(64)));
    file.take(LONGEST + 1).read_to_end(&mut octets).map_err(|source| Error::read(path, source))?;
    if u64::try_from(octets.len()).is_ok_and(|length| length > LONGEST) {
        return Err(refused(path, "it is longer than a megabyte", KINDS));
    }
    Ok(octets)
}

struct Reading<'a, F> {
    path: &'a Path,
    password: Option<F>,
}

impl<F: FnOnce() -> Result<Secret, Error>> Reading<'_, F> {
    fn pem(&mut self, octets: &[u8]) -> Result<PKey<Private>, Error> {
        let holds = |text: &str| octets.windows(text.len()).any(|window| window == text.as_bytes());
        if holds("-----BEGIN TSS2 ") {
            return Err(self.tpm_key());
        }
        if !holds("PRIVATE KEY-----") {
            return Err(self.refuse("there is no private key in it", KINDS));
        }
        let encrypted = holds("-----BEGIN ENCRYPTED PRIVATE KEY-----") || holds("Proc-Type: 4,ENCRYPTED");
        let password = if encrypted { self.word()? } else { Zeroizing::new(String::new()) };
        // With a password in hand OpenSSL never asks on the terminal by itself.
        PKey::private_key_from_pem_passphrase(octets, password.as_bytes())
            .map_err(|stack| self.unread(encrypted, &stack))
    }

    fn der(&mut self, octets: &[u8]) -> Result<PKey<Private>, Error> {
        match first_element(octets) {
            // An object identifier: TPMKey ::= SEQUENCE { type OBJECT IDENTIFIER, …
            Some(0x06) => Err(self.tpm_key()),
            // A version: PKCS#1, PKCS#8, SEC1, PKCS#12
            Some(0x02) => match Pkcs12::from_der(octets) {
                Ok(container) => self.pkcs12(&container),
                Err(_) => PKey::private_key_from_der(octets).map_err(|stack| self.unread(false, &stack)),
            },
            Some(0x30) if X509::from_der(octets).is_ok() => Err(self.refuse("it is a certificate", KINDS)),
            Some(0x30) if PKey::public_key_from_der(octets).is_ok() => {
                Err(self.refuse("it is a public key", KINDS))
            }
            // An algorithm: EncryptedPrivateKeyInfo
            Some(0x30) => {
                let password = self.word()?;
                PKey::private_key_from_pkcs8_passphrase(octets, password.as_bytes())
                    .map_err(|stack| self.unread(true, &stack))
            }
            _ => Err(self.refuse("it is neither PEM nor DER", KINDS)),
        }
    }

    fn pkcs12(&mut self, container: &Pkcs12) -> Result<PKey<Private>, Error> {
        let parsed = match container.parse2("") {
            Ok(parsed) => parsed,
            Err(_) => {
                let password = self.word()?;
                container.parse2(&password).map_err(|stack| self.unread(true, &stack))?
            }
        };
        parsed.pkey.ok_or_else(|| self.refuse("there is no private key in it, only certificates", KINDS))
    }

    /// The file's password, in the form that OpenSSL takes: text without a zero octet.
    fn word(&mut self) -> Result<Zeroizing<String>, Error> {
        let secret = match self.password.take() {
            Some(password) => password()?,
            None => return Err(self.refuse("its password was asked for already", KINDS)),
        };
        match std::str::from_utf8(secret.octets()) {
            Ok(word) if !word.contains('\0') => Ok(Zeroizing::new(word.to_owned())),
            _ => {
                Err(self
                    .refuse("its password is not UTF-8 text", "decrypt the file with `openssl pkey` first"))
            }
        }
    }

    fn unread(&self, encrypted: bool, stack: &openssl::error::ErrorStack) -> Error {
        if encrypted {
            self.refuse(
                "the password is wrong, or the file is damaged",
                "check both with `openssl pkey -noout -in FILE`",
            )
        } else {
            self.refuse(openssl_says(stack), KINDS)
        }
    }

    fn tpm_key(&self) -> Error {
        self.refuse(
            "it is a TPM key file already",
            "use it as it is; `tpm2-keytool show` tells what it can do",
        )
    }

    fn refuse(&self, problem: impl Into<String>, advice: &str) -> Error {
        refused(self.path, problem, advice)
    }
}

fn refused(path: &Path, problem: impl Into<String>, advice: impl Into<String>) -> Error {
    Error::PrivateKey { path: path.to_owned(), problem: problem.into(), advice: advice.into() }
}

fn openssl_says(stack: &openssl::error::ErrorStack) -> String {
    let reason = stack.errors().last().and_then(openssl::error::Error::reason);
    format!("OpenSSL cannot read it ({})", reason.unwrap_or("no reason given"))
}

/// The tag of the first element in a DER SEQUENCE.
fn first_element(octets: &[u8]) -> Option<u8> {
    let (0x30, rest) = octets.split_first().map(|(tag, rest)| (*tag, rest))? else { return None };
    let (length, rest) = rest.split_first()?;
    // X.690 §8.1.3: above 0x80, the number of the length's octets
    let skipped = usize::from(if *length > 0x80 { length & 0x7f } else { 0 });
    rest.get(skipped).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use openssl::asn1::Asn1Time;
    use openssl::bn::BigNum;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::hash::MessageDigest;
    use openssl::nid::Nid;
    use openssl::rsa::Rsa;
    use openssl::symm::Cipher;
    use openssl::x509::X509Builder;

    const WORD: &str = "opensesame";

    fn from(octets: &[u8], password: Option<&str>) -> Result<PrivateKey, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), octets).unwrap();
        let asked = || match password {
            Some(word) => Ok(Secret::from(std::ffi::OsString::from(word))),
            None => panic!("asked for a password of a file that has none"),
        };
        read(file.path(), asked).map_err(|error| format!("{error} / {}", error.advice().unwrap_or_default()))
    }

    fn rsa_key() -> PKey<Private> {
        PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap()
    }

    fn ec_key(curve: Nid) -> PKey<Private> {
        PKey::from_ec_key(EcKey::generate(&EcGroup::from_curve_name(curve).unwrap()).unwrap()).unwrap()
    }

    fn certificate(key: &PKey<Private>) -> X509 {
        let mut builder = X509Builder::new().unwrap();
        builder.set_pubkey(key).unwrap();
        builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
        builder.sign(key, MessageDigest::sha256()).unwrap();
        builder.build()
    }

    fn pkcs12(key: &PKey<Private>, word: &str) -> Vec<u8> {
        Pkcs12::builder().pkey(key).cert(&certificate(key)).build2(word).unwrap().to_der().unwrap()
    }

    fn same(key: &PKey<Private>, read: &PrivateKey) {
        match read {
            PrivateKey::Rsa { exponent, modulus, prime } => {
                let rsa = key.rsa().unwrap();
                assert_eq!(*exponent, 65_537);
                assert_eq!(*modulus, rsa.n().to_vec());
                assert_eq!(**prime, rsa.p().unwrap().to_vec());
            }
            PrivateKey::Ec { curve, x, y, d } => {
                let ec = key.ec_key().unwrap();
                assert_eq!(u32::from(curve.bits()), key.bits());
                for part in [x, y, &**d] {
                    assert_eq!(part.len(), curve.field_octets());
                }
                assert_eq!(BigNum::from_slice(d).unwrap(), *ec.private_key());
            }
        }
    }

    #[test]
    fn every_container_gives_the_key() {
        let cipher = Cipher::aes_128_cbc();
        for key in [rsa_key(), ec_key(Nid::X9_62_PRIME256V1), ec_key(Nid::SECP384R1), ec_key(Nid::SECP521R1)]
        {
            let plain = [
                key.private_key_to_pem_pkcs8().unwrap(),
                key.private_key_to_pkcs8().unwrap(),
                key.private_key_to_der().unwrap(),
                match key.rsa() {
                    Ok(rsa) => rsa.private_key_to_pem().unwrap(),
                    Err(_) => key.ec_key().unwrap().private_key_to_pem().unwrap(),
                },
                pkcs12(&key, ""),
            ];
            for octets in plain {
                same(&key, &from(&octets, None).unwrap_or_else(|told| panic!("{told}")));
            }
            let encrypted = [
                key.private_key_to_pem_pkcs8_passphrase(cipher, WORD.as_bytes()).unwrap(),
                key.private_key_to_pkcs8_passphrase(cipher, WORD.as_bytes()).unwrap(),
                match key.rsa() {
                    Ok(rsa) => rsa.private_key_to_pem_passphrase(cipher, WORD.as_bytes()).unwrap(),
                    Err(_) => {
                        key.ec_key().unwrap().private_key_to_pem_passphrase(cipher, WORD.as_bytes()).unwrap()
                    }
                },
                pkcs12(&key, WORD),
            ];
            for octets in encrypted {
                same(&key, &from(&octets, Some(WORD)).unwrap_or_else(|told| panic!("{told}")));
                let told = from(&octets, Some("wrong")).err().unwrap();
                assert!(told.contains("password is wrong"), "{told}");
            }
        }
    }

    #[test]
    fn what_is_no_key_for_a_tpm_is_told_apart() {
        let ec = ec_key(Nid::X9_62_PRIME256V1);
        let secp256k1 = ec_key(Nid::SECP256K1);
        let ed25519 = PKey::generate_ed25519().unwrap();
        let cases: [(Vec<u8>, &str); 10] = [
            (Vec::new(), "neither PEM nor DER"),
            (b"hello".to_vec(), "neither PEM nor DER"),
            (b"-----BEGIN TSS2 PRIVATE KEY-----\n".to_vec(), "TPM key file already"),
            (
                b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n".to_vec(),
                "OpenSSL cannot read it",
            ),
            (certificate(&ec).to_der().unwrap(), "certificate"),
            (certificate(&ec).to_pem().unwrap(), "no private key in it"),
            (ec.public_key_to_der().unwrap(), "public key"),
            (secp256k1.private_key_to_pkcs8().unwrap(), "no TPM has its curve, secp256k1"),
            (ed25519.private_key_to_pkcs8().unwrap(), "neither"),
            (vec![0x30; 2 << 20], "longer than a megabyte"),
        ];
        for (octets, why) in cases {
            let told = from(&octets, None).err().unwrap();
            assert!(told.contains(why), "{told}");
        }
    }

    #[test]
    fn keys_whose_numbers_are_wrong_are_refused() {
        let (one, other) = (Rsa::generate(2048).unwrap(), Rsa::generate(2048).unwrap());
        let own = |number: &openssl::bn::BigNumRef| number.to_owned().unwrap();
        let mixed = Rsa::from_private_components(
            own(one.n()),
            own(one.e()),
            own(one.d()),
            own(other.p().unwrap()),
            own(other.q().unwrap()),
            own(one.dmp1().unwrap()),
            own(one.dmq1().unwrap()),
            own(one.iqmp().unwrap()),
        );
        let told = from(&mixed.unwrap().private_key_to_der().unwrap(), None).err().unwrap();
        assert!(told.contains("two primes"), "{told}");
    }

    #[test]
    fn damaged_files_never_panic() {
        let key = ec_key(Nid::X9_62_PRIME256V1);
        for whole in
            [key.private_key_to_pkcs8().unwrap(), key.private_key_to_pem_pkcs8().unwrap(), pkcs12(&key, "")]
        {
            for end in (0..whole.len()).step_by(7) {
                let _ = from(&whole[..end], Some(WORD));
            }
        }
    }
}
