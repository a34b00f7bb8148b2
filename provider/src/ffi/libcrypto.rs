//! The libcrypto that loaded this instance: its functions, which are looked up when the instance starts.
//!
//! The module is not linked with any libcrypto, so one file works with every OpenSSL from 3.0 on, shared or
//! linked into the program. A process may contain several of them, and all of them share this module. So each
//! instance has its own table, and objects of a libcrypto are used and freed through its table only. An
//! object of one libcrypto never reaches another.

mod functions;
mod object;
#[cfg(test)]
pub(super) mod tests;

use std::ffi::CStr;
use std::ops::Deref;
use std::sync::Arc;

use super::crypto::Refused;
use super::sys::Function;
pub(crate) use functions::{Base, Capabilities, Children, Encoding, Files, Fips, Generation, Jobs, Names};
#[cfg(test)]
pub(super) use functions::{DECLARATIONS, Declaration};
use object::Object;
pub(super) use object::stay_loaded;

use crate::error::{Error, Reason, Result};

/// The functions of one libcrypto. If a function of a group is missing, operations that need the group are
/// refused with that reason.
pub(crate) struct Libcrypto {
    base: Base,
    pub(crate) capabilities: Group<Capabilities>,
    pub(crate) children: Group<Children>,
    pub(crate) encoding: Group<Encoding>,
    pub(crate) files: Group<Files>,
    pub(crate) fips: Group<Fips>,
    pub(crate) generation: Group<Generation>,
    pub(crate) jobs: Group<Jobs>,
    pub(crate) names: Group<Names>,
}

/// A group of functions, or the name of a missing one.
type Group<T> = std::result::Result<T, Refused>;

/// A function that libcrypto lacks or does not export.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Missing {
    function: &'static str,
    refused: Refused,
}

impl From<Missing> for Refused {
    fn from(missing: Missing) -> Self {
        missing.refused
    }
}

impl Deref for Libcrypto {
    type Target = Base;
    fn deref(&self) -> &Base {
        &self.base
    }
}

impl Libcrypto {
    /// Finds the libcrypto that contains this function.
    ///
    /// # Errors
    /// `Unsupported`: it lacks functions or does not export them.
    ///
    /// # Safety
    /// The function is part of a libcrypto of OpenSSL 3.0 or later.
    pub(crate) unsafe fn around(function: Function) -> Result<Arc<Self>> {
        let unknown =
            || Error::new(Reason::Unsupported, "cannot find the libcrypto that loaded this provider");
        let object = Object::around(function).ok_or_else(unknown)?;
        let library = object.open().ok_or_else(unknown)?;
        // SAFETY: the functions of libcrypto by their names, from no other object.
        let found = unsafe { Self::read(&|name| library.function(name)) };
        found.map(Arc::new).map_err(|missing| {
            let (object, function) = (object.path(), missing.function);
            let text = format!("cannot use the OpenSSL in {}: it does not export {function}", object.display());
            let hint = "if it is linked into a program, link that with -Wl,--export-dynamic or with a shared libcrypto";
            Error::new(Reason::Unsupported, text).with_hint(hint)
        })
    }

    /// Returns true if OpenSSL has this version or a later one.
    pub(crate) fn is_at_least(&self, major: u32, minor: u32) -> bool {
        // SAFETY: it only returns a number.
        let found = unsafe { (self.OPENSSL_version_major)() };
        // SAFETY: as above.
        (found, unsafe { (self.OPENSSL_version_minor)() }) >= (major, minor)
    }

    /// Looks up every function.
    ///
    /// # Errors
    /// A function of `Base` is missing.
    ///
    /// # Safety
    /// `find` returns the function of libcrypto with this name, or none.
    unsafe fn read(find: &impl Fn(&CStr) -> Function) -> std::result::Result<Self, Missing> {
        Ok(Self {
            // SAFETY: promised by the caller, here and below.
            base: unsafe { Base::read(find) }?,
            // SAFETY: as above.
            capabilities: unsafe { Capabilities::read(find) }.map_err(Refused::from),
            // SAFETY: as above.
            children: unsafe { Children::read(find) }.map_err(Refused::from),
            // SAFETY: as above.
            encoding: unsafe { Encoding::read(find) }.map_err(Refused::from),
            // SAFETY: as above.
            files: unsafe { Files::read(find) }.map_err(Refused::from),
            // SAFETY: as above.
            fips: unsafe { Fips::read(find) }.map_err(Refused::from),
            // SAFETY: as above.
            generation: unsafe { Generation::read(find) }.map_err(Refused::from),
            // SAFETY: as above.
            jobs: unsafe { Jobs::read(find) }.map_err(Refused::from),
            // SAFETY: as above.
            names: unsafe { Names::read(find) }.map_err(Refused::from),
        })
    }
}
