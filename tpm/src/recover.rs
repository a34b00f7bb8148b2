//! What a failure says about the connection: whether to begin again on a new one, and how to leave the old one.
//!
//! A TPM reset, a restarted resource manager, a closed socket are known by the answer only. Codes are not authenticated, so
//! everything here is bounded.

use crate::error::{Error, ErrorKind};
use crate::link::Link;
use crate::rc::ResponseCode;

/// What to do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing helps: tell the caller.
    Report,
    /// Connect again, load again, try again.
    Reconnect,
    /// The same, but the TPM may still hold what is ours: flush that first.
    Release,
    /// The simulator was reset: start it up, load again, try again.
    Startup,
}

/// Judges a failure of the first try; `fresh` says that nothing older than this operation was relied on.
pub(crate) fn judge(error: &Error, link: &mut Link, fresh: bool) -> Verdict {
    if error.kind() == ErrorKind::Io {
        return if fresh { Verdict::Report } else { Verdict::Reconnect };
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
    match link.read_public(handle) {
        Ok((_, found)) => found != *expected,
        Err(_) => true,
    }
}
