//! OpenVPN: a client finds its certificate and key by a serialized id, and meets a server.
use std::thread;
use std::time::{Duration, Instant};

use tests::{Token, port};

use super::programs::{Does, OPENVPN};

/// Without an interface: the tunnel is up when the other side is authenticated.
const COMMON: &str = "dev null\nifconfig-noexec\nroute-noexec\nca authority.pem\ntls-version-min VERSION\ntls-version-max VERSION\n";
const SERVER: &str =
    "proto tcp-server\nlocal 127.0.0.1\ntls-server\ndh none\ncert server.crt\nkey server.key\n";
const CLIENT: &str = "proto tcp-client\nremote 127.0.0.1 PORT\nnobind\ntls-client\nconnect-retry 1\npkcs11-providers MODULE\npkcs11-id 'ID'\n";

/// Returns the serialized id that OpenVPN prints for the only certificate.
#[track_caller]
fn id(token: &Token) -> String {
    let listed = token.ok(&format!("openvpn --show-pkcs11-ids {}", token.module().display())).out();
    let id = listed.lines().find_map(|line| line.trim().strip_prefix("Serialized id:"));
    id.unwrap_or_else(|| panic!("no id:\n{listed}")).trim().to_owned()
}

#[test]
fn openvpn_finds_the_key_by_an_id_that_stays_the_same() {
    for options in ["-e P-256", "-r"] {
        let token = Token::with_key(options);
        let first = id(&token);
        assert!(first.starts_with("Example/") && first.contains("/keys/"), "{first}");
        // Another key changes nothing for the first.
        token.key("another", "-e P-256");
        std::fs::remove_file(token.file("keys/another.crt")).unwrap();
        assert_eq!(id(&token), first);
        let stock = token.stock();
        stock.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out server.key");
        stock.ok("pkey -in server.key -pubout -out server.pub");
        token.authority().certify("server.pub", "server.crt");
        for version in ["1.2", "1.3"] {
            meet(&token, &first, version);
        }
        OPENVPN.passed(Does::List, options);
        OPENVPN.passed(Does::LogIn, options);
    }
}

/// Starts both sides and waits until the tunnel is up on both.
#[track_caller]
fn meet(token: &Token, id: &str, version: &str) {
    let common = COMMON.replace("VERSION", version);
    token.write("server.ovpn", format!("{common}{SERVER}"));
    let (port, _server) = port::serve(1, |port| {
        token.beside().spawn(&format!("openvpn --config server.ovpn --lport {port}"), "server.log")
    });
    let module = token.module().display().to_string();
    let client = CLIENT.replace("PORT", &port.to_string()).replace("MODULE", &module).replace("ID", id);
    token.write("client.ovpn", format!("{common}{client}"));
    let _client = token.spawn("openvpn --config client.ovpn", "client.log");
    let logs = ["server.log", "client.log"];
    let start = Instant::now();
    while !logs.iter().all(|log| token.text(log).contains("Initialization Sequence Completed")) {
        let printed = logs.map(|log| token.text(log)).join("\n");
        assert!(start.elapsed() < Duration::from_secs(30), "no tunnel with TLS {version}:\n{printed}");
        thread::sleep(Duration::from_millis(50));
    }
    assert!(token.text("server.log").contains("[web] Peer Connection"), "{}", token.text("server.log"));
}
