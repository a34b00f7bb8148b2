//! How long an operation waits for a TPM that says "not now", and that it keeps nobody else waiting meanwhile.

mod backoff;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

pub(crate) use backoff::Backoff;

use crate::deadline::Deadline;
use crate::rc::ResponseCode;

/// The other operations of this process that want the same connection.
pub(crate) trait Others: Send + Sync {
    /// Waits this long, or until one of them waits for its turn; true if one does.
    fn come_within(&self, pause: Duration) -> bool;
}

/// What an operation still bears with.
pub(crate) struct Patience {
    busy: Backoff,
    deadline: Deadline,
    others: Option<Arc<dyn Others>>,
    /// It has made something that it could not make again for nothing: so it is not begun again for a busy TPM.
    made: bool,
    gave_way: Option<GaveWay>,
}

/// The operation has to begin again: others come first while the TPM is busy.
#[derive(Debug, Clone, Copy)]
struct GaveWay {
    /// What the TPM answered.
    code: ResponseCode,
    /// How long to leave it alone.
    pause: Duration,
}

impl Patience {
    /// For what belongs to no operation: a farewell, the first commands on a new connection.
    pub(crate) fn alone(deadline: Deadline) -> Self {
        Self { busy: Backoff::for_the_tpm(), deadline, others: None, made: false, gave_way: None }
    }

    /// For an operation beside others.
    pub(crate) fn among(others: Arc<dyn Others>, deadline: Deadline) -> Self {
        Self { others: Some(others), ..Self::alone(deadline) }
    }

    /// Until when it waits.
    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// The TPM has done a command that is better not repeated.
    pub(super) fn has_made(&mut self) {
        self.made = true;
    }

    /// The TPM said "not now": waits, and says whether to send the command again. The connection is held meanwhile, but only as long as
    /// nobody else wants it.
    pub(super) fn wait(&mut self, code: ResponseCode) -> bool {
        let Some(pause) = self.busy.pause(self.deadline) else { return false };
        match self.others.as_ref().filter(|_| !self.made) {
            Some(others) if others.come_within(pause) => {
                self.gave_way = Some(GaveWay { code, pause });
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
    pub(super) fn gave_way(&self) -> Option<ResponseCode> {
        self.gave_way.map(|gave_way| gave_way.code)
    }

    /// Whether the operation begins again, and after which pause.
    pub(crate) fn begin_again(&mut self) -> Option<Duration> {
        self.made = false;
        self.gave_way.take().map(|gave_way| gave_way.pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Crowd(bool);

    impl Others for Crowd {
        fn come_within(&self, _: Duration) -> bool {
            self.0
        }
    }

    #[test]
    fn who_waits_lets_others_through_but_not_after_a_key_was_made() {
        let deadline = Deadline::within(Duration::from_secs(60));
        let mut nobody = Patience::among(Arc::new(Crowd(false)), deadline);
        assert!(nobody.wait(ResponseCode::RETRY) && nobody.gave_way().is_none());
        let mut crowd = Patience::among(Arc::new(Crowd(true)), deadline);
        assert!(!crowd.wait(ResponseCode::RETRY));
        assert_eq!(crowd.gave_way(), Some(ResponseCode::RETRY));
        assert!(crowd.begin_again().is_some());
        crowd.has_made();
        assert!(crowd.wait(ResponseCode::RETRY) && crowd.gave_way().is_none());
    }
}
