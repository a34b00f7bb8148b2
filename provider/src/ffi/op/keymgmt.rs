//! The operation KEYMGMT (provider-keymgmt(7)). In every row, key data is an `Arc<Key>`.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use crate::error::{Error, Reason, Result};
use crate::ffi::callback::{Callback, Progress};
use crate::ffi::crypto::Selection;
use crate::ffi::dispatch::{self as slot, END};
use crate::ffi::guard::{Exclusive, contain, exclusive, free, shared};
use crate::ffi::handle::{self, Operation};
use crate::ffi::params::{Descriptors, Params, ParamsMut};
use crate::ffi::raw::{RawCallback, RawKey, RawProgress, RawSelection};
use crate::ffi::sys::{self, OSSL_CALLBACK, OSSL_DISPATCH, OSSL_PARAM};
use crate::key::Key;
use crate::provider::Provider;

/// The management of one key type.
pub(crate) trait KeyManagement: 'static {
    /// The state of one generation.
    type Generation: 'static;

    /// A key of this type without content.
    fn empty(provider: &Arc<Provider>) -> Arc<Key>;
    /// Returns true if a key from a decoder is of this type.
    fn takes(key: &Key) -> bool;
    fn has(key: &Key, selection: Selection) -> bool;
    fn matches(key: &Key, other: &Key, selection: Selection) -> Result<bool>;
    fn validate(key: &Key, selection: Selection, quick: bool) -> Result<bool>;
    /// Returns `None` if no key can consist of this selection alone.
    fn dup(key: &Arc<Key>, selection: Selection) -> Result<Option<Arc<Key>>>;

    fn import(key: &Key, selection: Selection, params: Params<'_>) -> Result<()>;
    /// The parameters of the selected parts of a key.
    fn types(selection: Selection) -> Option<&'static Descriptors>;
    /// Returns false if the receiver did not accept the key.
    fn export(key: &Key, selection: Selection, receiver: &Callback<'_>) -> Result<bool>;

    /// Returns false if the key lacks a requested value.
    fn params(key: &Key, params: ParamsMut<'_>) -> Result<bool>;
    fn gettable_params() -> &'static Descriptors;
    fn set_params(key: &Key, params: Params<'_>) -> Result<()>;
    fn settable_params() -> &'static Descriptors;

    /// The name of the operation row that accepts these keys.
    fn operation_name(operation: OperationId) -> Option<&'static CStr>;

    /// Returns `None` if nothing of this selection can be generated.
    fn generation(
        provider: &Arc<Provider>,
        selection: Selection,
        params: Params<'_>,
    ) -> Result<Option<Self::Generation>>;
    fn set_template(generation: &mut Self::Generation, template: &Arc<Key>) -> Result<()>;
    fn set_generation_params(generation: &mut Self::Generation, params: Params<'_>) -> Result<()>;
    fn settable_generation_params() -> &'static Descriptors;
    fn generate(generation: &mut Self::Generation, progress: &Progress<'_>) -> Result<Arc<Key>>;
}

/// The operations that use keys.
#[derive(Clone, Copy)]
pub(crate) enum OperationId {
    KeyExchange,
    Signature,
    AsymCipher,
}

impl OperationId {
    fn of(number: c_int) -> Option<Self> {
        match number {
            sys::OSSL_OP_KEYEXCH => Some(Self::KeyExchange),
            sys::OSSL_OP_SIGNATURE => Some(Self::Signature),
            sys::OSSL_OP_ASYM_CIPHER => Some(Self::AsymCipher),
            _ => None,
        }
    }
}

/// The function table of a key management.
pub(crate) struct Table<T>(T);

impl<T: KeyManagement> Table<T> {
    pub(crate) const ROWS: &'static [OSSL_DISPATCH] = &[
        slot::keymgmt_new(new::<T>),
        slot::keymgmt_load(load::<T>),
        slot::keymgmt_free(free_key),
        slot::keymgmt_has(has::<T>),
        slot::keymgmt_match(matches::<T>),
        slot::keymgmt_validate(validate::<T>),
        slot::keymgmt_dup(dup::<T>),
        slot::keymgmt_import(import::<T>),
        slot::keymgmt_import_types(types::<T>),
        slot::keymgmt_export(export::<T>),
        slot::keymgmt_export_types(types::<T>),
        slot::keymgmt_get_params(get_params::<T>),
        slot::keymgmt_gettable_params(gettable_params::<T>),
        slot::keymgmt_set_params(set_params::<T>),
        slot::keymgmt_settable_params(settable_params::<T>),
        slot::keymgmt_query_operation_name(query_operation_name::<T>),
        slot::keymgmt_gen_init(gen_init::<T>),
        slot::keymgmt_gen_set_template(gen_set_template::<T>),
        slot::keymgmt_gen_set_params(gen_set_params::<T>),
        slot::keymgmt_gen_settable_params(gen_settable_params::<T>),
        slot::keymgmt_gen(generate::<T>),
        slot::keymgmt_gen_cleanup(gen_cleanup::<T>),
        END,
    ];
}

unsafe extern "C" fn new<T: KeyManagement>(provider: *mut c_void) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe { shared(c"keymgmt_new", provider, (), |provider: &Arc<Provider>, ()| Ok(T::empty(provider))) }
}

unsafe extern "C" fn load<T: KeyManagement>(reference: *const c_void, size: usize) -> *mut c_void {
    // SAFETY: libcrypto
    contain(|| unsafe { take_over::<T>(reference, size) })
}

/// Takes over a key from a decoder of this provider. `reference` points to the decoder's variable, which is
/// cleared.
///
/// # Safety
/// The reference came from `Callback::call_with_key`, and its variable is still alive.
unsafe fn take_over<T: KeyManagement>(reference: *const c_void, size: usize) -> *mut c_void {
    if reference.is_null() || size != size_of::<*mut c_void>() {
        return ptr::null_mut();
    }
    let variable: *mut *mut c_void = reference.cast_mut().cast();
    // SAFETY: promised by the caller.
    let pointer = unsafe { variable.read_unaligned() };
    // SAFETY: promised by the caller; the variable contains a key or NULL.
    let key = unsafe { handle::lend::<Arc<Key>>(pointer) };
    if !key.is_some_and(|key| T::takes(key)) {
        return ptr::null_mut();
    }
    // SAFETY: as above. The variable is ours and mutable; `const` is only the slot's signature.
    unsafe { variable.write_unaligned(ptr::null_mut()) };
    pointer
}

unsafe extern "C" fn free_key(key: *mut c_void) {
    // SAFETY: libcrypto
    let lent = unsafe { handle::lend::<Arc<Key>>(key) };
    contain(|| lent.map(|key| key.provider().core().stay_loaded_after_cleanup()));
    // SAFETY: libcrypto
    unsafe { free::<Arc<Key>>(c"keymgmt_free", key) }
}

unsafe extern "C" fn has<T: KeyManagement>(key: *const c_void, selection: c_int) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        shared(c"keymgmt_has", key, RawSelection(selection), |key: &Arc<Key>, selection| {
            Ok(T::has(key, selection))
        })
    }
}

unsafe extern "C" fn matches<T: KeyManagement>(
    key: *const c_void,
    other: *const c_void,
    selection: c_int,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        shared(
            c"keymgmt_match",
            key,
            (RawKey(other), RawSelection(selection)),
            |key: &Arc<Key>, (other, selection)| match other {
                Some(other) => T::matches(key, other, selection),
                None => Ok(false),
            },
        )
    }
}

unsafe extern "C" fn validate<T: KeyManagement>(key: *const c_void, selection: c_int, check: c_int) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        shared(c"keymgmt_validate", key, RawSelection(selection), |key: &Arc<Key>, selection| {
            T::validate(key, selection, check == sys::OSSL_KEYMGMT_VALIDATE_QUICK_CHECK)
        })
    }
}

unsafe extern "C" fn dup<T: KeyManagement>(key: *const c_void, selection: c_int) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe {
        shared(c"keymgmt_dup", key, RawSelection(selection), |key: &Arc<Key>, selection| {
            T::dup(key, selection)
        })
    }
}

unsafe extern "C" fn import<T: KeyManagement>(
    key: *mut c_void,
    selection: c_int,
    params: *const OSSL_PARAM,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        shared(
            c"keymgmt_import",
            key,
            (RawSelection(selection), params),
            |key: &Arc<Key>, (selection, params)| T::import(key, selection, params),
        )
    }
}

unsafe extern "C" fn types<T: KeyManagement>(selection: c_int) -> *const OSSL_PARAM {
    contain(|| T::types(Selection(selection)))
}

unsafe extern "C" fn export<T: KeyManagement>(
    key: *mut c_void,
    selection: c_int,
    receiver: OSSL_CALLBACK,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        shared(
            c"keymgmt_export",
            key,
            (RawSelection(selection), RawCallback(receiver, argument)),
            |key: &Arc<Key>, (selection, receiver)| T::export(key, selection, &receiver),
        )
    }
}

unsafe extern "C" fn get_params<T: KeyManagement>(key: *mut c_void, params: *mut OSSL_PARAM) -> c_int {
    // SAFETY: libcrypto
    unsafe { shared(c"keymgmt_get_params", key, params, |key: &Arc<Key>, params| T::params(key, params)) }
}

unsafe extern "C" fn gettable_params<T: KeyManagement>(_: *mut c_void) -> *const OSSL_PARAM {
    contain(T::gettable_params)
}

unsafe extern "C" fn set_params<T: KeyManagement>(key: *mut c_void, params: *const OSSL_PARAM) -> c_int {
    // SAFETY: libcrypto
    unsafe { shared(c"keymgmt_set_params", key, params, |key: &Arc<Key>, params| T::set_params(key, params)) }
}

unsafe extern "C" fn settable_params<T: KeyManagement>(_: *mut c_void) -> *const OSSL_PARAM {
    contain(T::settable_params)
}

unsafe extern "C" fn query_operation_name<T: KeyManagement>(operation: c_int) -> *const c_char {
    contain(|| OperationId::of(operation).and_then(T::operation_name))
}

unsafe extern "C" fn gen_init<T: KeyManagement>(
    provider: *mut c_void,
    selection: c_int,
    params: *const OSSL_PARAM,
) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe {
        shared(
            c"keymgmt_gen_init",
            provider,
            (RawSelection(selection), params),
            |provider: &Arc<Provider>, (selection, params)| {
                let state = T::generation(provider, selection, params)?;
                Ok(state.map(|state| Operation { provider: Arc::clone(provider), state }))
            },
        )
    }
}

unsafe extern "C" fn gen_set_template<T: KeyManagement>(ctx: *mut c_void, template: *mut c_void) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"keymgmt_gen_set_template",
            ctx,
            RawKey(template),
            |ctx: Exclusive<'_, T::Generation>, template| {
                let template = template.ok_or_else(|| Error::new(Reason::NoKey, "the template is NULL"))?;
                T::set_template(ctx.state, template)
            },
        )
    }
}

unsafe extern "C" fn gen_set_params<T: KeyManagement>(ctx: *mut c_void, params: *const OSSL_PARAM) -> c_int {
    // SAFETY: libcrypto
    unsafe {
        exclusive(c"keymgmt_gen_set_params", ctx, params, |ctx: Exclusive<'_, T::Generation>, params| {
            T::set_generation_params(ctx.state, params)
        })
    }
}

unsafe extern "C" fn gen_settable_params<T: KeyManagement>(
    _: *mut c_void,
    _: *mut c_void,
) -> *const OSSL_PARAM {
    contain(T::settable_generation_params)
}

unsafe extern "C" fn generate<T: KeyManagement>(
    ctx: *mut c_void,
    progress: OSSL_CALLBACK,
    argument: *mut c_void,
) -> *mut c_void {
    // SAFETY: libcrypto
    unsafe {
        exclusive(
            c"keymgmt_gen",
            ctx,
            RawProgress(progress, argument),
            |ctx: Exclusive<'_, T::Generation>, progress| T::generate(ctx.state, &progress),
        )
    }
}

unsafe extern "C" fn gen_cleanup<T: KeyManagement>(ctx: *mut c_void) {
    // SAFETY: libcrypto
    unsafe { free::<Operation<T::Generation>>(c"keymgmt_gen_cleanup", ctx) }
}
