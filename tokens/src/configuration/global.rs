//! The lines before the first section: the library, and the settings of the TPM, which are those of the provider.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use tpm::config::{Lookup, Setting};
use zeroize::Zeroizing;

use super::ini::{Line, normal, shown, unknown};
use super::place::Variables;
use crate::error::Error;

/// The longest text in the fields of CK_INFO, in bytes.
const LONGEST: usize = 32;

/// What the library reports about itself.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) manufacturer: Option<String>,
    pub(super) description: Option<String>,
}

/// The lines before the first section.
#[derive(Debug, Default)]
pub(super) struct Global {
    pub(super) names: Names,
    path: PathBuf,
    settings: Vec<Line>,
}

/// Where the settings of the TPM are looked up: in these lines, then in the environment.
pub(super) struct Settings<'a> {
    global: &'a Global,
    variables: &'a Variables,
}

impl Global {
    /// Sorts the lines.
    ///
    /// # Errors
    /// A name is unknown, or a text is too long.
    pub(super) fn read(path: &Path, lines: Vec<Line>) -> Result<Self, Error> {
        let mut global = Self { path: path.to_owned(), ..Self::default() };
        for line in lines {
            let wrong = |problem, hint: &'static str| Error::Configuration {
                path: path.to_owned(),
                line: line.number,
                problem,
                hint: hint.into(),
            };
            let text = || match line.value.len() {
                0..=LONGEST => Ok(Some(line.value.to_string())),
                length => Err(wrong(
                    format!(
                        "the value of `{}` has {length} bytes, and PKCS#11 has room for {LONGEST}",
                        shown(&line.name)
                    ),
                    "shorten it",
                )),
            };
            match line.name.as_str() {
                "manufacturer-id" => global.names.manufacturer = text()?,
                "library-description" => global.names.description = text()?,
                "engine" => {}
                name if Setting::ALL.iter().any(|setting| normal(setting.name()) == name) => {
                    global.settings.push(line);
                }
                name => {
                    let settings: Vec<String> = Setting::ALL.iter().map(|one| normal(one.name())).collect();
                    let known =
                        settings.iter().map(String::as_str).chain(["manufacturer-id", "library-description"]);
                    let problem = format!("{} is unknown before the first section", unknown(name, known));
                    return Err(wrong(problem, HINT));
                }
            }
        }
        Ok(global)
    }

    pub(super) fn holds_password(&self) -> bool {
        self.settings.iter().any(|line| line.name == "pin")
    }

    pub(super) fn lookup<'a>(&'a self, variables: &'a Variables) -> Settings<'a> {
        Settings { global: self, variables }
    }
}

impl Settings<'_> {
    fn line(&self, name: &str) -> Option<&Line> {
        self.global.settings.iter().find(|line| line.name == normal(name))
    }

    /// Makes a path absolute: it is relative to the folder of the configuration.
    fn beside(&self, path: &str) -> Zeroizing<Vec<u8>> {
        let folder = self.global.path.parent().unwrap_or(Path::new(""));
        Zeroizing::new(OsString::from(folder.join(path)).into_vec())
    }
}

impl Lookup for Settings<'_> {
    fn section(&self, name: &str) -> Option<Vec<u8>> {
        let value = &self.line(name)?.value;
        let is_hex = value.chars().all(|character| character.is_ascii_hexdigit());
        let path = match name {
            "pin-source" => value.strip_prefix("file:").filter(|path| !path.starts_with('/')),
            "salt-name" if !is_hex => Some(value.as_str()),
            _ => None,
        };
        let prefix: &[u8] = if name == "pin-source" { b"file:" } else { b"" };
        match path {
            Some(path) => Some([prefix, self.beside(path).as_slice()].concat()),
            None => Some(value.as_bytes().to_vec()),
        }
    }

    fn section_origin(&self, name: &str) -> String {
        let number = self.line(name).map(|line| line.number).unwrap_or_default();
        format!("{name} in line {number} of {}", self.global.path.display())
    }

    fn environment(&self, name: &str) -> Option<Vec<u8>> {
        self.variables.get(name).map(OsStringExt::into_vec)
    }
}

const HINT: &str = "use manufacturer id, library description, or a setting of the provider's section in openssl.cnf, such as tcti or pin-source";
