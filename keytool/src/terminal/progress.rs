//! A progress line on the terminal while the TPM works.

use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::to_stderr;

/// The time before the line appears, and between its updates.
const TICK: Duration = Duration::from_secs(1);

/// Shows a line with the seconds after the first second. The line is erased when this value is dropped. If stderr is not a terminal, there is
/// no line.
pub(crate) struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

impl Progress {
    /// Starts the line. `text` describes the work.
    pub(crate) fn start(text: impl fmt::Display) -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let (stop, stopped) = mpsc::channel();
        let text = text.to_string();
        let show = move || {
            let mut seconds = 0;
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                seconds += 1;
                to_stderr(format_args!("\r{text} … {seconds} s"));
            }
            if seconds > 0 {
                to_stderr(format_args!("\r\x1b[K"));
            }
        };
        // If no thread can be started, the work goes on without a line.
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(show);
        Self(thread.ok().map(|thread| (stop, thread)))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.0.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}
