//! The module is active but has nothing to do: it sends no command to the TPM, and opens no connection.
use tests::{Openssl, Order, Proxy, Swtpm, TlsServer, tls};

use crate::machine::Machine;

#[track_caller]
fn silent(proxy: &Proxy, what: &str) {
    assert!(proxy.log().is_empty(), "{what} asked the TPM:\n{}", proxy.log().text());
    assert_eq!(proxy.seen(), 0, "{what} connected to the TPM");
}

#[test]
fn programs_without_tpm_keys_send_no_command() {
    for order in Order::BOTH {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let openssl = Openssl::with_tpm2(&proxy.tcti(), order);
        openssl.write("file", b"contents");
        let loaded = openssl.ok("list -providers").says("tpm2");
        assert!(loaded.err().is_empty(), "prints: {loaded}");
        for line in [
            "version",
            "list -providers -verbose",
            "list -public-key-algorithms",
            "dgst -sha256 file",
            "genpkey -algorithm EC -pkeyopt group:P-256 -out ec",
            "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa",
            "genpkey -algorithm ED25519 -out ed",
            "pkey -in ec -text -noout",
            "dgst -sha256 -sign rsa -out sig file",
            "dgst -sha256 -sign ec -out sig file",
            "pkey -in ec -pubout -out ec.pub",
            "dgst -sha256 -verify ec.pub -signature sig file",
            "req -x509 -key ec -subj /CN=localhost -out cert",
            "x509 -in cert -noout -text",
            "verify -CAfile cert cert",
            "ecparam -name P-256 -genkey -noout -out old",
            "rand -hex 8",
            "enc -aes-256-cbc -pbkdf2 -pass pass:x -in file -out file.enc",
            "pkey -in rsa -pubout -out rsa.pub",
            "pkeyutl -encrypt -pubin -inkey rsa.pub -in file -out secret",
            "pkeyutl -decrypt -inkey rsa -in secret -out plain",
            "pkeyutl -derive -inkey ec -peerkey ec.pub -out secret",
        ] {
            let output = openssl.ok(line);
            silent(&proxy, &output.to_string());
        }
    }
}

#[test]
fn tls_with_software_keys_sends_no_command() {
    for order in Order::BOTH {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let openssl = Openssl::with_tpm2(&proxy.tcti(), order);
        let stock = openssl.without_tpm2();
        stock.ok("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -subj /CN=localhost -out cert");
        // Once as the client, once as the server.
        for (server, client) in [(&stock, &openssl), (&openssl, &stock)] {
            let server = TlsServer::start(server, "-cert cert -key key");
            for version in ["-tls1_2", "-tls1_3"] {
                let output = server.client(client, &format!("-CAfile cert -verify_return_error {version}"));
                assert_eq!(
                    tls::handshake(&output).protocol.replace('.', "_"),
                    version.replace("-tls", "TLSv")
                );
            }
        }
        silent(&proxy, &format!("TLS, {order:?}"));
    }
}

#[test]
fn the_public_half_of_a_key_file_needs_no_tpm() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    for (key, options) in [("ec", "-e P-256"), ("rsa", "-r")] {
        machine.key(key, options);
        machine.openssl.ok(&format!("req -x509 -key {key} -subj /CN=localhost -out {key}.crt"));
        machine.openssl.ok(&format!("dgst -sha256 -sign {key} -out {key}.sig {key}.crt"));
        assert!(!proxy.log().is_empty(), "signing a certificate sends no command: the counter does not work");
        let proxy = Proxy::start(&machine.tpm);
        let openssl = Openssl::in_shell(machine.openssl.shell().clone(), &proxy.tcti(), Order::Tpm2First);
        openssl.ok(&format!("pkey -in {key} -pubout -out {key}.pub"));
        openssl.ok(&format!("pkey -in {key} -noout -text"));
        openssl.ok(&format!("{key} -in {key} -pubout -out {key}.pub"));
        openssl.ok(&format!("verify -CAfile {key}.crt {key}.crt"));
        openssl.ok(&format!("dgst -sha256 -prverify {key} -signature {key}.sig {key}.crt"));
        let verify = "pkeyutl -verify -rawin -digest sha256";
        openssl.ok(&format!("{verify} -inkey {key} -in {key}.crt -sigfile {key}.sig"));
        silent(&proxy, key);
    }
}
