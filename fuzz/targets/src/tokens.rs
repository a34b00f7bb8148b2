//! The configuration of the PKCS#11 module, and files in the folder of a token.

use std::path::Path;

use tokens::{Configuration, Error, Token};
use tpm::{Config, ErrorKind, Tpm};

/// The byte before a configuration, and before a file.
const CONFIGURATION: u8 = 0;
const FILE: u8 = 1;

const CONFIGURATIONS: [&str; 4] = [
    "[Mail]\nprivate key = mail.tpm\ncertificate = mail.pem\nid = 01:ab\nserial = 1\nalways authenticate = yes\n",
    "# x\nmanufacturer id = \"a \\\" b\" ; y\ntimeout = 5\n[a b]\r\nfolder = keys\r\n",
    "pin = PASSWORD\n[a]\nprivate key = tpm2:file=x;pin-value=PASSWORD\n[b]\ntoken = a\nprivate key = handle:0x81000001?pin-value=PASSWORD\n",
    "[a]\nprivate key = 'object:x?pass'\npublic key = y\nlabel = z\nengine = e\n",
];
const PASSWORD: &str = "PASSWORD";

/// Returns configurations, and key files with lines before the PEM block.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let configurations = CONFIGURATIONS.iter().map(|text| [&[CONFIGURATION], text.as_bytes()].concat());
    let files = crate::key_file::FILES.iter().flat_map(|bytes| {
        let noted = [&[FILE], &b"label: a label\nid: 0aff\n"[..], bytes].concat();
        [[&[FILE], *bytes].concat(), noted]
    });
    configurations.chain(files).collect()
}

/// Reads a configuration, or lists and changes a token with this file.
pub fn run(data: &[u8]) {
    match data.split_first() {
        Some((&CONFIGURATION, text)) => configuration(text),
        Some((_, file)) => folder(file),
        None => {}
    }
}

fn configuration(text: &[u8]) {
    let _ = Configuration::is_like(text);
    match Configuration::parse(Path::new("/nowhere/pkcs11.conf"), text) {
        Ok(configuration) => {
            assert!(configuration.tokens().iter().all(|token| !token.label().is_empty()));
        }
        // The settings of the TPM show their value, unless it is a password.
        Err(Error::Tpm(error)) => assert_eq!(error.kind(), ErrorKind::Configuration),
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty() && error.advice().is_some());
            // A name may be anything; the value of a line is never shown.
            let named = text.matches('`').count() > 2 || text.contains('[');
            assert!(named || !text.contains(PASSWORD), "{text}");
        }
    }
}

fn folder(file: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("key.tpm"), file).expect("a file");
    let text = format!("[a]\nfolder = '{}'", folder.path().display());
    let configuration =
        Configuration::parse(Path::new("/nowhere/pkcs11.conf"), text.as_bytes()).expect("a token");
    let [token] = configuration.tokens() else { panic!("one token") };
    let tpm = Tpm::with_opener(Config::default(), Box::new(|_| panic!("no command is needed")));
    changed(token, &tpm);
}

/// Changes the first key: nothing but its label and its identifier may change, and the key is removed at the end.
fn changed(token: &Token, tpm: &Tpm) {
    let before = token.contents(tpm).expect("the contents of a folder");
    let Some(key) = before.keys.first() else { return };
    // A file may contain the same public key twice, and several keys in DER cannot be changed.
    if before.keys.iter().filter(|other| other.spki() == key.spki()).count() > 1 {
        return;
    }
    let Ok(labelled) = token.set_label(key, "another\nlabel") else { return };
    assert_eq!((labelled.label(), labelled.number()), ("another label", key.number()));
    let named = token.set_id(&labelled, &[7]).expect("a second change");
    assert_eq!((named.id(), named.label()), (&[7][..], "another label"));
    let der = |key: &tokens::TokenKey| key.file().map(|file| file.to_der().ok());
    assert_eq!((named.spki(), der(&named)), (key.spki(), der(key)));
    let after = token.contents(tpm).expect("the contents of a folder");
    assert_eq!((before.keys.len(), before.certificates.len()), (after.keys.len(), after.certificates.len()));
    token.remove_key(&named).expect("a removal");
    let after = token.contents(tpm).expect("the contents of a folder");
    assert_eq!(before.keys.len(), after.keys.len() + 1);
}
