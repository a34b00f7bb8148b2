//! Flushes loaded objects at exit with a handler of our own: OpenSSL 4.0 does not unload providers at exit.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

use super::generation::Generation;
use crate::ffi;

static GENERATIONS: Mutex<Vec<Weak<Generation>>> = Mutex::new(Vec::new());

static EXITING: AtomicBool = AtomicBool::new(false);

/// Returns true as soon as connections are closed because the process exits: a thread should not begin another operation.
#[must_use]
pub fn is_exiting() -> bool {
    EXITING.load(Ordering::SeqCst)
}

/// Registers the generation's connection to be closed at exit.
pub(crate) fn close_at_exit(generation: &Arc<Generation>) {
    ffi::at_exit(close_all);
    // Does not wait: in a forked child, a thread that does not exist there may hold the lock. A generation missed here is left to the
    // TPM's resource manager.
    if let Some(mut generations) = retry_briefly(|| GENERATIONS.try_lock().ok()) {
        generations.retain(|generation| generation.strong_count() > 0);
        generations.push(Arc::downgrade(generation));
    }
}

fn close_all() {
    EXITING.store(true, Ordering::SeqCst);
    let Some(generations) = retry_briefly(|| GENERATIONS.try_lock().ok())
        .map(|mut generations| std::mem::take(&mut *generations))
    else {
        return;
    };
    for generation in
        generations.iter().filter_map(Weak::upgrade).filter(|generation| generation.is_current())
    {
        // Another thread may be in a command; exit(3) does not stop it.
        retry_briefly(|| generation.try_close().then_some(()));
    }
}

fn retry_briefly<T>(mut attempt: impl FnMut() -> Option<T>) -> Option<T> {
    for _ in 0..500 {
        if let Some(done) = attempt() {
            return Some(done);
        }
        thread::sleep(Duration::from_millis(1));
    }
    None
}
