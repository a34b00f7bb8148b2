//! dehydrated, an ACME client, with the account key and the site's key in the TPM; pebble is the authority.
use std::fs;

use super::keys::{Form, Type, file};
use super::tried::{Outcome, Program};

const DEHYDRATED: Program = Program {
    name: "dehydrated",
    version: "sh -c 'dehydrated --version | grep version'",
    forms: &Form::WITHOUT_PASSWORD,
    does: "an account with an RSA key, and a certificate from pebble",
};

const PEBBLE: &str = r#"{"pebble": {"listenAddress": "127.0.0.1:PORT", "managementListenAddress": "127.0.0.1:0", "ocspResponderURL": "",
    "certificateValidityPeriod": 518400,
    "certificate": "FOLDER/software.crt", "privateKey": "FOLDER/software.key", "httpPort": 1, "tlsPort": 1}}
"#;

const CONFIGURATION: &str = "\
CA=https://localhost:PORT/dir
BASEDIR=FOLDER/acme
WELLKNOWN=FOLDER/acme
KEY_ALGO=prime256v1
PRIVATE_KEY_RENEW=no
PRIVATE_KEY_ROLLOVER=no
CURL_OPTS='--cacert FOLDER/authority.pem'
";

#[test]
#[ignore = "make programs"]
fn dehydrated() {
    DEHYDRATED.tried(|case| {
        let shell = case.openssl.shell();
        let _ = fs::remove_dir_all(shell.file("acme"));
        fs::create_dir_all(shell.file("acme/certs/site.example")).expect("folders");
        // The authority validates every request, since there is no web server; and it rejects no valid nonce, as it would by default.
        let settings = "PEBBLE_VA_ALWAYS_VALID=1 PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0";
        let pebble = format!("env {settings} pebble -config pebble.json");
        let pebble = case.other_side("pebble.json", PEBBLE, &pebble);
        let folder = shell.folder().display().to_string();
        let text = CONFIGURATION.replace("PORT", &pebble.port.to_string()).replace("FOLDER", &folder);
        shell.write("acme/config", &text);
        // An authority refuses a certificate for the key of an account.
        let account = file(
            Type::Rsa,
            if case.form == Form::PasswordReference { Form::File } else { Form::PasswordReference },
        );
        shell.write("acme/account.tpm", shell.read(account));
        shell.write("acme/certs/site.example/privkey.pem", shell.read(case.key()));
        let dehydrated = "dehydrated --config acme/config --privkey acme/account.tpm";
        case.ok(&format!("{dehydrated} --register --accept-terms"));
        case.ok(&format!("{dehydrated} --cron --domain site.example"));
        let public = |file: &str| case.checked(&format!("openssl x509 -in {file} -noout -pubkey")).out();
        assert_eq!(public("acme/certs/site.example/cert.pem"), public("CERTIFICATE"));
        // A certificate for six days, and a new software key at each renewal.
        let text = text.replace("PRIVATE_KEY_RENEW=no", "PRIVATE_KEY_RENEW=yes\nRENEW_DAYS=4");
        shell.write("acme/short", text);
        let short = "dehydrated --config acme/short --privkey acme/account.tpm --cron --domain short.example";
        case.ok(short);
        let certificate = "acme/certs/short.example/cert.pem";
        let first = public(certificate);
        let key = case.checked("openssl pkey -in acme/certs/short.example/privkey.pem -pubout").out();
        assert_eq!(key, first);
        case.checked(&format!("openssl x509 -in {certificate} -noout -checkend {}", 6 * 86_400 - 3600));
        let day_seven = format!("openssl x509 -in {certificate} -noout -checkend {}", 6 * 86_400 + 1);
        let _ = case.world.machine.openssl.without_tpm2().shell().failed(&day_seven);
        case.ok(short).says("Skipping renew");
        assert_eq!(public(certificate), first);
        case.ok(&format!("{short} --force"));
        assert_ne!(public(certificate), first);
        Outcome::Works
    });
}
