//! Searches.

use cryptoki_sys::*;

use crate::error::Result;
use crate::ffi::{Items, Template};
use crate::module::Module;
use crate::object::Object;
use crate::session::{in_progress, not_begun};

pub(crate) fn init((handle, template): (CK_SESSION_HANDLE, Template<'_>)) -> Result<()> {
    let module = Module::current()?;
    let session = module.session(handle)?;
    let mut active = session.active();
    if active.search.is_some() {
        return Err(in_progress());
    }
    let contents = session.slot.contents()?;
    let all = Object::all(&module, &session.slot, &contents);
    let found = all.filter(|object| object.matches(&session.slot, &contents, &template));
    active.search = Some(found.map(|object| object.handle()).collect());
    Ok(())
}

pub(crate) fn next((handle, places): (CK_SESSION_HANDLE, Items<'_, CK_OBJECT_HANDLE>)) -> Result<()> {
    let session = Module::current()?.session(handle)?;
    let mut active = session.active();
    let search = active.search.as_mut().ok_or_else(not_begun)?;
    let most = places.room().min(search.len());
    places.put(&search.drain(..most).collect::<Vec<_>>())
}

pub(crate) fn end(handle: CK_SESSION_HANDLE) -> Result<()> {
    let session = Module::current()?.session(handle)?;
    let mut active = session.active();
    active.search.take().map(drop).ok_or_else(not_begun)
}
