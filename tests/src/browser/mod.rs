//! Browsers with a home of their own, in which the PKCS#11 module is installed.
mod chromium;
mod firefox;

use crate::process::Process;
use crate::{Display, Nginx, Shell, Token};

/// A browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Browser {
    /// Chromium.
    Chromium,
    /// Firefox ESR.
    Firefox,
}

/// A running browser; it is ended with all of its processes on drop.
pub struct Visit {
    _process: Process,
    log: &'static str,
}

impl Browser {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::Chromium, Self::Firefox];

    /// Returns the name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
        }
    }

    /// Returns the title of the window in which it asks for a PIN.
    #[must_use]
    pub fn prompt(self) -> &'static str {
        match self {
            Self::Chromium => "Unlock Security Device",
            Self::Firefox => "Password Required",
        }
    }

    /// Starts the browser in a new home and opens a page of the server; on a display, or headless.
    #[must_use]
    #[track_caller]
    pub fn open(self, token: &Token, server: &Nginx, page: &str, display: Option<&Display>) -> Visit {
        let home = token.file(format!("{}-{page}", self.name()));
        let (line, log) = match self {
            Self::Chromium => (chromium::prepare(token, &home, server), "chromium.log"),
            Self::Firefox => (firefox::prepare(token, &home), "firefox.log"),
        };
        // Its policies are invisible to the system, and all of its processes end with the first.
        let shell = Shell::clone(token).env("HOME", &home);
        let shell = shell.in_mount_namespace("--pid --fork --kill-child --mount-proc");
        let (shell, headless) = match (display, self) {
            (Some(display), _) => (shell.env("DISPLAY", display.name()), ""),
            (None, Self::Chromium) => (shell, "--headless=new"),
            (None, Self::Firefox) => (shell, "--headless"),
        };
        Visit { _process: shell.spawn(&format!("{line} {headless} {}", server.url(page)), log), log }
    }
}

/// Returns the first of these programs that is installed; distributions differ in the name.
///
/// # Panics
/// If none is.
#[track_caller]
fn installed(shell: &Shell, names: [&'static str; 2]) -> &'static str {
    let found = names.into_iter().find(|name| shell.run(&format!("sh -c 'command -v {name}'")).success());
    found.unwrap_or_else(|| panic!("{} is missing: run `scripts/deps test`", names[0]))
}

impl Visit {
    /// Returns the name of the file with the browser's messages.
    #[must_use]
    pub fn log(&self) -> &'static str {
        self.log
    }
}
