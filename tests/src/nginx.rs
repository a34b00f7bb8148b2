//! An nginx that accepts client certificates and whose own key is in another TPM, through the provider.
use std::time::{Duration, Instant};

use crate::process::Process;
use crate::{Openssl, Options, Order, ResourceManager, Shell, Swtpm, Token, Tool, module, port};

const CONFIGURATION: &str = "\
daemon off;
user root;
error_log stderr;
pid nginx.pid;
events { }
http {
    log_format login '$ssl_client_verify $ssl_client_s_dn $uri';
    access_log access.log login;
    server {
        listen 127.0.0.1:PORT ssl;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate server.crt;
        ssl_certificate_key server.tpm;
        ssl_client_certificate authority.pem;
        ssl_verify_client optional;
        ssl_session_cache off;
        ssl_session_tickets off;
        keepalive_timeout 0;
        default_type text/html;
        location / {
            return 200 '<title>$ssl_client_verify</title><h1>$ssl_client_verify $ssl_client_s_dn</h1>';
        }
        location /gallery {
            return 200 '<title>$ssl_client_verify</title>IMAGES';
        }
        location /image {
            empty_gif;
        }
    }
}
";

/// How many images the page `gallery` has. Each needs a connection with a handshake of its own, and a browser opens several at once.
pub const IMAGES: usize = 10;

/// The time in which a browser starts and requests a page, on a busy machine.
const LIMIT: Duration = Duration::from_secs(40);

/// A running nginx in the folder of a token, whose authority issued its certificate.
pub struct Nginx {
    // In this order: the users of the TPM first.
    _process: Process,
    _manager: ResourceManager,
    _tpm: Swtpm,
    shell: Shell,
    port: u16,
}

impl Nginx {
    /// Starts the server.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    #[track_caller]
    pub fn start(token: &Token) -> Self {
        let tpm = Swtpm::start();
        let manager = ResourceManager::start(&tpm, Options::default());
        let shell = token.beside();
        Tool::new(&shell, &manager.tcti()).ok("create -e P-256 server.tpm");
        // nginx clears the environment of its workers.
        let openssl = Openssl::in_shell(shell.clone(), &manager.tcti(), Order::DefaultFirst)
            .set("resource-manager", "kernel")
            .set("tcti", &manager.tcti())
            .set("module", &module::folder().join("tpm2.so").display().to_string());
        openssl.ok("pkey -pubin -in server.tpm -pubout -out server.pub");
        token.authority().certify("server.pub", "server.crt");
        let folder = shell.folder().display().to_string();
        let images: String = (0..IMAGES).map(|number| format!("<img src=/image{number}>")).collect();
        let configuration = CONFIGURATION.replace("IMAGES", &images);
        let (port, process) = port::serve_forking(1, |port| {
            shell.write("nginx.conf", configuration.replace("PORT", &port.to_string()));
            openssl.shell().spawn(&format!("/usr/sbin/nginx -p {folder} -c nginx.conf"), "nginx.log")
        });
        Self { _process: process, _manager: manager, _tpm: tpm, shell, port }
    }

    /// Returns the port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the URL of a page. The server's name is its address, because a minimal system cannot resolve localhost.
    #[must_use]
    pub fn url(&self, page: &str) -> String {
        format!("https://127.0.0.1:{}/{page}", self.port)
    }

    /// Returns who requested the page, if it was requested: `SUCCESS CN=web`, or `NONE -` without a certificate.
    #[must_use]
    pub fn visitor(&self, page: &str) -> Option<String> {
        let log = self.shell.text("access.log");
        log.lines().find_map(|line| line.strip_suffix(&format!(" /{page}")).map(str::to_owned))
    }

    /// Waits until the page is requested, and returns by whom.
    ///
    /// # Panics
    /// If it is not requested in time; the message contains the log of the server and the last lines of this other log.
    #[track_caller]
    pub fn wait_for(&self, page: &str, other_log: &str) -> String {
        let start = Instant::now();
        loop {
            if let Some(visitor) = self.visitor(page) {
                return visitor;
            }
            let logs = || format!("{}\n{}", self.shell.text("nginx.log"), self.shell.text(other_log));
            assert!(start.elapsed() < LIMIT, "/{page} was not requested:\n{}", logs());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
