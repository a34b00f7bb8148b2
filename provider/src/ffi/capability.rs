//! Capabilities of the private context's provider, handed on (provider-base(7), CAPABILITIES).

use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use openssl_sys::{OSSL_PARAM, OSSL_PROVIDER};

use super::callback::Callback;
use super::crypto::PrivateContext;
use super::params::Params;

unsafe extern "C" {
    /// OSSL_PROVIDER(3ossl)
    fn OSSL_PROVIDER_get_capabilities(
        provider: *const OSSL_PROVIDER,
        capability: *const std::ffi::c_char,
        callback: Option<unsafe extern "C" fn(*const OSSL_PARAM, *mut c_void) -> c_int>,
        argument: *mut c_void,
    ) -> c_int;
}

/// Hands the elements of a capability that `wanted` takes on to `receiver`; whether that went well.
pub(crate) fn forward(
    context: &PrivateContext,
    capability: &CStr,
    wanted: fn(Params<'_>) -> bool,
    receiver: &Callback<'_>,
) -> bool {
    let mut filter = Filter { wanted, receiver };
    // SAFETY: provider and name are alive; `pass` takes the filter, which lives until the call returns.
    let result = unsafe {
        OSSL_PROVIDER_get_capabilities(
            context.provider(),
            capability.as_ptr(),
            Some(pass),
            ptr::from_mut(&mut filter).cast(),
        )
    };
    result == 1
}

struct Filter<'a> {
    wanted: fn(Params<'_>) -> bool,
    receiver: &'a Callback<'a>,
}

/// Panics cannot leave it: it calls nothing that has one.
unsafe extern "C" fn pass(params: *const OSSL_PARAM, filter: *mut c_void) -> c_int {
    // SAFETY: from `forward`, which waits.
    let Some(filter) = (unsafe { filter.cast::<Filter<'_>>().as_ref() }) else { return 0 };
    // SAFETY: an array of OSSL_PROVIDER_get_capabilities, valid during the call.
    let params = unsafe { Params::from_ptr(params) };
    c_int::from(!(filter.wanted)(params) || filter.receiver.call(params))
}
