//! How long an operation waits for a busy TPM, and how it lets waiting operations run meanwhile.

mod backoff;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

pub(crate) use backoff::Backoff;

use crate::deadline::Deadline;
use crate::rc::ResponseCode;

/// The operations of this process that wait for the same connection.
pub(crate) trait Waiters: Send + Sync {
    /// Waits for `pause`, or until an operation waits for its turn. Returns true if one does.
    fn arrive_within(&self, pause: Duration) -> bool;
}

/// The remaining waiting time of an operation.
pub(crate) struct Patience {
    busy: Backoff,
    deadline: Deadline,
    waiters: Option<Arc<dyn Waiters>>,
    /// True if the operation has made an object that is expensive to make again. Then it is not interrupted.
    made: bool,
    interrupted: Option<Interrupted>,
}

/// The operation must begin again, after the waiting operations have run.
#[derive(Debug, Clone, Copy)]
struct Interrupted {
    /// The TPM's response code.
    code: ResponseCode,
    /// The pause before the operation begins again.
    pause: Duration,
}

impl Patience {
    /// Creates the patience for commands outside an operation: clean-up, and the first commands on a new connection.
    pub(crate) fn without_waiters(deadline: Deadline) -> Self {
        Self { busy: Backoff::for_busy_tpm(), deadline, waiters: None, made: false, interrupted: None }
    }

    /// Creates the patience for an operation that other operations may wait for.
    pub(crate) fn with_waiters(waiters: Arc<dyn Waiters>, deadline: Deadline) -> Self {
        Self { waiters: Some(waiters), ..Self::without_waiters(deadline) }
    }

    /// Returns the time until which it waits.
    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Records that the TPM has executed a command that is expensive to repeat.
    pub(super) fn note_made(&mut self) {
        self.made = true;
    }

    /// Waits after a busy response and returns true if the command may be sent again. The connection is held only until another
    /// operation waits for it.
    pub(super) fn wait(&mut self, code: ResponseCode) -> bool {
        let Some(pause) = self.busy.pause(self.deadline) else { return false };
        match self.waiters.as_ref().filter(|_| !self.made) {
            Some(waiters) if waiters.arrive_within(pause) => {
                self.interrupted = Some(Interrupted { code, pause });
                false
            }
            Some(_) => true,
            None => {
                thread::sleep(pause);
                true
            }
        }
    }

    /// Returns the response code that interrupted the operation. No more commands of it are sent.
    pub(super) fn interrupted(&self) -> Option<ResponseCode> {
        self.interrupted.map(|interrupted| interrupted.code)
    }

    /// Returns the pause after which an interrupted operation begins again; None if it was not interrupted.
    pub(crate) fn take_restart(&mut self) -> Option<Duration> {
        self.made = false;
        self.interrupted.take().map(|interrupted| interrupted.pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct FixedWaiters(bool);

    impl Waiters for FixedWaiters {
        fn arrive_within(&self, _: Duration) -> bool {
            self.0
        }
    }

    #[test]
    fn a_busy_operation_yields_to_waiters_unless_it_made_a_key() {
        let deadline = Deadline::within(Duration::from_secs(60));
        let mut free = Patience::with_waiters(Arc::new(FixedWaiters(false)), deadline);
        assert!(free.wait(ResponseCode::RETRY) && free.interrupted().is_none());
        let mut contended = Patience::with_waiters(Arc::new(FixedWaiters(true)), deadline);
        assert!(!contended.wait(ResponseCode::RETRY));
        assert_eq!(contended.interrupted(), Some(ResponseCode::RETRY));
        assert!(contended.take_restart().is_some());
        contended.note_made();
        assert!(contended.wait(ResponseCode::RETRY) && contended.interrupted().is_none());
    }
}
