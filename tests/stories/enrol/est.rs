//! EST (RFC 7030) with openssl and curl, as docs/est.md describes it.
use std::thread;
use std::time::{Duration, Instant};

use tests::process::Output;
use tests::{module, port};

use crate::machine::Machine;
use crate::web_servers::LIMIT;

/// Makes a CA and the certificate of the server.
const AUTHORITY: &str = "
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout authority.key -out authority.pem -subj /CN=authority \
    -addext basicConstraints=critical,CA:TRUE
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr -subj /CN=localhost
printf subjectAltName=DNS:localhost >names
openssl x509 -req -in server.csr -CA authority.pem -CAkey authority.key -extfile names -out server.pem
";

#[test]
fn est_certifies_and_renews_keys_and_checks_the_proof_of_their_tpm() {
    let machine = Machine::new();
    let shell = machine.openssl.without_tpm2().shell().clone();
    shell.write("make", AUTHORITY);
    shell.ok("sh -e make");
    machine.key("device.tpm", "-e P-256");
    let made = machine.tool.ok("ak create 0x81010100 --public ak.pub");
    shell.write("ak.name", made.out());
    machine.tool.ok("request device.tpm --ak 0x81010100 --nonce 2f6b --subject /CN=device-17 proof.pem");
    machine.tool.ok("request device.tpm --ak 0x81010100 --nonce 00 --subject /CN=device-17 replayed.pem");
    shell.write("est.py", include_str!("est.py"));
    let path = format!("{}:{}", module::folder().display(), std::env::var("PATH").unwrap());
    let port = port::free(1);
    let mut server = shell.clone().env("PATH", path).spawn(&format!("python3 est.py {port}"), "est.log");
    let start = Instant::now();
    while !shell.text("est.log").contains("ready") {
        assert!(start.elapsed() < LIMIT && server.ended().is_none(), "{}", shell.text("est.log"));
        thread::sleep(Duration::from_millis(5));
    }
    let post = |request: &str, label: &str, who: &str| -> Output {
        let url = format!("https://localhost:{port}/.well-known/est/{label}");
        machine.openssl.shell().write(
            "post",
            format!(
                "set -eo pipefail
                 openssl base64 -A -in {request} | curl --silent --show-error --fail-with-body --max-time 60 --cacert authority.pem {who} \
                     -H 'Content-Type: application/pkcs10' --data-binary @- -o answer {url}
                 openssl base64 -d -in answer | openssl pkcs7 -inform DER -print_certs -out device.crt
                 openssl x509 -in device.crt -noout -pubkey >device.pub
                 openssl pkey -in device.tpm -pubout | cmp device.pub -
                 openssl verify -CAfile authority.pem device.crt"
            ),
        );
        machine.openssl.shell().run("bash post")
    };
    let password = "-u device-17:password";
    machine.openssl.ok("req -new -key device.tpm -subj /CN=device-17 -outform DER -out request.der.new");
    post("request.der.new", "simpleenroll", password).ok().says("device.crt: OK");
    post("request.der.new", "simpleenroll", "-u device-17:wrong").failed().says("401");
    // The new certificate and its key identify the device.
    let certificate = "--cert device.crt --key device.tpm";
    post("request.der.new", "simplereenroll", certificate).ok().says("device.crt: OK");
    post("request.der.new", "simplereenroll", "").failed().says("401");
    // A CA that wants a proof.
    for request in ["proof", "replayed"] {
        machine.openssl.ok(&format!("req -in {request}.pem -outform DER -out {request}.der"));
    }
    post("proof.der", "proof/simpleenroll", password).ok().says("device.crt: OK");
    for unproven in ["request.der.new", "replayed.der"] {
        post(unproven, "proof/simpleenroll", password).failed().says("400");
    }
    assert!(shell.text("est.log").contains("refused: extra-data"), "{}", shell.text("est.log"));
}
