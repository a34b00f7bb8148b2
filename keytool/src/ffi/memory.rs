//! Wipes the memory that libcrypto frees. libcrypto frees many buffers with parts of a private key without wiping them: those of its decoders,
//! numbers and keys. This tool owns its process, so it may replace libcrypto's allocator (CRYPTO_set_mem_functions(3)).

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

/// CRYPTO_malloc_fn, CRYPTO_realloc_fn and CRYPTO_free_fn of openssl/crypto.h. File and line help to find leaks.
type Malloc = unsafe extern "C" fn(usize, *const c_char, c_int) -> *mut c_void;
type Realloc = unsafe extern "C" fn(*mut c_void, usize, *const c_char, c_int) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void, *const c_char, c_int);

unsafe extern "C" {
    fn CRYPTO_set_mem_functions(malloc: Malloc, realloc: Realloc, free: Free) -> c_int;
}

/// Makes libcrypto wipe the memory that it frees. Must be called before any other use of OpenSSL, and before any thread is started.
///
/// This has no effect if a library loaded before this program has already used libcrypto.
pub(crate) fn wipe_what_openssl_frees() {
    // SAFETY: CRYPTO_set_mem_functions(3): the three do what malloc(3) and its like do, and fit each other; no other thread runs yet.
    unsafe { CRYPTO_set_mem_functions(allocate, reallocate, free) };
}

unsafe extern "C" fn allocate(size: usize, _file: *const c_char, _line: c_int) -> *mut c_void {
    // SAFETY: malloc(3) takes any size.
    unsafe { libc::malloc(size) }
}

/// Allocates new memory instead of using realloc(3), which would free the old memory without wiping it.
unsafe extern "C" fn reallocate(
    old: *mut c_void,
    size: usize,
    file: *const c_char,
    line: c_int,
) -> *mut c_void {
    if size == 0 {
        // SAFETY: the same contract as the called function.
        unsafe { free(old, file, line) };
        return ptr::null_mut();
    }
    // SAFETY: malloc_usable_size(3) takes what malloc(3) gave, or NULL, which has no byte.
    let room = unsafe { libc::malloc_usable_size(old) };
    if room >= size {
        return old;
    }
    // SAFETY: the same contract as the called function.
    let new = unsafe { allocate(size, file, line) };
    if !new.is_null() && !old.is_null() {
        // SAFETY: `old` has `room` bytes, and `new` has more and does not overlap it.
        unsafe { ptr::copy_nonoverlapping(old.cast::<u8>(), new.cast::<u8>(), room) };
        // SAFETY: as `free`; the caller of realloc(3) gives `old` away.
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
    // SAFETY: the caller owns these bytes and frees them; explicit_bzero(3) is not optimised away.
    unsafe { libc::explicit_bzero(old, room) };
    // SAFETY: free(3) takes what malloc(3) gave.
    unsafe { libc::free(old) };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resized(memory: *mut c_void, size: usize) -> *mut c_void {
        // SAFETY: as realloc(3): NULL allocates new memory, and the tests do not use freed memory.
        unsafe { reallocate(memory, size, ptr::null(), 0) }
    }

    fn bytes<'a>(memory: *mut c_void) -> &'a mut [u8] {
        // SAFETY: the tests use this on memory of at least forty bytes, and drop the slice before the memory is freed.
        unsafe { std::slice::from_raw_parts_mut(memory.cast(), 40) }
    }

    #[test]
    fn growing_memory_keeps_its_bytes_and_null_is_accepted() {
        assert!(resized(ptr::null_mut(), 0).is_null());
        let first = resized(ptr::null_mut(), 40);
        bytes(first).fill(7);
        assert_eq!(resized(first, 30), first);
        let second = resized(first, 40_000);
        assert!(second != first && bytes(second) == [7; 40]);
        assert!(resized(second, 0).is_null());
    }
}
