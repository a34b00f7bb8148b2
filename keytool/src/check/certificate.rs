//! Checks the certificate of the service: that it belongs to the key and is valid now.

use std::cmp::Ordering;
use std::path::Path;

use openssl::asn1::Asn1Time;
use openssl::error::ErrorStack;
use openssl::pkey::{PKeyRef, Public};
use openssl::x509::{X509, X509Ref};

use super::readable;
use super::report::Report;
use crate::error::Error;
use crate::{input, software};

const WHAT: &str = "give a certificate in PEM or DER; a PEM file may contain the chain, too";

/// Compares the first certificate with the key, and checks the dates of all certificates.
pub(super) fn check(report: &mut Report, path: &Path, key: Option<&PKeyRef<Public>>) {
    let Some(chain) = report.pass("certificate", read(path)) else { return };
    match key {
        None => report.skip("certificate", "not compared, because the key cannot be opened"),
        Some(key) => {
            if report.pass("certificate", belongs(path, &chain, key)).is_some() {
                report.ok("certificate", format_args!("{} belongs to this key", path.display()));
            }
        }
    }
    for (at, certificate) in chain.iter().enumerate() {
        if let Some(when) = out_of_time(certificate) {
            let text = format!("certificate {} of {} {when}", at + 1, path.display());
            report.warn("validity", text, "renew it, or check the clock of this machine");
        }
    }
}

/// Reads the certificates of a file, in their order.
fn read(path: &Path) -> Result<Vec<X509>, Error> {
    software::start()?;
    let bytes = input::read(path, WHAT).map_err(readable::explained)?;
    let chain = X509::stack_from_pem(&bytes).ok().filter(|chain| !chain.is_empty());
    match chain {
        Some(chain) => Ok(chain),
        None => X509::from_der(&bytes)
            .map(|one| vec![one])
            .map_err(|_| Error::file(path, "it contains no certificate", WHAT)),
    }
}

/// Checks that the first certificate belongs to the key, because servers send it as their own.
fn belongs(path: &Path, chain: &[X509], key: &PKeyRef<Public>) -> Result<(), Error> {
    let of_key = |certificate: &X509| is_of(certificate, key).unwrap_or(false);
    match chain.iter().position(of_key) {
        Some(0) => Ok(()),
        Some(at) => Err(Error::file(
            path,
            format!("certificate {} belongs to the key, not the first one", at + 1),
            "put the certificate of the key first, then those of its issuers",
        )),
        None => Err(Error::file(
            path,
            "it belongs to another key",
            "give the certificate of this key, or request one: openssl req -new -key KEY",
        )),
    }
}

fn is_of(certificate: &X509Ref, key: &PKeyRef<Public>) -> Result<bool, ErrorStack> {
    Ok(certificate.public_key()?.public_eq(key))
}

/// Returns `is not valid before …` or `expired on …`, or none if the certificate is valid now.
fn out_of_time(certificate: &X509Ref) -> Option<String> {
    let now = Asn1Time::days_from_now(0).ok()?;
    if certificate.not_before().compare(&now).ok()? == Ordering::Greater {
        return Some(format!("is not valid before {}", certificate.not_before()));
    }
    let expired = certificate.not_after().compare(&now).ok()? == Ordering::Less;
    expired.then(|| format!("expired on {}", certificate.not_after()))
}
