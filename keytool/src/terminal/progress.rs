//! A line on the terminal while the TPM is slow.

use std::fmt;
use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::told;

/// What is done in less time needs no line; and how often the line changes.
const TICK: Duration = Duration::from_secs(1);

/// Shows after one second that the tool is alive, and counts the seconds. In a pipe or a log there is no line. Erased when dropped.
pub(crate) struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

impl Progress {
    /// Says what takes so long.
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
                told(format_args!("\r{text} … {seconds} s"));
            }
            if seconds > 0 {
                told(format_args!("\r\x1b[K"));
            }
        };
        // Without a thread there is no line, and the work goes on.
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
