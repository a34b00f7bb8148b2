//! Identifies a thread of a process among all threads that share the memory of verdicts.

use std::cell::Cell;
use std::path::Path;

use super::memory::memory;
use crate::error::Error;
use crate::process::Process;

/// A thread of a process. It runs one operation at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claimant(u64);

thread_local! {
    static THIS: Cell<Option<(Process, Claimant)>> = const { Cell::new(None) };
}

impl Claimant {
    /// Returns the claimant of this thread. In a forked child, the same thread is another claimant.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(super) fn this() -> Result<Self, Error> {
        let process = Process::this();
        match THIS.try_with(Cell::get) {
            Ok(Some((of, this))) if of == process => Ok(this),
            _ => {
                let this =
                    Self(u64::from(process.id) << 32 | (memory()?.table.number() & u64::from(u32::MAX)));
                let _ = THIS.try_with(|known| known.set(Some((process, this))));
                Ok(this)
            }
        }
    }

    /// Returns the number that is stored in the memory.
    pub(super) fn number(self) -> u64 {
        self.0
    }

    /// Returns true if the process with this number may still exist: a killed process does not release its claims.
    pub(super) fn is_alive(number: u64) -> bool {
        let processes = Path::new("/proc");
        !processes.join("self").exists() || processes.join((number >> 32).to_string()).exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_is_one_claimant_and_is_alive_as_long_as_its_process() {
        let this = Claimant::this().unwrap();
        assert_eq!(this, Claimant::this().unwrap());
        let other = std::thread::spawn(|| Claimant::this().unwrap()).join().unwrap();
        assert_ne!(this, other);
        assert!(Claimant::is_alive(this.number()) && Claimant::is_alive(other.number()));
        // No process can have this number (proc(5), pid_max).
        assert!(!Claimant::is_alive(u64::MAX));
    }
}
