//! Uses the key as the service does: libcrypto opens it through the provider, the TPM signs, and software verifies.

use std::ffi::c_int;

use keyfile::{Attributes, Public, PublicKey, Scheme};
use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, PKeyRef, Public as PublicHalf};
use openssl::rsa::Padding;
use openssl::sign::Verifier;
use tpm::{ErrorKind, HINT};

use super::report::Report;
use super::subject::Subject;
use crate::error::Error;
use crate::ffi::service::{LibraryContext, ServiceKey, Signed};
use crate::password::Secret;
use crate::software;

const MESSAGE: &[u8] = b"tpm2-keytool check";

/// The provider as the service loads it.
#[derive(Clone, Copy)]
pub(super) struct Provider<'a> {
    pub(super) context: &'a LibraryContext,
    /// Its name in the configuration, which is also the library name of its errors (provider(7)).
    pub(super) name: &'a str,
}

/// Opens the key and signs with it. Returns the public half, for the check of the certificate.
pub(super) fn check(
    report: &mut Report,
    provider: Provider<'_>,
    subject: &Subject,
    public: Option<&Public>,
    password: Option<&Secret>,
) -> Option<PKey<PublicHalf>> {
    let key = report.pass("load", opened(provider, subject, password))?;
    report.ok("load", format_args!("OpenSSL opens the key through the provider {}", provider.name));
    let half = report.pass("signature", public_half(provider, &key))?;
    match public.is_none_or(signs) {
        false => report.skip("signature", "the key cannot sign; `tpm2-keytool show` lists its uses"),
        true => {
            let pss = public.is_some_and(|public| matches!(public.key.scheme(), Some(Scheme::Rsapss(_))));
            if let Some(digest) = report.pass("signature", signed(provider, &key, &half, pss)) {
                report.ok(
                    "signature",
                    format_args!("the TPM signs with {digest}, and the public key verifies it"),
                );
            }
        }
    }
    Some(half)
}

fn opened<'a>(
    provider: Provider<'a>,
    subject: &Subject,
    password: Option<&Secret>,
) -> Result<ServiceKey<'a>, Error> {
    let key = provider.context.key(&subject.uri, password);
    let key = key.map_err(|errors| provider.refused("open the key", &errors))?;
    let opener = key.provider();
    match opener == provider.name {
        true => Ok(key),
        false => Err(Error::request(
            format!("the key is a software key: the provider {opener} opens it, not {}", provider.name),
            "give a key file of this TPM",
        )),
    }
}

/// Returns the public half as a key of the software provider.
fn public_half(provider: Provider<'_>, key: &ServiceKey<'_>) -> Result<PKey<PublicHalf>, Error> {
    software::start()?;
    let half = key.as_pkey().public_key_to_der().and_then(|der| PKey::public_key_from_der(&der));
    half.map_err(|errors| provider.refused("read the public key", &errors))
}

/// Returns true if the key can sign, with the TPM's signing command or with RSA decryption of a padded block.
pub(super) fn signs(public: &Public) -> bool {
    let has = |attributes| public.attributes.contains(attributes);
    let raw_rsa = matches!(public.key, PublicKey::Rsa { scheme: Scheme::Null, .. });
    has(Attributes::SIGN) || (raw_rsa && has(Attributes::DECRYPT) && !has(Attributes::RESTRICTED))
}

/// Signs the message and verifies the signature. Returns the name of the digest.
fn signed(
    provider: Provider<'_>,
    key: &ServiceKey<'_>,
    half: &PKeyRef<PublicHalf>,
    pss: bool,
) -> Result<String, Error> {
    let signed = key.sign(MESSAGE, pss).map_err(|errors| provider.refused("sign", &errors));
    let Signed { signature, digest } = signed?;
    let verified = verified(half, &signature, &digest, pss);
    match verified.map_err(|errors| provider.refused("verify the signature", &errors))? {
        true => Ok(digest),
        false => Err(Error::request(
            "the signature is wrong: the public key does not verify it",
            "report this with a trace (TPM2_TRACE=1): something between OpenSSL and the TPM alters the data",
        )),
    }
}

fn verified(
    half: &PKeyRef<PublicHalf>,
    signature: &[u8],
    digest: &str,
    pss: bool,
) -> Result<bool, ErrorStack> {
    let digest = MessageDigest::from_name(digest).unwrap_or_else(MessageDigest::sha256);
    let mut verifier = Verifier::new(digest, half)?;
    if pss && half.id() == Id::RSA {
        verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
    }
    verifier.verify_oneshot(signature, MESSAGE)
}

impl Provider<'_> {
    /// Converts the errors of libcrypto and the provider. The provider's reason decides the exit code.
    fn refused(self, what: &str, errors: &ErrorStack) -> Error {
        let text = |error: &openssl::error::Error| {
            let reason = error.reason().unwrap_or("unknown reason");
            error.data().map_or_else(|| reason.to_owned(), |data| format!("{reason}: {data}"))
        };
        let known = errors.errors().iter().find_map(|error| Some((error, self.kind_of(error)?)));
        let (error, kind) = match known {
            Some((error, kind)) => (Some(error), kind),
            None => (errors.errors().first(), ErrorKind::Tpm),
        };
        let text = error.map_or("no reason given".to_owned(), text);
        // The provider's own hint is used if there is one.
        let (cause, hint) = text.split_once(&format!("; {HINT} ")).unwrap_or((
            &text,
            "docs/troubleshooting.md explains each message; TPM2_TRACE=1 shows each step",
        ));
        let error = tpm::Error::new(kind, format!("OpenSSL cannot {what}: {cause}"));
        error.advise(hint.to_owned()).into()
    }

    /// Returns the kind of an error of the provider that has its own exit code.
    fn kind_of(self, error: &openssl::error::Error) -> Option<ErrorKind> {
        let number = error.reason_code();
        let known = REASONS.iter().find(|(_, reason, _)| *reason == number);
        known.filter(|_| error.library() == Some(self.name)).map(|(_, _, kind)| *kind)
    }
}

/// The reasons of the provider that have their own exit code: name and number (provider/src/error.rs), and their kind.
const REASONS: &[(&str, c_int, ErrorKind)] = &[
    ("NoTpm", 20, ErrorKind::NoTpm),
    ("Authorization", 21, ErrorKind::Authorization),
    ("PasswordMissing", 22, ErrorKind::PasswordMissing),
    ("Lockout", 23, ErrorKind::Lockout),
    ("ParentAuthorization", 24, ErrorKind::ParentAuthorization),
    ("Policy", 26, ErrorKind::Policy),
    ("TpmIo", 30, ErrorKind::Io),
    ("Timeout", 32, ErrorKind::Timeout),
    ("ParentPasswordMissing", 33, ErrorKind::ParentPasswordMissing),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_match_the_provider() {
        let table = include_str!("../../../provider/src/error.rs");
        for (name, number, _) in REASONS {
            assert!(table.contains(&format!("    {name} = {number}, c\"")), "{name} = {number}");
        }
    }
}
