//! RSA key transport of TLS 1.2: the server's TPM decrypts the premaster secret.
use tests::tls::handshake;
use tests::{Order, Proxy, Swtpm, TlsServer, raw};

use crate::machine::Machine;

const CIPHERS: [&str; 3] = ["AES128-SHA", "AES256-GCM-SHA384", "AES128-SHA256"];

#[test]
fn a_server_decrypts_the_premaster_secret() {
    for order in Order::BOTH {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let machine = Machine::reached_by(tpm, &proxy.tcti());
        machine.key("key", "-r");
        machine.openssl.ok("req -x509 -key key -subj /CN=localhost -out cert.pem");
        let client = machine.openssl.without_tpm2();
        let openssl = machine.openssl.clone().ordered(order);
        let options = format!("-cert cert.pem -key key -tls1_2 -cipher {}", CIPHERS.join(":"));
        let server = TlsServer::start(&openssl, &options);
        for cipher in CIPHERS {
            proxy.log().clear();
            let options = format!("-CAfile cert.pem -verify_return_error -tls1_2 -cipher {cipher}");
            let agreed = handshake(&server.client(&client, &options));
            // s_client shows the version that introduced the cipher, not the version of the handshake; the options fix the latter.
            assert_eq!(agreed.cipher, cipher, "{order:?}");
            assert_eq!(proxy.log().count(raw::RSA_DECRYPT), 1, "{order:?}\n{}", proxy.log().text());
        }
    }
}
