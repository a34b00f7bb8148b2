//! The second door: certificates for attestation keys (TPM 2.0 Part 1 §24). The client sends an EK certificate and the public area of an
//! attestation key; only a TPM that holds both keys can answer the challenge. All values are in base64url.
//!
//! | request | fields | response |
//! |---|---|---|
//! | `POST /enrolment/challenge` | `identifier`, `ek` (the certificate), `chain` (its issuers, optional), `ak` (TPMT_PUBLIC or TPM2B_PUBLIC) | `url`, `credential` (a file for `tpm2_activatecredential`) |
//! | `POST` to this URL | `secret` | the certificate and the root, in PEM |

use attestation::certificates::{Certificate, Purpose, TpmName, check_chain, check_ek, from_index};
use attestation::credential::{Challenge, to_file};
use keyfile::wire::{Reader, Unmarshal};
use keyfile::{Attributes, Public};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::challenge::now;
use crate::encoding::{bytes_of, identifier_of, secret_of, to_text};
use crate::keys::openssl_key;
use crate::problem::{Kind, Problem};
use crate::routes::Ca;

/// A challenge that waits for its answer.
pub(crate) struct Activation {
    challenge: Challenge,
    identifier: String,
    tpm: TpmName,
    signer: Public,
}

impl Ca {
    /// Makes a challenge for an attestation key.
    pub(crate) fn challenge_attestation_key(&mut self, body: &[u8]) -> Result<Answer, Problem> {
        let request = parsed(body)?;
        let number = self.activations.len();
        let identifier = identifier_of(&request, "identifier")?.to_owned();
        self.log.add(format_args!(
            "enrolment {number}: {identifier} asks for a certificate of its attestation key"
        ));
        let activation = self.checked(number, identifier, &request);
        let (activation, credential) = activation.inspect_err(|problem| {
            self.log.add(format_args!("enrolment {number}: refused: {}", problem.detail));
        })?;
        self.activations.push(Some(activation));
        let url = self.url(format_args!("enrolment/answer/{number}"));
        Ok(Answer::json(200, &json!({ "url": url, "credential": to_text(&credential) })))
    }

    /// Certifies an attestation key whose TPM has answered the challenge. An answer is accepted once.
    pub(crate) fn answer_of_attestation_key(
        &mut self,
        number: usize,
        body: &[u8],
    ) -> Result<Answer, Problem> {
        let secret = secret_of(&mut parsed(body)?, "secret")?;
        let activation = self.activations.get_mut(number).and_then(Option::take);
        let activation = activation.ok_or_else(Problem::not_found)?;
        if !activation.challenge.is_answered_by(&secret) {
            return Err(refused("ak-binding: the answer is not the secret of the challenge"));
        }
        self.log.add(format_args!(
            "enrolment {number}: proven: ak-binding: the TPM of the EK certificate holds the attestation key"
        ));
        let key = openssl_key(&activation.signer.key).ok().flatten();
        let key = key.ok_or_else(|| refused("ak-algorithm: its key is not valid"))?;
        let issued = self.authority.certify_attestation_key(&activation.identifier, &activation.tpm, &key)?;
        let chain: Result<Vec<Vec<u8>>, _> =
            [issued.to_pem(), self.authority.root().to_pem()].into_iter().collect();
        let chain = chain.map_err(|errors| Problem::internal(&errors))?.concat();
        self.log.add(format_args!(
            "enrolment {number}: issued a certificate for the attestation key of {}",
            activation.identifier
        ));
        Ok(Answer::new(200, "application/pem-certificate-chain", chain))
    }

    fn checked(
        &self,
        number: usize,
        identifier: String,
        request: &Value,
    ) -> Result<(Activation, Vec<u8>), Problem> {
        let certificate = bytes_of(request, "ek")?;
        // The bytes after a certificate fill up its NV index.
        let der = from_index(&certificate).map_err(|error| refused(&format!("ek-certificate: {error}")))?;
        let endorsement =
            Certificate::parse(der).map_err(|error| refused(&format!("ek-certificate: {error}")))?;
        check_ek(&endorsement).map_err(|error| refused(&format!("ek-certificate: {error}")))?;
        let mut chain = vec![der.to_vec()];
        let issuers = request.get("chain").and_then(Value::as_array).into_iter().flatten();
        for issuer in issuers {
            chain.push(bytes_of(&json!({ "chain": issuer }), "chain")?);
        }
        check_chain(&chain, &self.options.endorsement_roots, now(), Purpose::Endorsement)
            .map_err(|error| refused(&format!("ek-chain: {error}")))?;
        self.log.add(format_args!("enrolment {number}: proven: ek-chain: it leads to a given root"));
        let signer = area(&bytes_of(request, "ak")?)?;
        let missing = Attributes::ATTESTATION.without(signer.attributes);
        if missing != Attributes::NONE {
            return Err(refused(&format!("ak-attributes: {missing} is missing")));
        }
        if signer.attributes.contains(Attributes::DECRYPT) {
            return Err(refused("ak-attributes: a key that decrypts is no attestation key"));
        }
        self.log.add(format_args!(
            "enrolment {number}: proven: ak-attributes: the challenged Name contains them"
        ));
        let name = signer.name().map_err(|error| refused(&format!("ak-key: {error}")))?;
        let made = Challenge::new(&endorsement.key, &name);
        let (challenge, credential) = made.map_err(|error| refused(&format!("ek-certificate: {error}")))?;
        let credential = to_file(&credential).map_err(|error| Problem::internal(&error))?;
        Ok((Activation { challenge, identifier, tpm: endorsement.tpm, signer }, credential))
    }
}

fn parsed(body: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(body).map_err(|_| Problem::new(Kind::Malformed, "the request is not JSON"))
}

/// Reads a TPMT_PUBLIC, or a TPM2B_PUBLIC, which has its size first.
fn area(bytes: &[u8]) -> Result<Public, Problem> {
    let mut reader = Reader::new(bytes);
    let sized = reader.sized().ok().and_then(|area| Public::from_bytes(area).ok());
    let area = sized.filter(|_| reader.finish().is_ok()).or_else(|| Public::from_bytes(bytes).ok());
    area.ok_or_else(|| refused("ak-key: its public area is damaged"))
}

fn refused(cause: &str) -> Problem {
    Problem::new(Kind::BadAttestationStatement, cause)
}
