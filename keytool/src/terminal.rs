//! All output of this program: results on stdout, everything else on stderr.
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
use tpm::HINT;

use crate::cli::NAME;
use crate::error::Error;
use crate::exit::Exit;
use crate::ffi::settings::Settings;

mod progress;

pub(crate) use progress::Progress;

/// The name that this program was called by. Each error begins with it.
static CALLED: OnceLock<String> = OnceLock::new();

/// Sets the program's name from the first argument of the command line.
pub(crate) fn set_name(called: Option<OsString>) {
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

/// Prints one or more lines of the result.
///
/// # Errors
/// stdout cannot be written. A closed pipe (`| head`) is an error, too: the result was not read completely.
pub(crate) fn result(text: impl fmt::Display) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(Error::output)
}

/// Writes secret bytes to stdout without its buffer, which would keep a copy.
///
/// # Errors
/// As [`result`].
pub(crate) fn data(bytes: &[u8]) -> Result<(), Error> {
    let stdout = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    stdout.and_then(|mut out| out.write_all(bytes)).map_err(Error::output)
}

/// Prints a message that is not an error.
pub(crate) fn notice(text: impl fmt::Display) {
    to_stderr(format_args!("{}: {text}\n", name()));
}

/// Asks for confirmation on the terminal. Returns none if there is no terminal. Any answer except y and yes means no.
pub(crate) fn confirm(question: impl fmt::Display) -> Option<bool> {
    let stdin = io::stdin();
    if !stdin.is_terminal() || !io::stderr().is_terminal() {
        return None;
    }
    if let Some(settings) = Settings::now() {
        settings.drop_typed();
    }
    to_stderr(format_args!("{question} [y/N] "));
    let mut answer = String::new();
    stdin.read_line(&mut answer).ok()?;
    Some(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// Prints an error: the cause line and the hint line. Returns the exit code.
pub(crate) fn failure(error: &Error) -> ExitCode {
    let name = name();
    match (error, error.advice()) {
        (Error::OutputClosed | Error::Reported(_), _) => {}
        (_, Some(advice)) => to_stderr(format_args!("{name}: {error}\n  {HINT} {advice}\n")),
        (_, None) => to_stderr(format_args!("{name}: {error}\n")),
    }
    error.exit().into()
}

/// Writes to stderr. Errors are ignored, because there is no other way to report them.
fn to_stderr(text: fmt::Arguments<'_>) {
    let _ = io::stderr().lock().write_fmt(text);
}

/// Prints clap's answer: help and version on stdout, a wrong use on stderr.
pub(crate) fn usage(answer: &clap::Error) -> ExitCode {
    // No name before the help that a call without arguments prints.
    if answer.use_stderr() && answer.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        to_stderr(format_args!("{}: ", name()));
    }
    match (answer.use_stderr(), answer.print()) {
        (false, Ok(())) => ExitCode::SUCCESS,
        (false, Err(source)) => failure(&Error::output(source)),
        (true, _) => Exit::USAGE.into(),
    }
}
