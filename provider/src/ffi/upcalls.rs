//! The functions of the core (provider-base(7)), read from its table at init.

use std::ffi::{c_char, c_int, c_void};

#[cfg(test)]
use super::abi;
use super::sys::{
    Function, OPENSSL_CORE_CTX, OSSL_CORE_BIO, OSSL_CORE_HANDLE, OSSL_DISPATCH, OSSL_PARAM, VaList,
};

/// Each line makes a field with the core's function of that number and the C signature of that line.
macro_rules! upcalls {
    ($( $upcall:ident, $id:ident = $number:literal: fn($($argument:ty),*) $(-> $result:ty)?; )*) => {
        /// A field is `None` if the core lacks the function.
        #[derive(Clone, Copy, Default)]
        #[allow(non_snake_case, reason = "the names of core_dispatch.h")]
        pub(crate) struct Upcalls {
            $( pub(crate) $upcall: Option<unsafe extern "C" fn($($argument),*) $(-> $result)?>, )*
        }

        impl Upcalls {
            /// Reads the core's table.
            ///
            /// # Safety
            /// `row` is the `in` argument of OSSL_provider_init: a table that ends with number 0.
            pub(crate) unsafe fn read(mut row: *const OSSL_DISPATCH) -> Upcalls {
                let mut upcalls = Upcalls::default();
                loop {
                    // SAFETY: within the table, because no earlier row was its end.
                    let OSSL_DISPATCH { function_id, function } = unsafe { *row };
                    match (function_id, function) {
                        (0, _) => return upcalls,
                        $( ($number, Some(function)) => {
                            // SAFETY: the core's function of this number has this line's C signature (checked in abi.rs).
                            let function = unsafe {
                                std::mem::transmute::<unsafe extern "C" fn(), unsafe extern "C" fn($($argument),*) $(-> $result)?>(function)
                            };
                            upcalls.$upcall = Some(function);
                        } )*
                        _ => {}
                    }
                    // SAFETY: the row was not the last one.
                    row = unsafe { row.add(1) };
                }
            }
        }

        #[cfg(test)]
        pub(super) const UPCALLS: &[abi::Slot] = &[
            $( abi::Slot {
                function: stringify!($upcall), id: stringify!($id), number: $number, since: "3.0",
                result: <abi::c_result!($($result)?) as abi::CType>::NAME, arguments: &[$(<$argument as abi::CType>::NAME),*],
            }, )*
        ];
    };
}

upcalls! {
    core_get_params, OSSL_FUNC_CORE_GET_PARAMS = 2: fn(*const OSSL_CORE_HANDLE, *mut OSSL_PARAM) -> c_int;
    core_get_libctx, OSSL_FUNC_CORE_GET_LIBCTX = 4: fn(*const OSSL_CORE_HANDLE) -> *mut OPENSSL_CORE_CTX;
    core_new_error, OSSL_FUNC_CORE_NEW_ERROR = 5: fn(*const OSSL_CORE_HANDLE);
    core_set_error_debug, OSSL_FUNC_CORE_SET_ERROR_DEBUG = 6: fn(*const OSSL_CORE_HANDLE, *const c_char, c_int, *const c_char);
    core_vset_error, OSSL_FUNC_CORE_VSET_ERROR = 7: fn(*const OSSL_CORE_HANDLE, u32, *const c_char, VaList);
    BIO_read_ex, OSSL_FUNC_BIO_READ_EX = 42: fn(*mut OSSL_CORE_BIO, *mut c_void, usize, *mut usize) -> c_int;
    BIO_write_ex, OSSL_FUNC_BIO_WRITE_EX = 43: fn(*mut OSSL_CORE_BIO, *const c_void, usize, *mut usize) -> c_int;
    BIO_gets, OSSL_FUNC_BIO_GETS = 49: fn(*mut OSSL_CORE_BIO, *mut c_char, c_int) -> c_int;
    provider_up_ref, OSSL_FUNC_PROVIDER_UP_REF = 110: fn(*const OSSL_CORE_HANDLE, c_int) -> c_int;
}

impl Upcalls {
    /// A function inside libcrypto. This one is static there, so no other library can replace it.
    pub(super) fn inside(&self) -> Function {
        let get_params = self.core_get_params?;
        type GetParams = unsafe extern "C" fn(*const OSSL_CORE_HANDLE, *mut OSSL_PARAM) -> c_int;
        // SAFETY: function pointers have one layout; the function is never called by its new type.
        Some(unsafe { std::mem::transmute::<GetParams, unsafe extern "C" fn()>(get_params) })
    }
}
