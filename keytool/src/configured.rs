//! The provider that is ours in a configuration of OpenSSL: by its name, which is that of its line unless `identity` says another, or by
//! its file. It counts whether the provider is activated there or by the program.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::ffi::configuration::Configuration;

/// The provider's own name, and that of its file.
const NAME: &str = "tpm2";

/// How a configuration lists the provider.
pub(crate) struct Configured {
    /// By which OpenSSL knows it.
    pub(crate) name: String,
    /// The section with its settings.
    pub(crate) section: Vec<u8>,
    /// Its file, where the configuration names it.
    pub(crate) module: Option<PathBuf>,
    /// Whether a line says `activate`.
    pub(crate) activate: bool,
}

/// Why a configuration lists no such provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unlisted {
    /// The file has no line `openssl_conf` before its first section.
    Start,
    /// The section that it names has no line `providers`.
    Providers,
    /// The section of providers has no line for ours.
    Provider,
}

impl Configured {
    /// Finds it as OpenSSL would: `openssl_conf`, `providers`, and the provider.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn of(configuration: &Configuration) -> Result<Self, Unlisted> {
        let start = configuration.value(None, "openssl_conf").ok_or(Unlisted::Start)?;
        let providers = configuration.value(Some(&start), "providers").ok_or(Unlisted::Providers)?;
        let lines = configuration.section(&providers).ok_or(Unlisted::Providers)?;
        let all = lines.into_iter().map(|(line, section)| Self::read(configuration, &line, section));
        all.into_iter().find(Self::is_ours).ok_or(Unlisted::Provider)
    }

    fn read(configuration: &Configuration, line: &[u8], section: Vec<u8>) -> Self {
        let value = |name| configuration.value(Some(&section), name);
        // Of `2.tpm2` OpenSSL takes what stands behind the dot.
        let named = value("identity")
            .unwrap_or_else(|| line.rsplit(|byte| *byte == b'.').next().unwrap_or(line).to_vec());
        let module = value("module").map(|path| PathBuf::from(OsStr::from_bytes(&path)));
        let activate = value("activate").is_some();
        Self { name: String::from_utf8_lossy(&named).into_owned(), section, module, activate }
    }

    fn is_ours(&self) -> bool {
        let stem = self.module.as_deref().and_then(Path::file_stem);
        self.name == NAME || stem.is_some_and(|stem| stem == NAME)
    }
}
