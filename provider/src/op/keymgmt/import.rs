//! Import: what comes in by parameters becomes a software key.

use crate::error::Result;
use crate::ffi::crypto::{Pkey, Selection};
use crate::ffi::params::Params;
use crate::key::{Key, Material};

/// Fills an empty key.
///
/// # Errors
/// `Software`: the parameters make no key. `Sequence`: the key is not empty.
pub(super) fn import(key: &Key, selection: Selection, params: Params<'_>) -> Result<()> {
    let context = key.provider().software()?;
    let pkey = Pkey::from_params(context, key.kind().algorithm(), selection, params)?;
    key.fill(Material::Software(pkey))
}
