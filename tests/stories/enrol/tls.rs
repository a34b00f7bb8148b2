//! The server's certificate is verified as by curl: its chain, and its host. HAProxy is the TLS server.
use demo_ca::{DemoCa, Options};
use tests::port;
use tests::process::{Output, Process};

use super::device::{Device, KEY, ca};

/// A device, and a CA behind a TLS server whose certificate, for localhost only, is tls.pem.
struct Site {
    device: Device,
    ca: DemoCa,
    port: u16,
    _server: Process,
}

impl Site {
    fn new() -> Self {
        let device = Device::new();
        let shell = &device.desk.shell;
        shell.ok(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 2 \
             -addext subjectAltName=DNS:localhost -keyout tls.key -out tls.pem",
        );
        shell.write("pair.pem", shell.text("tls.pem") + &shell.text("tls.key"));
        let mut started = None;
        let (port, server) = port::serve(1, |port| {
            let url = Some(format!("https://localhost:{port}"));
            let ca = ca(&[&device], Options { url, ..Options::default() });
            let timeouts = "timeout connect 5s\n timeout client 30s\n timeout server 30s";
            let configuration = format!(
                "defaults\n mode http\n {timeouts}\nfrontend tls\n bind 127.0.0.1:{port} ssl crt pair.pem\n \
                 default_backend ca\nbackend ca\n server ca 127.0.0.1:{}\n",
                ca.port()
            );
            shell.write("haproxy.cfg", configuration);
            started = Some(ca);
            shell.spawn("haproxy -f haproxy.cfg", "haproxy.log")
        });
        device.desk.run(&format!("tpm2-keytool create --ecc P-256 {KEY}")).ok();
        Self { device, ca: started.unwrap(), port, _server: server }
    }

    /// Enrols at this host with these options and settings of the environment.
    fn enrol(&self, host: &str, options: &str, environment: &[(&str, &str)]) -> Output {
        let mut shell = self.device.desk.shell.clone();
        for (name, value) in environment {
            shell = shell.env(name, self.device.desk.shell.file(value));
        }
        shell.run(&crate::keytool::full(&format!(
            "tpm2-keytool enrol --acme https://{host}:{}/directory --identifier device-1 --ak handle:0x81000002 \
             --ak-cert ak.pem --out out --force {options} {KEY}",
            self.port
        )))
    }
}

#[test]
fn only_a_server_with_a_trusted_certificate_for_its_host_is_asked() {
    let site = Site::new();
    // For curl, which asks for the certificate of the attestation key.
    let shell = &site.device.desk.shell;
    shell.write(".curlrc", format!("cacert = {}\n", shell.file("tls.pem").display()));
    site.device.certified(&site.ca, "device-1");
    let refused = |host: &str, options: &str, environment: &[(&str, &str)], cause: &str| {
        let output = site.enrol(host, options, environment).failed().says(cause);
        assert!(output.err().contains("hint: "), "{output}");
    };
    let untrusted = "the certificate of localhost is refused: self";
    // The shell has no certificates of the system.
    refused("localhost", "", &[], untrusted);
    refused("localhost", "--cacert issuer.pem", &[], untrusted);
    refused(
        "127.0.0.1",
        "--cacert tls.pem",
        &[],
        "the certificate of 127.0.0.1 is refused: IP address mismatch",
    );
    // --cacert replaces those of the system.
    refused("localhost", "--cacert issuer.pem", &[("SSL_CERT_FILE", "tls.pem")], untrusted);
    assert!(!site.ca.log().contains("account 0"), "{}", site.ca.log());
    site.enrol("localhost", "--cacert tls.pem", &[]).ok();
    site.enrol("localhost", "", &[("SSL_CERT_FILE", "tls.pem")]).ok();
    assert!(site.ca.log().contains("order 1: issued"), "{}", site.ca.log());
}
