//! Memory for long-lived secrets: locked (mlock(2)), excluded from core dumps (madvise(2), MADV_DONTDUMP), and wiped when freed.
//!
//! Short secrets share pages, because the memory that a process may lock is limited (RLIMIT_MEMLOCK). Beyond that limit, pages are
//! not locked but still excluded from dumps. The allocation uses no lock, so a fork() during an allocation does not block the child.
//! A child inherits the exclusion from dumps, but not the memory locks.

use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use zeroize::{Zeroize, Zeroizing};

/// The bytes for one bit of a page's map. No digest, and so no authValue, is longer.
const CELL_SIZE: usize = 64;
/// The cells of a shared page. System pages have at least 4 KiB.
const CELLS: u32 = u64::BITS;
/// The number of shared pages. When all are full, each secret gets its own page.
const PAGES: usize = 16;

static SHARED: [Page; PAGES] = [const { Page::new() }; PAGES];

/// A secret of fixed length.
pub(crate) struct Locked {
    storage: Storage,
    size: usize,
}

enum Storage {
    /// A cell of a shared page, with its bit.
    Cell(&'static Page, u64, NonNull<u8>),
    Own(NonNull<u8>),
    /// On the heap, if the system gives no pages.
    Heap(Zeroizing<Vec<u8>>),
}

// SAFETY: the memory is owned, and not written between `new` and `drop`.
unsafe impl Send for Locked {}
// SAFETY: as above.
unsafe impl Sync for Locked {}

impl Locked {
    /// Copies a secret.
    pub(crate) fn new(secret: &[u8]) -> Self {
        let storage = match secret.len() {
            0 => None,
            1..=CELL_SIZE => shared().or_else(|| map(secret.len()).map(Storage::Own)),
            size => map(size).map(Storage::Own),
        };
        let storage = storage.unwrap_or_else(|| Storage::Heap(Zeroizing::new(secret.to_vec())));
        if let Storage::Cell(_, _, at) | Storage::Own(at) = &storage {
            // SAFETY: these bytes are mapped, writable and not shared.
            unsafe { ptr::copy_nonoverlapping(secret.as_ptr(), at.as_ptr(), secret.len()) };
        }
        Self { storage, size: secret.len() }
    }
}

impl Deref for Locked {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.storage {
            // SAFETY: `new` has written these bytes, and only `drop` writes them again.
            Storage::Cell(_, _, at) | Storage::Own(at) => unsafe {
                slice::from_raw_parts(at.as_ptr(), self.size)
            },
            Storage::Heap(secret) => secret,
        }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        if let Storage::Cell(_, _, at) | Storage::Own(at) = &self.storage {
            // SAFETY: as for `deref`; they are not read any more.
            unsafe { slice::from_raw_parts_mut(at.as_ptr(), self.size) }.zeroize();
        }
        match &self.storage {
            Storage::Cell(page, bit, _) => drop(page.used.fetch_and(!bit, Ordering::Release)),
            Storage::Own(at) => unmap(*at, self.size),
            Storage::Heap(_) => {}
        }
    }
}

/// A page of cells, mapped at first use and never unmapped.
struct Page {
    start: AtomicPtr<u8>,
    used: AtomicU64,
}

impl Page {
    const fn new() -> Self {
        Self { start: AtomicPtr::new(ptr::null_mut()), used: AtomicU64::new(0) }
    }

    fn take(&'static self) -> Option<Storage> {
        let start = self.mapped()?;
        let first_free = |used: u64| (used != u64::MAX).then(|| used | 1 << used.trailing_ones());
        let used = self.used.fetch_update(Ordering::Acquire, Ordering::Relaxed, first_free).ok()?;
        let cell = usize::try_from(used.trailing_ones()).ok()?;
        // SAFETY: a page holds this many cells.
        Some(Storage::Cell(self, 1 << used.trailing_ones(), unsafe { start.add(cell * CELL_SIZE) }))
    }

    fn mapped(&self) -> Option<NonNull<u8>> {
        if let Some(start) = NonNull::new(self.start.load(Ordering::Acquire)) {
            return Some(start);
        }
        let size = usize::try_from(CELLS).ok()? * CELL_SIZE;
        let new = map(size)?;
        match self.start.compare_exchange(ptr::null_mut(), new.as_ptr(), Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => Some(new),
            Err(other) => {
                unmap(new, size);
                NonNull::new(other)
            }
        }
    }
}

fn shared() -> Option<Storage> {
    SHARED.iter().find_map(Page::take)
}

/// Maps zeroed pages for `size` bytes.
fn map(size: usize) -> Option<NonNull<u8>> {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: mmap(2): a new mapping without a file.
    let start = unsafe { libc::mmap(ptr::null_mut(), size, access, kind, -1, 0) };
    if start == libc::MAP_FAILED {
        return None;
    }
    // Where either is refused, the secret is as safe as on the heap.
    // SAFETY: a mapping of this size.
    unsafe { libc::madvise(start, size, libc::MADV_DONTDUMP) };
    // SAFETY: a mapping of this size.
    unsafe { libc::mlock(start, size) };
    NonNull::new(start.cast())
}

fn unmap(start: NonNull<u8>, size: usize) {
    // SAFETY: a mapping of this size, to which there is no other pointer. munmap(2) also unlocks it.
    unsafe { libc::munmap(start.as_ptr().cast(), size) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the flags of the mapping that contains this address (proc(5), smaps).
    fn flags(address: *const u8) -> String {
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        for line in smaps.lines() {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            let bounds = range.map(|(from, to)| (u64::from_str_radix(from, 16), u64::from_str_radix(to, 16)));
            if let Some((Ok(from), Ok(to))) = bounds {
                let address = u64::try_from(address.addr()).unwrap();
                inside = (from..to).contains(&address);
            } else if let (true, Some(flags)) = (inside, line.strip_prefix("VmFlags:")) {
                return format!("{flags} ");
            }
        }
        panic!("no mapping");
    }

    /// Returns true if this process may lock more memory than the tests do (getrlimit(2)).
    fn may_lock() -> bool {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: getrlimit(2) writes one limit.
        let found = unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) };
        found == 0 && limit.rlim_cur >= 1 << 20
    }

    #[test]
    fn secrets_are_locked_and_excluded_from_core_dumps() {
        for size in [1, CELL_SIZE, CELL_SIZE + 1, 100_000] {
            let secret = Locked::new(&vec![7; size]);
            assert_eq!(*secret, vec![7; size]);
            let flags = flags(secret.as_ptr());
            assert!(flags.contains(" dd "), "dumped: {flags}");
            assert!(flags.contains(" lo ") || !may_lock(), "not locked: {flags}");
        }
        assert!(Locked::new(&[]).is_empty());
    }

    #[test]
    fn more_secrets_than_the_shared_pages_hold_do_not_overlap() {
        let threads: Vec<_> = (0..4_u8)
            .map(|thread| {
                std::thread::spawn(move || {
                    let secrets: Vec<_> = (0..600_u16).map(|n| (n, Locked::new(&[thread; 40]))).collect();
                    assert!(secrets.iter().all(|(_, secret)| **secret == [thread; 40]));
                    secrets.into_iter().step_by(2).collect::<Vec<_>>()
                })
            })
            .collect();
        let kept: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        for (thread, secrets) in (0_u8..).zip(&kept) {
            assert!(secrets.iter().all(|(_, secret)| **secret == [thread; 40]));
        }
    }
}
