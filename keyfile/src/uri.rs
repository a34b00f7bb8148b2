//! URIs of objects in a TPM, and of files that refer to them.
//!
//! | URI | opens |
//! |---|---|
//! | `//nvkey:81000101`, `nvkey:81000101` | the key at a persistent handle (the form of openssl_tpm2_engine; the prefix can be configured) |
//! | `handle:0x81000101`, `handle:0x1c00002` | a persistent key; the contents of an NV index (the form of tpm2-openssl) |
//! | `handle:0x80000001` | a key that another program has loaded, in a TPM without resource manager (the form of tpm2-openssl) |
//! | `object:/path` | the object that a serialized object of tpm2-tss refers to (the form of tpm2-openssl) |
//! | `tpm2:handle=0x81000101`, `tpm2:nv=0x1c00002`, `tpm2:file=/path` | the same, and a key file |
//! | `tpm2:` | everything that has a URI |
//! | `tpm2:unread=0x1c00003` | nothing: in that list, it names an index that could not be read |
//!
//! All forms accept attributes after a question mark: `?pass` (ask for the password), `?pin-value=PASSWORD`, `?pin-source=file:/path`.

mod attributes;
mod error;

use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::{Handle, ParseError};
use attributes::{Attribute, decoded_path};
pub use error::UriError;

/// A parsed URI.
#[derive(Clone)]
pub struct Uri {
    /// The object or file that the URI names.
    pub location: Location,
    /// How the URI provides the password.
    pub password: Password,
}

/// The object or file that a URI names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A key at a persistent handle.
    Key(Handle),
    /// A key at a transient handle: another program has loaded it.
    Transient(Handle),
    /// An NV index.
    Nv(Handle),
    /// The object that the serialized object in this file refers to.
    Serialized(PathBuf),
    /// A key file.
    File(PathBuf),
    /// Everything that has a URI.
    All,
    /// An object that could not be read while all objects were listed. Opening it finds nothing: otherwise a program that opens every
    /// listed object (`storeutl -r`) would be asked for its password, or would try a wrong one.
    Unread(Handle),
}

/// How a URI provides the password.
#[derive(Clone)]
pub enum Password {
    /// The URI does not mention a password.
    Unspecified,
    /// The URI does not mention a password, and has a form of tpm2-openssl, in which `?pass` marks every object that has one.
    Unmarked,
    /// The user is asked for it.
    Asked,
    /// The URI contains it.
    Value(Zeroizing<Vec<u8>>),
    /// This file contains it, in its first line.
    Source(PathBuf),
}

impl Uri {
    /// The schemes of all URIs: the text before the first colon.
    pub const SCHEMES: [&'static str; 5] = ["nvkey", "//nvkey", "handle", "object", "tpm2"];

    /// Parses a URI. `prefix` is a further prefix of persistent handles, including its colon.
    ///
    /// # Errors
    /// [`UriError`] if the URI has none of these forms, names an unusable handle, or has an unknown attribute.
    pub fn parse(text: &str, prefix: Option<&str>) -> Result<Self, UriError> {
        if let Some(rest) = prefix.and_then(|prefix| text.strip_prefix(prefix)) {
            return Self::of_handle(rest, Kinds::Key, Password::Unspecified);
        }
        match text.split_once(':') {
            Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
                "nvkey" | "//nvkey" => Self::of_handle(rest, Kinds::Key, Password::Unspecified),
                "handle" => Self::of_handle(rest, Kinds::KeyOrNv, Password::Unmarked),
                "object" => Self::of_serialized(rest),
                "tpm2" => Self::of_attributes(rest),
                _ => Err(UriError::Scheme),
            },
            None => Err(UriError::Scheme),
        }
    }

    fn of_handle(rest: &str, kinds: Kinds, otherwise: Password) -> Result<Self, UriError> {
        let (handle, query) = rest.split_once('?').unwrap_or((rest, ""));
        let location = location(handle, kinds)?;
        Ok(Self { location, password: password(attributes::of_query(query))?.unwrap_or(otherwise) })
    }

    /// Takes the path unchanged. It may contain a question mark, but not one followed by a known attribute: the first such question mark
    /// ends the path. A password may contain a question mark too (RFC 3986 §3.4), and must not become part of a path that is shown.
    fn of_serialized(rest: &str) -> Result<Self, UriError> {
        let known = |query: &str| query == "pass" || query.starts_with("pass&") || query.starts_with("pin-");
        let mark = |(at, mark): (usize, &str)| Some((rest.get(..at)?, rest.get(at..)?.strip_prefix(mark)?));
        let found = rest.match_indices('?').filter_map(mark).find(|(_, query)| known(query));
        let (path, query) = found.unwrap_or((rest, ""));
        if path.is_empty() {
            return Err(UriError::Empty("the path of a serialized object"));
        }
        let password = password(attributes::of_query(query))?.unwrap_or(Password::Unmarked);
        Ok(Self { location: Location::Serialized(path.into()), password })
    }

    fn of_attributes(rest: &str) -> Result<Self, UriError> {
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut named = None;
        let mut others = Vec::new();
        for attribute in attributes::of_path(path) {
            let value = || attribute.value.ok_or(UriError::Empty("handle=, nv= or file="));
            let found = match attribute.name {
                "handle" => location(value()?, Kinds::Key)?,
                "nv" => location(value()?, Kinds::Nv)?,
                "unread" => match location(value()?, Kinds::KeyOrNv)? {
                    Location::Key(handle) | Location::Transient(handle) | Location::Nv(handle) => {
                        Location::Unread(handle)
                    }
                    other => other,
                },
                "file" => match decoded_path(value()?)? {
                    path if path.as_os_str().is_empty() => return Err(UriError::Empty("file=")),
                    path => Location::File(path),
                },
                "pass" | "pin-value" | "pin-source" => {
                    others.push(attribute);
                    continue;
                }
                _ => return Err(attribute.unknown(others.is_empty())),
            };
            if named.replace(found).is_some() {
                return Err(UriError::Twice("handle=, nv= or file="));
            }
        }
        let password = password(others.into_iter().chain(attributes::of_query(query)))?;
        Ok(Self {
            location: named.unwrap_or(Location::All),
            password: password.unwrap_or(Password::Unspecified),
        })
    }
}

/// The types of handles that a form of URI accepts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kinds {
    Key,
    Nv,
    KeyOrNv,
}

fn location(text: &str, kinds: Kinds) -> Result<Location, UriError> {
    // The text after the separator may be a password, and is not repeated.
    if text.contains(['&', ';', '=']) {
        return Err(UriError::Separator);
    }
    let no_handle = |_| UriError::Handle(ParseError::new("handle", text, "hexadecimal such as 0x81000101"));
    let handle = text.parse::<Handle>().map_err(no_handle)?;
    match kinds {
        Kinds::Key | Kinds::KeyOrNv if handle.is_persistent() => Ok(Location::Key(handle)),
        Kinds::Nv | Kinds::KeyOrNv if handle.is_nv() => Ok(Location::Nv(handle)),
        Kinds::KeyOrNv if handle.is_transient() => Ok(Location::Transient(handle)),
        Kinds::Key => Err(UriError::Kind { handle, wanted: "a persistent key (0x81......)" }),
        Kinds::Nv => Err(UriError::Kind { handle, wanted: "an NV index (0x01......)" }),
        Kinds::KeyOrNv => Err(UriError::Kind {
            handle,
            wanted: "a persistent key (0x81......) or an NV index (0x01......)",
        }),
    }
}

fn password<'a>(attributes: impl IntoIterator<Item = Attribute<'a>>) -> Result<Option<Password>, UriError> {
    let mut found = None;
    for attribute in attributes {
        let password = attribute.password(found.is_none())?;
        if found.replace(password).is_some() {
            return Err(UriError::Twice("pass, pin-value or pin-source"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Location = Location::Key(Handle(0x8100_0101));
    const INDEX: Location = Location::Nv(Handle(0x01c0_0002));

    #[track_caller]
    fn location_of(text: &str) -> Location {
        match Uri::parse(text, None) {
            Ok(Uri { location, password: Password::Unspecified | Password::Unmarked }) => location,
            Ok(_) => panic!("{text}: a password"),
            Err(error) => panic!("{text}: {error}"),
        }
    }

    #[track_caller]
    fn refused(text: &str) -> String {
        Uri::parse(text, None).err().unwrap_or_else(|| panic!("{text}")).to_string()
    }

    fn password_of(text: &str) -> Password {
        Uri::parse(text, None).unwrap_or_else(|error| panic!("{text}: {error}")).password
    }

    #[test]
    fn handles_are_parsed_in_every_form() {
        for text in [
            "//nvkey:81000101",
            "nvkey:81000101",
            "nvkey:0x81000101",
            "handle:0x81000101",
            "handle:81000101",
            "tpm2:handle=0x81000101",
            "TPM2:handle=81000101",
        ] {
            assert_eq!(location_of(text), KEY, "{text}");
        }
        for text in ["handle:0x1c00002", "handle:0x01C00002", "tpm2:nv=0x1c00002"] {
            assert_eq!(location_of(text), INDEX, "{text}");
        }
        assert_eq!(Uri::parse("my:key:81000101", Some("my:key:")).ok().unwrap().location, KEY);
        assert_eq!(location_of("tpm2:"), Location::All);
        assert_eq!(location_of("tpm2:unread=0x01c00002"), Location::Unread(Handle(0x01c0_0002)));
    }

    #[test]
    fn unusual_paths_are_parsed() {
        let serialized = |path: &str| Location::Serialized(path.into());
        assert_eq!(location_of("object:/a/b"), serialized("/a/b"));
        assert_eq!(location_of("object:what?%41"), serialized("what?%41"));
        assert_eq!(Uri::parse("object:what??pass", None).ok().unwrap().location, serialized("what?"));
        assert_eq!(location_of("tpm2:file=/a%3fb%3B/c"), Location::File("/a?b;/c".into()));
    }

    #[test]
    fn passwords_are_parsed_in_every_form() {
        let value = |text: &str| match password_of(text) {
            Password::Value(bytes) => bytes.to_vec(),
            _ => panic!("{text}: no password"),
        };
        for text in ["handle:0x81000101?pass", "object:x?pass", "tpm2:handle=81000101?pass"] {
            assert!(matches!(password_of(text), Password::Asked), "{text}");
        }
        for text in [
            "handle:0x81000101?pin-value=a%20b%ff",
            "tpm2:handle=0x81000101?pin-value=a b%FF",
            "tpm2:handle=0x81000101;pin-value=a%20b%ff",
            "object:x?pin-value=a%20b%ff",
        ] {
            assert_eq!(value(text), b"a b\xff", "{text}");
        }
        for text in
            ["object:x?pin-value=wh?t", "nvkey:81000101?pin-value=wh?t", "tpm2:nv=1c00002?pin-value=wh?t"]
        {
            assert_eq!(value(text), b"wh?t", "{text}");
        }
        assert_eq!(value("object:x?pin-value=what?pass"), b"what?pass");
        assert_eq!(value("nvkey:81000101?pin-value="), b"");
        for text in ["nvkey:81000101?pin-source=file:/a%20b", "tpm2:nv=1c00002?pin-source=file:///a b"] {
            assert!(
                matches!(password_of(text), Password::Source(path) if path.as_os_str() == "/a b"),
                "{text}"
            );
        }
    }

    #[test]
    fn unmarked_password_is_recognized_in_forms_of_tpm2_openssl() {
        for text in ["handle:0x81000101", "handle:0x1c00002", "object:x"] {
            assert!(matches!(password_of(text), Password::Unmarked), "{text}");
        }
        for text in ["nvkey:81000101", "tpm2:handle=0x81000101", "tpm2:nv=0x1c00002", "tpm2:file=x"] {
            assert!(matches!(password_of(text), Password::Unspecified), "{text}");
        }
    }

    #[test]
    fn invalid_uris_are_rejected_with_the_reason() {
        for text in ["", "81000101", "pkcs11:object=x", "file:/x"] {
            assert!(matches!(Uri::parse(text, None), Err(UriError::Scheme)), "{text}");
        }
        for text in ["nvkey:", "nvkey:x", "handle:0x181000101", "tpm2:handle=", "tpm2:nv=x"] {
            assert!(matches!(Uri::parse(text, None), Err(UriError::Handle(_))), "{text}");
        }
        for text in
            ["nvkey:01c00002", "nvkey:40000001", "handle:owner", "tpm2:handle=80000000", "tpm2:nv=0x81000001"]
        {
            assert!(matches!(Uri::parse(text, None), Err(UriError::Kind { .. })), "{text}");
        }
        assert_eq!(location_of("handle:0x80000000"), Location::Transient(Handle(0x8000_0000)));
        assert!(refused("nvkey:01c00002").contains("0x01c00002"));
        assert!(refused("tpm2:handle=81000101;nv=1c00002").contains("twice"));
        assert!(refused("nvkey:81000101?pass&pass").contains("twice"));
        assert!(refused("tpm2:key=81000101").contains("\"key\""));
        assert!(refused("handle:81000101?pin=x").contains("\"pin\""));
        assert!(refused("tpm2:file=").contains("file="));
        assert!(refused("object:").contains("path"));
        assert!(refused("nvkey:81000101?pin-source=/x").contains("file:"));
        assert!(refused("nvkey:81000101?pin-value=%4").contains('%'));
    }

    #[test]
    fn errors_never_repeat_a_password() {
        for text in [
            "nvkey:81000101?pin-value=hunter2%4",
            "nvkey:81000101?pin-source=hunter2",
            "nvkey:81000101?hunter2",
            "tpm2:handle=81000101;hunter2",
            "handle:81000101&pin-value=hunter2",
            "nvkey:81000101;pin-value=hunter2",
            "handle:81000101=hunter2",
            "object:x?pin-value=&hunter2==",
            "object:x?pass&hunter2",
            "nvkey:81000101?pin-value=x&hunter2==",
            "nvkey:81000101?pin-value=x&hunter2=y",
            "nvkey:81000101?hunter2==",
            "handle:81000101?hunter2=",
            "tpm2:handle=81000101?pin-value=x&hunter2=",
            "tpm2:handle=81000101;pin-value=x;hunter2=",
        ] {
            assert!(!refused(text).contains("hunter2"), "{text}");
        }
    }
}
