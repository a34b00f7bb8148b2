//! The output of `token`, as text and as JSON (docs/json.md).

use std::fmt;

use openssl::x509::X509;
use serde::Serialize;
use tokens::{Certificate, Configuration, Contents, Token, TokenKey};
use tpm::{HINT, Tpm};

use super::module;
use super::problems::{self, Problem};
use crate::json::Key;
use crate::persistent;
use crate::rows::Rows;
use crate::show::nv;
use crate::software;

/// Everything that a program sees, and what is wrong with it.
#[derive(Serialize)]
pub(super) struct Document {
    schema: &'static str,
    ok: bool,
    configuration: Option<String>,
    module: Option<String>,
    manufacturer: String,
    tokens: Vec<Listed>,
    problems: Vec<Problem>,
}

#[derive(Serialize)]
struct Listed {
    label: String,
    serial: Option<String>,
    folder: Option<String>,
    present: bool,
    writable: bool,
    login_required: bool,
    always_authenticate: bool,
    keys: Vec<ListedKey>,
    certificates: Vec<ListedCertificate>,
}

#[derive(Serialize)]
struct ListedKey {
    label: String,
    id: String,
    text: String,
    needs_password: bool,
    file: Option<String>,
    handle: Option<String>,
    key: Key,
}

#[derive(Serialize)]
struct ListedCertificate {
    label: String,
    id: String,
    subject: Option<String>,
    has_key: bool,
    file: String,
}

impl Document {
    /// Reads all tokens.
    pub(super) fn of(configuration: &Configuration, tpm: &Tpm) -> Self {
        let (mut tokens, mut problems) = (Vec::new(), problems::of_configuration(configuration));
        for token in configuration.tokens() {
            let contents = token.contents(tpm).unwrap_or_else(|error| {
                problems.push(Problem::of_error(token.label(), token.folder(), &error));
                std::sync::Arc::default()
            });
            problems.extend(problems::of_token(token.label(), &contents));
            problems.extend(problems::former_files(token));
            tokens.push(Listed::of(token, &contents, tpm));
        }
        Self {
            schema: "tpm2-keytool/token/1",
            ok: problems.is_empty(),
            configuration: configuration.path().map(|path| path.display().to_string()),
            module: module::installed(),
            manufacturer: configuration.manufacturer().to_owned(),
            tokens,
            problems,
        }
    }

    /// Returns true if nothing is wrong.
    pub(super) fn is_good(&self) -> bool {
        self.ok
    }
}

impl Listed {
    fn of(token: &Token, contents: &Contents, tpm: &Tpm) -> Self {
        Self {
            label: token.label().to_owned(),
            serial: token.serial(tpm).ok(),
            folder: token.folder().map(|path| path.display().to_string()),
            present: token.is_present(),
            writable: token.writable(),
            login_required: contents.needs_password(),
            always_authenticate: token.always_authenticate(),
            keys: contents.keys.iter().map(|key| ListedKey::of(key)).collect(),
            certificates: contents.certificates.iter().map(|found| ListedCertificate::of(found)).collect(),
        }
    }

    fn rows(&self) -> Rows {
        let mut rows = Rows::new(format_args!("token {:?}", self.label));
        rows.add("serial", self.serial.as_deref().unwrap_or("unknown, because no key can be read"));
        if let Some(folder) = &self.folder {
            rows.add("folder", folder);
        }
        let login = match (self.login_required, self.always_authenticate) {
            (_, true) => "login for each operation",
            (true, false) => "login",
            (false, false) => "no login",
        };
        let access = if self.writable { "keys can be added" } else { "read-only" };
        let absent = if self.present { "" } else { ", absent" };
        rows.add("flags", format_args!("{access}, {login}{absent}"));
        for (at, key) in self.keys.iter().enumerate() {
            rows.add(if at == 0 { "keys" } else { "" }, key);
        }
        for (at, certificate) in self.certificates.iter().enumerate() {
            rows.add(if at == 0 { "certificates" } else { "" }, certificate);
        }
        rows
    }
}

impl ListedKey {
    fn of(key: &TokenKey) -> Self {
        let handle = key.handle().unwrap_or(keyfile::Handle::NULL);
        Self {
            label: key.label().to_owned(),
            id: hex(key.id()),
            text: persistent::Persistent { handle, public: key.public() }.to_string(),
            needs_password: key.needs_password(),
            file: key.path().map(|path| path.display().to_string()),
            handle: key.handle().map(|handle| handle.to_string()),
            key: Key::of(key.public()),
        }
    }
}

impl ListedCertificate {
    fn of(certificate: &Certificate) -> Self {
        Self {
            label: certificate.label().to_owned(),
            id: hex(certificate.id()),
            subject: subject(certificate.der()),
            has_key: certificate.has_key(),
            file: certificate.path().display().to_string(),
        }
    }
}

impl fmt::Display for ListedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = if self.needs_password { "needs a password" } else { "no password" };
        write!(f, "{:?}, id {}, {}, {password}", self.label, self.id, self.text)?;
        self.handle.iter().try_for_each(|handle| write!(f, ", at {handle}"))?;
        self.file.iter().try_for_each(|file| write!(f, ", {file}"))
    }
}

impl fmt::Display for ListedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = self.subject.as_deref().unwrap_or("unreadable subject");
        write!(f, "{:?}, id {}, {subject}", self.label, self.id)?;
        f.write_str(if self.has_key { "" } else { ", without a key" })?;
        write!(f, ", {}", self.file)
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown = |text: &Option<String>, or: &str| text.as_deref().unwrap_or(or).to_owned();
        let mut rows = Rows::new("PKCS#11 module");
        rows.add("module", unknown(&self.module, "not registered with p11-kit"));
        rows.add("configuration", unknown(&self.configuration, "none"));
        rows.add("manufacturer", &self.manufacturer);
        write!(f, "{rows}")?;
        self.tokens.iter().try_for_each(|token| write!(f, "\n{}", token.rows()))?;
        if self.tokens.is_empty() {
            f.write_str("\nno tokens")?;
        }
        for problem in &self.problems {
            write!(f, "\nwrong: {}", problem.text)?;
            problem.advice.iter().try_for_each(|advice| write!(f, "\n  {HINT} {advice}"))?;
        }
        Ok(())
    }
}

/// Returns the subject of a certificate in words; none if OpenSSL cannot read it.
fn subject(der: &[u8]) -> Option<String> {
    software::start().ok()?;
    X509::from_der(der).ok().map(|certificate| nv::name(certificate.subject_name()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
