//! Import: parameters become a software key.

use crate::error::Result;
use crate::ffi::crypto::{Pkey, Selection};
use crate::ffi::params::Params;
use crate::key::{Key, Material};

/// Imports a key into an empty key object.
///
/// # Errors
/// `Software`: the parameters do not give a key. `Sequence`: the key object is not empty.
pub(super) fn import(key: &Key, selection: Selection, params: Params<'_>) -> Result<()> {
    let context = key.provider().software()?;
    let pkey = Pkey::from_params(context, key.kind().algorithm(), selection, params)?;
    key.fill(Material::Software(pkey))
}
