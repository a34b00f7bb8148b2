//! The trace: `TPM2_TRACE=1` writes to standard error, `TPM2_TRACE=FILE` appends to a file. It contains no secrets.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::process;
use std::sync::OnceLock;

use crate::ffi;

enum Sink {
    StandardError,
    File(File),
}

/// Returns true if the trace is enabled. The environment is read once.
pub fn enabled() -> bool {
    sink().is_some()
}

/// Writes one line, preceded by the process id.
pub fn line(text: fmt::Arguments<'_>) {
    let Some(sink) = sink() else { return };
    // One write, so that lines of several processes do not mix. Errors are ignored: there is no caller to report them to.
    let line = format!("tpm2[{}]: {text}\n", process::id());
    let _ = match sink {
        Sink::StandardError => io::stderr().write_all(line.as_bytes()),
        Sink::File(file) => { file }.write_all(line.as_bytes()),
    };
}

fn sink() -> Option<&'static Sink> {
    static SINK: OnceLock<Option<Sink>> = OnceLock::new();
    SINK.get_or_init(|| {
        let value = ffi::environment("TPM2_TRACE")?;
        match value.to_str() {
            Some("" | "0") => None,
            Some("1") => Some(Sink::StandardError),
            _ => OpenOptions::new().create(true).append(true).open(value).ok().map(Sink::File),
        }
    })
    .as_ref()
}
