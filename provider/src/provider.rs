//! One loaded instance of the provider.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use keyfile::uri::Uri;
use tpm::config::{self, Software};
use tpm::{Config, Tpm};

use crate::error::{Error, Reason, Result};
use crate::ffi::application::Application;
use crate::ffi::callback::Callback;
use crate::ffi::capability;
use crate::ffi::core::Core;
use crate::ffi::crypto::{PrivateContext, Providers, Refused};
use crate::ffi::params::{Descriptors, ParamsMut, gettable};
use crate::ffi::rows::Rows;
use crate::jobs::Jobs;
use crate::key::Kind;
use crate::registry::GENERATOR;
use crate::tls_group;

/// The instance. Keys and operation contexts hold it by `Arc`.
pub(crate) struct Provider {
    application: std::result::Result<Application, Refused>,
    software: OnceLock<Arc<PrivateContext>>,
    tpm: OnceLock<Tpm>,
    jobs: Jobs,
    rows: OnceLock<Rows>,
    /// Last, because the fields above may still use it while they are dropped.
    core: Core,
}

gettable! {
    /// The values that `openssl list -providers -verbose` shows.
    enum Fact {
        Name: Constant = c"name",
        Version: Constant = c"version",
        BuildInfo: Constant = c"buildinfo",
        Status: Integer = c"status",
    }
}

/// The value of both `version` and `buildinfo`.
const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

impl Provider {
    /// Stores the core and the application's context, and does nothing else.
    pub(crate) fn new(core: Core, application: std::result::Result<Application, Refused>) -> Provider {
        Provider {
            application,
            software: OnceLock::new(),
            tpm: OnceLock::new(),
            jobs: Jobs::new(Arc::clone(core.libcrypto())),
            rows: OnceLock::new(),
            core,
        }
    }

    /// The core.
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// Returns the library context in which all software work runs. It is created at first use.
    ///
    /// # Errors
    /// `Software`: OpenSSL cannot create it. `Configuration`: the setting `software` is unknown or leads to
    /// no providers.
    pub(crate) fn software(&self) -> Result<&Arc<PrivateContext>> {
        if let Some(context) = self.software.get() {
            return Ok(context);
        }
        let context = match config::software(self)? {
            Software::Default => self.core.private_context(&Providers::Named(&[c"default"]))?,
            // The FIPS provider has neither encoders nor decoders, so base is loaded as well.
            Software::Fips => self.fips_context().map_err(|refused| {
                let text = "OpenSSL's FIPS provider cannot be loaded";
                let hint = "if it needs fipsmodule.cnf, set software to file: and a configuration that includes it and activates fips and base";
                Error::new(Reason::Configuration, text).with_source(refused).with_hint(hint)
            })?,
            Software::File(path) => return self.configured_once(&path),
        };
        // Two threads may arrive here at once. The second context is dropped.
        Ok(self.software.get_or_init(|| Arc::new(context)))
    }

    fn fips_context(&self) -> std::result::Result<PrivateContext, Refused> {
        let context = self.core.private_context(&Providers::Named(&[c"fips", c"base"]))?;
        // The rows of this instance have promised `fips=yes`.
        if context.is_fips() { Ok(context) } else { Err(Refused("find fips=yes in the provider fips")) }
    }

    /// Returns true if the application has loaded another provider that manages keys of this type.
    ///
    /// # Errors
    /// `Software`: OpenSSL cannot show the application's providers.
    pub(crate) fn another_manages(&self, kind: Kind) -> Result<bool> {
        let application = self.application.as_ref().map_err(|refused| *refused)?;
        Ok(application.another_manages(kind.algorithm()))
    }

    /// Returns true if no other provider of the application has the random generator that libcrypto uses by
    /// default. Returns false if OpenSSL cannot show the providers.
    pub(crate) fn is_only_generator(&self) -> bool {
        self.application.as_ref().is_ok_and(|application| !application.another_generates(GENERATOR))
    }

    /// Returns true if a fetch without properties finds only algorithms with `fips=yes` in the application.
    pub(crate) fn is_fips_demanded(&self) -> bool {
        self.application.as_ref().is_ok_and(Application::demands_fips)
    }

    /// Loads the configuration under a process-wide lock. OpenSSL 3.0 keeps a list of all configurations of
    /// the process and does not lock it, so threads and instances of this module must not load two at the
    /// same time.
    fn configured_once(&self, path: &Path) -> Result<&Arc<PrivateContext>> {
        static LOADING: Mutex<()> = Mutex::new(());
        let _alone = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(context) = self.software.get() {
            return Ok(context);
        }
        let context = self.configured(path)?;
        Ok(self.software.get_or_init(|| Arc::new(context)))
    }

    fn configured(&self, path: &Path) -> Result<PrivateContext> {
        let failed = || {
            let text = format!("{} activates no provider that tpm2 can use for software", path.display());
            let hint = "activate default, or fips and base, in that file, but not tpm2";
            Error::new(Reason::Configuration, text).with_hint(hint)
        };
        let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| failed())?;
        self.core
            .private_context(&Providers::Configured(path))
            .map_err(|refused| failed().with_source(refused))
    }

    /// The TPM. It is not opened before the first command.
    ///
    /// # Errors
    /// `Configuration`: a setting is unknown.
    pub(crate) fn tpm(&self) -> Result<&Tpm> {
        if let Some(tpm) = self.tpm.get() {
            return Ok(tpm);
        }
        let config = Config::read(self)?;
        Ok(self.tpm.get_or_init(|| Tpm::new(config)))
    }

    /// What runs operations in asynchronous jobs, if the setting allows it.
    ///
    /// # Errors
    /// As `tpm`.
    pub(crate) fn jobs(&self) -> Result<Option<&Jobs>> {
        Ok(self.tpm()?.config().pauses_jobs.then_some(&self.jobs))
    }

    /// Ends what runs beside the calls of this instance, before it is unloaded.
    pub(crate) fn end(&self) {
        self.jobs.end();
    }

    /// The rows of this instance.
    pub(crate) fn rows(&self) -> &Rows {
        if let Some(rows) = self.rows.get() {
            return rows;
        }
        // Built outside the cell: after a fork, the child would wait forever for the thread that fills it.
        // `has_named`: OpenSSL can fetch signature algorithms by name since 3.4.
        let has_named = self.core.libcrypto().is_at_least(3, 4);
        let rows = Rows::new(self.scheme().as_deref(), self.fips(), has_named);
        self.rows.get_or_init(|| rows)
    }

    /// The additional scheme from the setting NVPREFIX. An invalid value is reported by the first URI.
    fn scheme(&self) -> Option<String> {
        let prefix = config::nv_prefix(self).ok()??;
        let scheme = prefix.split(':').next()?;
        let known = Uri::SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme));
        (!known).then(|| scheme.to_owned())
    }

    /// The parameters that `params` answers.
    pub(crate) fn gettable_params() -> &'static Descriptors {
        Fact::descriptors()
    }

    /// Answers name, version, build information and status.
    ///
    /// # Errors
    /// `InvalidArgument`: a buffer for an answer is too small.
    pub(crate) fn params(&self, params: &mut ParamsMut<'_>) -> Result<()> {
        params.each(|name, slot| match Fact::named(name) {
            Some(Fact::Name) => slot.constant(c"TPM 2.0 keys"),
            Some(Fact::Version | Fact::BuildInfo) => slot.constant(VERSION),
            Some(Fact::Status) => slot.int(1),
            None => Ok(()),
        })?;
        Ok(())
    }

    /// Reports the TLS groups of EC keys.
    ///
    /// # Errors
    /// As `software`.
    pub(crate) fn capabilities(&self, capability: &CStr, receiver: &Callback<'_>) -> Result<bool> {
        if !capability.to_bytes().eq_ignore_ascii_case(b"TLS-GROUP") {
            return Ok(true);
        }
        capability::forward(self.software()?, capability, tls_group::reported_names, receiver)
    }

    /// Runs the TPM's full self test. It runs only on request.
    ///
    /// # Errors
    /// What the TPM reports.
    pub(crate) fn self_test(&self) -> Result<()> {
        Ok(self.tpm()?.self_test(true)?)
    }
}
