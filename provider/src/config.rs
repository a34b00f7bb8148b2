//! Configuration: the provider's section of openssl.cnf and the environment, parsed once into types.
//!
//! A setting `salt-name` is looked for in the section, then in the environment as TPM2_SALT_NAME.

mod value;

use std::path::{Path, PathBuf};

use keyfile::Handle;
use tpm::{Auth, Lifetime, Manager, Parent, Proof, Protection};

use crate::error::{Error, Reason, Result};
use value::{Fault, Setting};

/// Where a setting comes from: gets its name, gives its value and says which variable or line it was.
pub(crate) trait Lookup {
    /// A value of the provider's section in openssl.cnf.
    fn section(&self, name: &str) -> Option<Vec<u8>>;
    /// An environment variable.
    fn environment(&self, name: &str) -> Option<Vec<u8>>;
}

/// How to reach and use the TPM.
///
/// # Errors
/// `Configuration`: a value is unknown; the text names it.
pub(crate) fn tpm(lookup: &dyn Lookup) -> Result<tpm::Config> {
    let setting = |name| Setting::find(lookup, name);
    let pin = setting("pin").or_else(|| setting("PIN"));
    let parent_auth = match (pin, setting("pin-source")) {
        (Some(pin), _) => Some(Auth::new(pin.into_secret())),
        (None, Some(source)) => Some(Auth::new(source.parse_unseen(value::password)?)),
        (None, None) => None,
    };
    Ok(tpm::Config {
        // The environment's TPM2_TCTI stands in the list of tpm.md, which the crate `tpm` goes through.
        tcti: match Setting::in_section(lookup, "tcti") {
            Some(setting) => Some(setting.parse(|text| Ok(text.to_owned()))?),
            None => None,
        },
        connection: choice(
            lookup,
            "connection",
            &[("process", Lifetime::Process), ("operation", Lifetime::Operation)],
        )?,
        session: choice(
            lookup,
            "session",
            &[("hmac", Protection::Hmac), ("password", Protection::Password)],
        )?,
        session_keep: match setting("session_keep") {
            Some(setting) => setting.parse(value::seconds)?,
            None => None,
        },
        manager: choice(
            lookup,
            "resource-manager",
            &[("auto", Manager::Auto), ("kernel", Manager::Kernel), ("none", Manager::None)],
        )?,
        salt_name: match setting("salt-name") {
            Some(setting) => Some(setting.parse(value::name)?),
            None => None,
        },
        parent_auth,
        last_try: choice(lookup, "last-try", &[("refuse", false), ("allow", true)])?,
        proof: choice(lookup, "prove-password", &[("open", Proof::Open), ("use", Proof::Use)])?,
    })
}

/// The setting `NVPREFIX`: what a URI begins with that names a persistent handle, beside the usual ones. As openssl_tpm2_engine has
/// it, its colon included.
///
/// # Errors
/// `Configuration`: OpenSSL would never ask for it.
pub(crate) fn nv_prefix(lookup: &dyn Lookup) -> Result<Option<String>> {
    let setting = Setting::find(lookup, "NVPREFIX").or_else(|| Setting::find(lookup, "nvprefix"));
    let Some(setting) = setting else { return Ok(None) };
    setting.parse(|value| match value.split_once(':') {
        Some(("" | "file", _)) | None => Err(Fault(
            "is no prefix that OpenSSL asks for: say one with a colon, such as //nvkey:".to_owned(),
        )),
        Some(_) => Ok(Some(value.to_owned())),
    })
}

/// The setting `parent`: under which keys are generated where nobody says another, by itself, since no other work needs it.
///
/// # Errors
/// `Configuration`: there can be no such parent.
pub(crate) fn parent(lookup: &dyn Lookup) -> Result<Option<Handle>> {
    let Some(setting) = Setting::find(lookup, "parent") else { return Ok(None) };
    let handle =
        |text: &str| Parent::handle_from(text).map_err(|error| Fault(format!("is no parent: {error}")));
    setting.parse(handle).map(Some)
}

/// A password by its source, as that of `pin-source`; no message shows what it is.
///
/// # Errors
/// `Parameter`: there is no such source; `name` says whose.
pub(crate) fn password_from(name: &str, source: &str) -> Result<Vec<u8>> {
    let wrong = |Fault(fault)| Error::new(Reason::Parameter, format!("the value of {name} {fault}"));
    value::password(source).map_err(wrong)
}

/// The password that a file holds: its first line.
///
/// # Errors
/// `File`: it cannot be read.
pub(crate) fn password_in(path: &Path) -> Result<Auth> {
    let line = value::first_line(path).map_err(|error| {
        let text = format!("the password file {} cannot be read: check path and rights", path.display());
        Error::new(Reason::File, text).with_source(error)
    })?;
    Ok(Auth::new(line))
}

/// Which of OpenSSL's providers do the work in software.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Software {
    /// The default provider.
    Default,
    /// The FIPS provider.
    Fips,
    /// Those that this configuration of OpenSSL activates.
    File(PathBuf),
}

/// The setting `software`, by itself: a mistake about the TPM must not stop what needs none.
///
/// # Errors
/// `Configuration`: the value is unknown.
pub(crate) fn software(lookup: &dyn Lookup) -> Result<Software> {
    let Some(setting) = Setting::find(lookup, "software") else { return Ok(Software::Default) };
    setting.parse(|value| match value {
        "default" => Ok(Software::Default),
        "fips" => Ok(Software::Fips),
        // In openssl.cnf `default` would be taken for the name of a section, and this provider be dropped without a word.
        _ => value::file(value).filter(|path| !path.is_empty()).map(|path| Software::File(path.into())).ok_or_else(|| {
            Fault("is not known: say fips, file: and the path of an OpenSSL configuration, or leave it out for OpenSSL's default provider".to_owned())
        }),
    })
}

/// One of several words; the type's default when nothing is set.
fn choice<T: Copy + Default>(lookup: &dyn Lookup, name: &str, words: &[(&str, T)]) -> Result<T> {
    let Some(setting) = Setting::find(lookup, name) else { return Ok(T::default()) };
    setting.parse(|value| {
        let found = words.iter().find(|(word, _)| *word == value).map(|(_, choice)| *choice);
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        found.ok_or_else(|| Fault(format!("is not known: say {}", all.join(" or "))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// The section and the environment.
    struct Fake(&'static [(&'static str, &'static str)], &'static [(&'static str, &'static str)]);

    impl Lookup for Fake {
        fn section(&self, name: &str) -> Option<Vec<u8>> {
            self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_bytes().to_vec())
        }
        fn environment(&self, name: &str) -> Option<Vec<u8>> {
            self.1.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_bytes().to_vec())
        }
    }

    #[test]
    fn nothing_set_is_the_default() {
        let config = tpm(&Fake(&[], &[])).unwrap();
        assert!(config.tcti.is_none() && config.parent_auth.is_none() && config.session_keep.is_none());
        assert_eq!(config.session, Protection::Hmac);
        assert_eq!(software(&Fake(&[], &[])).unwrap(), Software::Default);
        let wrong = software(&Fake(&[("software", "legacy")], &[])).unwrap_err().to_string();
        assert!(wrong.contains("legacy") && wrong.contains("leave it out"), "{wrong}");
        let file = |setting| software(&Fake(setting, &[]));
        assert_eq!(file(&[("software", "file:///a")]).unwrap(), Software::File("/a".into()));
        assert!(file(&[("software", "file:")]).is_err());
    }

    #[test]
    fn the_parent_of_new_keys_is_a_handle() {
        let handle = |value| parent(&Fake(&[], value));
        assert_eq!(handle(&[]).unwrap(), None);
        assert_eq!(handle(&[("TPM2_PARENT", "81000001")]).unwrap(), Some(Handle(0x8100_0001)));
        assert_eq!(handle(&[("TPM2_PARENT", "endorsement")]).unwrap(), Some(Handle::ENDORSEMENT));
        let text = handle(&[("TPM2_PARENT", "80000001")]).unwrap_err().to_string();
        assert!(text.contains("TPM2_PARENT") && text.contains("transient"), "{text}");
    }

    #[test]
    fn the_section_comes_before_the_environment() {
        let fake = Fake(
            &[("connection", "operation"), ("session_keep", "30")],
            &[("TPM2_CONNECTION", "process"), ("TPM2_RESOURCE_MANAGER", "kernel"), ("TPM2_TCTI", "x:")],
        );
        let config = tpm(&fake).unwrap();
        assert_eq!(config.connection, Lifetime::Operation);
        assert_eq!(config.manager, Manager::Kernel);
        assert_eq!(config.session_keep, Some(Duration::from_secs(30)));
        assert_eq!(config.tcti, None, "the crate `tpm` reads the environment for it");
    }

    #[test]
    fn an_unknown_value_is_named_with_its_place() {
        let message = |fake: &Fake| tpm(fake).err().unwrap().to_string();
        let text = message(&Fake(&[("session", "hmmac")], &[]));
        assert!(text.contains("\"hmmac\" in session of the provider's section"), "{text}");
        assert!(text.contains("hmac or password"), "{text}");
        let text = message(&Fake(&[], &[("TPM2_SESSION_KEEP", "soon")]));
        assert!(text.contains("TPM2_SESSION_KEEP"), "{text}");
        let text = message(&Fake(&[("pin-source", "pass:hunter2")], &[]));
        assert!(text.contains("file:") && !text.contains("hunter2"), "{text}");
        let text = message(&Fake(&[("pin-source", "file:/nonexistent")], &[]));
        assert!(text.contains("\"/nonexistent\""), "{text}");
    }

    #[test]
    fn a_prefix_of_handles_has_a_colon() {
        assert_eq!(nv_prefix(&Fake(&[], &[])).unwrap(), None);
        let right = nv_prefix(&Fake(&[("NVPREFIX", "tpmkey:")], &[]));
        assert_eq!(right.unwrap().unwrap(), "tpmkey:");
        for wrong in
            [&[("NVPREFIX", "")], &[("NVPREFIX", "tpmkey")], &[("NVPREFIX", ":")], &[("NVPREFIX", "file:")]]
        {
            assert!(
                nv_prefix(&Fake(wrong, &[])).err().unwrap().to_string().contains("NVPREFIX"),
                "{wrong:?}"
            );
        }
        assert!(tpm(&Fake(&[("last-try", "allow")], &[])).unwrap().last_try);
        let proof = |value| tpm(&Fake(&[], value)).unwrap().proof;
        assert_eq!(proof(&[]), Proof::Open);
        assert_eq!(proof(&[("TPM2_PROVE_PASSWORD", "use")]), Proof::Use);
    }

    #[test]
    fn a_password_may_be_any_octets_and_other_settings_only_text() {
        struct Latin;
        impl Lookup for Latin {
            fn section(&self, name: &str) -> Option<Vec<u8>> {
                (name == "pin").then(|| b"gr\xfcn".to_vec())
            }
            fn environment(&self, name: &str) -> Option<Vec<u8>> {
                (name == "TPM2_SOFTWARE").then(|| b"gr\xfcn".to_vec())
            }
        }
        let auth = tpm(&Latin).unwrap().parent_auth.unwrap();
        assert_eq!(*auth.as_hierarchy_value(), b"gr\xfcn");
        let text = software(&Latin).unwrap_err().to_string();
        assert!(text.contains("TPM2_SOFTWARE is not UTF-8"), "{text}");
    }

    #[test]
    fn a_name_is_hex_or_a_file() {
        let config = tpm(&Fake(&[("salt-name", "000B0a")], &[])).unwrap();
        assert_eq!(config.salt_name.unwrap().as_octets(), [0, 0x0b, 0x0a]);
        assert!(tpm(&Fake(&[("salt-name", "/nonexistent")], &[])).is_err());
    }
}
