//! Import (TPM 2.0 Part 3 §13.3).

use keyfile::wire::{Marshal, Reader, Writer};
use keyfile::{AlgId, CommandCode};

use super::{Guarded, Protect, Run};
use crate::error::Error;
use crypto::wrap::Duplicate;

/// Import: makes a duplicate a child of its new parent.
pub(crate) fn import(
    run: &mut dyn Run,
    parent: &Guarded<'_>,
    object: &Duplicate,
    protect: Protect,
) -> Result<Vec<u8>, Error> {
    let mut w = Writer::new();
    w.sized(&[]);
    w.sized_with(|w| object.public.marshal(w));
    w.sized(&object.duplicate);
    w.sized(&object.secret);
    AlgId::NULL.marshal(&mut w);
    let parameters = w.finish()?;
    let response = run.guarded(CommandCode::IMPORT, parent, &parameters, protect)?;
    let mut r = Reader::new(response);
    let private = r.sized()?.to_vec();
    r.finish()?;
    Ok(private)
}
