//! Capabilities of the private context's providers, passed on to the application (provider-base(7),
//! CAPABILITIES).

use std::ffi::{CStr, CString, c_int, c_void};
use std::ptr;

use super::callback::Callback;
use super::crypto::PrivateContext;
use super::guard::contain;
use super::params::{ParamList, Params};
use super::sys::OSSL_PARAM;
use crate::error::Result;

/// New values of text parameters.
pub(crate) type Changes = Vec<(&'static CStr, CString)>;

/// Passes the elements of a capability on to `receiver`. `change` returns a list for each element: the
/// element is passed on once per entry, with the changes of that entry. Returns true if all calls succeeded.
///
/// # Errors
/// libcrypto lacks the functions for capabilities.
pub(crate) fn forward(
    context: &PrivateContext,
    capability: &CStr,
    change: fn(Params<'_>) -> Vec<Changes>,
    receiver: &Callback<'_>,
) -> Result<bool> {
    let capabilities = context.libcrypto().capabilities?;
    let mut filter = Filter { change, receiver };
    let filter = ptr::from_mut(&mut filter).cast();
    let get = capabilities.OSSL_PROVIDER_get_capabilities;
    Ok(context.providers().all(|provider| {
        // SAFETY: provider and name are alive; `pass` takes the filter, which lives until the call returns.
        unsafe { get(provider, capability.as_ptr(), Some(pass), filter) == 1 }
    }))
}

struct Filter<'a> {
    change: fn(Params<'_>) -> Vec<Changes>,
    receiver: &'a Callback<'a>,
}

/// OSSL_CALLBACK
unsafe extern "C" fn pass(params: *const OSSL_PARAM, filter: *mut c_void) -> c_int {
    // SAFETY: as it was called.
    contain(|| unsafe { pass_on(params, filter) })
}

/// # Safety
/// The filter belongs to `forward`, which is waiting. The array is valid during the call.
unsafe fn pass_on(params: *const OSSL_PARAM, filter: *mut c_void) -> bool {
    // SAFETY: from `forward`, which waits.
    let Some(filter) = (unsafe { filter.cast::<Filter<'_>>().as_ref() }) else { return false };
    // SAFETY: an array of OSSL_PROVIDER_get_capabilities, valid during the call.
    let params = unsafe { Params::from_ptr(params) };
    let pass_on = |changes: Changes| {
        let mut list = ParamList::new();
        for param in params {
            match changes.iter().find(|(name, _)| *name == param.name()) {
                Some((name, value)) => list.text(name, &value.to_string_lossy()),
                // SAFETY: the array outlives the list.
                None => unsafe { list.element(param) },
            };
        }
        filter.receiver.call(list.as_params())
    };
    (filter.change)(params).into_iter().all(pass_on)
}
