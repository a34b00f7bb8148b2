//! One loaded instance of the provider.

use std::ffi::CStr;
use std::sync::{Arc, OnceLock};

use crate::error::{Error, Reason, Result};
use crate::ffi::callback::Callback;
use crate::ffi::core::Core;
use crate::ffi::crypto::PrivateContext;
use crate::ffi::params::{Descriptors, ParamsMut, gettable};

/// The instance: keys and contexts of operations hold it by `Arc`.
pub(crate) struct Provider {
    software: OnceLock<Arc<PrivateContext>>,
    /// Last: what stands above may still use it while it is dropped.
    core: Core,
}

gettable! {
    /// What `openssl list -providers -verbose` shows.
    enum Fact {
        Name: Constant = c"name",
        Version: Constant = c"version",
        BuildInfo: Constant = c"buildinfo",
        Status: Integer = c"status",
    }
}

/// Version and build information.
const VERSION: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(version) => version,
    Err(_) => c"",
};

impl Provider {
    /// Does nothing but keep the core.
    pub(crate) fn new(core: Core) -> Provider {
        Provider { software: OnceLock::new(), core }
    }

    /// The core.
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// The library context in which all software work runs, made at first use.
    ///
    /// # Errors
    /// `Software`: OpenSSL could not make it.
    pub(crate) fn software(&self) -> Result<&Arc<PrivateContext>> {
        if let Some(context) = self.software.get() {
            return Ok(context);
        }
        let context = self.core.private_context(c"default")?;
        // Two threads may come here at once; the second context goes again.
        Ok(self.software.get_or_init(|| Arc::new(context)))
    }

    /// The parameters that `params` answers.
    pub(crate) fn gettable_params() -> &'static Descriptors {
        Fact::descriptors()
    }

    /// Answers name, version, build information and status.
    ///
    /// # Errors
    /// `InvalidArgument`: no room for an answer.
    pub(crate) fn params(&self, params: &mut ParamsMut<'_>) -> Result<()> {
        params.each(|name, slot| match Fact::named(name) {
            Some(Fact::Name) => slot.constant(c"TPM 2.0 keys"),
            Some(Fact::Version | Fact::BuildInfo) => slot.constant(VERSION),
            Some(Fact::Status) => slot.int(1),
            None => Ok(()),
        })?;
        Ok(())
    }

    /// Hands capabilities to `receiver`.
    ///
    /// # Errors
    /// As `software`.
    pub(crate) fn capabilities(&self, _capability: &CStr, _receiver: &Callback<'_>) -> Result<bool> {
        Ok(false)
    }

    /// Runs the TPM's full self test, on request only.
    ///
    /// # Errors
    /// What the TPM reports.
    pub(crate) fn self_test(&self) -> Result<()> {
        Err(Error::new(Reason::Unsupported, "the self test of the TPM is not available yet"))
    }
}
