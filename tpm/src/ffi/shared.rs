//! Memory that a process shares with its forked children (mmap(2), MAP_SHARED).

use std::ptr;
use std::sync::atomic::AtomicU64;

/// Maps zeroed numbers that are shared with children forked later. They stay mapped until the process ends. None if the system gives
/// no memory.
pub(crate) fn shared<const N: usize>() -> Option<&'static [AtomicU64; N]> {
    let (size, protection) = (size_of::<[AtomicU64; N]>(), libc::PROT_READ | libc::PROT_WRITE);
    let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    // SAFETY: mmap(2) of new anonymous pages, at an address that the kernel chooses.
    let start = unsafe { libc::mmap(ptr::null_mut(), size, protection, flags, -1, 0) };
    if start == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the pages are aligned, zeroed and never unmapped; zero is a valid AtomicU64, and every process uses it as one.
    Some(unsafe { &*start.cast::<[AtomicU64; N]>() })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn shared_memory_is_shared_with_a_forked_child() {
        let numbers = shared::<3>().unwrap();
        // SAFETY: the child makes one atomic store and exits by _exit(2).
        match unsafe { libc::fork() } {
            0 => {
                numbers[2].store(7, Ordering::SeqCst);
                // SAFETY: _exit(2) ends the process at once.
                unsafe { libc::_exit(0) }
            }
            // SAFETY: waitpid(2) accepts NULL for the status.
            child => assert_eq!(unsafe { libc::waitpid(child, ptr::null_mut(), 0) }, child),
        }
        assert_eq!(numbers.each_ref().map(|number| number.load(Ordering::SeqCst)), [0, 0, 7]);
    }
}
