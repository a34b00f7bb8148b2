//! Everything that this program prints: results on stdout, the rest on stderr.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;
use std::sync::OnceLock;

use clap::error::ErrorKind;

use crate::cli::NAME;
use crate::error::Error;

/// The name that this program was called by, which its errors begin with.
static CALLED: OnceLock<String> = OnceLock::new();

/// Takes the name from the first word of the command line.
pub(crate) fn introduce(called: Option<OsString>) {
    let called = called.unwrap_or_default();
    let name = Path::new(&called).file_name().unwrap_or_default().to_string_lossy();
    let plain: String = name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if !plain.is_empty() {
        let _ = CALLED.set(plain);
    }
}

fn name() -> &'static str {
    CALLED.get().map_or(NAME, String::as_str)
}

/// One line, or several, of the result.
///
/// # Errors
/// stdout cannot be written; a reader that has gone away (`| head`) is one too, so that no success is told that nobody saw.
pub(crate) fn result(text: impl fmt::Display) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|source| Error::write("stdout".as_ref(), source))
}

/// Secret octets as they are, past the buffer of stdout, which would keep a copy.
///
/// # Errors
/// As [`result`].
pub(crate) fn data(octets: &[u8]) -> Result<(), Error> {
    let stdout = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    stdout.and_then(|mut out| out.write_all(octets)).map_err(|source| Error::write("stdout".as_ref(), source))
}

/// Something that the user should know although all went well.
pub(crate) fn notice(text: impl fmt::Display) {
    eprintln!("{}: {text}", name());
}

/// Tells a failure: a cause line, an advice line.
pub(crate) fn failure(error: &Error) -> ExitCode {
    eprintln!("{}: {error}", name());
    if let Some(advice) = error.advice() {
        eprintln!("  what to do: {advice}");
    }
    match error {
        // As a shell reports a program that the signal ended.
        Error::Interrupted(signal) => ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX)),
        _ => ExitCode::FAILURE,
    }
}

/// Prints what clap has to say: help and version on stdout, a wrong use on stderr.
pub(crate) fn usage(answer: &clap::Error) -> ExitCode {
    // Not before the help that a call without any word gets.
    if answer.use_stderr() && answer.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        eprint!("{}: ", name());
    }
    let told = answer.print();
    match (answer.use_stderr(), told) {
        (false, Ok(())) => ExitCode::SUCCESS,
        (false, Err(_)) => ExitCode::FAILURE,
        (true, _) => ExitCode::from(2),
    }
}

/// A line on the terminal while something slow runs; erased when dropped. In a pipe or a log there is none.
pub(crate) struct Progress {
    shown: bool,
}

impl Progress {
    /// Says what takes so long.
    pub(crate) fn start(text: impl fmt::Display) -> Self {
        let shown = io::stderr().is_terminal();
        if shown {
            eprint!("{text} …");
        }
        Progress { shown }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            eprint!("\r\x1b[K");
        }
    }
}
