//! wpa_supplicant: EAP-TLS with a key of the module through libp11, tested with eapol_test.
use std::thread;
use std::time::{Duration, Instant};

use tests::process::Process;
use tests::{Token, port};

use super::PIN;
use super::libp11;
use super::programs::{Does, WPA_SUPPLICANT};

/// pkcs11_module_path would accept only a module in /usr/lib: the path is in openssl.cnf.
const NETWORK: &str = r#"
network={
    key_mgmt=IEEE8021X
    eap=TLS
    identity="known"
    ca_cert="authority.pem"
    client_cert="pkcs11:token=keys;object=web;type=cert"
    private_key="pkcs11:token=keys;object=web;type=private"
    pin="PIN"
    phase1="tls_disable_tlsv1_3=DISABLED"
}
"#;

const SERVER: &str = "\
driver=none
interface=lo
radius_server_clients=clients
radius_server_auth_port=PORT
eap_server=1
eap_user_file=users
ca_cert=authority.pem
tls_flags=[ENABLE-TLSv1.3]
server_cert=server.crt
private_key=server.key
";

#[test]
#[ignore = "make pkcs11"]
fn eap_tls_accepts_the_key() {
    for options in ["-e P-256", "-r", "-e P-256 -k 1234", "-r -k 1234"] {
        let token = Token::with_key(options);
        let shell = libp11::configured(&token);
        let (port, _server) = hostapd(&token);
        for (version, disabled) in [("TLSv1.2", "1"), ("TLSv1.3", "0")] {
            token.write("network.conf", NETWORK.replace("PIN", PIN).replace("DISABLED", disabled));
            let line = format!("eapol_test -c network.conf -a 127.0.0.1 -p {port} -s secret -t 10");
            shell.ok(&line).says(&format!("Using TLS version {version}")).says("EAP-SUCCESS");
        }
        WPA_SUPPLICANT.passed(Does::LogIn, options);
    }
}

/// Starts hostapd as a RADIUS server with a software key.
#[track_caller]
fn hostapd(token: &Token) -> (u16, Process) {
    let stock = token.stock();
    stock.ok("genpkey -algorithm EC -pkeyopt group:P-256 -out server.key");
    stock.ok("pkey -in server.key -pubout -out server.pub");
    token.authority().certify("server.pub", "server.crt");
    token.write("users", "* TLS\n");
    token.write("clients", "127.0.0.1/32 secret\n");
    let port = port::free(1);
    token.write("hostapd.conf", SERVER.replace("PORT", &port.to_string()));
    let process = token.beside().spawn("hostapd -dd hostapd.conf", "hostapd.log");
    let start = Instant::now();
    while !token.text("hostapd.log").contains("AP-ENABLED") {
        assert!(start.elapsed() < Duration::from_secs(20), "{}", token.text("hostapd.log"));
        thread::sleep(Duration::from_millis(20));
    }
    (port, process)
}
