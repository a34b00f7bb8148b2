//! AttestationBundle with one statement of a TPM. The statement's structure is in an appendix that the draft cites as
//! draft-birkholz-rats-tcg-tpm2-attestation.

// asn1::ParseError is large and its size is not ours to choose. It is replaced before it leaves this module.
#![allow(clippy::result_large_err)]

use asn1::{ObjectIdentifier, SequenceOf, SequenceOfWriter, Tlv, oid};
use keyfile::Signature;
use keyfile::wire::{Marshal, Unmarshal};

use crate::certificates::Certificate;
use crate::signature::verify;
use crate::{Evidence, Malformed};

const WHAT: &str = "attestation attribute";
/// tcg-attest-tpm-certify
const TPM_CERTIFY: ObjectIdentifier = oid!(2, 23, 133, 20, 1);

#[derive(asn1::Asn1Read)]
struct Bundle<'a> {
    attestations: SequenceOf<'a, Statement<'a>, 1>,
    certs: Option<SequenceOf<'a, Tlv<'a>, 1>>,
}

#[derive(asn1::Asn1Write)]
struct NewBundle<'a> {
    attestations: SequenceOfWriter<'a, Statement<'a>, [Statement<'a>; 1]>,
    certs: Option<SequenceOfWriter<'a, Tlv<'a>, Vec<Tlv<'a>>>>,
}

#[derive(asn1::Asn1Read, asn1::Asn1Write)]
struct Statement<'a> {
    kind: ObjectIdentifier,
    statement: Tlv<'a>,
}

#[derive(asn1::Asn1Read, asn1::Asn1Write)]
struct TpmCertify<'a> {
    attest: &'a [u8],
    signature: &'a [u8],
    public: Option<&'a [u8]>,
}

/// Returns the AttestationBundle of evidence, in DER. `others` are more certificates for the verifier, such as the EK certificate.
///
/// # Errors
/// A part cannot be written, or a certificate is not DER.
pub fn bundle(evidence: &Evidence, others: &[Vec<u8>]) -> Result<Vec<u8>, Malformed> {
    let signature = evidence.signature.to_bytes().map_err(Malformed::because(WHAT))?;
    let certify =
        TpmCertify { attest: &evidence.statement, signature: &signature, public: Some(&evidence.key) };
    let certify = asn1::write_single(&certify).map_err(|_| Malformed::new(WHAT, "it is too long"))?;
    let certificates: Vec<Tlv<'_>> = evidence
        .signer_chain
        .iter()
        .chain(others)
        .map(|certificate| tlv(certificate))
        .collect::<Result<_, _>>()?;
    let statement = Statement { kind: TPM_CERTIFY, statement: tlv(&certify)? };
    let bundle = NewBundle {
        attestations: SequenceOfWriter::new([statement]),
        certs: (!certificates.is_empty()).then(|| SequenceOfWriter::new(certificates)),
    };
    asn1::write_single(&bundle).map_err(|_| Malformed::new(WHAT, "it is too long"))
}

/// Reads an AttestationBundle. It must contain exactly one statement of a TPM, with the public area of the key. The certificates may have
/// any order: in the evidence, the one whose key has signed the statement is the first.
///
/// # Errors
/// It is damaged, or has no or several such statements.
pub fn evidence(der: &[u8]) -> Result<Evidence, Malformed> {
    let bundle: Bundle<'_> =
        asn1::parse_single(der).map_err(|_| Malformed::new(WHAT, "it is no AttestationBundle"))?;
    let mut statements = bundle.attestations.filter(|statement| statement.kind == TPM_CERTIFY);
    let (Some(statement), None) = (statements.next(), statements.next()) else {
        return Err(Malformed::new(WHAT, "it does not contain exactly one statement of a TPM"));
    };
    let certify: TpmCertify<'_> = statement
        .statement
        .parse()
        .map_err(|_| Malformed::new(WHAT, "its statement is not that of TPM2_Certify"))?;
    let key = certify.public.ok_or_else(|| Malformed::new(WHAT, "the public area of the key is missing"))?;
    // Other formats of certificates are tagged [3].
    let certificates = bundle.certs.into_iter().flatten().filter(|certificate| certificate.tag() == SEQUENCE);
    let signature = Signature::from_bytes(certify.signature).map_err(Malformed::because("signature"))?;
    let mut signer_chain: Vec<_> = certificates.map(|certificate| certificate.full_data().to_vec()).collect();
    let has_signed = |der: &Vec<u8>| {
        Certificate::parse(der).is_ok_and(|certificate| verify(&certificate.key, certify.attest, &signature))
    };
    if let Some(at) = signer_chain.iter().position(has_signed) {
        let first = signer_chain.remove(at);
        signer_chain.insert(0, first);
    }
    Ok(Evidence {
        statement: certify.attest.to_vec(),
        signature,
        key: key.to_vec(),
        signer: None,
        signer_chain,
    })
}

const SEQUENCE: asn1::Tag = <asn1::Sequence<'_> as asn1::SimpleAsn1Readable<'_>>::TAG;

fn tlv(der: &[u8]) -> Result<Tlv<'_>, Malformed> {
    asn1::parse_single(der).map_err(|_| Malformed::new(WHAT, "a certificate is not DER"))
}
