//! Where a key is made (TPM or software): each set of providers, in each order, with each command. docs/generate.md has the same table.
use std::fmt::Write as _;
use std::fs;

use tests::raw::Tpm as _;
use tests::{Openssl, Order, Proxy, TlsServer, module, valgrind};

use crate::machine::{Machine, program};

/// The columns.
const SETS: [(Order, &str); 4] = [
    (Order::Tpm2Only, "tpm2"),
    (Order::Tpm2AndBase, "tpm2, base"),
    (Order::Tpm2First, "tpm2, default"),
    (Order::DefaultFirst, "default, tpm2"),
];

/// Commands without any TPM option.
const PLAIN: &[&str] = &[
    "genpkey -algorithm RSA -out key",
    "genpkey -algorithm RSA-PSS -out key",
    "genpkey -algorithm EC -pkeyopt group:P-256 -out key",
    "genrsa -out key 2048",
    "ecparam -name P-256 -genkey -noout -out key",
    "genpkey -paramfile curve.pem -out key",
    "req -newkey rsa:2048 -noenc -keyout key -subj /CN=host -out host.csr",
];

/// Commands that request a TPM key.
const ORDERED: &[&str] = &[
    "genpkey -algorithm TPM2-RSA -pkeyopt rsa_keygen_bits:2048 -out key",
    "genpkey -algorithm TPM2-RSA-PSS -pkeyopt rsa_pss_keygen_md:sha384 -out key",
    "genpkey -algorithm TPM2-EC -pkeyopt group:P-256 -out key",
    "genpkey -algorithm EC -pkeyopt group:P-256 -propquery provider=tpm2 -out key",
    "genpkey -algorithm EC -pkeyopt group:P-256 -propquery ?provider=tpm2 -out key",
    "genrsa -propquery provider=tpm2 -out key 2048",
    "genpkey -algorithm EC -pkeyopt group:P-256 -pkeyopt user-auth:secret -out key",
    "req -newkey TPM2-EC -pkeyopt group:P-256 -noenc -keyout key -subj /CN=host -out host.csr",
];

/// Requests a TPM key with a template that belongs to `default`: libcrypto does not ask this provider (docs/decisions/provider-order.md).
const TEMPLATE: &str = "genpkey -paramfile curve.pem -propquery ?provider=tpm2 -out key";

/// The kind of key that a command wrote to the file `key`. The command may fail after that: `req` needs a digest.
fn made(openssl: &Openssl, line: &str) -> &'static str {
    openssl.write("key", "");
    let output = openssl.run(line);
    match openssl.text("key") {
        text if text.contains("BEGIN TSS2 PRIVATE KEY") => "TPM",
        text if text.contains("PRIVATE KEY") => "software",
        text => {
            assert!(text.is_empty(), "{text}");
            output.failed();
            "error"
        }
    }
}

fn row(openssl: &Openssl, line: &str) -> [&'static str; SETS.len()] {
    SETS.map(|(order, _)| made(&openssl.clone().ordered(order), line))
}

/// The TPM commands that a client sends for the ephemeral keys of two handshakes.
fn ephemeral(machine: &Machine, order: Order) -> &'static str {
    let proxy = Proxy::start(&machine.tpm);
    let client = Openssl::in_shell(machine.openssl.shell().clone(), &proxy.tcti(), order);
    let server = TlsServer::start(&machine.openssl.without_tpm2(), "-cert site.crt -key site.key");
    for version in ["-tls1_2", "-tls1_3"] {
        let line = format!("{version} -groups P-256 -CAfile site.crt -verify_return_error");
        if !client.run("list -providers").out().contains("default") {
            client.failed(&format!("s_client -connect 127.0.0.1:9 {version}")).says("SSL_CTX_new");
            return "no TLS";
        }
        server.client(&client, &line).says(" Temp Key: ECDH, prime256v1, 256 bits");
    }
    assert!(proxy.log().is_empty(), "{order:?}:\n{}", proxy.log().text());
    "0 commands"
}

#[test]
fn a_request_for_a_tpm_key_never_makes_a_software_key() {
    let machine = Machine::new();
    let openssl = &machine.openssl;
    openssl.without_tpm2().ok("genpkey -genparam -algorithm EC -pkeyopt group:P-256 -out curve.pem");
    openssl.without_tpm2().ok(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout site.key -subj /CN=localhost -out site.crt",
    );
    let mut table = String::from("| `openssl` … |");
    SETS.iter().for_each(|(_, set)| write!(table, " {set} |").unwrap());
    table += "\n|---|---|---|---|---|\n";
    let mut add = |line: &str, cells: [&str; SETS.len()]| {
        writeln!(table, "| {line} | {} |", cells.join(" | ")).unwrap();
    };
    for line in PLAIN {
        let cells = row(openssl, line);
        assert!(!cells[..2].contains(&"software"), "{line}: {cells:?}");
        // Programs work as without tpm2 where `default` is loaded.
        assert_eq!(cells[2..], ["software", "software"], "{line}");
        add(&format!("`{line}`"), cells);
    }
    for line in ORDERED {
        let cells = row(openssl, line);
        assert!(!cells.contains(&"software"), "{line}: {cells:?}");
        add(&format!("`{line}`"), cells);
    }
    add(&format!("`{TEMPLATE}`"), row(openssl, TEMPLATE));
    add("a TLS handshake's ephemeral key", SETS.map(|(order, _)| ephemeral(&machine, order)));
    machine.tpm.assert_empty();

    let page = fs::read_to_string(module::workspace().join("docs/generate.md")).unwrap();
    assert!(page.contains(&table), "docs/generate.md has another table than this one:\n{table}");
}

#[test]
fn the_algorithm_names_of_tpm_keys_write_the_usual_files() {
    let machine = Machine::new();
    for order in [Order::Tpm2First, Order::DefaultFirst] {
        let openssl = machine.openssl.clone().ordered(order);
        for (algorithm, usual) in [
            (
                "TPM2-EC -pkeyopt ec_paramgen_curve:P-384 -pkeyopt ec_param_enc:named_curve",
                "EC -pkeyopt group:P-384",
            ),
            ("TPM2-RSA -pkeyopt rsa_keygen_bits:1024", "RSA -pkeyopt rsa_keygen_bits:1024"),
        ] {
            openssl
                .ok(&format!("genpkey -algorithm {algorithm} -pkeyopt parent:endorsement -out named -text"));
            openssl.ok(&format!(
                "genpkey -algorithm {usual} -pkeyopt parent:endorsement -propquery provider=tpm2 -out usual"
            ));
            let [named, usual] =
                ["named", "usual"].map(|name| keyfile::KeyFile::parse(&openssl.read(name)).unwrap());
            assert_eq!(named.public.attributes, usual.public.attributes);
            assert_eq!(named.public.key.scheme(), usual.public.key.scheme());
            assert_eq!((named.parent, named.empty_auth), (usual.parent, usual.empty_auth));
            machine.signs("named");
        }
        // The key certifies itself in the process that made it.
        openssl.ok("req -x509 -newkey TPM2-RSA:1024 -noenc -keyout key -subj /CN=host -out cert");
        openssl.without_tpm2().ok("verify -CAfile cert cert");
        for wrong in ["TPM2-RSA -pkeyopt rsa_keygen_bits:1536", "TPM2-EC", "TPM2-EC -pkeyopt group:secp256k1"]
        {
            openssl.failed(&format!("genpkey -algorithm {wrong} -out refused")).says("tpm2");
            assert_eq!(openssl.text("refused"), "");
        }
    }
    machine.tpm.assert_empty();
}

#[test]
fn without_a_tpm_the_command_fails() {
    let nowhere = "swtpm:host=127.0.0.1,port=9";
    for (order, algorithm) in [
        (Order::Tpm2Only, "EC -pkeyopt group:P-256"),
        (Order::Tpm2AndBase, "RSA"),
        (Order::DefaultFirst, "TPM2-EC -pkeyopt group:P-256"),
        (Order::Tpm2First, "EC -pkeyopt group:P-256 -pkeyopt user-auth:secret"),
    ] {
        let openssl = Openssl::with_tpm2(nowhere, order);
        openssl.failed(&format!("genpkey -algorithm {algorithm} -out key")).says("no TPM can be reached");
        assert_eq!(openssl.text("key"), "", "{order:?}");
    }
}

#[test]
fn a_running_process_follows_the_set_of_loaded_providers() {
    let machine = Machine::new();
    // Several library contexts, one after another, and a TPM that accepts one connection at a time.
    let shell = machine.openssl.clone().env("TPM2_CONNECTION", "operation").shell().clone();
    let program = program(&shell, "come_and_go");
    shell.ok(&format!("{program} turns 20"));
    shell.ok(&format!("{program} threads 100"));
    valgrind::clean(&shell, &format!("{program} turns 2"));
    machine.tpm.assert_empty();
}
