//! mosquitto and its clients.
use tests::{Options, ResourceManager, Swtpm, port};

use super::referenced::referenced;
use crate::machine::Machine;
use crate::store::{LOCKED, PLAIN};

const MOSQUITTO: &str = "\
listener PORT 127.0.0.1
allow_anonymous true
certfile PLAIN.crt
keyfile PLAIN.ref
cafile authority.pem
require_certificate true
user root
";

#[test]
fn mosquitto_and_its_clients_meet_with_keys_in_the_tpm() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = referenced(Machine::managed(tpm, &manager));
    let openssl = &machine.openssl;
    let (port, _broker) = port::serve(1, |port| {
        openssl.write("mosquitto.conf", MOSQUITTO.replace("PLAIN", PLAIN).replace("PORT", &port.to_string()));
        openssl.shell().spawn("/usr/sbin/mosquitto -c mosquitto.conf", "mosquitto.log")
    });
    let client = |name: &str, certificate: &str, key: &str, options: &str| {
        let identity = format!("--cafile authority.pem --cert {certificate}.crt --key {key}");
        format!("{name} -h 127.0.0.1 -p {port} -t topic {identity} {options}")
    };
    let reference = format!("{LOCKED}.ref");
    openssl.shell().ok(&client("mosquitto_pub", LOCKED, &reference, "-r -m retained"));
    let told = openssl.shell().ok(&client("mosquitto_sub", PLAIN, PLAIN, "-C 1 -W 20"));
    assert_eq!(told.out(), "retained\n", "{}", openssl.text("mosquitto.log"));
    openssl
        .shell()
        .failed(&format!("mosquitto_pub -h 127.0.0.1 -p {port} --cafile authority.pem -t topic -m nobody"));
}
