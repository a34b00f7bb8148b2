//! The lines of docs/performance.md let clients resume their sessions, for which the TPM signs nothing.
use tests::process::Process;
use tests::raw::SIGN;
use tests::{Proxy, Swtpm, module, port};

use crate::machine::Machine;

/// A server: its name on the page, its configuration, and its command line.
struct Server {
    /// The line before its block on the page.
    after: &'static str,
    configuration: &'static str,
    line: &'static str,
}

const NGINX: Server = Server {
    after: "nginx, in `http` or `server`:",
    configuration: "\
user root;
daemon off;
worker_processes 2;
env OPENSSL_CONF;
env OPENSSL_MODULES;
env TPM2_TCTI;
error_log stderr;
pid nginx.pid;
events { }
http {
    access_log off;
    ssl_protocols TLSv1.2 TLSv1.3;
    LINES
    server {
        listen 127.0.0.1:PORT ssl;
        ssl_certificate crt;
        ssl_certificate_key key.tpm;
        return 200 \"HTTP\";
    }
}
",
    line: "/usr/sbin/nginx -p FOLDER -c FOLDER/configuration",
};

const HAPROXY: Server = Server {
    after: "HAProxy, in `global`:",
    configuration: "\
global
LINES
defaults
    mode http
    timeout connect 10s
    timeout client 10s
    timeout server 10s
frontend site
    bind 127.0.0.1:PORT ssl crt site.pem
    http-request return status 200 content-type text/plain string \"one\\n\"
",
    line: "/usr/sbin/haproxy -W -f configuration",
};

const APACHE: Server = Server {
    after: "Apache, with the module socache_shmcb (`a2enmod socache_shmcb`):",
    configuration: "\
ServerRoot FOLDER
ServerName localhost
PidFile FOLDER/apache.pid
Mutex file:FOLDER
LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
User daemon
Group daemon
ErrorLog FOLDER/error.log
DocumentRoot FOLDER
StartServers 2
LINES
Listen 127.0.0.1:PORT
<VirtualHost 127.0.0.1:PORT>
SSLEngine on
SSLCertificateFile FOLDER/crt
SSLCertificateKeyFile FOLDER/key.tpm
</VirtualHost>
",
    line: "/usr/sbin/apache2 -f FOLDER/configuration -DFOREGROUND",
};

/// Returns the block after a line of the page.
#[track_caller]
fn block(after: &str) -> String {
    let page = std::fs::read_to_string(module::workspace().join("docs/performance.md")).unwrap();
    let (_, rest) = page.split_once(&format!("\n{after}\n\n```")).expect(after);
    let (block, _) = rest.split_once("```").unwrap();
    block.lines().skip(1).collect::<Vec<_>>().join("\n")
}

fn start(server: &Server, machine: &Machine) -> (u16, Process) {
    let shell = machine.openssl.shell();
    let folder = shell.folder().display().to_string();
    // The service's own folder for run-time files is this one.
    let lines = block(server.after).replace("/var/run/apache2", &folder);
    port::serve_forking(1, |port| {
        let text = server.configuration.replace("LINES", &lines).replace("PORT", &port.to_string());
        shell.write("configuration", text.replace("FOLDER", &folder));
        shell.spawn(&server.line.replace("FOLDER", &folder), "server.log")
    })
}

#[test]
fn a_client_that_comes_back_costs_no_signature() {
    for server in [NGINX, HAPROXY, APACHE] {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let machine = Machine::reached_by(tpm, &proxy.swtpm_tcti());
        machine.key("key.tpm", "-e P-256");
        let openssl = &machine.openssl;
        openssl.ok("req -x509 -key key.tpm -subj /CN=localhost -days 2 -out crt");
        let pem = [openssl.read("crt"), openssl.read("key.tpm")].concat();
        openssl.write("site.pem", pem);
        openssl.write("index.html", "page");
        let (port, _process) = start(&server, &machine);
        let stock = openssl.without_tpm2();
        for version in ["-tls1_2", "-tls1_3"] {
            proxy.log().clear();
            let visit = |options: &str| {
                let line = format!("s_client -connect 127.0.0.1:{port} {version} -ign_eof {options}");
                let output = stock.pipe(&line, "GET / HTTP/1.0\r\n\r\n");
                assert!(output.out().contains("HTTP"), "{version} {output}\n{}", openssl.text("server.log"));
                output.out().contains("\nReused, ")
            };
            assert!(!visit("-sess_out session"), "{}", server.line);
            for _ in 0..4 {
                assert!(visit("-sess_in session"), "{} {version}", server.line);
            }
            assert_eq!(proxy.log().count(SIGN), 1, "{} {version}", server.line);
        }
    }
}
