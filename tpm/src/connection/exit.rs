//! What happens when the process ends: OpenSSL 4.0 tears nothing down, so what is loaded is flushed by a handler of ours.

use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::Duration;

use super::generation::Generation;
use crate::ffi;

static GENERATIONS: Mutex<Vec<Weak<Generation>>> = Mutex::new(Vec::new());

/// Has the generation's connection closed at exit.
pub(crate) fn close_at_exit(generation: &Arc<Generation>) {
    ffi::at_exit(close_all);
    // Never waits: in a forked child the lock may be held by a thread that is not there. A generation that is missed here is only left to
    // the TPM's resource manager.
    if let Some(mut generations) = retry_briefly(|| GENERATIONS.try_lock().ok()) {
        generations.retain(|generation| generation.strong_count() > 0);
        generations.push(Arc::downgrade(generation));
    }
}

fn close_all() {
    let Some(generations) = retry_briefly(|| GENERATIONS.try_lock().ok())
        .map(|mut generations| std::mem::take(&mut *generations))
    else {
        return;
    };
    for generation in
        generations.iter().filter_map(Weak::upgrade).filter(|generation| generation.is_current())
    {
        // Another thread may be in the middle of a command; exit(3) does not stop it.
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
