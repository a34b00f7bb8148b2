//! Programs compare keys and certificates without a TPM command.
use tests::{Authority, Openssl, Order, Proxy};

use crate::machine::{Machine, program};

#[test]
fn certificates_match_their_keys_and_no_others() {
    let machine = Machine::new();
    // Two keys of each kind: a mismatch within a type and between types.
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
                    // Another curve means other parameters, another type means another type (EVP_PKEY_eq(3)).
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

/// (name, options of the TPM key, options of a software key of the same kind)
const KINDS: [(&str, &str, &str); 2] = [
    ("rsa", "", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
    ("ec", "-e P-256", "-algorithm EC -pkeyopt group:P-256"),
];

#[test]
fn tpm_keys_and_software_keys_are_equal_only_if_they_are_the_same() {
    let Machine { openssl, tool, tpm: _tpm } = Machine::new();
    let stock = openssl.without_tpm2();
    let authority = Authority::new(&openssl, "authority");
    for (kind, create, genpkey) in KINDS {
        tool.ok(&format!("create {create} {kind}-one.key"));
        tool.ok(&format!("create {create} {kind}-two.key"));
        // A software key, and the same key wrapped for the TPM.
        stock.ok(&format!("genpkey {genpkey} -out {kind}-soft.key"));
        tool.ok(&format!("create -w {kind}-soft.key {kind}-wrapped.key"));
        for name in ["one", "two", "soft", "wrapped"] {
            openssl.ok(&format!("pkey -in {kind}-{name}.key -pubout -out {kind}-{name}.pub"));
            authority.certify(&format!("{kind}-{name}.pub"), &format!("{kind}-{name}.pem"));
        }
    }
    let pair = program(openssl.shell(), "pair");

    for order in Order::BOTH {
        let openssl = openssl.clone().ordered(order);
        for (kind, ..) in KINDS {
            // Two TPM keys, a TPM key and a software key in both orders, and two TPM keys of which one is wrapped.
            for (one, other) in [("one", "two"), ("two", "soft"), ("soft", "one"), ("wrapped", "one")] {
                let line = format!("{kind}-{one}.key {kind}-{one}.pem {kind}-{other}.key {kind}-{other}.pem");
                openssl.shell().ok(&format!("{pair} {line}"));
            }
            // The wrapped key equals the software key it was made of, with the certificate of either.
            let line =
                format!("{kind}-wrapped.key {kind}-soft.pem {kind}-two.key {kind}-two.pem {kind}-soft.key");
            openssl.shell().ok(&format!("{pair} {line}"));

            // `x509 -key` makes a self-signed certificate for that key, whatever key the first certificate had.
            for key in ["one", "two", "soft"] {
                openssl.ok(&format!("x509 -clrext -in {kind}-one.pem -key {kind}-{key}.key -out self.pem"));
                stock.ok("verify -check_ss_sig -CAfile self.pem self.pem");
                let public = stock.ok("x509 -in self.pem -noout -pubkey").out();
                assert_eq!(public, openssl.text(&format!("{kind}-{key}.pub")), "{order:?} {kind}-{key}");
            }
            // `x509 -CA -CAkey` needs the key of that certificate.
            let issue = |key: &str| {
                let public = format!("-force_pubkey {kind}-soft.pub");
                openssl.run(&format!("x509 -new {public} -subj /CN=x -CA {kind}-one.pem -CAkey {key}.key"))
            };
            issue(&format!("{kind}-one")).ok();
            for other in [format!("{kind}-two"), format!("{kind}-soft"), format!("{}-one", other_type(kind))]
            {
                issue(&other).failed().says("CA certificate and CA private key do not match");
            }
            // A server needs it, too.
            openssl
                .failed(&format!("s_server -accept 127.0.0.1:0 -cert {kind}-one.pem -key {kind}-two.key"))
                .says("key values mismatch");
        }
    }
}

/// Returns the other type of key.
fn other_type(kind: &str) -> &'static str {
    if kind == "rsa" { "ec" } else { "rsa" }
}
