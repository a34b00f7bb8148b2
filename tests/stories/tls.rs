//! TLS with keys in a TPM, and with software keys, in both orders of the providers.
use tests::tls::handshake;
use tests::{Authority, Openssl, Order, Swtpm, TlsServer, Tool};

use crate::machine::program;

const GROUPS: [&str; 6] = ["P-256", "P-384", "P-521", "X25519", "X448", "ffdhe2048"];

/// The name that s_client prints for the server's ephemeral key.
fn ephemeral(group: &str) -> &str {
    match group {
        "P-256" => "ECDH, prime256v1, 256 bits",
        "P-384" => "ECDH, secp384r1, 384 bits",
        "P-521" => "ECDH, secp521r1, 521 bits",
        "X25519" => "X25519, 253 bits",
        "X448" => "X448, 448 bits",
        _ => "DH, 2048 bits",
    }
}

/// Signatures: options that allow only this one at both ends, then the type and the digest that s_client prints.
const SIGNATURES_1_2: [(&str, &str, &str); 4] = [
    ("RSA+SHA256", "RSA", "SHA256"),
    ("RSA+SHA512", "RSA", "SHA512"),
    ("rsa_pss_rsae_sha384", "RSA-PSS", "SHA384"),
    ("ECDSA+SHA256", "ECDSA", "SHA256"),
];
const SIGNATURES_1_3: [(&str, &str, &str); 3] = [
    ("rsa_pss_rsae_sha256", "RSA-PSS", "SHA256"),
    ("rsa_pss_rsae_sha512", "RSA-PSS", "SHA512"),
    ("ecdsa_secp256r1_sha256", "ECDSA", "SHA256"),
];

/// The registered name of a signature, which s_client prints where OpenSSL 3.0 prints the type.
fn iana(sigalgs: &str) -> &str {
    match sigalgs {
        "RSA+SHA256" => "rsa_pkcs1_sha256",
        "RSA+SHA512" => "rsa_pkcs1_sha512",
        "ECDSA+SHA256" => "ecdsa_secp256r1_sha256",
        name => name,
    }
}

/// A machine with its own TPM: an RSA and a P-256 key in it, both with a certificate.
fn machine(openssl: &Openssl, tpm: &Swtpm, name: &str) {
    let tool = Tool::new(openssl.shell(), &tpm.tcti());
    tool.ok(&format!("create {name}-rsa.key"));
    tool.ok(&format!("create -e P-256 {name}-ec.key"));
    for key in ["rsa", "ec"] {
        openssl.ok(&format!("pkey -in {name}-{key}.key -pubout -out {name}-{key}.pub"));
    }
}

/// The provider that serves a plain fetch when the configuration has this order.
fn first(order: Order) -> &'static str {
    if order == Order::DefaultFirst { "default" } else { "tpm2" }
}

/// Checks that the order in the configuration is the order of a plain fetch; otherwise the story tests nothing.
#[track_caller]
fn prove(openssl: &Openssl, fetch: &str, order: Order) {
    let name = first(order);
    let answer = openssl.shell().ok(fetch).out();
    assert_eq!(answer, format!("fresh: EC={name} RSA={name}\n"), "{order:?}");
}

#[test]
fn server_and_client_authenticate_each_other_with_keys_in_their_tpms() {
    let (here, there) = (Swtpm::start(), Swtpm::start());
    let server = Openssl::with_tpm2(&here.tcti(), Order::Tpm2First);
    let client = Openssl::in_shell(server.shell().beside(), &there.tcti(), Order::Tpm2First);
    machine(&server, &here, "server");
    machine(&client, &there, "client");
    let authority = Authority::new(&server, "authority");
    for name in ["server-rsa", "server-ec", "client-rsa", "client-ec"] {
        authority.certify(&format!("{name}.pub"), &format!("{name}.pem"));
    }
    let fetch = program(server.shell(), "fetch");
    let keys = "-cert server-rsa.pem -key server-rsa.key -dcert server-ec.pem -dkey server-ec.key";
    let trust = "-CAfile authority.pem -verify_return_error";

    for order in Order::BOTH {
        let (server, client) = (server.clone().ordered(order), client.clone().ordered(order));
        prove(&server, &fetch, order);
        // The previous server was killed, and there is no resource manager: its keys are still loaded.
        here.reset_and_startup();
        let listening = TlsServer::start(&server, &format!("{keys} {trust} -Verify 1"));
        let mut turn = 0;
        let mut meet = |version: &str, group: &str, signature: &(&str, &str, &str)| {
            turn += 1;
            let own = if turn % 2 == 0 { "rsa" } else { "ec" };
            let (sigalgs, kind, digest) = signature;
            let auth = if *kind == "ECDSA" { "ec" } else { "rsa" };
            // The list also applies to the client's own signature; the server takes the first one that it supports.
            let sigalgs = match own {
                own if own == auth => (*sigalgs).to_owned(),
                "ec" => format!("{sigalgs}:ECDSA+SHA256"),
                _ => format!("{sigalgs}:rsa_pss_rsae_sha256"),
            };
            let cipher = if auth == "ec" { "ECDHE+aECDSA" } else { "ECDHE+aRSA" };
            // In TLS 1.2 the list of groups also names the curves of certificates; in TLS 1.3 a server of OpenSSL 3.5 or later would
            // request P-256 from the list.
            let alone = group == "P-256" || version == "tls1_3";
            let groups = if alone { group.to_owned() } else { format!("{group}:P-256") };
            let options = format!("-{version} -cipher {cipher} -groups {groups} -sigalgs {sigalgs} {trust}");
            let output =
                listening.client(&client, &format!("{options} -cert client-{own}.pem -key client-{own}.key"));
            let agreed = handshake(&output);
            assert_eq!(agreed.protocol, if version == "tls1_3" { "TLSv1.3" } else { "TLSv1.2" }, "{output}");
            assert!(agreed.cipher.contains("DHE") || version == "tls1_3", "{output}");
            let printed = [*kind, iana(signature.0)].map(|name| format!("Peer signature type: {name}\n"));
            assert!(printed.iter().any(|line| output.out().contains(line)), "{printed:?}: {output}");
            let output = output.says(&format!("Peer signing digest: {digest}"));
            // "Server Temp Key" in OpenSSL 3.0, "Peer Temp Key" later.
            output.says(&format!("Temp Key: {}", ephemeral(group)));
        };
        for signature in &SIGNATURES_1_3 {
            GROUPS.iter().for_each(|group| meet("tls1_3", group, signature));
        }
        for signature in &SIGNATURES_1_2 {
            // Finite-field groups have no names in TLS 1.2 of OpenSSL 3.0.
            GROUPS.iter().take(5).for_each(|group| meet("tls1_2", group, signature));
        }
    }
}

#[test]
fn every_group_and_signature_works_in_one_process() {
    let tpm = Swtpm::start();
    let openssl = Openssl::with_tpm2(&tpm.tcti(), Order::Tpm2First);
    machine(&openssl, &tpm, "tpm");
    let mut names = vec!["soft-ec", "soft-rsa", "tpm-ec", "tpm-rsa"];
    let tool = Tool::new(openssl.shell(), &tpm.tcti());
    let curves = tool.ok("create -l").out();
    for (curve, name) in [("secp384r1", "tpm-p384"), ("secp521r1", "tpm-p521")] {
        // Not every TPM supports these curves.
        if curves.contains(curve) {
            tool.ok(&format!("create -e {curve} {name}.key"));
            openssl.ok(&format!("pkey -in {name}.key -pubout -out {name}.pub"));
            names.push(name);
        }
    }
    // Software keys beside TPM keys: in the second round their process has used the TPM keys before.
    let stock = openssl.without_tpm2();
    stock.ok("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out soft-rsa.key");
    stock.ok("genpkey -algorithm EC -pkeyopt group:P-384 -out soft-ec.key");
    for key in ["soft-rsa", "soft-ec"] {
        stock.ok(&format!("pkey -in {key}.key -pubout -out {key}.pub"));
    }
    let authority = Authority::new(&openssl, "authority");
    for name in &names {
        authority.certify(&format!("{name}.pub"), &format!("{name}.pem"));
    }
    let program = program(openssl.shell(), "handshakes");
    for order in Order::BOTH {
        let line = format!("{program} {} authority.pem {}", first(order), names.join(" "));
        openssl.clone().ordered(order).shell().ok(&line);
    }
}

#[test]
fn a_client_verifies_a_chain_of_software_keys() {
    let tpm = Swtpm::start();
    let openssl = Openssl::with_tpm2(&tpm.tcti(), Order::Tpm2First);
    machine(&openssl, &tpm, "client");
    let root = Authority::with_key(&openssl, "root", "rsa:4096");
    let p521 = root.below("p521", "-algorithm EC -pkeyopt group:P-521");
    let ed25519 = p521.below("ed25519", "-algorithm ED25519");
    let stock = openssl.without_tpm2();
    stock.ok("genpkey -algorithm ED25519 -out leaf.key");
    stock.ok("pkey -in leaf.key -pubout -out leaf.pub");
    ed25519.certify("leaf.pub", "leaf.pem");
    ed25519.certify("client-ec.pub", "client-ec.pem");
    let chain = openssl.text("p521.pem") + &openssl.text("ed25519.pem");
    openssl.write("chain.pem", chain);

    // The server has no tpm2.
    let options = "-cert leaf.pem -key leaf.key -cert_chain chain.pem -CAfile root.pem -verify_return_error";
    let stock_server = TlsServer::start(&stock, options);
    let strict = TlsServer::start(&stock, &format!("{options} -Verify 3"));
    let fetch = program(openssl.shell(), "fetch");
    for order in Order::BOTH {
        let openssl = openssl.clone().ordered(order);
        prove(&openssl, &fetch, order);
        openssl.ok("verify -CAfile root.pem -untrusted chain.pem leaf.pem client-ec.pem");
        openssl.failed("verify -CAfile root.pem leaf.pem").says("unable to get local issuer certificate");
        let own = "-cert client-ec.pem -key client-ec.key -cert_chain chain.pem";
        for version in ["-tls1_2", "-tls1_3"] {
            let trust = format!("{version} -CAfile root.pem -verify_return_error");
            let page = stock_server.client(&openssl, &trust);
            let _ = handshake(&page);
            let page = strict.client(&openssl, &format!("{trust} {own}"));
            let _ = handshake(&page);
            // A client that trusts another authority refuses the chain.
            stock_server
                .client(&openssl, &format!("{version} -CAfile client-ec.pem -verify_return_error"))
                .failed()
                .says("verify error");
        }
    }
}
