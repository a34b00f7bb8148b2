//! HAProxy: a master reads the keys, and a worker uses them.
use tests::port;

use super::case::Case;
use super::keys::Form;
use super::referenced::referenced;
use super::tried::{Outcome, Program};
use crate::machine::Machine;
use crate::store::{LOCKED, PLAIN};

/// Each frontend has the key in another form; the last one connects to the first and presents a certificate.
const HAPROXY: &str = "\
defaults
    mode http
    timeout connect 10s
    timeout client 10s
    timeout server 10s
frontend one_file
    bind 127.0.0.1:PORT0 ssl crt PLAIN.pem ca-file authority.pem verify optional
    http-request return status 200 content-type text/plain lf-string \"one %[ssl_c_used]\\n\"
frontend password
    bind 127.0.0.1:PORT1 ssl crt LOCKED.pem
    http-request return status 200 content-type text/plain string \"two\\n\"
frontend key_file_beside
    bind 127.0.0.1:PORT2 ssl crt site.crt
    http-request return status 200 content-type text/plain string \"three\\n\"
frontend plain
    bind 127.0.0.1:PORT3
    default_backend encrypted
backend encrypted
    server one 127.0.0.1:PORT0 ssl crt LOCKED.pem ca-file authority.pem verify required verifyhost localhost
";

#[test]
fn haproxy_uses_keys_in_the_tpm_as_server_and_client() {
    let machine = referenced(Machine::new());
    let openssl = &machine.openssl;
    openssl.write("site.crt", openssl.read(format!("{PLAIN}.crt")));
    openssl.write("site.crt.key", openssl.read(PLAIN));
    let text = HAPROXY.replace("PLAIN", PLAIN).replace("LOCKED", LOCKED);
    // The distributions start a master, which reads the keys, and a worker, which uses them.
    let (first, _server) = port::serve_forking(4, |first| {
        let put = |text: String, at: u16| text.replace(&format!("PORT{at}"), &(first + at).to_string());
        openssl.write("haproxy.cfg", (0..4).fold(text.clone(), put));
        openssl.shell().spawn(LINE, "haproxy.log")
    });
    for version in ["1.2", "1.3"] {
        let curl =
            format!("curl -sS --max-time 20 --cacert authority.pem --tlsv{version} --tls-max {version}");
        let pages =
            (0..3).map(|at| format!("https://localhost:{}/", first + at)).collect::<Vec<_>>().join(" ");
        let printed = openssl.without_tpm2().shell().ok(&format!("{curl} {pages}")).out();
        assert_eq!(printed, "one 0\ntwo\nthree\n");
    }
    let printed =
        openssl.without_tpm2().shell().ok(&format!("curl -sS --max-time 20 http://127.0.0.1:{}/", first + 3));
    assert_eq!(printed.out(), "one 1\n", "{}", openssl.text("haproxy.log"));
}

const TRIED: Program = Program {
    name: "haproxy",
    version: "/usr/sbin/haproxy -v",
    forms: &Form::ALL,
    does: "TLS 1.2 and 1.3, and a reload",
};

const CONFIGURATION: &str = "\
global
PRIVILEGES
defaults
    mode http
    timeout connect 10s
    timeout client 10s
    timeout server 10s
frontend site
    bind 127.0.0.1:PORT ssl crt site.pem
    http-request return status 200
";

const LINE: &str = "/usr/sbin/haproxy -W -f haproxy.cfg";

#[test]
fn haproxy() {
    TRIED.tried(|case| {
        write_site(case);
        let text = CONFIGURATION.replace("PRIVILEGES", case.if_root("    user haproxy\n    group tss"));
        if case.form == Form::Password {
            return case.asks("haproxy.cfg", &text, LINE, "No Private Key found");
        }
        let server = case.server("haproxy.cfg", &text, LINE);
        server.answers("");
        server.used_by("", "haproxy (tss)");
        server.reloads("", |process| {
            write_site(case);
            process.signal(libc::SIGUSR2);
        });
        Outcome::Works
    });
}

/// Writes the certificate and the key into one file, which only root can read.
fn write_site(case: &Case) {
    let shell = case.openssl.shell();
    shell.write("site.pem", [shell.read(case.certificate()), shell.read(case.key())].concat());
    shell.ok("chmod 600 site.pem");
}
