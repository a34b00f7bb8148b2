//! Names of `-pkeyopt` that libcrypto translates for its own key types only (EVP_PKEY_CTX_ctrl_str(3ossl)). Under our names
//! (TPM2-RSA, TPM2-EC) they arrive as they were typed.

use std::ffi::CStr;

use crate::error::Result;
use crate::ffi::params::{ParamList, Params};

/// The option and the parameter of provider-keymgmt(7ossl).
const SPELLINGS: &[(&CStr, &CStr)] = &[
    (c"rsa_keygen_bits", c"bits"),
    (c"rsa_keygen_primes", c"primes"),
    (c"rsa_keygen_pubexp", c"e"),
    (c"rsa_pss_keygen_md", c"digest"),
    (c"rsa_pss_keygen_mgf1_md", c"mgf1-digest"),
    (c"rsa_pss_keygen_saltlen", c"saltlen"),
    (c"ec_paramgen_curve", c"group"),
    (c"ec_param_enc", c"encoding"),
];

/// A copy with the parameters' names; `None` if it has these already.
///
/// # Errors
/// An element has no data, or a type that no parameter has.
pub(super) fn translated(params: Params<'_>) -> Result<Option<ParamList>> {
    let found = SPELLINGS.iter().any(|(option, _)| params.find(option).is_some());
    Ok(if found { Some(ParamList::renamed(params, SPELLINGS)?) } else { None })
}
