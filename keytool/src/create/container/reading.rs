//! What is in the bytes: PEM or DER, which structure, encrypted or not.

use std::path::Path;

use openssl::error::ErrorStack;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use zeroize::Zeroizing;

use super::super::private_key::KINDS;
use super::{openssl_says, refused};
use crate::error::Error;
use crate::password::Secret;

/// A file that is being read; its password is asked for at most once.
pub(super) struct Reading<'a, F> {
    path: &'a Path,
    password: Option<F>,
}

impl<'a, F: FnOnce() -> Result<Secret, Error>> Reading<'a, F> {
    /// The file at `path`.
    pub(super) fn new(path: &'a Path, password: F) -> Self {
        Reading { path, password: Some(password) }
    }

    /// The private key in its bytes.
    ///
    /// # Errors
    /// There is none, or the password is wrong.
    pub(super) fn key(&mut self, bytes: &[u8]) -> Result<PKey<Private>, Error> {
        match bytes.windows(11).any(|window| window == b"-----BEGIN ") {
            true => self.pem(bytes),
            false => self.der(bytes),
        }
    }

    fn pem(&mut self, bytes: &[u8]) -> Result<PKey<Private>, Error> {
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        if holds("-----BEGIN TSS2 ") {
            return Err(self.tpm_key());
        }
        if !holds("PRIVATE KEY-----") {
            return Err(self.refuse("there is no private key in it", KINDS));
        }
        let encrypted = holds("-----BEGIN ENCRYPTED PRIVATE KEY-----") || holds("Proc-Type: 4,ENCRYPTED");
        let password = if encrypted { self.word()? } else { Zeroizing::new(String::new()) };
        // With a password in hand OpenSSL never asks on the terminal by itself.
        PKey::private_key_from_pem_passphrase(bytes, password.as_bytes())
            .map_err(|stack| self.unread(encrypted, &stack))
    }

    fn der(&mut self, bytes: &[u8]) -> Result<PKey<Private>, Error> {
        match first_element(bytes) {
            // An object identifier: TPMKey ::= SEQUENCE { type OBJECT IDENTIFIER, …
            Some(0x06) => Err(self.tpm_key()),
            // A version: PKCS#1, PKCS#8, SEC1, PKCS#12
            Some(0x02) => match Pkcs12::from_der(bytes) {
                Ok(container) => self.pkcs12(&container),
                Err(_) => PKey::private_key_from_der(bytes).map_err(|stack| self.unread(false, &stack)),
            },
            Some(0x30) if X509::from_der(bytes).is_ok() => Err(self.refuse("it is a certificate", KINDS)),
            Some(0x30) if PKey::public_key_from_der(bytes).is_ok() => {
                Err(self.refuse("it is a public key", KINDS))
            }
            // An algorithm: EncryptedPrivateKeyInfo
            Some(0x30) => {
                let password = self.word()?;
                PKey::private_key_from_pkcs8_passphrase(bytes, password.as_bytes())
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

    /// The file's password, in the form that OpenSSL takes: text without a zero byte.
    fn word(&mut self) -> Result<Zeroizing<String>, Error> {
        let secret = match self.password.take() {
            Some(password) => password()?,
            None => return Err(self.refuse("its password was asked for already", KINDS)),
        };
        match std::str::from_utf8(secret.bytes()) {
            Ok(word) if !word.contains('\0') => Ok(Zeroizing::new(word.to_owned())),
            _ => {
                Err(self
                    .refuse("its password is not UTF-8 text", "decrypt the file with `openssl pkey` first"))
            }
        }
    }

    fn unread(&self, encrypted: bool, stack: &ErrorStack) -> Error {
        match encrypted {
            true => Error::FilePassword { path: self.path.to_owned(), purpose: "wrap" },
            false => self.refuse(openssl_says(stack), KINDS),
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

/// The tag of the first element in a DER SEQUENCE.
fn first_element(bytes: &[u8]) -> Option<u8> {
    let (0x30, rest) = bytes.split_first().map(|(tag, rest)| (*tag, rest))? else { return None };
    let (length, rest) = rest.split_first()?;
    // X.690 §8.1.3: above 0x80, the number of the length's bytes
    let skipped = usize::from(if *length > 0x80 { length & 0x7f } else { 0 });
    rest.get(skipped).copied()
}
