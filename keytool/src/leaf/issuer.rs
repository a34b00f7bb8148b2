//! The certificate of the CA, with those of its issuers: may it issue a certificate for these names now?

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use keyfile::PublicKey;
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::pkey::{PKeyRef, Private};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509Ref, X509StoreContext, X509VerifyResult};

use super::certificate::Leaf;
use super::name::HostName;
use crate::error::Error;
use crate::ffi::x509::{NameConstraints, is_ca};
use crate::{input, public_key, terminal};

const WHAT: &str =
    "give the certificate of the CA in PEM, then those of its issuers, each after the one that it signed";

/// The chain of a CA. The first certificate is its own.
pub(super) struct Issuer {
    path: PathBuf,
    ca: X509,
    above: Vec<X509>,
}

impl Issuer {
    /// Reads the certificates of a PEM file, which may also contain the key.
    ///
    /// # Errors
    /// The file cannot be read, contains no certificate, or the certificates are no chain.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let bytes = input::read(path, WHAT)?;
        let mut chain = X509::stack_from_pem(&bytes).unwrap_or_default().into_iter();
        let Some(ca) = chain.next() else {
            return Err(Error::file(path, "it contains no certificate", WHAT));
        };
        let issuer = Self { path: path.to_owned(), ca, above: chain.collect() };
        for (number, (lower, upper)) in (1..).zip(issuer.chain().zip(&issuer.above)) {
            if upper.issued(lower) != X509VerifyResult::OK {
                let problem = format!("its certificate {} did not sign its certificate {number}", number + 1);
                return Err(issuer.refused(problem, WHAT));
            }
        }
        Ok(issuer)
    }

    /// Checks that the CA may issue certificates for these names now.
    ///
    /// # Errors
    /// A certificate of the chain is not of a CA, is not valid now, allows no CA below it, or forbids a name.
    pub(super) fn check(&self, names: &[HostName], key: &PKeyRef<Private>) -> Result<(), Error> {
        let mut constrained = false;
        for (number, certificate) in (1..).zip(self.chain()) {
            let which = || format!("its certificate {number}");
            if !is_ca(certificate) {
                return Err(self.refused(
                    format!(
                        "{} is not a CA's: basicConstraints lacks CA:TRUE, or keyUsage lacks keyCertSign",
                        which()
                    ),
                    "give a CA certificate: docs/short-lived.md shows how to make one",
                ));
            }
            self.check_dates(certificate, which)?;
            let below: u32 = number - 1;
            if certificate.pathlen().is_some_and(|allowed| allowed < below) {
                return Err(self.refused(
                    format!("{} allows fewer CAs below it than there are (pathlen)", which()),
                    "have the CA certificate signed by a CA with a larger pathlen",
                ));
            }
            let constraints = NameConstraints::of(certificate).map_err(|errors| failed(&errors))?;
            let Some(constraints) = constraints else { continue };
            constrained = true;
            for name in names {
                let draft = self.draft(name, key).map_err(|errors| failed(&errors))?;
                if constraints.check(&draft) != X509VerifyResult::OK {
                    return Err(self.refused(
                        format!("the name constraints of {} forbid {name}", which()),
                        "`openssl x509 -noout -ext nameConstraints -in FILE` shows the allowed names",
                    ));
                }
            }
        }
        if !constrained {
            terminal::notice(format_args!(
                "warning: no certificate in {} has name constraints, so the CA key can issue for every name",
                self.path.display()
            ));
        }
        Ok(())
    }

    /// Returns a certificate for one name that the CA has not signed.
    fn draft(&self, name: &HostName, key: &PKeyRef<Private>) -> Result<X509, ErrorStack> {
        let (not_before, not_after) = (self.ca.not_before(), self.ca.not_after());
        X509::from_der(&Leaf { names: std::slice::from_ref(name), key, not_before, not_after }.draft(self)?)
    }

    fn check_dates(&self, certificate: &X509Ref, which: impl Fn() -> String) -> Result<(), Error> {
        let now = Asn1Time::days_from_now(0).map_err(|errors| failed(&errors))?;
        if certificate.not_before().compare(&now).map_err(|errors| failed(&errors))? == Ordering::Greater {
            return Err(self.refused(
                format!("{} is not valid before {}", which(), certificate.not_before()),
                "check the clock of this machine",
            ));
        }
        if certificate.not_after().compare(&now).map_err(|errors| failed(&errors))? != Ordering::Greater {
            return Err(self.refused(
                format!("{} expired on {}", which(), certificate.not_after()),
                "renew the CA certificate, or check the clock of this machine",
            ));
        }
        Ok(())
    }

    /// Checks that the CA's certificate belongs to this key.
    ///
    /// # Errors
    /// It belongs to another key.
    pub(super) fn check_key(&self, key: &PublicKey) -> Result<(), Error> {
        let numbers = self.ca.public_key().ok().and_then(|public| public_key::numbers(&public).ok());
        match numbers.is_some_and(|numbers| numbers.has_numbers_of(key)) {
            true => Ok(()),
            false => Err(self.refused(
                "its first certificate belongs to another key than --ca",
                "give the certificate of this key; `tpm2-keytool check KEY CERT` compares the two",
            )),
        }
    }

    /// Verifies a new certificate as a TLS client does that trusts the last certificate of the chain.
    ///
    /// # Errors
    /// OpenSSL refuses the certificate.
    pub(super) fn verify(&self, leaf: &X509) -> Result<(), Error> {
        let result = self.verified(leaf).map_err(|errors| failed(&errors))?;
        match result {
            X509VerifyResult::OK => Ok(()),
            result => Err(self.refused(
                format!("OpenSSL refuses a certificate that it signed: {}", result.error_string()),
                "compare the extensions of the CA certificate with docs/short-lived.md",
            )),
        }
    }

    fn verified(&self, leaf: &X509) -> Result<X509VerifyResult, ErrorStack> {
        let mut store = X509StoreBuilder::new()?;
        store.add_cert(self.above.last().unwrap_or(&self.ca).clone())?;
        store.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
        store.set_purpose(openssl::x509::X509PurposeId::SSL_SERVER)?;
        let mut others = Stack::new()?;
        self.chain().try_for_each(|certificate| others.push(certificate.to_owned()))?;
        let mut context = X509StoreContext::new()?;
        context.init(&store.build(), leaf, &others, |context| {
            context.verify_cert()?;
            Ok(context.error())
        })
    }

    /// Returns the certificate of the CA.
    pub(super) fn certificate(&self) -> &X509Ref {
        &self.ca
    }

    /// Returns the certificates that a server sends with the leaf: all but a self-signed one, which clients have.
    pub(super) fn sent(&self) -> impl Iterator<Item = &X509Ref> {
        self.chain().filter(|one| one.issued(one) != X509VerifyResult::OK)
    }

    /// Returns the time when the first certificate of the chain expires.
    pub(super) fn not_after(&self) -> &Asn1TimeRef {
        let earlier = |one: &X509Ref, other: &X509Ref| {
            matches!(one.not_after().compare(other.not_after()), Ok(Ordering::Less))
        };
        let first = self.chain().reduce(|found, one| if earlier(one, found) { one } else { found });
        first.unwrap_or(&self.ca).not_after()
    }

    fn chain(&self) -> impl Iterator<Item = &X509Ref> {
        std::iter::once(&self.ca).chain(&self.above).map(AsRef::as_ref)
    }

    fn refused(&self, problem: impl Into<String>, advice: &str) -> Error {
        Error::file(&self.path, problem, advice)
    }
}

/// Converts an error of OpenSSL.
pub(super) fn failed(errors: &ErrorStack) -> Error {
    Error::request(
        format!("OpenSSL cannot make the certificate: {errors}"),
        "check the CA certificate with `openssl x509 -noout -text -in FILE`",
    )
}
