//! Describes an NV index: who may read and write it, and its content if it can be read without asking for a password.

use keyfile::{Content, Handle, NvAttributes, NvPublic, contents};
use openssl::x509::{X509, X509Crl, X509NameRef};
use tpm::{Auth, ErrorKind, Tpm};
use zeroize::Zeroizing;

use super::absent;
use crate::attest::readers;
use crate::error::Error;
use crate::rows::Rows;
use crate::software;

/// The names of tpm2-tools for the bits of TPMA_NV (TPM 2.0 Part 2 §13.4). Bits 4 to 7 are the type.
const NAMES: [(u8, &str); 21] = [
    (0, "ppwrite"),
    (1, "ownerwrite"),
    (2, "authwrite"),
    (3, "policywrite"),
    (10, "policydelete"),
    (11, "writelocked"),
    (12, "writeall"),
    (13, "writedefine"),
    (14, "write_stclear"),
    (15, "globallock"),
    (16, "ppread"),
    (17, "ownerread"),
    (18, "authread"),
    (19, "policyread"),
    (25, "no_da"),
    (26, "orderly"),
    (27, "clear_stclear"),
    (28, "readlocked"),
    (29, "written"),
    (30, "platformcreate"),
    (31, "read_stclear"),
];

/// Reads the owner's password from the settings.
pub(crate) type Owner<'a> = dyn Fn() -> Result<Option<Auth>, Error> + 'a;

/// Returns the description of an index.
pub(super) fn rows(tpm: &Tpm, index: Handle, owner: &Owner<'_>) -> Result<Rows, Error> {
    let (public, _) = tpm.nv_public(index).map_err(|error| absent("NV index", index, error))?;
    let mut rows = Rows::new(format_args!("NV index {index}"));
    rows.fact("kind", "nv");
    add_rows(&mut rows, &public);
    let holds = content(tpm, &public, owner);
    rows.fact("holds", &holds);
    for line in holds {
        rows.add("holds", line);
    }
    Ok(rows)
}

/// Adds the rows about the index's public area.
pub(super) fn add_rows(rows: &mut Rows, public: &NvPublic) {
    let has = |bit: NvAttributes| public.attributes.contains(bit);
    let bit = |number: u8| has(NvAttributes(1 << number));
    rows.fact("index", public.index.to_string());
    rows.fact("size", public.size);
    rows.add("type", format_args!("{}, {} bytes", kind(public.attributes), public.size));
    match public.name() {
        Ok(name) => rows.add("name", format_args!("{name} ({})", public.name_alg)),
        Err(error) => rows.add("name", error),
    }
    let by = |first: u8| {
        let who = ["the platform", "the owner", "its own password", "its policy"];
        let all: Vec<&str> =
            (first..).zip(who).filter(|(number, _)| bit(*number)).map(|(_, who)| who).collect();
        if all.is_empty() { "no one".to_owned() } else { all.join(", ") }
    };
    let locked = |now: bool| if now { "; locked now" } else { "" };
    rows.add("read by", format_args!("{}{}", by(16), locked(bit(28))));
    rows.add("written by", format_args!("{}{}", by(0), locked(bit(11))));
    let names: Vec<&str> = NAMES.iter().filter(|(number, _)| bit(*number)).map(|(_, name)| *name).collect();
    rows.add("attributes", names.join("|"));
    rows.add(
        "lockout",
        match has(NvAttributes::NO_DA) {
            true if public.attributes.counts_by_itself() => {
                "not under dictionary-attack protection (no_da): the index counts failures itself, and locks only itself"
            }
            true => "not under dictionary-attack protection: wrong passwords do not count (no_da)",
            false => "under dictionary-attack protection: wrong passwords count, and can lock the TPM's keys for some time",
        },
    );
    if !public.auth_policy.is_empty() {
        let digest: String = public.auth_policy.iter().map(|byte| format!("{byte:02x}")).collect();
        rows.add("policy", format_args!("there is one; its digest is {digest}"));
    }
}

/// Returns the type of the index (TPM_NT).
fn kind(attributes: NvAttributes) -> String {
    match attributes.0 >> 4 & 0xf {
        0 => "ordinary".to_owned(),
        1 => "counter".to_owned(),
        2 => "bit field".to_owned(),
        4 => "extend, like a PCR".to_owned(),
        8 => "PIN that counts failures".to_owned(),
        9 => "PIN that counts uses".to_owned(),
        other => format!("unknown type {other}"),
    }
}

/// Returns the content of the index. It is read only with the owner's password from the settings, or with an empty password whose failure
/// does not count.
pub(crate) fn content(tpm: &Tpm, public: &NvPublic, owner: &Owner<'_>) -> Vec<String> {
    let has = |bits: NvAttributes| public.attributes.contains(bits);
    if !has(NvAttributes::WRITTEN) {
        return vec!["nothing: it was never written".to_owned()];
    }
    let bytes = match read(tpm, public, owner) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return vec!["unknown: a password is needed to read it".to_owned()],
        Err(error) => return vec![format!("cannot be read: {error}")],
    };
    if public.attributes.counts_by_itself() {
        return vec![pin(&bytes)];
    }
    if !public.attributes.is_ordinary() {
        let number = <[u8; 8]>::try_from(bytes.as_slice()).map(u64::from_be_bytes);
        return match number {
            Ok(number) => vec![format!("the number {number}")],
            Err(_) => vec![format!("{} bytes", bytes.len())],
        };
    }
    match contents(&bytes) {
        Ok(found) => found.iter().map(text).collect(),
        Err(_) => vec![format!("{} bytes, neither a certificate nor a key", bytes.len())],
    }
}

/// Reads the index with the first authorization that works. Returns `None` if all need another password.
fn read(tpm: &Tpm, public: &NvPublic, owner: &Owner<'_>) -> Result<Option<Zeroizing<Vec<u8>>>, String> {
    let owner = if public.attributes.contains(NvAttributes::OWNER_READ) { owner() } else { Ok(None) };
    for reader in readers(public.attributes, owner.as_ref().ok().and_then(Option::as_ref)) {
        match tpm.nv_read(public, &reader) {
            Ok(bytes) => return Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::Authorization => {}
            Err(error) => return Err(error.cause().to_string()),
        }
    }
    owner.map(|_| None).map_err(|error| error.to_string())
}

/// TPMS_NV_PIN_COUNTER_PARAMETERS (Part 2 §13.3): pinCount and pinLimit.
fn pin(bytes: &[u8]) -> String {
    match <[u8; 8]>::try_from(bytes).map(u64::from_be_bytes) {
        Ok(both) => format!("a count of {} of {}", both >> 32, both & u64::from(u32::MAX)),
        Err(_) => format!("{} bytes", bytes.len()),
    }
}

fn text(content: &Content) -> String {
    match content {
        Content::Key(_) => "a key file".to_owned(),
        Content::Reference(_) => "a reference to a key in the TPM".to_owned(),
        Content::PublicKey(_) => "a public key".to_owned(),
        Content::RevocationList(der) => {
            if let Err(error) = software::start() {
                return format!("a revocation list, which cannot be read: {error}");
            }
            match X509Crl::from_der(der).ok().map(|list| name(list.issuer_name())) {
                None => "a revocation list that OpenSSL cannot read".to_owned(),
                Some(issuer) => format!("a revocation list of {issuer}"),
            }
        }
        Content::Certificate(der) => {
            if let Err(error) = software::start() {
                return format!("a certificate, which cannot be read: {error}");
            }
            let subject = X509::from_der(der).ok().map(|certificate| name(certificate.subject_name()));
            match subject.as_deref() {
                None => "a certificate that OpenSSL cannot read".to_owned(),
                Some("") => "a certificate without a subject, as for an endorsement key".to_owned(),
                Some(subject) => format!("a certificate of {subject}"),
            }
        }
    }
}

/// `CN=host, O=maker`
pub(crate) fn name(name: &X509NameRef) -> String {
    let entry = |entry: &openssl::x509::X509NameEntryRef| {
        let kind = entry.object().nid().short_name().unwrap_or("?");
        let value = String::from_utf8_lossy(entry.data().as_slice());
        format!("{kind}={}", value.escape_debug())
    };
    name.entries().map(entry).collect::<Vec<_>>().join(", ")
}
