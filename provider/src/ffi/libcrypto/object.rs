//! The library or program that an address belongs to, among those that are loaded (dl_iterate_phdr(3)).

use std::ffi::{CStr, CString, OsStr, c_int, c_void};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr::{self, NonNull};

use crate::ffi::guard::contain;
use crate::ffi::sys::Function;

/// One loaded object: its name (empty for the program itself), and where its segments are.
pub(super) struct Object {
    name: CString,
    segments: Vec<Range<usize>>,
}

impl Object {
    /// The object that this function is a part of.
    pub(super) fn around(function: Function) -> Option<Self> {
        let mut search = Search { address: address(function?), found: None };
        // SAFETY: `look` takes the search, which lives until the call returns.
        unsafe { libc::dl_iterate_phdr(Some(look), ptr::from_mut(&mut search).cast()) };
        search.found
    }

    /// A handle of the object, which is loaded.
    pub(super) fn open(&self) -> Option<Library<'_>> {
        // The program has no name that dlopen(3) would find; NULL means it.
        let name = if self.name.is_empty() { ptr::null() } else { self.name.as_ptr() };
        // SAFETY: NULL or a string; it loads nothing.
        let handle = unsafe { libc::dlopen(name, libc::RTLD_NOLOAD | libc::RTLD_LAZY) };
        NonNull::new(handle).map(|handle| Library { handle, object: self })
    }

    /// The file it came from.
    pub(super) fn path(&self) -> PathBuf {
        match self.name.is_empty() {
            true => std::env::current_exe().unwrap_or_else(|_| "the program".into()),
            false => OsStr::from_bytes(self.name.to_bytes()).into(),
        }
    }

    fn holds(&self, address: usize) -> bool {
        self.segments.iter().any(|segment| segment.contains(&address))
    }
}

/// An object that stays loaded meanwhile.
pub(super) struct Library<'a> {
    handle: NonNull<c_void>,
    object: &'a Object,
}

impl Library<'_> {
    /// The object's function of this name. dlsym(3) looks into other objects as well: a libcrypto that a program hides must not
    /// be taken for another one that is loaded beside it.
    pub(super) fn function(&self, name: &CStr) -> Function {
        // SAFETY: an open handle and a string.
        let symbol = unsafe { libc::dlsym(self.handle.as_ptr(), name.as_ptr()) };
        // SAFETY: NULL, or the address of a function.
        let function = unsafe { std::mem::transmute::<*mut c_void, Function>(symbol) };
        function.filter(|function| self.object.holds(address(*function)))
    }
}

impl Drop for Library<'_> {
    fn drop(&mut self) {
        // SAFETY: opened once, closed once. Whoever called us is in the object, and keeps it.
        unsafe { libc::dlclose(self.handle.as_ptr()) };
    }
}

struct Search {
    address: usize,
    found: Option<Object>,
}

/// Takes the object if it is the one, and ends the search then.
unsafe extern "C" fn look(info: *mut libc::dl_phdr_info, _: usize, search: *mut c_void) -> c_int {
    // SAFETY: as it was called by `dl_iterate_phdr`.
    contain(|| unsafe { is_found(info, search) })
}

/// # Safety
/// The arguments are those of a callback of `Object::around`, which waits.
unsafe fn is_found(info: *const libc::dl_phdr_info, search: *mut c_void) -> bool {
    // SAFETY: promised by the caller.
    let Some(info) = (unsafe { info.as_ref() }) else { return false };
    // SAFETY: as above.
    let Some(search) = (unsafe { search.cast::<Search>().as_mut() }) else { return false };
    if info.dlpi_phdr.is_null() {
        return false;
    }
    // SAFETY: there are so many headers, as long as the object is loaded.
    let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, usize::from(info.dlpi_phnum)) };
    let segments = headers.iter().filter(|header| header.p_type == libc::PT_LOAD).filter_map(|header| {
        let start = usize::try_from(info.dlpi_addr.wrapping_add(header.p_vaddr)).ok()?;
        Some(start..start.checked_add(usize::try_from(header.p_memsz).ok()?)?)
    });
    let object = Object { name: CString::default(), segments: segments.collect() };
    if !object.holds(search.address) {
        return false;
    }
    // SAFETY: NULL or a string, as long as the object is loaded.
    let name = (!info.dlpi_name.is_null()).then(|| unsafe { CStr::from_ptr(info.dlpi_name) }.to_owned());
    search.found = Some(Object { name: name.unwrap_or_default(), ..object });
    true
}

#[expect(clippy::as_conversions, reason = "no other safe way leads from a function to its address")]
fn address(function: unsafe extern "C" fn()) -> usize {
    (function as *const c_void).addr()
}
