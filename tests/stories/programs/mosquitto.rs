//! mosquitto and its clients.
use tests::{Options, ResourceManager, Swtpm, port};

use super::keys::Form;
use super::referenced::referenced;
use super::tried::{Outcome, Program};
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
fn mosquitto_and_its_clients_use_keys_in_the_tpm() {
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
    let printed = openssl.shell().ok(&client("mosquitto_sub", PLAIN, PLAIN, "-C 1 -W 20"));
    assert_eq!(printed.out(), "retained\n", "{}", openssl.text("mosquitto.log"));
    openssl
        .shell()
        .failed(&format!("mosquitto_pub -h 127.0.0.1 -p {port} --cafile authority.pem -t topic -m nobody"));
}

const TRIED: Program = Program {
    name: "mosquitto",
    version: "sh -c '/usr/sbin/mosquitto -h || true'",
    forms: &Form::ALL,
    does: "TLS 1.2 and 1.3 as a broker, with a reload, and as mosquitto_pub and mosquitto_sub",
};

/// The broker becomes the user mosquitto before it reads the key.
const BROKER: &str = "\
listener PORT 127.0.0.1
allow_anonymous true
certfile CERTIFICATE
keyfile KEY
cafile AUTHORITY
";

const SOFTWARE: &str = "\
listener PORT 127.0.0.1
allow_anonymous true
certfile software.crt
keyfile software.key
cafile AUTHORITY
require_certificate true
user root
";

const LINE: &str = "/usr/sbin/mosquitto -c broker.conf";

#[test]
fn mosquitto() {
    TRIED.tried(|case| {
        case.give("mosquitto");
        if case.form == Form::Password {
            return case.asks("broker.conf", BROKER, LINE, "the key needs a password");
        }
        let broker = case.server("broker.conf", BROKER, LINE);
        broker.answers("");
        broker.used_by("", "mosquitto (mosquitto)");
        broker.reloads("", |process| process.signal(libc::SIGHUP));
        drop(broker);
        let broker = case.server("broker.conf", SOFTWARE, LINE);
        let identity = "--cafile AUTHORITY --cert CERTIFICATE --key KEY";
        for version in ["tlsv1.2", "tlsv1.3"] {
            let broker =
                format!("-h 127.0.0.1 -p {} -t {version} --tls-version {version} {identity}", broker.port);
            case.ok(&format!("mosquitto_pub {broker} -r -m retained"));
            assert_eq!(case.ok(&format!("mosquitto_sub {broker} -C 1 -W 20")).out(), "retained\n");
        }
        Outcome::Works
    });
}
