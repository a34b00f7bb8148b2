//! Callbacks of libcrypto: they receive results as parameters, or ask for a passphrase.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::crypto::{Pkey, Selection};
use super::handle;
use super::libcrypto::Libcrypto;
use super::params::{ParamList, Params};
use super::sys::{OSSL_CALLBACK, OSSL_PARAM, OSSL_PASSPHRASE_CALLBACK};
use crate::error::{Error, Reason, Result};
use crate::key::Key;

/// The longest password that OpenSSL's own callbacks accept (PEM_BUFSIZE).
const PASSWORD_BYTES: usize = 1024;

/// OSSL_CALLBACK with its argument.
pub(crate) struct Callback<'a> {
    function: unsafe extern "C" fn(*const OSSL_PARAM, *mut c_void) -> i32,
    argument: *mut c_void,
    lifetime: PhantomData<&'a c_void>,
}

impl Callback<'_> {
    /// # Safety
    /// Function and argument belong together and stay valid for the lifetime.
    pub(crate) unsafe fn new(function: OSSL_CALLBACK, argument: *mut c_void) -> Result<Self> {
        let function = function.ok_or_else(|| Error::new(Reason::InvalidArgument, "the callback is NULL"))?;
        Ok(Callback { function, argument, lifetime: PhantomData })
    }

    /// Calls the function with parameters. Returns true if it accepted them.
    pub(crate) fn call(&self, params: Params<'_>) -> bool {
        // SAFETY: promised at `new`; the array lives until the call returns.
        unsafe { (self.function)(params.as_ptr(), self.argument) == 1 }
    }

    /// Passes the selected parts of a software key to the callback.
    ///
    /// # Errors
    /// The key lacks a selected part, or the callback refuses.
    pub(crate) fn export(&self, key: &Pkey, selection: Selection) -> Result<()> {
        // SAFETY: promised at `new`.
        Ok(unsafe { key.export(selection, Some(self.function), self.argument) }?)
    }

    /// Passes a key by reference (provider-object(7)). A caller that wants the key takes it over in keymgmt's
    /// load; otherwise the key is dropped. `list` contains what else describes the object.
    pub(crate) fn call_with_key(&self, mut list: ParamList, key: Arc<Key>) -> bool {
        let mut reference = handle::give(key);
        let bytes = ptr::from_mut(&mut reference).cast::<u8>();
        // SAFETY: the bytes of a live pointer variable; libcrypto passes them only to `keymgmt_load` of this provider.
        unsafe { list.bytes_at(c"reference", bytes, size_of::<*mut c_void>()) };
        let accepted = self.call(list.as_params());
        // SAFETY: made by `give` above; `load` sets the variable to NULL when it takes the key over.
        drop(unsafe { handle::take::<Arc<Key>>(reference) });
        accepted
    }
}

/// The callback that receives the progress of a key generation, if there is one (provider-keymgmt(7)).
pub(crate) struct Progress<'a>(Option<Callback<'a>>);

impl Progress<'_> {
    /// # Safety
    /// As `Callback::new`.
    pub(crate) unsafe fn new(function: OSSL_CALLBACK, argument: *mut c_void) -> Self {
        let callback = |function| Callback { function, argument, lifetime: PhantomData };
        Progress(function.map(callback))
    }

    /// No callback.
    pub(crate) const fn none() -> Self {
        Progress(None)
    }

    /// Reports the progress, in the numbers of BN_GENCB_call(3ossl). Returns true if the generation is to go
    /// on.
    pub(crate) fn report(&self, potential: i32, iteration: i32) -> bool {
        self.0.as_ref().is_none_or(|callback| {
            let mut list = ParamList::new();
            list.int(c"potential", potential).int(c"iteration", iteration);
            callback.call(list.as_params())
        })
    }
}

/// OSSL_PASSPHRASE_CALLBACK with its argument. It may prompt or fork: hold no lock while it runs.
pub(crate) struct Passphrase<'a> {
    callback: PassphraseCallback<'a>,
    libcrypto: &'a Libcrypto,
}

/// The callback and its argument, as a call receives them.
pub(crate) struct PassphraseCallback<'a> {
    function: OSSL_PASSPHRASE_CALLBACK,
    argument: *mut c_void,
    lifetime: PhantomData<&'a c_void>,
}

impl<'a> PassphraseCallback<'a> {
    /// # Safety
    /// Function and argument belong together and stay valid for the lifetime.
    pub(crate) unsafe fn new(function: OSSL_PASSPHRASE_CALLBACK, argument: *mut c_void) -> Self {
        PassphraseCallback { function, argument, lifetime: PhantomData }
    }

    /// Adds the libcrypto that makes the call.
    pub(crate) fn with_libcrypto(self, libcrypto: &'a Libcrypto) -> Passphrase<'a> {
        Passphrase { callback: self, libcrypto }
    }
}

impl Passphrase<'_> {
    /// Asks for the passphrase of `info`. Returns `None` if there is no answer.
    pub(crate) fn ask(&self, info: &str) -> Option<Zeroizing<Vec<u8>>> {
        let function = self.callback.function?;
        let mut list = ParamList::new();
        list.text(c"info", info);
        let mut password = Zeroizing::new(vec![0; PASSWORD_BYTES]);
        let mut length = 0;
        // No answer is not an error here: the key may need no passphrase. If it needs one, the operation
        // reports it.
        let ok = self.libcrypto.quietly(|| {
            // SAFETY: promised at `new`; buffer with its size, and an array that lives until the call returns.
            unsafe {
                function(
                    password.as_mut_ptr().cast(),
                    password.len(),
                    &mut length,
                    list.as_params().as_ptr(),
                    self.callback.argument,
                )
            }
        });
        if ok != 1 || length > password.len() {
            return None;
        }
        password.truncate(length);
        Some(password)
    }

    /// The callback and its argument, for a libcrypto function that asks for the passphrase itself.
    pub(in crate::ffi) fn as_pair(&self) -> (OSSL_PASSPHRASE_CALLBACK, *mut c_void) {
        (self.callback.function, self.callback.argument)
    }
}
