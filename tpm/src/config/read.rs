//! Reads the configuration and parses every setting into its type, for the provider and the key tool.

use std::path::PathBuf;

use keyfile::Handle;

use super::setting::{Lookup, Setting, SettingValue};
use super::value::{self, Fault};
use super::{Config, Lifetime, Manager, Proof, Protection};
use crate::auth::Auth;
use crate::deadline::Timeout;
use crate::error::Error;

impl Config {
    /// Reads how to reach and use the TPM.
    ///
    /// # Errors
    /// `Configuration`: a value is unknown. The text names the value and where it was given.
    pub fn read(lookup: &dyn Lookup) -> Result<Self, Error> {
        let config = Self::read_without_password(lookup)?;
        let persistent_parent_auth = lookup.environment(TPM2_OPENSSL_PARENT_AUTH).map(Auth::new);
        Ok(Self { parent_auth: parent_auth(lookup)?, persistent_parent_auth, ..config })
    }

    /// Reads the same for work that needs no parent password: the file with that password may not be readable for this user.
    ///
    /// # Errors
    /// As [`Config::read`].
    pub fn read_without_password(lookup: &dyn Lookup) -> Result<Self, Error> {
        Ok(Self {
            // TPM2_TCTI is one of the variables that this crate reads when it connects.
            tcti: optional(Setting::TCTI.find_explicit(lookup), |text| Ok(text.to_owned()))?,
            connection: choice(
                lookup,
                &Setting::CONNECTION,
                &[("process", Lifetime::Process), ("operation", Lifetime::Operation)],
            )?,
            session: choice(
                lookup,
                &Setting::SESSION,
                &[("hmac", Protection::Hmac), ("password", Protection::Password)],
            )?,
            timeout: optional(Setting::TIMEOUT.find(lookup), value::seconds)?
                .map(Timeout::new)
                .unwrap_or_default(),
            session_keep: optional(Setting::SESSION_KEEP.find(lookup), value::seconds)?.flatten(),
            manager: choice(
                lookup,
                &Setting::RESOURCE_MANAGER,
                &[("auto", Manager::Auto), ("kernel", Manager::Kernel), ("none", Manager::None)],
            )?,
            salt_name: optional(Setting::SALT_NAME.find(lookup), value::name)?,
            parent_auth: None,
            persistent_parent_auth: None,
            allow_last_try: choice(lookup, &Setting::LAST_TRY, &[("refuse", false), ("allow", true)])?,
            proof: choice(lookup, &Setting::PROVE_PASSWORD, &[("open", Proof::Open), ("use", Proof::Use)])?,
            pauses_jobs: choice(lookup, &Setting::ASYNC, &[("no", false), ("yes", true)])?,
        })
    }
}

/// The environment variable in which users of tpm2-openssl set the password of a persistent parent. As there, it is not used for
/// hierarchies.
const TPM2_OPENSSL_PARENT_AUTH: &str = "TPM2OPENSSL_PARENT_AUTH";

/// Reads the password of the parent or of the hierarchy: `pin`, or the file of `pin-source`.
///
/// # Errors
/// `Configuration`: the file cannot be read.
pub fn parent_auth(lookup: &dyn Lookup) -> Result<Option<Auth>, Error> {
    match (Setting::PIN.find(lookup), Setting::PIN_SOURCE.find(lookup)) {
        (Some(pin), _) => Ok(Some(Auth::new(pin.into_secret()))),
        (None, Some(source)) => Ok(Some(Auth::new(source.parse_secret(value::password)?))),
        (None, None) => Ok(None),
    }
}

/// Reads the setting `parent`: the parent of new keys if the caller names none. It is read separately, because no other work needs
/// it.
///
/// # Errors
/// `Configuration`: the value cannot be a parent.
pub fn parent(lookup: &dyn Lookup) -> Result<Option<Handle>, Error> {
    let Some(given) = Setting::PARENT.find(lookup) else { return Ok(None) };
    let handle = |text: &str| value::parent(text).map_err(|error| Fault(format!("is not a parent: {error}")));
    given.parse(handle).map(Some)
}

/// Reads the setting `NVPREFIX`: an additional prefix for URIs of persistent keys. It includes its colon, as in openssl_tpm2_engine.
///
/// # Errors
/// `Configuration`: OpenSSL would never ask for this prefix.
pub fn nv_prefix(lookup: &dyn Lookup) -> Result<Option<String>, Error> {
    let Some(given) = Setting::NV_PREFIX.find(lookup) else { return Ok(None) };
    given.parse(|value| match value.split_once(':') {
        Some(("" | "file", _)) | None => Err(Fault(
            "is not a prefix that OpenSSL asks for: write one with a colon, such as //nvkey:".to_owned(),
        )),
        Some(_) => Ok(Some(value.to_owned())),
    })
}

/// The OpenSSL providers that do the work in software.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Software {
    /// The default provider.
    Default,
    /// The FIPS provider.
    Fips,
    /// The providers that this OpenSSL configuration activates.
    File(PathBuf),
}

/// Reads the setting `software`. It is read separately, so that an error in a TPM setting does not stop work without a TPM.
///
/// # Errors
/// `Configuration`: the value is unknown.
pub fn software(lookup: &dyn Lookup) -> Result<Software, Error> {
    let Some(given) = Setting::SOFTWARE.find(lookup) else { return Ok(Software::Default) };
    given.parse(|value| match value {
        "default" => Ok(Software::Default),
        "fips" => Ok(Software::Fips),
        // In openssl.cnf `default` would be read as the name of a section, and OpenSSL would silently ignore this provider.
        _ => value::file(value).filter(|path| !path.is_empty()).map(|path| Software::File(path.into())).ok_or_else(|| {
            Fault("is not known: write fips, or file: and the path of an OpenSSL configuration, or omit it for OpenSSL's default provider".to_owned())
        }),
    })
}

/// Parses a setting if it is set.
fn optional<T>(
    found: Option<SettingValue>,
    parse: impl FnOnce(&str) -> Result<T, Fault>,
) -> Result<Option<T>, Error> {
    found.map(|given| given.parse(parse)).transpose()
}

/// Parses one of several words; returns the type's default if the setting is not set.
fn choice<T: Copy + Default>(
    lookup: &dyn Lookup,
    setting: &Setting,
    words: &[(&str, T)],
) -> Result<T, Error> {
    let Some(given) = setting.find(lookup) else { return Ok(T::default()) };
    given.parse(|value| {
        let found = words.iter().find(|(word, _)| *word == value).map(|(_, choice)| *choice);
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        found.ok_or_else(|| Fault(format!("is not known: write {}", all.join(" or "))))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A section and an environment.
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
    fn unset_settings_have_their_defaults() {
        let config = Config::read(&Fake(&[], &[])).unwrap();
        assert!(config.tcti.is_none() && config.parent_auth.is_none() && config.session_keep.is_none());
        assert_eq!((config.session, config.timeout), (Protection::Hmac, Timeout::default()));
        assert_eq!(software(&Fake(&[], &[])).unwrap(), Software::Default);
        let wrong = software(&Fake(&[("software", "legacy")], &[])).unwrap_err().to_string();
        assert!(wrong.contains("legacy") && wrong.contains("omit it"), "{wrong}");
        let file = |setting| software(&Fake(setting, &[]));
        assert_eq!(file(&[("software", "file:///a")]).unwrap(), Software::File("/a".into()));
        assert!(file(&[("software", "file:")]).is_err());
    }

    #[test]
    fn the_parent_setting_is_a_handle() {
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
            &[("connection", "operation"), ("session_keep", "30"), ("timeout", "5")],
            &[("TPM2_CONNECTION", "process"), ("TPM2_RESOURCE_MANAGER", "kernel"), ("TPM2_TCTI", "x:")],
        );
        let config = Config::read(&fake).unwrap();
        assert_eq!(config.connection, Lifetime::Operation);
        assert_eq!(config.manager, Manager::Kernel);
        assert_eq!(config.session_keep, Some(Duration::from_secs(30)));
        assert_eq!(config.timeout, Timeout::new(Some(Duration::from_secs(5))));
        let forever = Config::read(&Fake(&[], &[("TPM2_TIMEOUT", "0")])).unwrap().timeout;
        assert_eq!(forever, Timeout::new(None));
        assert_eq!(config.tcti, None, "the crate `tpm` reads the environment for it");
    }

    #[test]
    fn tpm2_openssl_variable_is_read_last() {
        const OTHER_TOOL: (&str, &str) = ("TPM2OPENSSL_PARENT_AUTH", "other tool");
        let auth = |section, environment, parent| {
            let config = Config::read(&Fake(section, environment)).unwrap();
            let auth = config.auth_of_parent(parent)?;
            Some(String::from_utf8(auth.as_hierarchy_value().to_vec()).unwrap())
        };
        let persistent: Handle = "81000001".parse().unwrap();
        assert_eq!(auth(&[], &[OTHER_TOOL], persistent).unwrap(), "other tool");
        assert_eq!(auth(&[], &[OTHER_TOOL], Handle::OWNER), None, "tpm2-openssl sends it to no hierarchy");
        for parent in [persistent, Handle::OWNER] {
            assert_eq!(auth(&[("pin", "ours")], &[OTHER_TOOL], parent).unwrap(), "ours");
            assert_eq!(auth(&[], &[OTHER_TOOL, ("TPM2_PIN", "ours")], parent).unwrap(), "ours");
        }
        let unreadable = Fake(&[("pin-source", "file:/nonexistent")], &[OTHER_TOOL]);
        assert!(parent_auth(&unreadable).is_err(), "a mistake in our setting is not passed over");
    }

    #[test]
    fn an_unknown_value_is_reported_with_its_origin() {
        let message = |fake: &Fake| Config::read(fake).err().unwrap().to_string();
        let text = message(&Fake(&[("session", "hmmac")], &[]));
        assert!(text.contains("\"hmmac\" in session of the provider's section"), "{text}");
        assert!(text.contains("hmac or password"), "{text}");
        let text = message(&Fake(&[], &[("TPM2_SESSION_KEEP", "soon")]));
        assert!(text.contains("TPM2_SESSION_KEEP"), "{text}");
        let text = message(&Fake(&[("pin-source", "pass:hunter2")], &[]));
        assert!(text.contains("file:") && !text.contains("hunter2"), "{text}");
        let unreadable = Fake(&[("pin-source", "file:/nonexistent")], &[]);
        let text = message(&unreadable);
        assert!(text.contains("\"/nonexistent\""), "{text}");
        assert!(Config::read_without_password(&unreadable).unwrap().parent_auth.is_none());
    }

    #[test]
    fn nv_prefix_must_contain_a_colon() {
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
        assert!(Config::read(&Fake(&[("last-try", "allow")], &[])).unwrap().allow_last_try);
        let proof = |value| Config::read(&Fake(&[], value)).unwrap().proof;
        assert_eq!(proof(&[]), Proof::Open);
        assert_eq!(proof(&[("TPM2_PROVE_PASSWORD", "use")]), Proof::Use);
    }

    #[test]
    fn a_password_may_be_any_bytes_and_other_settings_are_utf8() {
        struct Latin;
        impl Lookup for Latin {
            fn section(&self, name: &str) -> Option<Vec<u8>> {
                (name == "pin").then(|| b"gr\xfcn".to_vec())
            }
            fn environment(&self, name: &str) -> Option<Vec<u8>> {
                (name == "TPM2_SOFTWARE").then(|| b"gr\xfcn".to_vec())
            }
        }
        let auth = Config::read(&Latin).unwrap().parent_auth.unwrap();
        assert_eq!(*auth.as_hierarchy_value(), b"gr\xfcn");
        let text = software(&Latin).unwrap_err().to_string();
        assert!(text.contains("TPM2_SOFTWARE is not UTF-8"), "{text}");
    }

    #[test]
    fn salt_name_is_hex_or_a_file() {
        let config = Config::read(&Fake(&[("salt-name", "000B0a")], &[])).unwrap();
        assert_eq!(config.salt_name.unwrap().as_bytes(), [0, 0x0b, 0x0a]);
        assert!(Config::read(&Fake(&[("salt-name", "/nonexistent")], &[])).is_err());
    }
}
