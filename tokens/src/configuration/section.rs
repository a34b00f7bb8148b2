//! The lines of a section.

use std::path::{Path, PathBuf};

use keyfile::uri::{Location, Password, Uri};
use tpm::config::Setting;

use super::ini::{self, Line, normal, shown, unknown};
use crate::error::Error;
use crate::notes;
use crate::sections::{Private, Section};

/// The names of the lines, in their normal form.
const NAMES: [&str; 10] = [
    "private-key",
    "public-key",
    "certificate",
    "label",
    "id",
    "serial",
    "token",
    "folder",
    "always-authenticate",
    "engine",
];

/// The longest serial number in CK_TOKEN_INFO, and the longest label, in bytes.
const LONGEST_SERIAL: usize = 16;
const LONGEST_LABEL: usize = 32;

/// A section, with its values parsed.
pub(super) struct Read<'a> {
    pub(super) name: &'a str,
    pub(super) content: Content,
    pub(super) serial: Option<String>,
    pub(super) always_authenticate: bool,
}

/// What a section names.
pub(super) enum Content {
    /// A folder of key files.
    Folder(PathBuf),
    /// A key of a token of its own, or a further key of the token with this name.
    Key(Box<Section>, Option<String>),
}

/// Returns true if the URI of the section contains a password.
pub(super) fn holds_password(section: &ini::Section) -> bool {
    section.lines.iter().any(|line| line.name == "private-key" && line.value.contains("pin-value="))
}

/// Reads a section.
///
/// # Errors
/// A line is unknown, contradicts another one, or has a wrong value.
pub(super) fn read<'a>(
    path: &Path,
    section: &'a ini::Section,
    prefix: Option<&str>,
) -> Result<Read<'a>, Error> {
    let lines = Lines { path, section };
    lines.check_names()?;
    let folder = lines.get("folder").map(|line| lines.path_of(line)).transpose()?;
    let token = lines.get("token").map(|line| line.value.to_string());
    let content = match folder {
        Some(folder) => {
            lines.forbid("folder", &["private-key", "public-key", "certificate", "label", "id", "token"])?;
            Content::Folder(folder)
        }
        None => {
            if token.is_some() {
                lines.forbid("token", &["serial", "always-authenticate"])?;
            }
            Content::Key(Box::new(lines.key(prefix)?), token)
        }
    };
    if section.name.len() > LONGEST_LABEL && !matches!(content, Content::Key(_, Some(_))) {
        let problem = format!(
            "the name of the token has {} bytes, and PKCS#11 has room for {LONGEST_LABEL}",
            section.name.len()
        );
        return Err(lines.wrong(section.number, problem, "shorten the name of the section"));
    }
    Ok(Read {
        name: &section.name,
        content,
        serial: lines.serial()?,
        always_authenticate: lines.always_authenticate()?,
    })
}

/// The lines of a section, and the file for errors.
struct Lines<'a> {
    path: &'a Path,
    section: &'a ini::Section,
}

impl Lines<'_> {
    fn get(&self, name: &str) -> Option<&Line> {
        self.section.lines.iter().find(|line| line.name == name)
    }

    fn wrong(&self, line: usize, problem: String, hint: impl Into<std::borrow::Cow<'static, str>>) -> Error {
        Error::Configuration { path: self.path.to_owned(), line, problem, hint: hint.into() }
    }

    fn check_names(&self) -> Result<(), Error> {
        let other = self.section.lines.iter().find(|line| !NAMES.contains(&line.name.as_str()));
        match other {
            None => Ok(()),
            Some(line) => {
                let names: Vec<String> = NAMES.iter().map(|name| shown(name)).collect();
                let settings: Vec<String> = Setting::ALL.iter().map(|one| normal(one.name())).collect();
                let known = settings.iter().map(String::as_str).chain(NAMES);
                let name = unknown(&line.name, known);
                let problem = format!("{name} is unknown in the section [{}]", self.section.name);
                Err(self.wrong(line.number, problem, format!("use {}", names.join(", "))))
            }
        }
    }

    fn forbid(&self, because: &str, names: &[&str]) -> Result<(), Error> {
        match names.iter().find_map(|name| self.get(name)) {
            None => Ok(()),
            Some(line) => Err(self.wrong(
                line.number,
                format!(
                    "`{}` does not fit `{}` in [{}]",
                    shown(&line.name),
                    shown(because),
                    self.section.name
                ),
                match because {
                    "folder" => {
                        "remove the line: the files of a folder have their own labels and identifiers"
                    }
                    _ => "write the line in the section of the token itself",
                },
            )),
        }
    }

    fn key(&self, prefix: Option<&str>) -> Result<Section, Error> {
        let Some(line) = self.get("private-key") else {
            return Err(self.wrong(
                self.section.number,
                format!("[{}] names no key", self.section.name),
                "add `private key = FILE` or `folder = PATH`",
            ));
        };
        let path = |name| self.get(name).map(|line| self.path_of(line)).transpose();
        Ok(Section {
            name: self.section.name.clone(),
            private: self.private(line, prefix)?,
            public: path("public-key")?,
            certificate: path("certificate")?,
            label: self.get("label").map(|line| line.value.to_string()),
            id: self.id()?,
            prefix: prefix.map(str::to_owned),
        })
    }

    /// Parses a path or a URI. No error repeats the value, which may contain a password.
    fn private(&self, line: &Line, prefix: Option<&str>) -> Result<Private, Error> {
        let value = line.value.as_str();
        let scheme = value.split_once(':').map(|(scheme, _)| scheme);
        let known =
            scheme.is_some_and(|scheme| Uri::SCHEMES.iter().any(|one| one.eq_ignore_ascii_case(scheme)));
        if !known && !prefix.is_some_and(|prefix| value.starts_with(prefix)) {
            // A URI with a mistake in its scheme: as the name of a file it would be shown, with its password.
            if ["pin-value=", "pin-source=", "?pass"].iter().any(|part| value.contains(part)) {
                return Err(self.wrong(
                    line.number,
                    "`private key` has a password, but no URI scheme that is known".to_owned(),
                    "write tpm2:file=PATH?pin-source=file:PATH, or handle:0x81000001?pin-source=file:PATH",
                ));
            }
            return Ok(Private::File(self.path_of(line)?, Password::Unspecified));
        }
        let wrong = |problem: &str, hint: &str| {
            self.wrong(line.number, format!("`private key` is not usable: {problem}"), hint.to_owned())
        };
        let Uri { location, password } = Uri::parse(value, prefix).map_err(|error| {
            let text = error.to_string();
            let (cause, hint) = text.split_once(": ").unwrap_or((&text, "name one key: handle:0x81000001"));
            wrong(cause, hint)
        })?;
        let password = match password {
            Password::Source(path) => Password::Source(self.beside(&path)),
            other => other,
        };
        let (problem, hint) = match location {
            Location::Key(handle) => return Ok(Private::Handle(handle, password)),
            Location::File(path) => return Ok(Private::File(self.beside(&path), password)),
            Location::Serialized(path) => return Ok(Private::Serialized(self.beside(&path), password)),
            Location::Nv(_) => {
                ("it names an NV index", "write its contents to a file: openssl storeutl -keys -out FILE URI")
            }
            Location::Transient(_) => (
                "a transient object belongs to the program that loaded it",
                "make the key persistent: `tpm2-keytool load`",
            ),
            Location::All | Location::Unread(_) => {
                ("it refers to several objects", "name one key: handle:0x81000001")
            }
        };
        Err(wrong(problem, hint))
    }

    fn id(&self) -> Result<Option<Vec<u8>>, Error> {
        let Some(line) = self.get("id") else { return Ok(None) };
        let digits: String = line.value.chars().filter(|character| *character != ':').collect();
        notes::hex(&digits).map(Some).ok_or_else(|| {
            let problem = "the value of `id` is not hexadecimal".to_owned();
            self.wrong(
                line.number,
                problem,
                "write an even number of hexadecimal digits, for example id = 01",
            )
        })
    }

    fn serial(&self) -> Result<Option<String>, Error> {
        let Some(line) = self.get("serial") else { return Ok(None) };
        match line.value.len() {
            1..=LONGEST_SERIAL if line.value.is_ascii() => Ok(Some(line.value.to_string())),
            _ => Err(self.wrong(
                line.number,
                "the value of `serial` does not fit PKCS#11".to_owned(),
                format!("write 1 to {LONGEST_SERIAL} characters of ASCII, or omit the line"),
            )),
        }
    }

    fn always_authenticate(&self) -> Result<bool, Error> {
        let Some(line) = self.get("always-authenticate") else { return Ok(false) };
        match line.value.to_lowercase().as_str() {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(self.wrong(
                line.number,
                "the value of `always authenticate` is unknown".to_owned(),
                "write yes or no",
            )),
        }
    }

    fn path_of(&self, line: &Line) -> Result<PathBuf, Error> {
        match line.value.as_str() {
            "" => Err(self.wrong(
                line.number,
                format!("`{}` has no value", shown(&line.name)),
                "write a path, relative to the folder of the configuration",
            )),
            value => Ok(self.beside(Path::new(value))),
        }
    }

    fn beside(&self, path: &Path) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }
}
