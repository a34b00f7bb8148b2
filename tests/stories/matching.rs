//! Keys and certificates are told to belong together, or not, without a TPM command.
use tests::{Openssl, Order, Proxy};

use crate::machine::{Machine, program};

#[test]
fn certificates_match_their_keys_and_no_others() {
    let machine = Machine::new();
    // Two of each: a mismatch within a type and between types.
    let keys =
        [("ec1", "-e P-256"), ("ec2", "-e P-256"), ("p384", "-e P-384"), ("rsa1", "-r"), ("rsa2", "-r")];
    for (key, options) in keys {
        machine.key(key, options);
        machine.openssl.ok(&format!("req -x509 -key {key} -subj /CN={key} -out {key}.crt"));
    }
    for order in Order::BOTH {
        let proxy = Proxy::start(&machine.tpm);
        let openssl = Openssl::in_shell(machine.openssl.shell().clone(), &proxy.tcti(), order);
        let program = program(openssl.shell(), "match");
        for (key, _) in keys {
            for (cert, _) in keys {
                let says = openssl.shell().ok(&format!("{program} {key} {cert}.crt")).out();
                let kind = |name: &str| name.trim_end_matches(['1', '2']).to_owned();
                let expected = match (key == cert, kind(key) == kind(cert)) {
                    (true, _) => "eq=1 back=1 check=1 ssl=1",
                    (_, true) => "eq=0 back=0 check=0 ssl=0",
                    // Another curve is another set of parameters, another type another type (EVP_PKEY_eq(3)).
                    (_, false) if key.starts_with("rsa") || cert.starts_with("rsa") => {
                        "eq=-1 back=-1 check=0 ssl=0"
                    }
                    (_, false) => "eq=0 back=0 check=0 ssl=0",
                };
                assert_eq!(says.trim(), expected, "{key} with the certificate of {cert}, {order:?}");
            }
        }
        assert!(proxy.log().is_empty(), "{}", proxy.log().text());
    }
}
