//! TLS servers and clients of stock `openssl`, as child processes.
use std::time::{Duration, Instant};

use crate::process::{Output, Process};
use crate::{Openssl, port};

/// A running `openssl s_server -www`: it answers each connection with a page that shows what was negotiated.
pub struct TlsServer {
    process: Process,
    port: u16,
    log: String,
    openssl: Openssl,
}

impl TlsServer {
    /// Starts `openssl s_server OPTIONS` on a free port; the options include `-cert` and `-key`.
    ///
    /// # Panics
    /// If it does not come up; the message contains its output.
    #[must_use]
    #[track_caller]
    pub fn start(openssl: &Openssl, options: &str) -> Self {
        for _ in 0..10 {
            let port = port::free(1);
            let log = format!("s_server-{port}.log");
            let line = format!("openssl s_server -accept 127.0.0.1:{port} -www {options}");
            let mut process = openssl.shell().spawn(&line, &log);
            if port::listening(&mut process, port, 1) {
                return Self { process, port, log, openssl: openssl.clone() };
            }
            let text = openssl.text(&log);
            assert!(text.contains("in use"), "s_server {options} did not come up:\n{text}");
        }
        panic!("no port for s_server");
    }

    /// Returns the port of the server.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the output so far.
    #[must_use]
    pub fn printed(&self) -> String {
        self.openssl.text(&self.log)
    }

    /// Returns the server's process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Runs `openssl s_client OPTIONS` against the server and fetches the page. The exit status shows a failed handshake only with
    /// `-verify_return_error`; see [`handshake`].
    #[must_use]
    pub fn client(&self, openssl: &Openssl, options: &str) -> Output {
        let line = format!("s_client -connect 127.0.0.1:{} -ign_eof {options}", self.port);
        openssl.pipe(&line, "GET / HTTP/1.0\r\n\r\n")
    }

    /// Waits until the server has printed the text.
    ///
    /// # Panics
    /// If this takes longer than ten seconds.
    #[track_caller]
    pub fn wait_for(&self, text: &str) {
        let start = Instant::now();
        while !self.printed().contains(text) {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "s_server did not print {text:?}: {}",
                self.printed()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The negotiated parameters.
#[derive(Debug, PartialEq, Eq)]
pub struct Handshake {
    /// `TLSv1.3`
    pub protocol: String,
    /// `TLS_AES_256_GCM_SHA384`
    pub cipher: String,
}

/// Reads the negotiated parameters from a client's output.
///
/// # Panics
/// If the client did not receive the server's page.
#[must_use]
#[track_caller]
pub fn handshake(output: &Output) -> Handshake {
    let text = output.out();
    assert!(output.success() && text.contains("HTTP/1.0 200"), "no page after the handshake:\n{output}");
    let line =
        text.lines().find(|l| l.starts_with("New, ")).unwrap_or_else(|| panic!("no cipher:\n{output}"));
    let words: Vec<&str> = line.split([',', ' ']).filter(|w| !w.is_empty()).collect();
    Handshake { protocol: words[1].to_owned(), cipher: words[words.len() - 1].to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshake_with_a_software_key_succeeds() {
        let openssl = Openssl::clean();
        let curve = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        openssl.ok(&format!("req -x509 {curve} -keyout key -subj /CN=localhost -out cert"));
        let server = TlsServer::start(&openssl, "-cert cert -key key");
        let output = server.client(&openssl, "-CAfile cert -verify_return_error -tls1_3");
        assert_eq!(handshake(&output).protocol, "TLSv1.3");
        let output =
            server.client(&openssl, "-no-CAfile -no-CApath -no-CAstore -verify_return_error -tls1_2");
        output.failed().says("self-signed certificate");
        let output = server.client(&openssl, "-CAfile cert -verify_return_error -tls1_2");
        assert_eq!(handshake(&output).protocol, "TLSv1.2");
    }
}
