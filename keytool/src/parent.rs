//! The requested parent: a persistent handle, or a hierarchy whose storage key is derived.

use std::str::FromStr;

use keyfile::Handle;
use tpm::Parent;

mod area;

pub(crate) use area::ParentArea;

/// The value of --parent-handle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ParentHandle(pub(crate) Handle);

impl FromStr for ParentHandle {
    type Err = tpm::Error;

    fn from_str(text: &str) -> Result<Self, tpm::Error> {
        Parent::parse_handle(text).map(ParentHandle)
    }
}
