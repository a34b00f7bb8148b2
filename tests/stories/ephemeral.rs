//! The ephemeral keys of a TLS handshake are software keys, in either order of the providers and even where the program's default
//! property query prefers the TPM. The TPM signs and does nothing else.
use tests::raw::Tpm as _;
use tests::tls::handshake;
use tests::{Openssl, Order, Proxy, TlsServer, raw};

use crate::machine::{Machine, program};

/// The default property query that makes every RSA and EC key of the program a TPM key.
const QUERY: &str = "[init]\nalg_section = algorithms\n[algorithms]\ndefault_properties = ?provider=tpm2\n";

const GROUPS: [&str; 5] = ["prime256v1", "P-384", "secp521r1", "P-256", "X25519"];

#[test]
fn the_tpm_signs_once_per_handshake_and_does_nothing_else() {
    let machine = Machine::new();
    machine.key("key", "-e P-256");
    machine.openssl.ok("req -x509 -key key -subj /CN=localhost -out cert");
    let three_zero = machine.openssl.ok("version").out().starts_with("OpenSSL 3.0.");
    let fetch = program(machine.openssl.shell(), "fetch");
    for order in Order::BOTH {
        for query in ["", QUERY] {
            // Later versions take the list of groups from the first provider that has one, with that provider's properties.
            if !query.is_empty() && order == Order::DefaultFirst && !three_zero {
                continue;
            }
            let (here, there) = (Proxy::start(&machine.tpm), Proxy::start(&machine.tpm));
            let of = |proxy: &Proxy| {
                let shell = machine.openssl.shell().clone();
                Openssl::in_shell(shell, &proxy.tcti(), order).sections(query)
            };
            let (server, client) = (of(&here), of(&there));
            let ours = !query.is_empty() || order == Order::Tpm2First;
            let name = if ours { "tpm2" } else { "default" };
            assert_eq!(server.shell().ok(&fetch).out(), format!("fresh: EC={name} RSA={name}\n"));

            let listening = TlsServer::start(&server, "-cert cert -key key");
            let mut first = true;
            for version in ["-tls1_2", "-tls1_3"] {
                for group in GROUPS {
                    // In TLS 1.2 the list of groups also names the curves allowed in certificates.
                    let certificate = version == "-tls1_2" && !["prime256v1", "P-256"].contains(&group);
                    let also = if certificate { ":P-256" } else { "" };
                    let options =
                        format!("{version} -groups {group}{also} -CAfile cert -verify_return_error");
                    let output = listening.client(&client, &options);
                    let _ = handshake(&output);
                    let printed = match group {
                        "X25519" => "X25519, 253 bits",
                        "P-384" => "ECDH, secp384r1, 384 bits",
                        "secp521r1" => "ECDH, secp521r1, 521 bits",
                        _ => "ECDH, prime256v1, 256 bits",
                    };
                    output.says(&format!(" Temp Key: {printed}"));
                    // The first handshake also loads the key.
                    if !std::mem::take(&mut first) {
                        assert_eq!(here.log().codes(), [raw::SIGN], "{order:?} {query:?} {version} {group}");
                    }
                    assert_eq!(here.log().count(raw::SIGN), 1);
                    here.log().clear();
                }
            }
            assert!(there.log().is_empty(), "the client asked a TPM:\n{}", there.log().text());
            drop(listening);
            machine.tpm.reset_and_startup();
        }
    }
}

#[test]
fn a_default_query_makes_all_other_keys_in_the_tpm() {
    let machine = Machine::new();
    for order in Order::BOTH {
        let openssl = machine.openssl.clone().ordered(order).sections(QUERY);
        openssl.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out new");
        assert!(openssl.text("new").starts_with("-----BEGIN TSS2 PRIVATE KEY-----"), "{order:?}");
        openssl
            .ok("req -x509 -newkey ec -pkeyopt group:P-384 -noenc -keyout new -subj /CN=localhost -out cert");
        assert!(openssl.text("new").starts_with("-----BEGIN TSS2 PRIVATE KEY-----"), "{order:?}");
        // Parameters alone are not a key.
        openssl.ok("genpkey -genparam -algorithm EC -pkeyopt group:P-384 -out parameters");
        openssl.without_tpm2().ok("ecparam -in parameters -noout -text").says("secp384r1");
    }
    machine.tpm.assert_empty();
}
