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
    use super::*;

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
