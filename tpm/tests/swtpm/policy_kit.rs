//! Shared helpers for policies: keys with policies, and changes of PCRs.

use keyfile::policy::{Condition, digest};
use keyfile::{AlgId, Curve, HashAlg, KeyFile, PcrBank, PcrSelection};
use tests::Swtpm;
use tests::raw::{self, Tpm as _};
use tpm::template::Template;
use tpm::{Key, Tpm};

use crate::kit::{self, DIGEST, OWNER};

/// Creates a P-256 key with a policy of these conditions.
pub(crate) fn make(
    swtpm: &Swtpm,
    hash: HashAlg,
    conditions: &[Condition],
    password: Option<&str>,
) -> KeyFile {
    make_of(swtpm, Template::ecc(Curve::P256), hash, conditions, password)
}

/// The same for a key of another type.
pub(crate) fn make_of(
    swtpm: &Swtpm,
    template: Template,
    hash: HashAlg,
    conditions: &[Condition],
    password: Option<&str>,
) -> KeyFile {
    let statements: Vec<_> = conditions.iter().map(|condition| condition.statement().unwrap()).collect();
    let digest = digest(&statements, hash).unwrap();
    let mut file = kit::make(swtpm, &OWNER, template.name_alg(hash).policy(digest), password);
    file.policy = Some(statements);
    file
}

/// Extends a PCR of the bank sha256.
pub(crate) fn extend(swtpm: &Swtpm, pcr: u32) {
    let digests = [&[0, 0, 0, 1, 0, 0x0b][..], &[1; 32]].concat();
    swtpm.raw(raw::PCR_EXTEND, &[pcr], &[b""], &digests).ok();
}

/// Returns the condition that these PCRs keep their present values.
pub(crate) fn pcr(tpm: &Tpm, hash: HashAlg, selection: &str) -> Condition {
    let selection: PcrSelection = selection.parse().unwrap();
    Condition::Pcr { digest: tpm.pcr_digest(&selection, hash).unwrap(), selection }
}

/// Returns the error of a signature.
pub(crate) fn refused(key: &Key) -> tpm::Error {
    key.sign(&DIGEST, HashAlg::Sha256, AlgId::ECDSA).unwrap_err()
}

/// Selects every PCR of every bank.
pub(crate) fn all_pcrs() -> PcrSelection {
    PcrSelection { banks: HashAlg::ALL.into_iter().map(|hash| PcrBank::new(hash, 0..24)).collect() }
}
