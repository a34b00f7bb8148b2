//! The last step of an order (RFC 8555 §7.4, §7.4.2): the request for a certificate must be for the attested key.

use attestation::certificates::public_key;
use keyfile::PublicKey;
use openssl::nid::Nid;
use openssl::x509::X509Req;
use serde_json::Value;

use crate::answer::Answer;
use crate::encoding::bytes_of;
use crate::order::Stage;
use crate::problem::{Kind, Problem};
use crate::routes::Ca;

impl Ca {
    /// Issues the certificate of an order.
    pub(crate) fn finalize(
        &mut self,
        account: usize,
        number: usize,
        payload: &Value,
    ) -> Result<Answer, Problem> {
        let order = self.order_of(account, number)?;
        let Stage::Attested(attested) = &order.stage else {
            return Err(Problem::new(Kind::OrderNotReady, "the challenge of the order is not valid"));
        };
        let request = X509Req::from_der(&bytes_of(payload, "csr")?)
            .map_err(|_| Problem::new(Kind::BadCsr, "the request is no PKCS#10 request"))?;
        check(&request, attested, &order.identifier)?;
        self.log.add(format_args!("order {number}: the request is for the attested key and signed by it"));
        let key = request.public_key().map_err(|errors| Problem::internal(&errors))?;
        let issued = self.authority.certify(&order.identifier, &key)?;
        let identifier = order.identifier.clone();
        let chain = [issued.to_pem(), self.authority.root().to_pem()];
        let chain: Result<Vec<Vec<u8>>, _> = chain.into_iter().collect();
        let chain = chain.map_err(|errors| Problem::internal(&errors))?.concat();
        self.advance(number, Stage::Issued(chain));
        self.log.add(format_args!(
            "order {number}: issued a certificate for {identifier}, valid until {}",
            issued.not_after()
        ));
        self.order(account, number)
    }

    /// Returns the certificate of an order and that of the root.
    pub(crate) fn certificate(&self, account: usize, number: usize) -> Result<Answer, Problem> {
        match &self.order_of(account, number)?.stage {
            Stage::Issued(chain) => {
                Ok(Answer::new(200, "application/pem-certificate-chain", chain.as_slice()))
            }
            _ => Err(Problem::not_found()),
        }
    }
}

/// Checks the request: its key, its signature, and its common name if it has one.
fn check(request: &X509Req, attested: &PublicKey, identifier: &str) -> Result<(), Problem> {
    let refused = |why: &str| Problem::new(Kind::BadCsr, format!("key-request: {why}"));
    let key = request.public_key().map_err(|_| refused("its key cannot be read"))?;
    let spki = key.public_key_to_der().map_err(|_| refused("its key cannot be read"))?;
    let requested = public_key(&spki).map_err(|error| refused(&error.to_string()))?;
    if !requested.has_numbers_of(attested) {
        return Err(refused("the key of the request is not the attested key"));
    }
    if !request.verify(&key).unwrap_or(false) {
        return Err(refused("the key has not signed the request"));
    }
    let mut names = request.subject_name().entries_by_nid(Nid::COMMONNAME);
    match names.all(|name| name.data().to_string().is_ok_and(|name| name == identifier)) {
        true => Ok(()),
        false => Err(refused("the common name is not the identifier of the order")),
    }
}
