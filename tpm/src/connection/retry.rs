//! What a failure says about the connection, and how to go on: a TPM reset, a restarted resource manager, a closed socket, other
//! processes in all places. All of that is known by the answer only. Codes are not authenticated, so everything here is bounded.

use std::time::Duration;

use crate::command::Patience;
use crate::connection::Link;
use crate::error::{Error, ErrorKind};
use crate::rc::ResponseCode;

/// How often an operation may begin again because the connection or the TPM was not what it had been: once for what was found stale,
/// and once for what happened meanwhile.
const TRIES: u8 = 2;

/// The recovery of one operation.
pub(crate) struct Recovery {
    /// Whether the operation relies on nothing older than itself.
    fresh: bool,
    tries: u8,
    others: Patience,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing helps.
    Report,
    /// The connection is broken.
    Reconnect,
    /// The TPM has lost what we relied on, or it is somebody else's by now.
    Release,
    /// The simulator was reset, and nobody starts it up for us.
    Startup,
    /// Other processes hold the places.
    MakeWay,
}

impl Recovery {
    /// For an operation that finds a connection, or finds none.
    pub(crate) fn new(connected: bool) -> Self {
        Self { fresh: !connected, tries: TRIES, others: Patience::with_others() }
    }

    /// Mends the connection after a failure, and says how long to wait before the operation begins again. The failure comes back
    /// when it must not.
    pub(crate) fn mend(
        &mut self,
        failure: Error,
        place: &mut Option<Link>,
        connect: impl FnOnce() -> Result<Link, Error>,
    ) -> Result<Duration, Error> {
        let Some(link) = place.as_mut() else { return Err(failure) };
        let verdict = judge(&failure, link, self.fresh);
        if verdict == Verdict::MakeWay {
            // Whoever waits with something in hand waits for somebody who does the same.
            link.flush_all();
            return self.others.pause().ok_or(failure);
        }
        if verdict == Verdict::Report || self.tries == 0 {
            return Err(failure);
        }
        self.tries = self.tries.saturating_sub(1);
        self.fresh = true;
        match verdict {
            Verdict::Startup => link.start_again()?,
            Verdict::Reconnect => {
                // Many a way to the TPM takes one connection at a time.
                link.hang_up();
                let mut new = connect()?;
                new.clear_away(link.take_debris());
                *link = new;
            }
            _ => link.release_ours(),
        }
        Ok(Duration::ZERO)
    }
}

fn judge(error: &Error, link: &mut Link, fresh: bool) -> Verdict {
    match error.kind() {
        ErrorKind::Io if fresh => return Verdict::Report,
        ErrorKind::Io => return Verdict::Reconnect,
        ErrorKind::ObjectMemory => return Verdict::MakeWay,
        _ => {}
    }
    let Some(code) = error.code() else { return Verdict::Report };
    match code.base() {
        ResponseCode::INITIALIZE if link.is_simulator() => Verdict::Startup,
        ResponseCode::INITIALIZE if !fresh => Verdict::Reconnect,
        _ if code.is_lost_reference() => Verdict::Release,
        // What was saved, or the parent at a handle, belongs to the time before a reset.
        ResponseCode::INTEGRITY | ResponseCode::HANDLE if !fresh => Verdict::Release,
        ResponseCode::AUTH_FAIL | ResponseCode::BAD_AUTH if is_somebody_elses(error, link) => {
            Verdict::Release
        }
        _ => Verdict::Report,
    }
}

/// After a reset handles are given out anew: then nobody's password was wrong, but the object is another's.
fn is_somebody_elses(error: &Error, link: &mut Link) -> bool {
    let Some((handle, Some(expected))) = error.object() else { return false };
    // An NV index outlives every reset.
    if handle.is_nv() {
        return false;
    }
    match link.read_public(handle) {
        Ok((_, found)) => found != *expected,
        Err(_) => true,
    }
}
