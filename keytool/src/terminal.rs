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
use tpm::HINT;

use crate::cli::NAME;
use crate::error::Error;
use crate::exit::Exit;
use crate::ffi::settings::Settings;

mod progress;

pub(crate) use progress::Progress;

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
/// stdout cannot be written; a reader that has gone away (`| head`) is one too, so that nobody takes for success what nobody saw.
pub(crate) fn result(text: impl fmt::Display) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(Error::output)
}

/// Secret bytes as they are, past the buffer of stdout, which would keep a copy.
///
/// # Errors
/// As [`result`].
pub(crate) fn data(bytes: &[u8]) -> Result<(), Error> {
    let stdout = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    stdout.and_then(|mut out| out.write_all(bytes)).map_err(Error::output)
}

/// Something that the user should know although all went well.
pub(crate) fn notice(text: impl fmt::Display) {
    told(format_args!("{}: {text}\n", name()));
}

/// Asks on the terminal; none where there is nobody to ask. Everything but y is no.
pub(crate) fn confirm(question: impl fmt::Display) -> Option<bool> {
    let stdin = io::stdin();
    if !stdin.is_terminal() || !io::stderr().is_terminal() {
        return None;
    }
    if let Some(settings) = Settings::now() {
        settings.drop_typed();
    }
    told(format_args!("{question} [y/N] "));
    let mut answer = String::new();
    stdin.read_line(&mut answer).ok()?;
    Some(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// Tells a failure: a cause line, an advice line.
pub(crate) fn failure(error: &Error) -> ExitCode {
    let name = name();
    match (error, error.advice()) {
        (Error::Unread | Error::Told(_), _) => {}
        (_, Some(advice)) => told(format_args!("{name}: {error}\n  {HINT} {advice}\n")),
        (_, None) => told(format_args!("{name}: {error}\n")),
    }
    error.exit().into()
}

/// stderr may be closed, or a pipe that nobody reads: there is nobody left to tell then.
fn told(text: fmt::Arguments<'_>) {
    let _ = io::stderr().lock().write_fmt(text);
}

/// Prints what clap has to say: help and version on stdout, a wrong use on stderr.
pub(crate) fn usage(answer: &clap::Error) -> ExitCode {
    // Not before the help that a call without any word gets.
    if answer.use_stderr() && answer.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        told(format_args!("{}: ", name()));
    }
    match (answer.use_stderr(), answer.print()) {
        (false, Ok(())) => ExitCode::SUCCESS,
        (false, Err(source)) => failure(&Error::output(source)),
        (true, _) => Exit::USAGE.into(),
    }
}
