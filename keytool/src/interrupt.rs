//! Handling of Ctrl-C: the TPM finishes its command, its objects are flushed, and no file is written.
//!
//! Without a resource manager, a process killed during a TPM command leaves its keys in the TPM's three object slots. So a thread waits for
//! SIGINT, SIGTERM and SIGHUP. A signal ends the process at once, unless a `Deferred` exists: then the first signal only sets a flag, and the
//! second one ends the process. If a prompt is open, the settings of the terminal are restored first.

use std::process;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::error::Error;
use crate::ffi::settings::Settings;
use crate::ffi::signals::Signals;
use crate::{output, terminal};

static DEFERRED: AtomicBool = AtomicBool::new(false);
static SIGNAL: AtomicI32 = AtomicI32::new(0);
static WARNING: Mutex<Option<String>> = Mutex::new(None);
static TERMINAL: Mutex<Option<Settings>> = Mutex::new(None);

/// Starts the thread that waits for signals. Must be called once, before any other thread is started.
///
/// # Errors
/// The system cannot start a thread.
pub(crate) fn start() -> Result<(), Error> {
    let failed = |source| {
        Error::request(format!("cannot wait for signals: {source}"), "try again when the system is less busy")
    };
    let signals = Signals::block(&[libc::SIGINT, libc::SIGTERM, libc::SIGHUP]).map_err(failed)?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || listen(&signals)).map_err(failed)?;
    Ok(())
}

/// Delays signals while it exists. Held while the TPM holds objects of this process.
pub(crate) struct Deferred;

impl Deferred {
    /// Begins to delay signals.
    pub(crate) fn start() -> Self {
        DEFERRED.store(true, Ordering::SeqCst);
        Deferred
    }

    /// Checks between two steps whether a signal was received.
    ///
    /// # Errors
    /// A signal was received.
    pub(crate) fn check(&self) -> Result<(), Error> {
        match SIGNAL.load(Ordering::SeqCst) {
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

/// Has the user warned of what is left in the TPM, if a repeated signal ends the process while it exists.
pub(crate) struct Warning;

impl Warning {
    /// Sets the text of the warning.
    pub(crate) fn start(text: String) -> Self {
        *warning() = Some(text);
        Warning
    }
}

impl Drop for Warning {
    fn drop(&mut self) {
        *warning() = None;
    }
}

fn warning() -> MutexGuard<'static, Option<String>> {
    WARNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps the echo of the terminal off while it exists: a password is being asked for.
pub(crate) struct Prompt;

impl Prompt {
    /// Switches the echo off. The settings are restored when this value is dropped or the process ends. Must be called before the prompt
    /// is printed, because the user may type at once.
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
            settings.restore_after_answer();
        }
    }
}

/// Returns the settings of the terminal from before the open prompt, if there is one.
fn before_prompt() -> MutexGuard<'static, Option<Settings>> {
    TERMINAL.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen(signals: &Signals) {
    while let Ok(signal) = signals.wait() {
        let first = SIGNAL.swap(signal, Ordering::SeqCst) == 0;
        if DEFERRED.load(Ordering::SeqCst) && first {
            terminal::notice("stopping when the TPM has answered; repeat to stop at once");
            continue;
        }
        let _writing = output::lock();
        if let Some(text) = warning().as_deref() {
            terminal::notice(text);
        }
        // Held until the process ends, so that no prompt begins.
        let prompt = before_prompt();
        match prompt.as_ref() {
            Some(settings) => settings.end(128 + signal),
            None => process::exit(128 + signal),
        }
    }
}
