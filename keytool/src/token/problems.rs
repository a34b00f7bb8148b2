//! What is wrong with tokens: files that could not be read, and files that contradict each other.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tokens::{Certificate, Configuration, Contents, Error, Token};

/// The permission of other users to read.
const OTHERS_READ: u32 = 0o004;

/// Something that is wrong.
#[derive(Serialize)]
pub(super) struct Problem {
    token: Option<String>,
    file: Option<String>,
    pub(super) text: String,
    pub(super) advice: Option<String>,
}

impl Problem {
    fn new(token: Option<&str>, file: Option<&Path>, text: String, advice: &str) -> Self {
        let file = file.map(|path| path.display().to_string());
        Self { token: token.map(str::to_owned), file, text, advice: Some(advice.to_owned()) }
    }

    /// Returns the problem of a file that could not be read.
    pub(super) fn of_error(token: &str, file: Option<&Path>, error: &Error) -> Self {
        let advice = error.advice().map(str::to_owned);
        let file = file.map(|path| path.display().to_string());
        Self { token: Some(token.to_owned()), file, text: error.to_string(), advice }
    }
}

/// Checks the configuration file.
pub(super) fn of_configuration(configuration: &Configuration) -> Vec<Problem> {
    let open = configuration.path().filter(|path| configuration.holds_password() && is_open(path));
    let problem = |path: &Path| {
        let text = format!("{} contains a password, and other users can read it", path.display());
        Problem::new(None, Some(path), text, "name a file with pin-source, or change the mode: chmod o-r")
    };
    open.map(problem).into_iter().collect()
}

/// Checks the contents of a token.
pub(super) fn of_token(token: &str, contents: &Contents) -> Vec<Problem> {
    let faults = contents.faults.iter();
    let mut problems: Vec<Problem> =
        faults.map(|fault| Problem::of_error(token, fault.path.as_deref(), &fault.error)).collect();
    problems.extend(same_ids(token, contents));
    problems.extend(alone(token, contents));
    problems.extend(open_files(token, contents));
    problems
}

/// Finds the former files that a killed change of the PIN has left.
pub(super) fn former_files(token: &Token) -> Vec<Problem> {
    let problem = |path: &PathBuf| {
        let text = format!("a change of the PIN was killed and left {}", path.display());
        let advice = "change the PIN again, from the same former to the same new one; or remove the file if its key works with the new one";
        Problem::new(Some(token.label()), Some(path), text, advice)
    };
    token.former_files().iter().map(problem).collect()
}

/// Finds keys with the same identifier: a program takes any of them.
fn same_ids(token: &str, contents: &Contents) -> Vec<Problem> {
    let mut known = HashMap::new();
    let mut problems = Vec::new();
    for key in &contents.keys {
        if let Some(first) = known.insert(key.id(), key) {
            let text = format!("the keys {first} and {key} of the token {token:?} have the same id");
            let advice =
                "give one of them another id: the line id: before its PEM block, or id = in its section";
            problems.push(Problem::new(Some(token), key.path(), text, advice));
        }
    }
    problems
}

/// Finds certificates without a key that are not those of an issuer.
fn alone(token: &str, contents: &Contents) -> Vec<Problem> {
    let all = &contents.certificates;
    let mut issuers: HashMap<&[u8], usize> = HashMap::new();
    for one in all {
        let count = issuers.entry(one.issuer()).or_default();
        *count = count.saturating_add(1);
    }
    // A certificate that names itself is not its own issuer.
    let is_issuer = |one: &Certificate| {
        issuers.get(one.subject()).is_some_and(|count| *count > usize::from(one.issuer() == one.subject()))
    };
    let alone = all.iter().filter(|one| !one.has_key() && one.is_first() && !is_issuer(one));
    let problem = |one: &std::sync::Arc<Certificate>| {
        let text = format!("the token {token:?} has no key for the certificate in {}", one.path().display());
        Problem::new(Some(token), Some(one.path()), text, "add its key file, or remove the certificate")
    };
    alone.map(problem).collect()
}

/// Finds key files that other users can read.
fn open_files(token: &str, contents: &Contents) -> Vec<Problem> {
    let paths = contents.keys.iter().filter_map(|key| key.path()).filter(|path| is_open(path));
    let problem = |path| {
        let text = format!("other users can read the key file {}", Path::display(path));
        Problem::new(Some(token), Some(path), text, "change its mode: chmod o-r")
    };
    paths.map(problem).collect()
}

fn is_open(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.mode() & OTHERS_READ != 0)
}

#[cfg(test)]
mod tests {
    use openssl::asn1::Asn1Time;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::hash::MessageDigest;
    use openssl::nid::Nid;
    use openssl::pkey::PKey;
    use openssl::x509::{X509, X509Name};

    use super::*;

    fn certificate(subject: &str, issuer: &str) -> Vec<u8> {
        let name = |text| {
            let mut name = X509Name::builder().unwrap();
            name.append_entry_by_nid(Nid::COMMONNAME, text).unwrap();
            name.build()
        };
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let mut builder = X509::builder().unwrap();
        builder.set_subject_name(&name(subject)).unwrap();
        builder.set_issuer_name(&name(issuer)).unwrap();
        builder.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        builder.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
        builder.set_pubkey(&key).unwrap();
        builder.sign(&key, MessageDigest::sha256()).unwrap();
        builder.build().to_pem().unwrap()
    }

    #[test]
    fn a_certificate_without_a_key_is_a_problem_unless_it_issued_another() {
        let folder = tempfile::tempdir().unwrap();
        for (name, issuer) in [("root", "root"), ("leaf", "root"), ("alone", "alone"), ("other", "gone")] {
            fs::write(folder.path().join(format!("{name}.pem")), certificate(name, issuer)).unwrap();
        }
        let conf = format!("[keys]\nfolder = {}", folder.path().display());
        let configuration =
            Configuration::parse(&folder.path().join("pkcs11.conf"), conf.as_bytes()).unwrap();
        let contents = configuration.tokens()[0].contents(&configuration.tpm()).unwrap();
        assert_eq!(contents.certificates.len(), 4);
        let files: Vec<_> = alone("keys", &contents).into_iter().filter_map(|one| one.file).collect();
        let path = |name| folder.path().join(name).display().to_string();
        assert_eq!(files, ["alone.pem", "leaf.pem", "other.pem"].map(path));
    }

    #[test]
    fn the_former_file_of_a_killed_change_is_a_problem() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".key.tpm.former");
        fs::write(&path, "").unwrap();
        let conf = format!("[keys]\nfolder = {}", folder.path().display());
        let configuration =
            Configuration::parse(&folder.path().join("pkcs11.conf"), conf.as_bytes()).unwrap();
        let found = former_files(&configuration.tokens()[0]);
        let text = format!("a change of the PIN was killed and left {}", path.display());
        assert!(matches!(&found[..], [one] if one.text == text && one.advice.is_some()));
    }
}
