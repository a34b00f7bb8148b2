//! Ctrl-C in the middle: the TPM finishes its command, what it made is flushed, and no file is left.
//!
//! A process killed while a bare TPM works leaves its keys in the TPM's three places. So SIGINT, SIGTERM and SIGHUP are taken by a thread:
//! while nothing is under way they end the process at once; within `Deferred` the first one only sets a flag, the second ends it. A prompt
//! that is ended so leaves the terminal as it was.

use std::process;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::error::Error;
use crate::ffi::settings::Settings;
use crate::ffi::signals::Signals;
use crate::{output, terminal};

static DEFERRED: AtomicBool = AtomicBool::new(false);
static ASKED: AtomicI32 = AtomicI32::new(0);
static TERMINAL: Mutex<Option<Settings>> = Mutex::new(None);

/// Takes the signals from here on; called once, before any other thread.
///
/// # Errors
/// The system has no thread to spare.
pub(crate) fn hold() -> Result<(), Error> {
    let failed = |source| {
        Error::request(format!("cannot wait for signals: {source}"), "try again when the system is less busy")
    };
    let signals = Signals::block(&[libc::SIGINT, libc::SIGTERM, libc::SIGHUP]).map_err(failed)?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || listen(&signals)).map_err(failed)?;
    Ok(())
}

/// While it lives, the TPM holds something of ours.
pub(crate) struct Deferred;

impl Deferred {
    /// From here on a signal waits.
    pub(crate) fn start() -> Self {
        DEFERRED.store(true, Ordering::SeqCst);
        Deferred
    }

    /// Between two steps: whether to go on.
    ///
    /// # Errors
    /// Somebody asked to stop.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match ASKED.load(Ordering::SeqCst) {
            0 => Ok(()),
            signal => Err(Error::Interrupted(signal)),
        }
    }
}

impl Drop for Deferred {
    fn drop(&mut self) {
        DEFERRED.store(false, Ordering::SeqCst);
    }
}

/// While it lives, somebody is asked on the terminal, whose settings are others.
pub(crate) struct Prompt;

impl Prompt {
    /// From here on nothing is echoed, and the end of the process restores the settings. Comes before the prompt is on the screen: who
    /// answers at once must not be seen.
    pub(crate) fn start() -> Self {
        let mut settings = before_prompt();
        *settings = Settings::now();
        if let Some(settings) = settings.as_ref() {
            settings.silence();
        }
        Prompt
    }
}

impl Drop for Prompt {
    fn drop(&mut self) {
        if let Some(settings) = before_prompt().take() {
            settings.put_back();
        }
    }
}

/// The terminal's settings, while somebody is asked.
fn before_prompt() -> MutexGuard<'static, Option<Settings>> {
    TERMINAL.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen(signals: &Signals) {
    while let Ok(signal) = signals.wait() {
        let first = ASKED.swap(signal, Ordering::SeqCst) == 0;
        if DEFERRED.load(Ordering::SeqCst) && first {
            terminal::notice("stopping when the TPM has answered; once more to stop at once");
            continue;
        }
        let _whole = output::settled();
        // Held to the end, so that no prompt begins.
        let prompt = before_prompt();
        match prompt.as_ref() {
            Some(settings) => settings.end(128 + signal),
            None => process::exit(128 + signal),
        }
    }
}
