//! Apache and nginx reload under load without a failed handshake, and report a wrong password before they start.
use std::thread;
use std::time::{Duration, Instant};

use tests::process::Process;
use tests::{Openssl, Options, ResourceManager, Shell, Swtpm, port};

use crate::machine::Machine;

const NAME: &str = "-subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2";

/// The limit of every wait here.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// Debian's modules; each child serves one connection at a time, and Apache's signals reach it during a connection.
const APACHE: &str = "\
ServerRoot FOLDER
ServerName localhost
PidFile FOLDER/apache.pid
Mutex file:FOLDER
LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
User daemon
Group daemon
ErrorLog FOLDER/error.log
DocumentRoot FOLDER
StartServers 4
MinSpareServers 4
MaxSpareServers 8
MaxRequestWorkers 8
SSLSessionCache none
SSLSessionTickets off
KeepAlive off
Listen 127.0.0.1:PORT
<VirtualHost 127.0.0.1:PORT>
SSLEngine on
SSLCertificateFile FOLDER/crt
SSLCertificateKeyFile FOLDER/key.tpm
</VirtualHost>
";

/// Four threads connect and request a page until the file `stop` exists. The file `visits` grows by a byte with each request. Prints the
/// number of successes, and each failure.
const CLIENTS: &str = r#"
import os, socket, ssl, sys, threading

context = ssl.create_default_context(cafile="crt")
results = []

def visit():
    while not os.path.exists("stop"):
        try:
            with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60) as plain:
                with context.wrap_socket(plain, server_hostname="localhost") as tls:
                    tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
                    results.append("" if tls.recv(4).startswith(b"HTTP") else "no answer")
        except OSError as error:
            results.append(repr(error))
        visits.write(b".")

visits = open("visits", "ab", buffering=0)
threads = [threading.Thread(target=visit) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(results.count(""), [result for result in results if result])
"#;

/// Running clients of a server.
pub(crate) struct Clients {
    shell: Shell,
    process: Process,
    /// What the server prints.
    log: &'static str,
}

impl Clients {
    /// Starts the clients of the server at a port. They trust the certificate in the file `crt`.
    pub(crate) fn start(stock: &Openssl, port: u16, log: &'static str) -> Self {
        let shell = stock.shell().clone();
        shell.write("clients.py", CLIENTS);
        let process = shell.spawn(&format!("/usr/bin/python3 clients.py {port}"), "clients.log");
        Self { shell, process, log }
    }

    /// Waits until they have made so many requests: however slow the machine is, what follows happens during requests.
    #[track_caller]
    pub(crate) fn visit(&self, count: usize) {
        self.wait_until("no request is served", || self.shell.text("visits").len() >= count);
    }

    /// Waits until the server is in a state; `failure` describes it if it never is.
    #[track_caller]
    pub(crate) fn wait_until(&self, failure: &str, condition: impl Fn() -> bool) {
        let start = Instant::now();
        while !condition() {
            assert!(start.elapsed() < LIMIT, "{failure}: {}", self.shell.text(self.log));
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the clients, of whose requests none may have failed, and returns how many they made.
    #[track_caller]
    pub(crate) fn stop(mut self) -> u32 {
        self.shell.write("stop", "");
        assert!(self.process.wait(LIMIT).success());
        let printed = self.shell.text("clients.log");
        let (visits, failures) = printed.trim().split_once(' ').unwrap();
        assert_eq!(failures, "[]", "{}", self.shell.text(self.log));
        visits.parse().unwrap()
    }
}

#[test]
fn twenty_reloads_of_apache_under_load_fail_no_handshake() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    let openssl = &machine.openssl;
    machine.key("key.tpm", "-e P-256");
    openssl.ok(&format!("req -x509 -key key.tpm {NAME} -out crt"));
    let (port, server) = port::serve_forking(1, |port| {
        let folder = openssl.shell().folder().display().to_string();
        let text = APACHE.replace("FOLDER", &folder).replace("PORT", &port.to_string());
        openssl.write("apache.conf", text);
        openssl
            .shell()
            .spawn(&format!("/usr/sbin/apache2 -f {folder}/apache.conf -DFOREGROUND"), "apache.log")
    });
    let clients = Clients::start(&openssl.without_tpm2(), port, "error.log");
    // Apache drops a signal that arrives before the last one was handled.
    let starts = || openssl.text("error.log").matches("resuming normal operations").count();
    let reach = |count| clients.wait_until("Apache is not reloaded", || starts() >= count);
    reach(1);
    for restarts in 1..=20 {
        clients.visit(8 * restarts);
        server.signal(libc::SIGUSR1);
        reach(1 + restarts);
    }
    let visits = clients.stop();
    assert!(visits > 100, "only {visits} visits: too few to prove anything");
    let restarts = openssl.text("error.log").matches("Graceful restart requested").count();
    assert_eq!(restarts, 20, "{}", openssl.text("error.log"));
}

const NGINX: &str = "\
error_log stderr;
pid nginx.pid;
events { }
http {
    access_log off;
    server {
        listen 127.0.0.1:1 ssl;
        ssl_certificate crt;
        ssl_certificate_key key.tpm;
        PASSWORD
    }
}
";

#[test]
fn nginx_reports_a_wrong_password_before_it_starts() {
    let machine = Machine::new();
    let openssl = &machine.openssl;
    machine.key("key.tpm", "-e P-256 -k secret");
    openssl.ok(&format!("req -x509 -key key.tpm -passin pass:secret {NAME} -out crt"));
    let folder = openssl.shell().folder().display().to_string();
    openssl.write("word", "secret\n");
    openssl.write("wrong", "guess\n");
    for (password, says) in [
        ("ssl_password_file word;", None),
        ("ssl_password_file wrong;", Some("the TPM refused the password")),
        ("", Some("the key needs a password")),
    ] {
        openssl.write("nginx.conf", NGINX.replace("PASSWORD", password));
        let output = openssl.shell().run(&format!("/usr/sbin/nginx -t -p {folder} -c nginx.conf"));
        match says {
            None => drop(output.ok()),
            Some(reason) => drop(output.failed().says(reason)),
        }
    }
}
