//! OpenVPN: each side of a tunnel reads its key as root and uses it as nobody.
use std::thread;
use std::time::{Duration, Instant};

use super::case::Case;
use super::keys::Form;
use super::tried::{Outcome, Program};

const OPENVPN: Program = Program {
    name: "openvpn",
    version: "openvpn --version",
    forms: &Form::ALL,
    does: "TLS 1.2 and 1.3, as a server and as a client, and a restart by SIGUSR1",
};

/// Without an interface: the tunnel is up when the other side is authenticated.
const COMMON: &str = "\
dev null
ifconfig-noexec
route-noexec
ca AUTHORITY
tls-version-min VERSION
tls-version-max VERSION
verb 3
";
const SERVER: &str = "proto tcp-server\nlocal 127.0.0.1\nlport PORT\ntls-server\ndh none\n";
const CLIENT: &str = "proto tcp-client\nremote 127.0.0.1 PORT\nnobind\ntls-client\nconnect-retry 1\n";
const SOFTWARE: &str = "cert software.crt\nkey software.key\n";
const TPM: &str = "cert CERTIFICATE\nkey KEY\nuser nobody\ngroup tss\npersist-key\n";

#[test]
#[ignore = "make programs"]
fn openvpn() {
    OPENVPN.tried(|case| {
        let tpm = format!("{TPM}{}", case.if_password("askpass WORD\n"));
        for version in ["1.2", "1.3"] {
            meet(case, version, SOFTWARE, &tpm);
            meet(case, version, &tpm, SOFTWARE);
        }
        Outcome::Works
    });
}

/// Starts both sides and waits until the tunnel is up on both.
#[track_caller]
fn meet(case: &Case, version: &str, server: &str, client: &str) {
    let common = COMMON.replace("VERSION", version);
    let running =
        case.server("server.ovpn", &format!("{common}{SERVER}{server}"), "openvpn --config server.ovpn");
    case.configure("client.ovpn", &format!("{common}{CLIENT}{client}"), running.port);
    let _client = case.openssl.shell().spawn("openvpn --config client.ovpn", "client.ovpn.log");
    let printed = || format!("{}\n{}", running.printed(), case.openssl.text("client.ovpn.log"));
    let up = |log: &str| case.openssl.text(log).matches("Initialization Sequence Completed").count();
    let both_up = |times| {
        let start = Instant::now();
        while up("server.ovpn.log") < times || up("client.ovpn.log") < times {
            assert!(start.elapsed() < Duration::from_secs(30), "no tunnel:\n{}", printed());
            thread::sleep(Duration::from_millis(50));
        }
    };
    both_up(1);
    assert_eq!(case.users(), ["nobody (tss)"]);
    // The server restarts as nobody, with the key that it has, and its client reconnects.
    running.process.signal(libc::SIGUSR1);
    both_up(2);
}
