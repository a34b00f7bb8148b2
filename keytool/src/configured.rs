//! Finds this project's provider in an OpenSSL configuration: by its name, which is the name of its line unless `identity` sets another one,
//! or by its file. It is found even if only the program activates it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::ffi::configuration::Configuration;

/// The name of the provider and of its file.
const NAME: &str = "tpm2";

/// How a configuration lists the provider.
pub(crate) struct Configured {
    /// The name under which OpenSSL knows it.
    pub(crate) name: String,
    /// The section with its settings.
    pub(crate) section: Vec<u8>,
    /// Its file, if the configuration names it.
    pub(crate) module: Option<PathBuf>,
    /// True if its section has a line `activate`.
    pub(crate) activate: bool,
}

/// The reason why a configuration does not list the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unlisted {
    /// The file has no line `openssl_conf` before its first section.
    Start,
    /// The section that this line names has no line `providers`.
    Providers,
    /// The section of providers does not list this provider.
    Provider,
}

impl Configured {
    /// Finds the provider as OpenSSL does: through `openssl_conf` and `providers`.
    ///
    /// # Errors
    /// The configuration does not list it.
    pub(crate) fn of(configuration: &Configuration) -> Result<Self, Unlisted> {
        let start = configuration.value(None, "openssl_conf").ok_or(Unlisted::Start)?;
        let providers = configuration.value(Some(&start), "providers").ok_or(Unlisted::Providers)?;
        let lines = configuration.section(&providers).ok_or(Unlisted::Providers)?;
        let all = lines.into_iter().map(|(line, section)| Self::read(configuration, &line, section));
        all.into_iter().find(Self::is_this_provider).ok_or(Unlisted::Provider)
    }

    fn read(configuration: &Configuration, line: &[u8], section: Vec<u8>) -> Self {
        let value = |name| configuration.value(Some(&section), name);
        // From `2.tpm2` OpenSSL takes the part after the dot.
        let named = value("identity")
            .unwrap_or_else(|| line.rsplit(|byte| *byte == b'.').next().unwrap_or(line).to_vec());
        let module = value("module").map(|path| PathBuf::from(OsStr::from_bytes(&path)));
        let activate = value("activate").is_some();
        Self { name: String::from_utf8_lossy(&named).into_owned(), section, module, activate }
    }

    fn is_this_provider(&self) -> bool {
        let stem = self.module.as_deref().and_then(Path::file_stem);
        self.name == NAME || stem.is_some_and(|stem| stem == NAME)
    }
}
