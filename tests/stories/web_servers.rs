//! Apache and nginx reload under load without a failed handshake, and report a wrong password before they start.
use std::thread;
use std::time::{Duration, Instant};

use tests::{Options, ResourceManager, Swtpm, port};

use crate::machine::Machine;

const NAME: &str = "-subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2";

/// The limit of every wait here.
const LIMIT: Duration = Duration::from_secs(120);

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
pub(crate) const CLIENTS: &str = r#"
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

#[test]
fn twenty_reloads_of_apache_under_load_fail_no_handshake() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    let openssl = &machine.openssl;
    machine.key("key.tpm", "-e P-256");
    openssl.ok(&format!("req -x509 -key key.tpm {NAME} -out crt"));
    openssl.write("clients.py", CLIENTS);
    let (port, server) = port::serve_forking(1, |port| {
        let folder = openssl.shell().folder().display().to_string();
        let text = APACHE.replace("FOLDER", &folder).replace("PORT", &port.to_string());
        openssl.write("apache.conf", text);
        openssl
            .shell()
            .spawn(&format!("/usr/sbin/apache2 -f {folder}/apache.conf -DFOREGROUND"), "apache.log")
    });
    let mut clients =
        openssl.without_tpm2().shell().spawn(&format!("/usr/bin/python3 clients.py {port}"), "clients.log");
    // Apache drops a signal that arrives before the last one was handled.
    let starts = || openssl.text("error.log").matches("resuming normal operations").count();
    let reach = |count| {
        let start = Instant::now();
        while starts() < count {
            assert!(start.elapsed() < LIMIT, "Apache is not reloaded: {}", openssl.text("error.log"));
            thread::sleep(Duration::from_millis(50));
        }
    };
    // However slow the machine is, each reload happens during requests.
    let visited = |count| {
        let start = Instant::now();
        while openssl.text("visits").len() < count {
            assert!(start.elapsed() < LIMIT, "no request is served: {}", openssl.text("error.log"));
            thread::sleep(Duration::from_millis(20));
        }
    };
    reach(1);
    for restarts in 1..=20 {
        visited(8 * restarts);
        server.signal(libc::SIGUSR1);
        reach(1 + restarts);
    }
    openssl.write("stop", "");
    assert!(clients.wait(LIMIT).success());
    let printed = openssl.text("clients.log");
    let (visits, failures) = printed.trim().split_once(' ').unwrap();
    assert_eq!(failures, "[]", "{}", openssl.text("error.log"));
    assert!(visits.parse::<u32>().unwrap() > 100, "only {visits} visits: too few to prove anything");
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
