//! What the CA refuses: software keys, other TPMs, replayed and altered statements, migratable keys.
use attestation::Evidence;
use demo_ca::Options;
use keyfile::wire::{Marshal, Unmarshal};
use keyfile::{Handle, KeyFile, Kind, Public, PublicKey};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::x509::X509ReqBuilder;
use serde_json::json;
use tpm::Certified;

use super::client::Client;
use super::device::{Device, KEY, ca, encode};

/// Returns evidence as `enrol` sends it.
pub(super) fn evidence(device: &Device, certified: Certified) -> Evidence {
    Evidence {
        statement: certified.statement,
        signature: certified.signature,
        key: certified.public.to_bytes().unwrap(),
        signer: None,
        signer_chain: device.chain(),
    }
}

/// Returns the public area of a key with new numbers: one that is in no TPM.
fn in_software(mut public: Public) -> Public {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let spki = key.public_key_to_der().unwrap();
    let (PublicKey::Ecc { x, y, .. }, PublicKey::Ecc { x: new_x, y: new_y, .. }) =
        (&mut public.key, attestation::certificates::public_key(&spki).unwrap())
    else {
        panic!("not EC")
    };
    (*x, *y) = (new_x, new_y);
    public
}

#[test]
fn software_keys_and_migratable_keys_are_refused() {
    let device = Device::new();
    let ca = ca(&[&device], Options::default());
    device.certified(&ca, "device-1");
    let desk = &device.desk;
    // A key from outside: a copy of it is in the file soft.pem.
    desk.shell.ok("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out soft.pem");
    desk.run(&format!("tpm2-keytool create -w soft.pem {KEY}")).ok();
    let refused = |cause: &str| {
        let output = device.enrol(&ca, "--identifier device-1").failed().says(cause);
        assert!(
            output.err().contains("(badAttestationStatement)") && output.err().contains("hint: "),
            "{output}"
        );
        assert!(!desk.shell.file("out/current").exists());
        desk.assert_tidy();
    };
    refused("key-attributes: fixedTPM|fixedParent|sensitiveDataOrigin is missing");
    // A key that the TPM made, and that can be duplicated to another TPM.
    desk.others(
        "tpm2_createprimary -Q -C o -G ecc256:aes128cfb -c srk -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt'
         tpm2_create -Q -C srk -G ecc256 -a 'sensitivedataorigin|userwithauth|noda|sign|decrypt' -u u -r r; tpm2_flushcontext -t",
    );
    let public = Public::from_bytes(&desk.shell.read("u")[2..]).unwrap();
    let private = desk.shell.read("r")[2..].to_vec();
    let mut file = KeyFile::new(Kind::Loadable, Handle::OWNER, public, private);
    file.empty_auth = true;
    desk.shell.write(KEY, file.to_file().unwrap());
    refused("key-attributes: fixedTPM|fixedParent is missing");
}

#[test]
fn another_tpm_is_refused() {
    let [device, other] = [(); 2].map(|()| Device::new());
    let ca = ca(&[&device, &other], Options::default());
    device.certified(&ca, "device-1");
    other.certified(&ca, "device-2");
    for device in [&device, &other] {
        device.desk.run(&format!("tpm2-keytool create --ecc P-256 {KEY}")).ok();
    }
    // The second TPM has its own certificate, and asks in the name of the first.
    other
        .enrol(&ca, "--identifier device-1")
        .failed()
        .says("identifier: the certificate is for another device (badAttestationStatement)");
    // It shows the certificate of the first.
    let own = other.desk.shell.read("ak.pem");
    other.desk.shell.write("ak.pem", device.desk.shell.read("ak.pem"));
    other.enrol(&ca, "--identifier device-1").failed().says("belongs to another key than --ak");
    other.desk.shell.write("ak.pem", own);
    // A client that does not look: the first device's certificate does not verify the second one's statement.
    let mut client = Client::new(&other.desk.shell, &ca);
    let order = client.order(&ca, "device-1");
    let certified = other.statement(&other.desk.key(KEY), &order.nonce);
    let mixed = Evidence { signer_chain: device.chain(), ..evidence(&other, certified) };
    assert!(client.answer(&order, &mixed).starts_with("signature: "));
    // Its certificate of an authority that this CA does not know.
    let stranger = super::ca(&[&other], Options::default());
    other.certified(&stranger, "device-1");
    other.enrol(&ca, "--identifier device-1").failed().says("ak-chain: ");
    // The first device's EK certificate with the second one's attestation key: no TPM holds both, so none opens the credential.
    let mut request = other.request("device-1");
    request["ek"] = json!(encode(&device.desk.shell.read("ek-rsa2048.crt")));
    let challenge = other.challenge(&ca, &request).unwrap();
    let guess = json!({ "secret": encode(&[0; 32]) });
    let url = challenge["url"].as_str().unwrap();
    let (status, reply) = other.post(url, &guess);
    let reply = String::from_utf8_lossy(&reply).into_owned();
    assert!(status == 400 && reply.contains("ak-binding"), "{reply}");
    // There is no second guess.
    assert_eq!(other.post(url, &guess).0, 404);
    // The maker of neither.
    let third = super::ca(&[], Options::default());
    let refused = other.challenge(&third, &other.request("device-2")).unwrap_err();
    assert!(refused.contains("ek-chain"), "{refused}");
}

#[test]
fn replayed_and_altered_statements_are_refused() {
    let device = Device::new();
    let ca = ca(&[&device], Options::default());
    device.certified(&ca, "device-1");
    let desk = &device.desk;
    desk.run(&format!("tpm2-keytool create --ecc P-256 {KEY}")).ok();
    let key = desk.key(KEY);
    let mut client = Client::new(&desk.shell, &ca);
    let mut refused = |cause: &str, alter: &dyn Fn(&mut Evidence)| {
        let order = client.order(&ca, "device-1");
        let mut evidence = evidence(&device, device.statement(&key, &order.nonce));
        alter(&mut evidence);
        let detail = client.answer(&order, &evidence);
        assert!(detail.contains(cause) && cause.is_empty() == detail.is_empty(), "{cause}: {detail}");
        // The order is lost, too.
        let finalized = client.post(&order.finalize, Some(&json!({ "csr": "" })));
        let expected = if cause.is_empty() { "badCSR" } else { "orderNotReady" };
        assert!(finalized.body["type"].as_str().unwrap().ends_with(expected), "{}", finalized.body);
    };
    refused("", &|_| {});
    let earlier = evidence(&device, device.statement(&key, b"an earlier challenge"));
    refused("extra-data: it contains another nonce", &|evidence| evidence.clone_from(&earlier));
    refused("signature: the attestation key has not signed the statement", &|evidence| {
        // A bit of the firmware version.
        let at = evidence.statement.len() - 75;
        evidence.statement[at] ^= 1;
    });
    let software = in_software(key.public.clone());
    refused("key-name: ", &|evidence| evidence.key = software.to_bytes().unwrap());
    refused("ak-chain: ", &|evidence| *evidence.signer_chain[0].last_mut().unwrap() ^= 1);
    // A request that was sent before.
    let nonce = client.nonce.clone();
    client.order(&ca, "device-1");
    client.nonce = nonce;
    let replayed = client.post(&ca.url("acme/order"), Some(&json!({})));
    assert_eq!(replayed.body["type"], "urn:ietf:params:acme:error:badNonce");
}

#[test]
fn the_request_must_be_for_the_attested_key() {
    let device = Device::new();
    let ca = ca(&[&device], Options::default());
    device.certified(&ca, "device-1");
    device.desk.run(&format!("tpm2-keytool create --ecc P-256 {KEY}")).ok();
    let mut client = Client::new(&device.desk.shell, &ca);
    let order = client.order(&ca, "device-1");
    let certified = device.statement(&device.desk.key(KEY), &order.nonce);
    assert_eq!(client.answer(&order, &evidence(&device, certified)), "");
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let software = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut request = X509ReqBuilder::new().unwrap();
    request.set_pubkey(&software).unwrap();
    request.sign(&software, MessageDigest::sha256()).unwrap();
    let csr = encode(&request.build().to_der().unwrap());
    let refused = client.post(&order.finalize, Some(&json!({ "csr": csr })));
    assert_eq!(refused.body["type"], "urn:ietf:params:acme:error:badCSR");
    let detail = refused.body["detail"].as_str().unwrap();
    assert_eq!(detail, "key-request: the key of the request is not the attested key");
    assert!(!ca.log().contains("issued a certificate for device-1,"), "{}", ca.log());
}

#[test]
fn an_empty_identifier_is_refused() {
    let device = Device::new();
    let ca = ca(&[&device], Options::default());
    let refused = device.challenge(&ca, &device.request("")).unwrap_err();
    assert!(refused.contains("the identifier is empty"), "{refused}");
    device.certified(&ca, "device-1");
    device.desk.run(&format!("tpm2-keytool create --ecc P-256 {KEY}")).ok();
    let refused = device.enrol(&ca, "--identifier ''").failed();
    assert!(refused.err().contains("--identifier") && !ca.log().contains("order"), "{refused}");
}
