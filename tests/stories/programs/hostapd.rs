//! hostapd as a RADIUS server for EAP-TLS.
use super::eap::{self, Hostapd, Identity};
use super::keys::Form;
use super::tried::{Outcome, Program};

const HOSTAPD: Program = Program {
    name: "hostapd",
    version: "sh -c 'hostapd -v || true'",
    forms: &Form::ALL,
    does: "EAP-TLS with TLS 1.2 and 1.3",
};

#[test]
#[ignore = "make programs"]
fn hostapd() {
    HOSTAPD.tried(|case| {
        let password = case.if_password("private_key_passwd=PASSWORD\n");
        let server = Hostapd::start(case, &format!("server_cert=CERTIFICATE\nprivate_key=KEY\n{password}"));
        for version in ["1.2", "1.3"] {
            let accepted = eap::accepted(case, server.port, &Identity::software(), version);
            assert_eq!(accepted, Ok(()), "{}", server.printed());
        }
        assert_eq!(case.users(), ["root (root)"]);
        Outcome::Works
    });
}
