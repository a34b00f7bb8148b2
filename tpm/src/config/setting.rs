//! The settings by name, and where each is looked up. A new setting needs one row here, one line in `read`, and one row in the story
//! `settings`, which shows that the provider and the key tool obey it.

use zeroize::Zeroizing;

use super::value::Fault;
use crate::error::{Error, ErrorKind};
use crate::ffi;

/// The source of settings. The crate asks for each by name and parses what it finds.
pub trait Lookup {
    /// Returns the value of a command-line option. Programs without such options return None.
    fn option(&self, _name: &str) -> Option<Vec<u8>> {
        None
    }

    /// Returns a value of the provider's section in openssl.cnf.
    fn section(&self, name: &str) -> Option<Vec<u8>>;

    /// Describes the place of such a value, for errors.
    fn section_origin(&self, name: &str) -> String {
        format!("{name} of the provider's section in openssl.cnf")
    }

    /// Returns an environment variable. A setuid program gets None.
    fn environment(&self, name: &str) -> Option<Vec<u8>> {
        ffi::environment(name).map(std::os::unix::ffi::OsStringExt::into_vec)
    }
}

/// A setting. It has several names if other tools spell it differently; the first is the usual one.
pub struct Setting(&'static [&'static str]);

macro_rules! settings {
    ($( $(#[$about:meta])* $setting:ident = $($name:literal)|+; )*) => {
        impl Setting {
            /// Every setting.
            pub const ALL: &[Setting] = &[$( Self::$setting ),*];
            $( $(#[$about])* pub const $setting: Setting = Setting(&[$($name),+]); )*
        }
    };
}

settings! {
    /// Where the TPM is.
    TCTI = "tcti";
    /// How long a connection lives.
    CONNECTION = "connection";
    /// What protects the commands.
    SESSION = "session";
    /// How long one operation may take.
    TIMEOUT = "timeout";
    /// How long a session may stay open with the kernel's resource manager.
    SESSION_KEEP = "session_keep";
    /// Which resource manager is in use.
    RESOURCE_MANAGER = "resource-manager";
    /// The Name of the only key that sessions may be salted to.
    SALT_NAME = "salt-name";
    /// The password of the parent.
    PIN = "pin" | "PIN";
    /// The file with that password.
    PIN_SOURCE = "pin-source";
    /// If a password may be the last try before a lockout.
    LAST_TRY = "last-try";
    /// When a password that was given with a key is proven.
    PROVE_PASSWORD = "prove-password";
    /// The default parent of new keys.
    PARENT = "parent";
    /// A prefix of URIs that name persistent keys.
    NV_PREFIX = "NVPREFIX" | "nvprefix";
    /// The OpenSSL providers that do the work in software.
    SOFTWARE = "software";
    /// If operations in OpenSSL's asynchronous jobs pause them.
    ASYNC = "async";
}

impl Setting {
    /// Returns its usual name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.first().copied().unwrap_or_default()
    }

    /// Returns its environment variable: TPM2_SALT_NAME for `salt-name`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("TPM2_{}", self.name().to_uppercase().replace('-', "_"))
    }

    /// Looks up an option, then the section, then the environment.
    pub(super) fn find(&self, lookup: &dyn Lookup) -> Option<SettingValue> {
        self.find_explicit(lookup).or_else(|| {
            let variable = self.variable();
            let value = lookup.environment(&variable)?;
            Some(SettingValue::new(value, format!("the environment variable {variable}")))
        })
    }

    /// Looks up an option, then the section only.
    pub(super) fn find_explicit(&self, lookup: &dyn Lookup) -> Option<SettingValue> {
        let option =
            |name: &&str| Some(SettingValue::new(lookup.option(name)?, format!("the option --{name}")));
        let line = |name: &&str| Some(SettingValue::new(lookup.section(name)?, lookup.section_origin(name)));
        self.0.iter().find_map(option).or_else(|| self.0.iter().find_map(line))
    }
}

/// The value of a setting, and where it was given.
pub(super) struct SettingValue {
    value: Zeroizing<Vec<u8>>,
    origin: String,
}

impl SettingValue {
    fn new(value: Vec<u8>, origin: String) -> Self {
        Self { value: Zeroizing::new(value), origin }
    }

    /// Parses the value.
    ///
    /// # Errors
    /// `Configuration`: the value, where it was given, and what is wrong with it.
    pub(super) fn parse<T>(&self, parse: impl FnOnce(&str) -> Result<T, Fault>) -> Result<T, Error> {
        let value = self.text()?;
        parse(value).map_err(|fault| wrong(format!("{value:?} in {} {fault}", self.origin)))
    }

    /// Parses a value that may be a password by mistake: no message shows it.
    ///
    /// # Errors
    /// `Configuration`: where the value was given, and what is wrong with it.
    pub(super) fn parse_secret<T>(&self, parse: impl FnOnce(&str) -> Result<T, Fault>) -> Result<T, Error> {
        parse(self.text()?).map_err(|fault| wrong(format!("the value of {} {fault}", self.origin)))
    }

    /// Returns the bytes as a password, which no message shows.
    pub(super) fn into_secret(mut self) -> Vec<u8> {
        std::mem::take(&mut *self.value)
    }

    fn text(&self) -> Result<&str, Error> {
        std::str::from_utf8(&self.value)
            .map_err(|_| wrong(format!("the value of {} is not UTF-8", self.origin)))
    }
}

fn wrong(text: String) -> Error {
    Error::new(ErrorKind::Configuration, text)
}
