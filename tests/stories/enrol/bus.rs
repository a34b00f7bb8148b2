//! A man in the middle on the bus of the device swaps what the TPM says. Neither the device nor the CA is deceived.
use std::sync::{Arc, Mutex};

use demo_ca::Options;
use tests::raw::{self, code};
use tests::{Fate, Proxy};

use super::device::{AK, Device, KEY, ca};

/// TPM_CC_Certify (Part 2 §6.5.2).
const CERTIFY: u32 = 0x148;

/// Changes the successful responses to a command.
fn replace(proxy: &Proxy, command: u32, by: impl Fn(&mut Vec<u8>) + Send + 'static) {
    proxy.on_response(move |sent, response| {
        if code(sent) == command && code(response) == 0 {
            by(response);
        }
        Fate::Pass
    });
}

#[test]
fn an_interposer_gets_no_certificate() {
    let (device, proxy) = Device::behind_proxy();
    let ca = ca(&[&device], Options::default());
    device.certified(&ca, "device-1");
    let desk = &device.desk;
    desk.run(&format!("tpm2-keytool create --ecc P-256 {KEY}")).ok();
    desk.run(&format!("tpm2-keytool load {KEY} 81000100")).ok();
    let refused = |key: &str, cause: &str| {
        let url = ca.url("directory");
        desk.run(&format!(
            "tpm2-keytool enrol --acme {url} --identifier device-1 --ak handle:{AK} --ak-cert ak.pem --out out {key}"
        ))
        .failed()
        .says(cause);
        assert!(!desk.shell.file("out/current").exists());
        proxy.remove_rules();
    };
    // The statement of an earlier run.
    let statements = Arc::new(Mutex::new(Vec::new()));
    let record = statements.clone();
    replace(&proxy, CERTIFY, move |response| record.lock().unwrap().push(response.clone()));
    device.enrol(&ca, "--identifier device-1").ok();
    desk.others("rm -r out; mkdir out");
    let earlier = statements.lock().unwrap()[0].clone();
    replace(&proxy, CERTIFY, move |response| response.clone_from(&earlier));
    refused(KEY, "the certification does not contain the nonce of this request");
    // A bit of the statement (its firmware version), and of both numbers of the signature.
    for at in [158, 60, 12] {
        replace(&proxy, CERTIFY, move |response| {
            let end = response.len();
            response[end - at] ^= 1;
        });
        refused(KEY, "the attestation key has not signed the statement");
    }
    // The TPM certifies another key.
    desk.run("tpm2-keytool create --ecc P-256 other.tpm").ok();
    desk.run("tpm2-keytool load other.tpm 81000101").ok();
    proxy.on_command(|command| {
        if code(command) == CERTIFY {
            command[10..14].copy_from_slice(&0x8100_0101_u32.to_be_bytes());
        }
        Fate::Pass
    });
    refused(KEY, "the certification is for another key");
    // The public area of another key of this TPM, whose Name fits.
    let area = |handle: u32| device.swtpm().transact(&raw::command(raw::READ_PUBLIC, &[handle], &[], &[]));
    let [key, other] = [0x8100_0100, 0x8100_0101].map(area);
    replace(&proxy, raw::READ_PUBLIC, move |response| {
        if *response == key {
            response.clone_from(&other);
        }
    });
    refused("handle:0x81000100", "changed in transit");
    assert!(!ca.log().contains("order 1: issued"), "{}", ca.log());
    desk.assert_tidy();
}
