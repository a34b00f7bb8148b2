//! errno(3): a program may look at it after a failed call of libcrypto, and take what it finds for the reason (Python's
//! load_cert_chain does). What we do inside is none of its reasons, so errno stays as it was.

/// errno as it was; set back when dropped.
pub(super) struct Errno(libc::c_int);

impl Errno {
    pub(super) fn keep() -> Self {
        // SAFETY: the address that `place` gives is valid as long as the thread.
        Self(unsafe { *place() })
    }
}

impl Drop for Errno {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { *place() = self.0 };
    }
}

/// This thread's own errno.
fn place() -> *mut libc::c_int {
    // SAFETY: it only gives an address (errno(3)).
    unsafe { libc::__errno_location() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_inside_is_not_seen_outside() {
        let errno = || std::io::Error::last_os_error().raw_os_error();
        let _ = std::fs::File::open("/nonexistent");
        assert_eq!(errno(), Some(libc::ENOENT));
        let kept = Errno::keep();
        let _ = std::fs::read("/");
        assert_eq!(errno(), Some(libc::EISDIR));
        drop(kept);
        assert_eq!(errno(), Some(libc::ENOENT));
    }
}
