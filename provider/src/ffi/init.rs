//! The entry point and the functions of the provider itself (provider-base(7)).

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use super::core::Core;
use super::dispatch::{self as slot, END};
use super::errno::Errno;
use super::guard::{contain, free, shared};
use super::handle;
use super::libcrypto::Libcrypto;
use super::params::ParamsMut;
use super::raise::raise;
use super::raw::RawCallback;
use super::rows::Pointer;
use super::sys::{
    OSSL_ALGORITHM, OSSL_CALLBACK, OSSL_CORE_HANDLE, OSSL_DISPATCH, OSSL_ITEM, OSSL_OP_RAND, OSSL_PARAM,
};
use super::upcalls::Upcalls;
use crate::error::Reason;
use crate::provider::Provider;
use crate::registry::OPERATIONS;

/// The functions of the provider.
static FUNCTIONS: &[OSSL_DISPATCH] = &[
    slot::provider_teardown(teardown),
    slot::provider_gettable_params(gettable_params),
    slot::provider_get_params(get_params),
    slot::provider_query_operation(query_operation),
    slot::provider_get_reason_strings(get_reason_strings),
    slot::provider_get_capabilities(get_capabilities),
    slot::provider_self_test(self_test),
    END,
];

/// Returns true if this is the function table of this module.
pub(super) fn is_ours(dispatch: *const OSSL_DISPATCH) -> bool {
    ptr::eq(dispatch, FUNCTIONS.as_ptr())
}

/// The reason strings for C; the last row is zero.
static REASONS: [OSSL_ITEM; Reason::ALL.len() + 1] = {
    let mut items = [const { OSSL_ITEM { id: 0, ptr: ptr::null() } }; Reason::ALL.len() + 1];
    let mut all = Reason::ALL;
    let mut rest: &mut [OSSL_ITEM] = &mut items;
    while let ([(number, text), more @ ..], [item, others @ ..]) = (all, rest) {
        *item = OSSL_ITEM { id: *number, ptr: text.as_ptr().cast() };
        all = more;
        rest = others;
    }
    items
};

/// OSSL_provider_init. It opens nothing, starts nothing and reads no configuration, so it does not fail
/// without a TPM. It fails if the calling libcrypto does not export its functions.
///
/// # Safety
/// libcrypto calls it as provider-base(7) describes.
#[unsafe(no_mangle)]
pub(super) unsafe extern "C" fn OSSL_provider_init(
    handle: *const OSSL_CORE_HANDLE,
    dispatch: *const OSSL_DISPATCH,
    out: *mut *const OSSL_DISPATCH,
    provider: *mut *mut c_void,
) -> c_int {
    let _errno = Errno::save();
    // SAFETY: libcrypto
    contain(|| unsafe { begin(handle, dispatch, out, provider) })
}

/// # Safety
/// As OSSL_provider_init.
unsafe fn begin(
    handle: *const OSSL_CORE_HANDLE,
    dispatch: *const OSSL_DISPATCH,
    out: *mut *const OSSL_DISPATCH,
    provider: *mut *mut c_void,
) -> bool {
    // A panic is reported through OpenSSL's queue (`guard`), never on the host's stderr. The hook belongs to
    // the copy of std that is linked into this module; no other code of the process uses it.
    if !cfg!(test) {
        std::panic::set_hook(Box::new(|_| {}));
    }
    // SAFETY: promised by the caller.
    let upcalls = unsafe { Upcalls::read(dispatch) };
    // SAFETY: the core is a part of libcrypto.
    let libcrypto = match unsafe { Libcrypto::around(upcalls.inside()) } {
        Ok(libcrypto) => libcrypto,
        Err(error) => {
            // SAFETY: handle and functions of the core.
            unsafe { raise(&upcalls, handle, c"OSSL_provider_init", &error) };
            return false;
        }
    };
    // SAFETY: promised by the caller.
    let core = unsafe { Core::new(handle, dispatch, upcalls, libcrypto) };
    // Created here, as OpenSSL's own providers do: a load in another thread does not respect the lock on
    // libcrypto's list of child contexts.
    let application = core.application();
    let instance = handle::give(Arc::new(Provider::new(core, application)));
    // SAFETY: promised by the caller.
    unsafe { out.write(FUNCTIONS.as_ptr()) };
    // SAFETY: promised by the caller.
    unsafe { provider.write(instance) };
    true
}

unsafe extern "C" fn teardown(provider: *mut c_void) {
    let _errno = Errno::save();
    // SAFETY: libcrypto
    if let Some(provider) = unsafe { handle::lend::<Arc<Provider>>(provider) } {
        contain(|| provider.end());
    }
    // SAFETY: libcrypto
    unsafe { free::<Arc<Provider>>(c"provider_teardown", provider) }
}

unsafe extern "C" fn gettable_params(_: *mut c_void) -> *const OSSL_PARAM {
    contain(Provider::gettable_params)
}

unsafe extern "C" fn get_params(provider: *mut c_void, params: *mut OSSL_PARAM) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        shared(
            c"provider_get_params",
            provider,
            params,
            |provider: &Arc<Provider>, mut params: ParamsMut<'_>| provider.params(&mut params),
        )
    }
}

unsafe extern "C" fn query_operation(
    provider: *mut c_void,
    operation: c_int,
    no_store: *mut c_int,
) -> *const OSSL_ALGORITHM {
    // SAFETY: libcrypto
    if let Some(no_store) = unsafe { no_store.as_mut() } {
        // The available generators depend on the other providers, so each fetch asks again.
        *no_store = c_int::from(operation == OSSL_OP_RAND);
    }
    // SAFETY: libcrypto
    unsafe {
        shared(c"provider_query_operation", provider, (), |provider: &Arc<Provider>, ()| {
            // libcrypto also asks for digests and random generators: these queries read no configuration.
            Ok(match operation {
                OSSL_OP_RAND => Pointer::to_generators(provider.is_only_generator()),
                _ if OPERATIONS.contains(&operation) => provider.rows().of(operation),
                _ => Pointer::NONE,
            })
        })
    }
}

unsafe extern "C" fn get_reason_strings(_: *mut c_void) -> *const OSSL_ITEM {
    REASONS.as_ptr()
}

unsafe extern "C" fn get_capabilities(
    provider: *mut c_void,
    capability: *const c_char,
    receiver: OSSL_CALLBACK,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        shared(
            c"provider_get_capabilities",
            provider,
            (capability, RawCallback(receiver, argument)),
            |provider: &Arc<Provider>, (capability, receiver)| {
                capability.map_or(Ok(false), |capability: &CStr| provider.capabilities(capability, &receiver))
            },
        )
    }
}

unsafe extern "C" fn self_test(provider: *mut c_void) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        shared(c"provider_self_test", provider, (), |provider: &Arc<Provider>, ()| provider.self_test())
    }
}
