//! The server: one thread, which answers one request after the other. It ends on drop.

use std::io::{self, Read};
use std::sync::Arc;
use std::thread::JoinHandle;

use tiny_http::{Header, Request, Response, Server};
use zeroize::Zeroizing;

use crate::answer::Answer;
use crate::log::Log;
use crate::options::Options;
use crate::routes::Ca;

/// Longer requests are cut off, and then refused.
const LONGEST: usize = 1 << 20;

/// A running CA.
pub struct DemoCa {
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
    log: Arc<Log>,
    base: String,
    root: Vec<u8>,
}

impl DemoCa {
    /// Starts a CA on 127.0.0.1.
    ///
    /// # Errors
    /// The port is in use, or OpenSSL cannot make the root.
    pub fn start(options: Options) -> io::Result<Self> {
        let server = Server::http(("127.0.0.1", options.port)).map_err(io::Error::other)?;
        let port = server.server_addr().to_ip().map(|address| address.port()).unwrap_or_default();
        let base = options.url.clone().unwrap_or_else(|| format!("http://127.0.0.1:{port}"));
        let log = Arc::new(Log::new(options.print));
        let mut ca = Ca::new(options, base.clone(), log.clone())?;
        let root = ca.authority.root().to_pem()?;
        let server = Arc::new(server);
        let requests = server.clone();
        let thread = std::thread::spawn(move || {
            for request in requests.incoming_requests() {
                respond(&mut ca, request);
            }
        });
        Ok(Self { server, thread: Some(thread), log, base, root })
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.server.server_addr().to_ip().map(|address| address.port()).unwrap_or_default()
    }

    /// Returns the URL of a path; that of the ACME directory is `directory`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    /// Returns the certificate of the root, in PEM.
    #[must_use]
    pub fn root(&self) -> &[u8] {
        &self.root
    }

    /// Returns the log so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Waits until the process is ended.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for DemoCa {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn respond(ca: &mut Ca, mut request: Request) {
    let (method, path) = (request.method().to_string(), request.url().to_owned());
    // It may contain the answer of a challenge. The buffer has room for all of it, because a growing buffer leaves copies behind.
    let size = request.body_length().unwrap_or_default().min(LONGEST);
    let mut body = Zeroizing::new(Vec::with_capacity(size.saturating_add(64)));
    let read = request.as_reader().take(u64::try_from(LONGEST).unwrap_or(u64::MAX)).read_to_end(&mut body);
    // A client that closes its connection needs no response.
    if read.is_ok() {
        let _ = request.respond(response(ca.answer(&method, &path, &body)));
    }
}

fn response(answer: Answer) -> Response<io::Cursor<Vec<u8>>> {
    let mut response = Response::from_data(answer.body).with_status_code(answer.status);
    for (name, value) in answer.headers {
        if let Ok(header) = Header::from_bytes(name, value) {
            response = response.with_header(header);
        }
    }
    response
}
