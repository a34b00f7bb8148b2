//! The operation DECODER (provider-decoder(7)). These decoders keep no state, so their context is the
//! provider instance.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use crate::error::Result;
use crate::ffi::bio::Bio;
use crate::ffi::callback::{Callback, Passphrase};
use crate::ffi::crypto::Selection;
use crate::ffi::dispatch::{self as slot, END};
use crate::ffi::guard::{free, shared};
use crate::ffi::raw::{RawCallback, RawPassphrase, RawSelection};
use crate::ffi::sys::{OSSL_CALLBACK, OSSL_CORE_BIO, OSSL_DISPATCH, OSSL_PASSPHRASE_CALLBACK};
use crate::provider::Provider;

/// A decoder.
pub(crate) trait Decoder: 'static {
    /// Returns true if it can return this part of a key.
    fn does_selection(selection: Selection) -> bool;

    /// Reads the input and passes the result to `found`. Returns true if this succeeded, or if the input is
    /// not for this decoder; then no error is left on the queue. Returns false if the receiver did not accept
    /// the result.
    ///
    /// # Errors
    /// The input is for this decoder, and is damaged.
    fn decode(
        provider: &Arc<Provider>,
        input: Bio<'_>,
        selection: Selection,
        found: &Callback<'_>,
        passphrase: &Passphrase<'_>,
    ) -> Result<bool>;
}

/// The function table of a decoder.
pub(crate) struct Table<T>(T);

impl<T: Decoder> Table<T> {
    pub(crate) const ROWS: &'static [OSSL_DISPATCH] = &[
        slot::decoder_newctx(newctx),
        slot::decoder_freectx(freectx),
        slot::decoder_does_selection(does_selection::<T>),
        slot::decoder_decode(decode::<T>),
        END,
    ];
}

unsafe extern "C" fn newctx(provider: *mut c_void) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe {
        shared(c"decoder_newctx", provider, (), |provider: &Arc<Provider>, ()| Ok(Arc::clone(provider)))
    }
}

unsafe extern "C" fn freectx(ctx: *mut c_void) {
    // SAFETY: libcrypto
    unsafe { free::<Arc<Provider>>(c"decoder_freectx", ctx) }
}

unsafe extern "C" fn does_selection<T: Decoder>(provider: *mut c_void, selection: c_int) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        shared(
            c"decoder_does_selection",
            provider,
            RawSelection(selection),
            |_: &Arc<Provider>, selection| Ok(T::does_selection(selection)),
        )
    }
}

unsafe extern "C" fn decode<T: Decoder>(
    ctx: *mut c_void,
    input: *mut OSSL_CORE_BIO,
    selection: c_int,
    found: OSSL_CALLBACK,
    found_argument: *mut c_void,
    passphrase: OSSL_PASSPHRASE_CALLBACK,
    passphrase_argument: *mut c_void,
) -> c_int {
    let arguments = (
        input,
        RawSelection(selection),
        RawCallback(found, found_argument),
        RawPassphrase(passphrase, passphrase_argument),
    );
    // SAFETY: libcrypto
    unsafe {
        shared(
            c"decoder_decode",
            ctx,
            arguments,
            |provider: &Arc<Provider>, (input, selection, found, passphrase)| {
                let passphrase = passphrase.with_libcrypto(provider.core().libcrypto());
                T::decode(provider, input, selection, &found, &passphrase)
            },
        )
    }
}
