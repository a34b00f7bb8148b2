//! A stock openssl encrypts mail and files to a certificate; its key in the TPM decrypts them.
use tests::{Order, raw};
use tests::{Proxy, Swtpm};

use crate::machine::Machine;

const SECRET: &[u8] = b"a secret of no great length\n";
const OAEP: &str = "-keyopt rsa_padding_mode:oaep";

fn machine(options: &str) -> (Machine, Proxy) {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    machine.key("key", options);
    machine.openssl.ok("req -x509 -key key -subj /CN=agent -out cert.pem");
    machine.openssl.write("secret", SECRET);
    (machine, proxy)
}

/// Encrypts with a stock openssl and these options, and decrypts with the TPM key: once with the certificate named, once without, when
/// every recipient is tried. Calls alternate between the two orders of the providers: `nth` is the number of the call.
#[track_caller]
fn cms(machine: &Machine, nth: usize, seal: &str) {
    machine
        .openssl
        .without_tpm2()
        .ok(&format!("cms -encrypt -binary -in secret -outform PEM -out sealed -recip cert.pem {seal}"));
    for (nth, recipient) in ["-recip cert.pem", ""].into_iter().enumerate().map(|(way, r)| (nth + way, r)) {
        let order = Order::BOTH[nth % 2];
        let openssl = machine.openssl.clone().ordered(order);
        openssl.ok(&format!("cms -decrypt -inform PEM -in sealed {recipient} -inkey key -out opened"));
        assert_eq!(openssl.read("opened"), SECRET, "{seal} {recipient} {order:?}");
    }
}

#[test]
fn cms_to_an_rsa_key_is_decrypted() {
    let (machine, proxy) = machine("-r");
    for (nth, cipher) in ["-aes128", "-aes-256-cbc", "-aes-256-gcm"].into_iter().enumerate() {
        cms(&machine, nth, cipher);
        cms(&machine, nth, &format!("{cipher} {OAEP}"));
    }
    let digests = [("sha256", "sha256"), ("sha512", "sha512"), ("sha256", "sha1"), ("sha1", "sha512")];
    for (nth, (digest, mgf1)) in digests.into_iter().enumerate() {
        let options = format!("{OAEP} -keyopt rsa_oaep_md:{digest} -keyopt rsa_mgf1_md:{mgf1}");
        cms(&machine, nth, &format!("-aes256 {options}"));
    }
    cms(&machine, 0, &format!("-aes256 {OAEP} -keyopt rsa_oaep_label:6c6162656c"));
    assert_eq!(proxy.log().unprotected().len(), 0, "{}", proxy.log().text());
}

#[test]
fn cms_to_ec_keys_is_decrypted() {
    for curve in ["P-256", "P-384", "P-521"] {
        let (machine, proxy) = machine(&format!("-e {curve}"));
        for (nth, kdf) in ["sha1", "sha256", "sha384", "sha512"].into_iter().enumerate() {
            let options = format!("-keyopt ecdh_kdf_md:{kdf}");
            cms(&machine, nth, &format!("-aes-128-cbc {options}"));
            cms(&machine, nth, &format!("-aes-256-gcm {options} -keyopt ecdh_cofactor_mode:1"));
        }
        assert!(proxy.log().count(raw::ECDH_ZGEN) > 0);
        assert_eq!(proxy.log().unprotected().len(), 0, "{}", proxy.log().text());
    }
}

#[test]
fn smime_to_an_rsa_key_is_decrypted() {
    let (machine, _proxy) = machine("-r");
    machine.openssl.without_tpm2().ok("smime -encrypt -binary -aes256 -in secret -out mail cert.pem");
    for order in Order::BOTH {
        let openssl = machine.openssl.clone().ordered(order);
        openssl.ok("smime -decrypt -in mail -recip cert.pem -inkey key -out opened");
        assert_eq!(openssl.read("opened"), SECRET, "{order:?}");
        openssl.ok("smime -decrypt -in mail -inkey key -out opened");
        assert_eq!(openssl.read("opened"), SECRET, "{order:?}");
    }
}
