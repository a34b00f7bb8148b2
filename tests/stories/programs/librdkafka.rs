//! librdkafka, through kcat: a Kafka client that presents a certificate.
use std::time::{Duration, Instant};

use tests::Shell;

use super::keys::Form;
use super::tried::{Outcome, Program};

const LIBRDKAFKA: Program = Program {
    name: "librdkafka",
    version: "sh -c 'kcat -V | sed -n \"s/.*librdkafka//p\"'",
    forms: &Form::ALL,
    does: "a client's certificate in TLS 1.2 and 1.3, by kcat",
};

/// Terminates TLS for the broker, which has no TLS, and requires a client certificate.
const HAPROXY: &str = "\
defaults
    mode tcp
    timeout connect 10s
    timeout client 20s
    timeout server 20s
frontend kafka
    bind 127.0.0.1:PORT ssl crt both.pem ca-file AUTHORITY verify required ssl-min-ver TLSv1.VERSION ssl-max-ver TLSv1.VERSION
    default_backend broker
backend broker
    server broker BROKER
";

#[test]
#[ignore = "make programs"]
fn librdkafka() {
    LIBRDKAFKA.tried(|case| {
        let stock = case.openssl.without_tpm2();
        let both = ["software.crt", "software.key"].map(|name| stock.text(name));
        stock.write("both.pem", both.concat());
        // librdkafka has a broker for tests, which runs inside of a consumer.
        let mock = "kcat -C -b absent:1 -t topic -X test.mock.num.brokers=1 -X debug=mock";
        let _broker = stock.shell().spawn(mock, "broker.log");
        let broker = broker(stock.shell());
        for version in ["2", "3"] {
            let text = HAPROXY.replace("VERSION", version).replace("BROKER", &broker);
            let front = case.other_side("haproxy.cfg", &text, "/usr/sbin/haproxy -db -f haproxy.cfg");
            let password = case.if_password("-X ssl.key.password=PASSWORD");
            let tls = "-X security.protocol=ssl -X ssl.ca.location=AUTHORITY -X ssl.certificate.location=CERTIFICATE";
            let key = format!("-X ssl.key.location=KEY {password}");
            case.ok(&format!("kcat -L -m 20 -b localhost:{} {tls} {key}", front.port)).says("topic \"topic\"");
        }
        Outcome::Works
    });
}

/// Returns the address that the broker has printed.
fn broker(shell: &Shell) -> String {
    let start = Instant::now();
    loop {
        let text = shell.text("broker.log");
        if let Some((_, rest)) = text.split_once("bootstrap.servers=") {
            return rest.split_whitespace().next().expect("an address").to_owned();
        }
        assert!(start.elapsed() < Duration::from_secs(20), "no broker: {text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
