//! Finds the loaded library or program that contains an address (dl_iterate_phdr(3)).

use std::ffi::{CStr, CString, OsStr, c_int, c_void};
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr::{self, NonNull};

use crate::ffi::guard::contain;
use crate::ffi::sys::Function;

/// Keeps this module loaded until the process ends. Returns false if the system refuses.
pub(in crate::ffi) fn stay_loaded() -> bool {
    extern "C" fn here() {}
    Object::around(Some(here)).is_some_and(|module| module.open_with(libc::RTLD_NODELETE).is_some())
}

/// One loaded object: its name (empty for the program itself) and its segments.
pub(super) struct Object {
    name: CString,
    segments: Vec<Range<usize>>,
}

impl Object {
    /// Finds the object that contains this function.
    pub(super) fn around(function: Function) -> Option<Self> {
        let mut search = Search { address: address(function?), found: None };
        // SAFETY: `look` takes the search, which lives until the call returns.
        unsafe { libc::dl_iterate_phdr(Some(look), ptr::from_mut(&mut search).cast()) };
        search.found
    }

    /// Opens a handle to the object, which is already loaded.
    pub(super) fn open(&self) -> Option<Library<'_>> {
        self.open_with(0)
    }

    fn open_with(&self, flags: c_int) -> Option<Library<'_>> {
        // The program has no name that dlopen(3) accepts; NULL stands for it.
        let name = if self.name.is_empty() { ptr::null() } else { self.name.as_ptr() };
        // SAFETY: NULL or a string; it loads nothing.
        let handle = unsafe { libc::dlopen(name, libc::RTLD_NOLOAD | libc::RTLD_LAZY | flags) };
        NonNull::new(handle).map(|handle| Library { handle, object: self })
    }

    /// The path of the object's file.
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

/// An open handle, which keeps the object loaded.
pub(super) struct Library<'a> {
    handle: NonNull<c_void>,
    object: &'a Object,
}

impl Library<'_> {
    /// Returns the object's function of this name. dlsym(3) searches other objects as well; their functions
    /// are rejected. Otherwise a hidden libcrypto of the program could be mixed with another one that is
    /// loaded.
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
        // SAFETY: opened once, closed once. Our caller is in this object and keeps it loaded.
        unsafe { libc::dlclose(self.handle.as_ptr()) };
    }
}

struct Search {
    address: usize,
    found: Option<Object>,
}

/// Records the object if it contains the address, and ends the search.
unsafe extern "C" fn look(info: *mut libc::dl_phdr_info, _: usize, search: *mut c_void) -> c_int {
    // SAFETY: as it was called by `dl_iterate_phdr`.
    contain(|| unsafe { is_found(info, search) })
}

/// # Safety
/// The arguments are those of a callback of `Object::around`, which is waiting.
unsafe fn is_found(info: *const libc::dl_phdr_info, search: *mut c_void) -> bool {
    // SAFETY: promised by the caller.
    let Some(info) = (unsafe { info.as_ref() }) else { return false };
    // SAFETY: as above.
    let Some(search) = (unsafe { search.cast::<Search>().as_mut() }) else { return false };
    if info.dlpi_phdr.is_null() {
        return false;
    }
    // SAFETY: the array has this many headers as long as the object is loaded.
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

#[expect(clippy::as_conversions, reason = "there is no other safe way to get the address of a function")]
fn address(function: unsafe extern "C" fn()) -> usize {
    (function as *const c_void).addr()
}
