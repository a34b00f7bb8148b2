//! The function of a slot in the function list that this module does not support.

use cryptoki_sys::{CK_RV, CKR_FUNCTION_NOT_SUPPORTED};

/// A slot of the function list.
pub(super) trait Unsupported {
    /// The function that returns CKR_FUNCTION_NOT_SUPPORTED.
    const UNSUPPORTED: Self;
}

macro_rules! arities {
    ($(fn($($argument:ident),*);)*) => {
        $(
            impl<$($argument),*> Unsupported for Option<unsafe extern "C" fn($($argument),*) -> CK_RV> {
                const UNSUPPORTED: Self = {
                    unsafe extern "C" fn refuse<$($argument),*>($(_: $argument),*) -> CK_RV {
                        CKR_FUNCTION_NOT_SUPPORTED
                    }
                    Some(refuse::<$($argument),*>)
                };
            }
        )*
    };
}

arities! {
    fn(A);
    fn(A, B);
    fn(A, B, C);
    fn(A, B, C, D);
    fn(A, B, C, D, E);
    fn(A, B, C, D, E, F);
    fn(A, B, C, D, E, F, G);
    fn(A, B, C, D, E, F, G, H);
    fn(A, B, C, D, E, F, G, H, I);
}
