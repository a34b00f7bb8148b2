//! Writes one line of the trace for each command, without parameters, which may be secret.

use std::time::Instant;

use super::Command;
use crate::error::Error;
use crate::trace;

pub(super) fn command(
    command: &Command<'_>,
    protection: impl FnOnce() -> String,
    sent: &[u8],
    received: &[u8],
    error: Option<&Error>,
    start: Instant,
) {
    if !trace::enabled() {
        return;
    }
    let micros = start.elapsed().as_micros();
    let handles: String = command.handles.iter().map(|entity| format!(" {}", entity.handle)).collect();
    let protection = protection();
    let answer = match error {
        None => format!("{} bytes", received.len()),
        Some(error) => match error.code() {
            Some(code) => code.to_string(),
            None => error.to_string(),
        },
    };
    trace::line(format_args!(
        "{}{handles}{protection}, {} bytes: {answer}, {micros} us",
        command.code,
        sent.len()
    ));
}
