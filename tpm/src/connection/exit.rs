//! What happens when the process ends: OpenSSL 4.0 tears nothing down, so what is loaded is flushed by a handler of ours.

use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

use crate::connection::Seat;
use crate::ffi;

static SEATS: Mutex<Vec<Weak<Seat>>> = Mutex::new(Vec::new());

/// Has the seat's connection closed at exit.
pub(crate) fn remember(seat: &Arc<Seat>) {
    ffi::at_exit(close_all);
    // Never waits: in a forked child the lock may be held by a thread that is not there. A seat that is missed here is only left to
    // the TPM's resource manager.
    if let Some(mut seats) = patiently(|| SEATS.try_lock().ok()) {
        seats.retain(|seat| seat.strong_count() > 0);
        seats.push(Arc::downgrade(seat));
    }
}

fn close_all() {
    let Some(seats) = patiently(|| SEATS.try_lock().ok()).map(|mut seats| std::mem::take(&mut *seats)) else {
        return;
    };
    for seat in seats.iter().filter_map(Weak::upgrade).filter(|seat| seat.is_here()) {
        // Another thread may be in the middle of a command; exit(3) does not stop it.
        patiently(|| seat.try_close().then_some(()));
    }
}

fn patiently<T>(mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..500 {
        if let Some(done) = attempt() {
            return Some(done);
        }
        thread::sleep(Duration::from_millis(1));
    }
    None
}
