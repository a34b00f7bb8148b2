//! EAP-TLS: a RADIUS server, and eapol_test as the wireless client.
use std::thread;
use std::time::{Duration, Instant};

use tests::port;
use tests::process::Process;

use super::case::Case;

/// The certificate and key of a client.
pub(super) struct Identity {
    pub(super) certificate: String,
    pub(super) key: String,
    /// A line of wpa_supplicant.conf with the password, if the key has one.
    pub(super) password: String,
}

impl Identity {
    /// The identity with a software key.
    pub(super) fn software() -> Self {
        Self { certificate: "software.crt".into(), key: "software.key".into(), password: String::new() }
    }
}

/// A network block of wpa_supplicant.conf.
const NETWORK: &str = r#"
network={
    key_mgmt=IEEE8021X
    eap=TLS
    identity="known"
    ca_cert="AUTHORITY"
    client_cert="CRT"
    private_key="FILE"
    PASS
    phase1="tls_disable_tlsv1_3=DISABLED"
}
"#;

/// Runs eapol_test against a RADIUS server: succeeds if both sides accept each other. `version`: `1.2`, `1.3`.
pub(super) fn accepted(case: &Case, port: u16, identity: &Identity, version: &str) -> Result<(), String> {
    let text = NETWORK
        .replace("CRT", &identity.certificate)
        .replace("FILE", &identity.key)
        .replace("PASS", &identity.password)
        .replace("DISABLED", if version == "1.3" { "0" } else { "1" });
    case.configure("network.conf", &text, 0);
    let line = format!("eapol_test -c network.conf -a 127.0.0.1 -p {port} -s secret -t 10");
    let output = case.openssl.shell().run(&line);
    let spoken = output.out().contains(&format!("Using TLS version TLSv{version}"));
    if output.success() && spoken { Ok(()) } else { Err(format!("{output}")) }
}

/// hostapd as a RADIUS server only, on its own port.
pub(super) struct Hostapd<'a> {
    case: &'a Case<'a>,
    pub(super) port: u16,
    _process: Process,
}

const HOSTAPD: &str = "\
driver=none
interface=lo
radius_server_clients=clients
radius_server_auth_port=PORT
eap_server=1
eap_user_file=users
ca_cert=AUTHORITY
tls_flags=[ENABLE-TLSv1.3]
";

impl<'a> Hostapd<'a> {
    /// Starts it with lines that name the certificate and the key.
    #[track_caller]
    pub(super) fn start(case: &'a Case, settings: &str) -> Self {
        case.openssl.write("users", "* TLS\n");
        case.openssl.write("clients", "127.0.0.1/32 secret\n");
        let port = port::free(1);
        case.configure("hostapd.conf", &format!("{HOSTAPD}{settings}"), port);
        let process = case.openssl.shell().spawn("hostapd -dd hostapd.conf", "hostapd.log");
        let new = Self { case, port, _process: process };
        let start = Instant::now();
        while !new.printed().contains("AP-ENABLED") {
            assert!(start.elapsed() < Duration::from_secs(20), "hostapd does not start:\n{}", new.printed());
            thread::sleep(Duration::from_millis(20));
        }
        new
    }

    pub(super) fn printed(&self) -> String {
        self.case.openssl.text("hostapd.log")
    }
}
