//! Option names of `-pkeyopt` that libcrypto translates only for its own key types
//! (EVP_PKEY_CTX_ctrl_str(3ossl)). For the names TPM2-RSA and TPM2-EC they arrive untranslated.

use std::ffi::CStr;

use crate::error::Result;
use crate::ffi::params::{ParamList, Params};

/// The option, and the parameter of provider-keymgmt(7ossl).
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

/// Copies the array with the names of the parameters. Returns `None` if nothing needs translation.
///
/// # Errors
/// An element has no data or an unknown type.
pub(super) fn translated(params: Params<'_>) -> Result<Option<ParamList>> {
    let found = SPELLINGS.iter().any(|(option, _)| params.find(option).is_some());
    Ok(if found { Some(ParamList::renamed(params, SPELLINGS)?) } else { None })
}
