//! The memory of libcrypto, which frees much that held a private key as it is: the buffers of its decoders, numbers, keys. This tool is a
//! process of its own, so it may give libcrypto functions that wipe what is freed (CRYPTO_set_mem_functions(3)).

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

/// CRYPTO_malloc_fn, CRYPTO_realloc_fn and CRYPTO_free_fn of openssl/crypto.h: file and line are for those who look for leaks.
type Malloc = unsafe extern "C" fn(usize, *const c_char, c_int) -> *mut c_void;
type Realloc = unsafe extern "C" fn(*mut c_void, usize, *const c_char, c_int) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void, *const c_char, c_int);

unsafe extern "C" {
    fn CRYPTO_set_mem_functions(malloc: Malloc, realloc: Realloc, free: Free) -> c_int;
}

/// From now on libcrypto wipes what it frees. Must come before anything else of OpenSSL, and before any thread.
///
/// A library that was loaded before this program and has used libcrypto already keeps it as it was: then this does nothing.
pub(crate) fn wipe_what_openssl_frees() {
    // SAFETY: CRYPTO_set_mem_functions(3): the three do what malloc(3) and its like do, and fit each other; no other thread runs yet.
    unsafe { CRYPTO_set_mem_functions(allocate, reallocate, free) };
}

unsafe extern "C" fn allocate(size: usize, _file: *const c_char, _line: c_int) -> *mut c_void {
    // SAFETY: malloc(3) takes any size.
    unsafe { libc::malloc(size) }
}

/// realloc(3) would free the old place as it is.
unsafe extern "C" fn reallocate(
    old: *mut c_void,
    size: usize,
    file: *const c_char,
    line: c_int,
) -> *mut c_void {
    if size == 0 {
        // SAFETY: as ours.
        unsafe { free(old, file, line) };
        return ptr::null_mut();
    }
    // SAFETY: malloc_usable_size(3) takes what malloc(3) gave, or NULL, which has no byte.
    let room = unsafe { libc::malloc_usable_size(old) };
    if room >= size {
        return old;
    }
    // SAFETY: as ours.
    let new = unsafe { allocate(size, file, line) };
    if !new.is_null() && !old.is_null() {
        // SAFETY: `old` has `room` bytes and `new`, which is another place, has more.
        unsafe { ptr::copy_nonoverlapping(old.cast::<u8>(), new.cast::<u8>(), room) };
        // SAFETY: as ours; the caller of realloc(3) gives `old` away.
        unsafe { free(old, file, line) };
    }
    new
}

unsafe extern "C" fn free(old: *mut c_void, _file: *const c_char, _line: c_int) {
    if old.is_null() {
        return;
    }
    // SAFETY: malloc_usable_size(3) takes what malloc(3) gave.
    let room = unsafe { libc::malloc_usable_size(old) };
    // SAFETY: so many bytes from there are the caller's, who gives them up; explicit_bzero(3) is not optimised away.
    unsafe { libc::explicit_bzero(old, room) };
    // SAFETY: free(3) takes what malloc(3) gave.
    unsafe { libc::free(old) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resized(place: *mut c_void, size: usize) -> *mut c_void {
        // SAFETY: as realloc(3): NULL is a new place, and the tests use none twice.
        unsafe { reallocate(place, size, ptr::null(), 0) }
    }

    fn bytes<'a>(place: *mut c_void) -> &'a mut [u8] {
        // SAFETY: the tests look at places of forty bytes and more, and forget them before they are given back.
        unsafe { std::slice::from_raw_parts_mut(place.cast(), 40) }
    }

    #[test]
    fn what_grows_is_whole_and_nothing_is_no_trouble() {
        assert!(resized(ptr::null_mut(), 0).is_null());
        let first = resized(ptr::null_mut(), 40);
        bytes(first).fill(7);
        assert_eq!(resized(first, 30), first);
        let second = resized(first, 40_000);
        assert!(second != first && bytes(second) == [7; 40]);
        assert!(resized(second, 0).is_null());
    }
}
