//! Recognizes the format of a private key file: PEM or DER, the structure, encrypted or not.

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

/// A file that is being read. Its password is asked for at most once.
pub(super) struct Reading<'a, F> {
    path: &'a Path,
    password: Option<F>,
}

impl<'a, F: FnOnce() -> Result<Secret, Error>> Reading<'a, F> {
    /// Creates a reader for the file at `path`.
    pub(super) fn new(path: &'a Path, password: F) -> Self {
        Reading { path, password: Some(password) }
    }

    /// Returns the private key in the file's bytes.
    ///
    /// # Errors
    /// There is no private key, or the password is wrong.
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
            return Err(self.refuse("it contains no private key", KINDS));
        }
        let encrypted = holds("-----BEGIN ENCRYPTED PRIVATE KEY-----") || holds("Proc-Type: 4,ENCRYPTED");
        let password = if encrypted { self.password()? } else { Zeroizing::new(String::new()) };
        // With a password given, OpenSSL does not ask on the terminal.
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
                let password = self.password()?;
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
                let password = self.password()?;
                container.parse2(&password).map_err(|stack| self.unread(true, &stack))?
            }
        };
        parsed.pkey.ok_or_else(|| self.refuse("it contains no private key, only certificates", KINDS))
    }

    /// Returns the file's password as OpenSSL accepts it: text without a zero byte.
    fn password(&mut self) -> Result<Zeroizing<String>, Error> {
        let secret = match self.password.take() {
            Some(password) => password()?,
            None => return Err(self.refuse("its password has already been used", KINDS)),
        };
        match std::str::from_utf8(secret.bytes()) {
            Ok(password) if !password.contains('\0') => Ok(Zeroizing::new(password.to_owned())),
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
            "it is already a TPM key file",
            "use it as it is; `tpm2-keytool show` shows what it can do",
        )
    }

    fn refuse(&self, problem: impl Into<String>, advice: &str) -> Error {
        refused(self.path, problem, advice)
    }
}

/// Returns the tag of the first element in a DER SEQUENCE.
fn first_element(bytes: &[u8]) -> Option<u8> {
    let (0x30, rest) = bytes.split_first().map(|(tag, rest)| (*tag, rest))? else { return None };
    let (length, rest) = rest.split_first()?;
    // X.690 §8.1.3: above 0x80, the low bits are the number of length bytes.
    let skipped = usize::from(if *length > 0x80 { length & 0x7f } else { 0 });
    rest.get(skipped).copied()
}
