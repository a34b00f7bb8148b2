//! The trace: `TPM2_TRACE=1` writes to standard error, `TPM2_TRACE=FILE` appends to a file. Never a secret.

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

/// Whether somebody listens. Asked of the environment once.
pub fn enabled() -> bool {
    sink().is_some()
}

/// Writes one line, with the process in front of it.
pub fn line(text: fmt::Arguments<'_>) {
    let Some(sink) = sink() else { return };
    // One write, so that lines of several processes do not mix. Nobody can be told when it fails.
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
