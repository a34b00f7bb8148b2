//! FreeRADIUS: EAP-TLS; all processes run as the user freerad.
use std::thread;
use std::time::{Duration, Instant};

use tests::port;

use super::eap::{self, Identity};
use super::keys::Form;
use super::tried::{Outcome, Program};

const FREERADIUS: Program = Program {
    name: "freeradius",
    version: "freeradius -v",
    forms: &Form::ALL,
    does: "EAP-TLS with TLS 1.2 and 1.3",
};

const CONFIGURATION: &str = r#"
name = freeradius
libdir = /usr/lib/freeradius
confdir = FOLDER/radius
logdir = FOLDER/radius
run_dir = FOLDER/radius
security {
    user = freerad
    group = freerad
}
client localhost {
    ipaddr = 127.0.0.1
    secret = secret
}
modules {
    eap {
        default_eap_type = tls
        tls-config site {
            certificate_file = CERTIFICATE
            private_key_file = KEY
            private_key_password = PASSWORD
            ca_file = AUTHORITY
            tls_min_version = "1.2"
            tls_max_version = "1.3"
        }
        tls {
            tls = site
        }
    }
}
server default {
    listen {
        type = auth
        ipaddr = 127.0.0.1
        port = PORT
    }
    authorize {
        eap
    }
    authenticate {
        eap
    }
}
"#;

#[test]
#[ignore = "make programs"]
fn freeradius() {
    FREERADIUS.tried(|case| {
        let shell = case.openssl.shell();
        case.give("freerad");
        shell.ok("install -d -o freerad radius");
        let text = CONFIGURATION
            .replace("private_key_password = PASSWORD", case.if_password("private_key_password = PASSWORD"));
        let port = port::free(1);
        case.configure("radius/radiusd.conf", &text, port);
        // As Debian's unit starts it with `SupplementaryGroups=tss`.
        let user = "setpriv --reuid freerad --regid freerad --groups tss";
        let process = shell
            .spawn(&case.fill(&format!("{user} freeradius -f -x -l stdout -d FOLDER/radius")), "radius.log");
        let start = Instant::now();
        while !case.openssl.text("radius.log").contains("Ready to process requests") {
            assert!(start.elapsed() < Duration::from_secs(20), "{}", case.openssl.text("radius.log"));
            thread::sleep(Duration::from_millis(20));
        }
        for version in ["1.2", "1.3"] {
            let accepted = eap::accepted(case, port, &Identity::software(), version);
            assert_eq!(accepted, Ok(()), "{}", case.openssl.text("radius.log"));
        }
        assert_eq!(case.users(), ["freerad (freerad, tss)"]);
        drop(process);
        Outcome::Works
    });
}
