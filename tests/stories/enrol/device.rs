//! The fixture: a TPM as its maker delivers it, with an attestation key that tpm2-tools made below its endorsement key.
use base64ct::{Base64UrlUnpadded, Encoding};
use demo_ca::{DemoCa, Options};
use keyfile::{Handle, KeyFile, PublicKey};
use openssl::x509::X509;
use serde_json::{Value, json};
use tests::process::Output;
use tests::{Proxy, Swtpm};
use tpm::{Certified, Config, Key, Tpm};

use crate::keytool::Desk;

/// The file of the key that is enrolled.
pub(super) const KEY: &str = "device.tpm";
/// The attestation key.
pub(super) const AK: Handle = Handle(0x8100_0002);
/// The RSA endorsement key of `swtpm_setup`.
const EK: &str = "0x81010001";

/// A device with an attestation key and the empty folder `out`.
pub(super) struct Device {
    pub(super) desk: Desk,
}

impl Device {
    pub(super) fn new() -> Self {
        Self::at(Desk::new())
    }

    pub(super) fn behind_proxy() -> (Self, Proxy) {
        let (desk, proxy) = Desk::behind_proxy();
        (Self::at(desk), proxy)
    }

    fn at(mut desk: Desk) -> Self {
        desk.deliver();
        desk.others(&format!(
            "tpm2_createak -Q -C {EK} -G ecc -g sha256 -s ecdsa -c ak.ctx -u ak.area; tpm2_flushcontext -t
             tpm2_evictcontrol -Q -C o -c ak.ctx {AK}; tpm2_flushcontext -t; mkdir out"
        ));
        Self { desk }
    }

    /// Gets a certificate for the attestation key from the CA, by credential activation with tpm2-tools. It is in `ak.pem`.
    #[track_caller]
    pub(super) fn certified(&self, ca: &DemoCa, identifier: &str) {
        let challenge = self.challenge(ca, &self.request(identifier)).expect("a challenge");
        self.desk.shell.write("credential", decode(&challenge["credential"]));
        self.desk.others(&format!(
            "tpm2_startauthsession -Q --policy-session -S session.ctx; tpm2_policysecret -Q -S session.ctx -c e
             tpm2_activatecredential -Q -c {AK} -C {EK} -i credential -o secret -P session:session.ctx
             tpm2_flushcontext session.ctx"
        ));
        let secret = json!({ "secret": encode(&self.desk.shell.read("secret")) });
        let (status, chain) = self.post(challenge["url"].as_str().unwrap(), &secret);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&chain));
        self.desk.shell.write("ak.pem", chain);
    }

    /// Returns the request for a challenge of the attestation key.
    pub(super) fn request(&self, identifier: &str) -> Value {
        let read = |file: &str| encode(&self.desk.shell.read(file));
        json!({ "identifier": identifier, "ek": read("ek-rsa2048.crt"), "ak": read("ak.area") })
    }

    /// Asks for a challenge; returns the problem if it is refused.
    pub(super) fn challenge(&self, ca: &DemoCa, request: &Value) -> Result<Value, String> {
        let (status, reply) = self.post(&ca.url("enrolment/challenge"), request);
        let reply: Value = serde_json::from_slice(&reply).unwrap();
        if status == 200 { Ok(reply) } else { Err(reply.to_string()) }
    }

    /// Posts a document, and returns the status and the body.
    #[track_caller]
    pub(super) fn post(&self, url: &str, document: &Value) -> (u16, Vec<u8>) {
        let shell = &self.desk.shell;
        shell.write("request.json", document.to_string());
        let status =
            shell.ok(&format!("curl -sS -o reply -w %{{http_code}} --data-binary @request.json {url}"));
        (status.out().parse().unwrap(), shell.read("reply"))
    }

    /// Enrols the key with this CA.
    pub(super) fn enrol(&self, ca: &DemoCa, options: &str) -> Output {
        let url = ca.url("directory");
        self.desk.run(&format!(
            "tpm2-keytool enrol --acme {url} --ak handle:{AK} --ak-cert ak.pem --out out {options} {KEY}"
        ))
    }

    /// Returns the key in the certificate that was issued last.
    pub(super) fn certified_key(&self) -> PublicKey {
        let certificate = X509::from_pem(&self.desk.shell.read("out/current/cert.pem")).unwrap();
        let key = certificate.public_key().unwrap().public_key_to_der().unwrap();
        let mut found = attestation::certificates::public_key(&key).unwrap();
        // A certificate contains the exponent also if it is the usual one, which is 0 in a public area.
        if let PublicKey::Rsa { exponent, .. } = &mut found {
            *exponent = if *exponent == PublicKey::DEFAULT_EXPONENT { 0 } else { *exponent };
        }
        found
    }

    /// Has the attestation key certify a key file with this nonce.
    #[track_caller]
    pub(super) fn statement(&self, file: &KeyFile, nonce: &[u8]) -> Certified {
        let tpm = Tpm::new(Config { tcti: Some(self.desk.tpm.tcti()), ..Config::default() });
        let signer = Key::persistent(&tpm, AK, None).unwrap();
        let certified = Key::from_file(&tpm, file.clone(), None).unwrap().certify(&signer, nonce).unwrap();
        tpm.close();
        certified
    }

    /// Returns the certificates of the attestation key in DER.
    pub(super) fn chain(&self) -> Vec<Vec<u8>> {
        let chain = X509::stack_from_pem(&self.desk.shell.read("ak.pem")).unwrap();
        chain.iter().map(|certificate| certificate.to_der().unwrap()).collect()
    }

    pub(super) fn swtpm(&self) -> &Swtpm {
        &self.desk.tpm
    }
}

/// Starts a CA that trusts the makers of these devices.
pub(super) fn ca(devices: &[&Device], options: Options) -> DemoCa {
    let maker =
        |device: &&Device| X509::from_pem(&device.desk.shell.read("issuer.pem")).unwrap().to_der().unwrap();
    DemoCa::start(Options { endorsement_roots: devices.iter().map(maker).collect(), ..options }).unwrap()
}

pub(super) fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

#[track_caller]
pub(super) fn decode(text: &Value) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(text.as_str().unwrap()).unwrap()
}
