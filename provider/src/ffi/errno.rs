//! errno(3) stays unchanged across calls. A program may read it after a failed call of libcrypto and report
//! it as the reason (Python's load_cert_chain does), but the errors of our system calls are not the reason.

/// Stores errno, and restores it when dropped.
pub(super) struct Errno(libc::c_int);

impl Errno {
    pub(super) fn save() -> Self {
        // SAFETY: the address is valid as long as the thread.
        Self(unsafe { *location() })
    }
}

impl Drop for Errno {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { *location() = self.0 };
    }
}

/// The address of this thread's errno.
fn location() -> *mut libc::c_int {
    // SAFETY: the function only returns an address (errno(3)).
    unsafe { libc::__errno_location() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errno_is_restored_after_a_failed_system_call() {
        let errno = || std::io::Error::last_os_error().raw_os_error();
        let _ = std::fs::File::open("/nonexistent");
        assert_eq!(errno(), Some(libc::ENOENT));
        let kept = Errno::save();
        let _ = std::fs::read("/");
        assert_eq!(errno(), Some(libc::EISDIR));
        drop(kept);
        assert_eq!(errno(), Some(libc::ENOENT));
    }
}
