//! Another ACME client, with an account key in software. It sends whatever a story gives it.
use attestation::{Evidence, acme};
use base64ct::{Base64UrlUnpadded, Encoding};
use demo_ca::DemoCa;
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::nid::Nid;
use openssl::pkey::Private;
use openssl::sha::sha256;
use serde_json::{Value, json};
use tests::Shell;

use super::device::encode;

/// A client with an account.
pub(super) struct Client<'a> {
    shell: &'a Shell,
    key: EcKey<Private>,
    jwk: Value,
    kid: Option<String>,
    pub(super) nonce: String,
}

/// A response.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) location: String,
    pub(super) body: Value,
}

/// An order that waits for the answer to its challenge.
pub(super) struct Order {
    pub(super) challenge: String,
    pub(super) finalize: String,
    /// The nonce that the statement must contain.
    pub(super) nonce: Vec<u8>,
}

impl<'a> Client<'a> {
    /// Registers an account.
    #[track_caller]
    pub(super) fn new(shell: &'a Shell, ca: &DemoCa) -> Self {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = EcKey::generate(&group).unwrap();
        let (mut x, mut y) = (openssl::bn::BigNum::new().unwrap(), openssl::bn::BigNum::new().unwrap());
        let mut context = openssl::bn::BigNumContext::new().unwrap();
        key.public_key().affine_coordinates(&group, &mut x, &mut y, &mut context).unwrap();
        let [x, y] = [x, y].map(|number| encode(&number.to_vec_padded(32).unwrap()));
        let jwk = json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y });
        let mut client = Self { shell, key, jwk, kid: None, nonce: String::new() };
        client.request(&format!("-I {}", ca.url("acme/nonce")));
        let account = client.post(&ca.url("acme/account"), Some(&json!({})));
        assert_eq!(account.status, 201, "{}", account.body);
        client.kid = Some(account.location);
        client
    }

    /// Orders a certificate for a device.
    #[track_caller]
    pub(super) fn order(&mut self, ca: &DemoCa, identifier: &str) -> Order {
        let wanted = json!({ "identifiers": [{ "type": "permanent-identifier", "value": identifier }] });
        let order = self.post(&ca.url("acme/order"), Some(&wanted)).body;
        let authorization = self.post(order["authorizations"][0].as_str().unwrap(), None).body;
        let challenge = &authorization["challenges"][0];
        assert_eq!(challenge["type"], "device-attest-01");
        // serde_json sorts the members, as RFC 7638 wants it.
        let thumbprint = encode(&sha256(self.jwk.to_string().as_bytes()));
        let authorization = format!("{}.{thumbprint}", challenge["token"].as_str().unwrap());
        Order {
            challenge: challenge["url"].as_str().unwrap().to_owned(),
            finalize: order["finalize"].as_str().unwrap().to_owned(),
            nonce: acme::extra_data(&authorization),
        }
    }

    /// Answers a challenge, and returns why it is refused; empty if it is accepted.
    #[track_caller]
    pub(super) fn answer(&mut self, order: &Order, evidence: &Evidence) -> String {
        let object = acme::Object::new(evidence).unwrap().write();
        let reply = self.post(&order.challenge, Some(&json!({ "attObj": encode(&object) })));
        assert_eq!(reply.status, 200, "{}", reply.body);
        match reply.body["status"].as_str().unwrap() {
            "valid" => String::new(),
            status => {
                assert_eq!(status, "invalid");
                let error = &reply.body["error"];
                assert_eq!(error["type"], "urn:ietf:params:acme:error:badAttestationStatement");
                error["detail"].as_str().unwrap().to_owned()
            }
        }
    }

    /// Sends a signed request with the nonce of the last response.
    #[track_caller]
    pub(super) fn post(&mut self, url: &str, payload: Option<&Value>) -> Reply {
        let mut header = json!({ "alg": "ES256", "nonce": self.nonce, "url": url });
        match &self.kid {
            Some(kid) => header["kid"] = json!(kid),
            None => header["jwk"] = self.jwk.clone(),
        }
        let protected = encode(header.to_string().as_bytes());
        let payload = payload.map(|payload| encode(payload.to_string().as_bytes())).unwrap_or_default();
        let digest = sha256(format!("{protected}.{payload}").as_bytes());
        let signature = EcdsaSig::sign(&digest, &self.key).unwrap();
        let [r, s] = [signature.r(), signature.s()].map(|number| number.to_vec_padded(32).unwrap());
        let signature = Base64UrlUnpadded::encode_string(&[r, s].concat());
        let request = json!({ "protected": protected, "payload": payload, "signature": signature });
        self.shell.write("jws.json", request.to_string());
        self.request(&format!("-H Content-Type:application/jose+json --data-binary @jws.json {url}"))
    }

    #[track_caller]
    fn request(&mut self, options: &str) -> Reply {
        let status = self.shell.ok(&format!("curl -sS -D headers -o body -w %{{http_code}} {options}")).out();
        let headers = self.shell.text("headers");
        let header = |name: &str| {
            let line = headers.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
            line.map(|line| line[name.len() + 1..].trim().to_owned()).unwrap_or_default()
        };
        self.nonce = header("replay-nonce");
        let body = serde_json::from_slice(&self.shell.read("body")).unwrap_or_default();
        Reply { status: status.parse().unwrap(), location: header("location"), body }
    }
}
