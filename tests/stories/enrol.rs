//! `enrol`: a CA issues certificates for keys that are proven to be in a certain TPM, and refuses all others. The CA is `tests/demo-ca`.
use std::thread::sleep;
use std::time::Duration;

use demo_ca::{DemoCa, Options};
use openssl::x509::X509;

mod bus;
mod client;
mod device;
mod est;
mod refused;
mod tls;

use device::{Device, KEY, ca};

#[test]
fn a_key_of_the_right_tpm_gets_a_certificate() {
    let device = Device::new();
    let ca = ca(&[&device], Options::default());
    device.certified(&ca, "device-1");
    let shell = &device.desk.shell;
    shell.write("root.pem", ca.root());
    for (options, algorithm) in [("--ecc P-256", "P-256"), ("--ecc P-384", "P-384"), ("--rsa", "2048 bit")] {
        device.desk.run(&format!("tpm2-keytool create --force {options} {KEY}")).ok();
        device.enrol(&ca, "--identifier device-1 --force").ok().says("current/cert.pem is valid until");
        let verified = "openssl verify -x509_strict -purpose sslclient -CAfile root.pem out/current/cert.pem";
        shell.ok(verified).says("OK");
        let text = shell.ok("openssl x509 -in out/current/cert.pem -noout -text").out();
        for part in ["CN = device-1", "TLS Web Client Authentication", "CA:FALSE", algorithm] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert_eq!(shell.read("out/current/key.pem"), shell.read(KEY));
        assert_eq!(device.certified_key(), device.desk.key(KEY).public.key);
        device.desk.assert_tidy();
    }
    // The whole chain, so that a server can send it.
    assert_eq!(X509::stack_from_pem(&shell.read("out/current/cert.pem")).unwrap().len(), 2);
    let log = ca.log();
    for line in [
        "enrolment 0: proven: ek-chain",
        "enrolment 0: proven: ak-binding",
        "account 0: registered, ES256",
        "challenge 0: proven: signature: the attestation key has signed the statement",
        "challenge 0: proven: identifier: the certificate of the attestation key is for this device",
        "challenge 0: accepted",
        "order 0: issued a certificate for device-1",
    ] {
        assert!(log.contains(line), "{line}: {log}");
    }
    // One account for all orders.
    assert!(!log.contains("account 1"), "{log}");
}

#[test]
fn keys_at_handles_and_accounts_with_rsa_keys_are_enrolled() {
    let device = Device::new();
    let ca = ca(&[&device], Options::default());
    device.certified(&ca, "device-1");
    let desk = &device.desk;
    desk.run(&format!("tpm2-keytool create --ecc P-256 {KEY}")).ok();
    desk.run(&format!("tpm2-keytool load {KEY} 81000100")).ok();
    desk.run("tpm2-keytool reference handle:0x81000100 key.ref").ok();
    desk.run("tpm2-keytool create --rsa account.rsa").ok();
    for key in ["handle:0x81000100", "key.ref"] {
        let url = ca.url("directory");
        desk.run(&format!(
            "tpm2-keytool enrol --acme {url} --identifier device-1 --ak handle:0x81000002 --ak-cert ak.pem \
             --account account.rsa --force --out out {key}"
        ))
        .ok();
        assert_eq!(device.certified_key(), desk.key(KEY).public.key);
        assert!(
            !desk.shell.file("out/current/key.pem").exists() && !desk.shell.file("out/account.tpm").exists()
        );
        desk.assert_tidy();
    }
    assert!(ca.log().contains("account 0: registered, RS256"), "{}", ca.log());
}

#[test]
fn a_certificate_is_renewed_after_two_thirds_of_its_lifetime() {
    let device = Device::new();
    let ca = ca(&[&device], Options::default());
    device.certified(&ca, "device-1");
    device.desk.run(&format!("tpm2-keytool create --ecc P-256 {KEY}")).ok();
    let serial = || device.desk.shell.ok("openssl x509 -in out/current/cert.pem -noout -serial").out();
    device.enrol(&ca, "--identifier device-1").ok();
    let first = serial();
    device.enrol(&ca, "--identifier device-1").ok().says("it is renewed from");
    assert_eq!(serial(), first);
    // Certificates of three seconds.
    let root = X509::from_pem(ca.root()).unwrap().to_der().unwrap();
    let brief =
        Options { attestation_roots: vec![root], lifetime: Duration::from_secs(3), ..Options::default() };
    let brief = DemoCa::start(brief).unwrap();
    device.enrol(&brief, "--identifier device-1 --force").ok();
    let second = serial();
    sleep(Duration::from_millis(2500));
    device.enrol(&ca, "--identifier device-1").ok().says("is valid until");
    let third = serial();
    assert!(first != second && second != third, "{first}{second}{third}");
    // Another key makes the current certificate useless.
    device.desk.run(&format!("tpm2-keytool create --force --ecc P-256 {KEY}")).ok();
    device.enrol(&ca, "--identifier device-1").ok();
    assert_ne!(serial(), third);
    assert_eq!(device.certified_key(), device.desk.key(KEY).public.key);
}

#[test]
fn wrong_use_is_refused_before_the_server_is_contacted() {
    let device = Device::new();
    let ca = ca(&[&device], Options::default());
    device.certified(&ca, "device-1");
    let (desk, shell) = (&device.desk, &device.desk.shell);
    desk.run(&format!("tpm2-keytool create --ecc P-256 {KEY}")).ok();
    desk.run("tpm2-keytool create --ecc P-384 account.384").ok();
    shell.ok("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout other.key -out other.pem");
    let before = ca.log();
    let url = ca.url("directory");
    let refused = |options: &str, cause: &str| {
        let output = desk
            .run(&format!("tpm2-keytool enrol --acme {url} --identifier device-1 {options}"))
            .failed()
            .says(cause);
        assert!(output.err().contains("hint: "), "{output}");
        desk.assert_tidy();
    };
    let ak = "--ak handle:0x81000002";
    refused(&format!("{ak} --out out {KEY}"), "--ak does not name a file that could contain the certificate");
    refused(&format!("{ak} --ak-cert {KEY} --out out {KEY}"), "it contains no certificate");
    refused(&format!("{ak} --ak-cert other.pem --out out {KEY}"), "belongs to another key than --ak");
    refused(&format!("{ak} --ak-cert ak.pem --out absent {KEY}"), "cannot write absent");
    refused(
        &format!("{ak} --ak-cert ak.pem --cacert {KEY} --out out {KEY}"),
        "it contains no certificates in PEM",
    );
    refused(&format!("{ak} --ak-cert ak.pem --account account.384 --out out {KEY}"), "an ACME account needs");
    assert_eq!(ca.log(), before);
    let dead = "tpm2-keytool enrol --acme http://127.0.0.1:1/directory --identifier device-1";
    desk.run(&format!("{dead} {ak} --ak-cert ak.pem --out out {KEY}"))
        .failed()
        .says("no answer from http://127.0.0.1:1/directory");
    // No ACME server.
    let root = format!("tpm2-keytool enrol --acme {} --identifier device-1", ca.url("root.pem"));
    desk.run(&format!("{root} {ak} --ak-cert ak.pem --out out {KEY}"))
        .failed()
        .says("the ACME server sent a directory without newAccount");
    assert!(!shell.file("out/current").exists());
}
