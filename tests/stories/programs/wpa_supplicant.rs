//! wpa_supplicant, tested with eapol_test: the same code with RADIUS instead of a network card.
use super::case::Case;
use super::eap::{self, Hostapd, Identity};
use super::keys::Form;
use super::tried::{Outcome, Program};

const WPA_SUPPLICANT: Program = Program {
    name: "wpa_supplicant",
    version: "wpa_supplicant -v",
    forms: &Form::ALL,
    does: "EAP-TLS with TLS 1.2 and 1.3, by eapol_test",
};

const PEM: &str =
    "`engine tpm2 not available`: a key file in PEM; write a reference, or the key file in DER.";
const PASSWORD: &str = "`the key needs a password`: a key file with password in DER, because wpa_supplicant does not pass its password on.";

#[test]
#[ignore = "make programs"]
fn wpa_supplicant() {
    WPA_SUPPLICANT.tried(|case| {
        let server = Hostapd::start(case, "server_cert=software.crt\nprivate_key=software.key\n");
        if matches!(case.form, Form::Reference | Form::PasswordReference) {
            accepted(case, &server, case.key());
            return Outcome::Works;
        }
        let said = eap::accepted(case, server.port, &identity(case, case.key()), "1.3").unwrap_err();
        assert!(said.contains("engine tpm2 not available"), "{said}");
        case.ok("openssl asn1parse -noout -in KEY -out key.der");
        if case.form == Form::File {
            accepted(case, &server, "key.der".into());
            return Outcome::Fails(PEM);
        }
        let said = eap::accepted(case, server.port, &identity(case, "key.der".into()), "1.3").unwrap_err();
        assert!(said.contains("the key needs a password"), "{said}");
        case.world.refer(case.kind, case.form, "asking.ref");
        accepted(case, &server, "asking.ref".into());
        Outcome::Fails(PASSWORD)
    });
}

#[track_caller]
fn accepted(case: &Case, server: &Hostapd, key: String) {
    let identity = identity(case, key);
    for version in ["1.2", "1.3"] {
        let accepted = eap::accepted(case, server.port, &identity, version);
        assert_eq!(accepted, Ok(()), "{}", server.printed());
    }
}

fn identity(case: &Case, key: String) -> Identity {
    let password = case.fill(case.if_password("private_key_passwd=\"PASSWORD\""));
    Identity { certificate: case.certificate(), key, password }
}
