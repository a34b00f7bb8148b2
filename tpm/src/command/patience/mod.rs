//! How long an operation waits for a TPM that says "not now", and that it keeps nobody else waiting meanwhile.

mod backoff;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

pub(crate) use backoff::Backoff;

use crate::deadline::Deadline;
use crate::rc::ResponseCode;

/// The other operations of this process that want the same connection.
pub(crate) trait Waiters: Send + Sync {
    /// Waits this long, or until one of them waits for its turn; true if one does.
    fn arrive_within(&self, pause: Duration) -> bool;
}

/// What an operation still bears with.
pub(crate) struct Patience {
    busy: Backoff,
    deadline: Deadline,
    waiters: Option<Arc<dyn Waiters>>,
    /// It has made something that it could not make again for nothing: so it is not begun again for a busy TPM.
    made: bool,
    interrupted: Option<Interrupted>,
}

/// The operation has to begin again: waiters come first while the TPM is busy.
#[derive(Debug, Clone, Copy)]
struct Interrupted {
    /// What the TPM answered.
    code: ResponseCode,
    /// How long to leave it alone.
    pause: Duration,
}

impl Patience {
    /// For what belongs to no operation: a farewell, the first commands on a new connection.
    pub(crate) fn without_waiters(deadline: Deadline) -> Self {
        Self { busy: Backoff::for_busy_tpm(), deadline, waiters: None, made: false, interrupted: None }
    }

    /// For an operation beside waiters.
    pub(crate) fn with_waiters(waiters: Arc<dyn Waiters>, deadline: Deadline) -> Self {
        Self { waiters: Some(waiters), ..Self::without_waiters(deadline) }
    }

    /// Until when it waits.
    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// The TPM has done a command that is better not repeated.
    pub(super) fn note_made(&mut self) {
        self.made = true;
    }

    /// The TPM said "not now": waits, and says whether to send the command again. The connection is held meanwhile, but only as long as
    /// nobody else wants it.
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

    /// What the TPM answered when the operation gave way: no command of it is sent any more.
    pub(super) fn interrupted(&self) -> Option<ResponseCode> {
        self.interrupted.map(|interrupted| interrupted.code)
    }

    /// Whether the operation begins again, and after which pause.
    pub(crate) fn take_restart(&mut self) -> Option<Duration> {
        self.made = false;
        self.interrupted.take().map(|interrupted| interrupted.pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Crowd(bool);

    impl Waiters for Crowd {
        fn arrive_within(&self, _: Duration) -> bool {
            self.0
        }
    }

    #[test]
    fn a_busy_operation_yields_to_waiters_unless_it_made_a_key() {
        let deadline = Deadline::within(Duration::from_secs(60));
        let mut nobody = Patience::with_waiters(Arc::new(Crowd(false)), deadline);
        assert!(nobody.wait(ResponseCode::RETRY) && nobody.interrupted().is_none());
        let mut crowd = Patience::with_waiters(Arc::new(Crowd(true)), deadline);
        assert!(!crowd.wait(ResponseCode::RETRY));
        assert_eq!(crowd.interrupted(), Some(ResponseCode::RETRY));
        assert!(crowd.take_restart().is_some());
        crowd.note_made();
        assert!(crowd.wait(ResponseCode::RETRY) && crowd.interrupted().is_none());
    }
}
