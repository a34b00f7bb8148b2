//! Kamailio: one process reads the key, and its children use it.
use super::keys::Form;
use super::tried::{Outcome, Program};

const KAMAILIO: Program =
    Program { name: "kamailio", version: "kamailio -v", forms: &Form::ALL, does: "TLS 1.2 and 1.3" };

const CONFIGURATION: &str = r#"
children = 2
log_stderror = yes
enable_tls = yes
listen = tls:127.0.0.1:PORT
mpath = "/usr/lib/x86_64-linux-gnu/kamailio/modules/:/usr/lib64/kamailio/modules/"
loadmodule "sl.so"
loadmodule "tls.so"
modparam("tls", "config", "FOLDER/tls.cfg")
request_route { sl_send_reply("200", "OK"); }
"#;

const TLS: &str = "\
[server:default]
method = TLSv1.2+
private_key = KEY
certificate = CERTIFICATE
";

#[test]
#[ignore = "make programs"]
fn kamailio() {
    KAMAILIO.tried(|case| {
        case.give("kamailio");
        case.configure("tls.cfg", TLS, 0);
        case.openssl.shell().ok("install -d -o kamailio run");
        let user = "setpriv --reuid kamailio --regid kamailio --groups tss";
        let line = format!("{user} kamailio -DD -E -f FOLDER/kamailio.cfg -Y FOLDER/run -P FOLDER/run/pid");
        if case.form == Form::Password {
            return case.asks("kamailio.cfg", CONFIGURATION, &line, "the key needs a password");
        }
        let server = case.server("kamailio.cfg", CONFIGURATION, &line);
        server.answers("");
        server.used_by("", "kamailio (kamailio, tss)");
        Outcome::Works
    });
}
