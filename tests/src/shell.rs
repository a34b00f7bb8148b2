//! A working folder, a clean environment, and programs that run in it by command lines as a user types them.
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crate::Scratch;
use crate::process::{LIMIT, Output, Process, command_line, run};

/// Runs commands in a temporary folder. Of the caller's environment they inherit only PATH.
///
/// A clone works in the same folder with an environment of its own.
#[derive(Clone)]
pub struct Shell {
    scratch: Arc<Scratch>,
    environment: Vec<(String, OsString)>,
    limit: Duration,
    wrapper: Vec<String>,
}

impl Shell {
    /// Creates a shell in a new folder.
    ///
    /// # Panics
    /// If the system has no room for the folder.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let scratch = Arc::new(Scratch::new(name));
        Self { scratch, environment: Vec::new(), limit: LIMIT, wrapper: Vec::new() }
    }

    /// Returns a shell in the same folder with the initial environment.
    #[must_use]
    pub fn beside(&self) -> Self {
        Self {
            scratch: self.scratch.clone(),
            environment: Vec::new(),
            limit: self.limit,
            wrapper: Vec::new(),
        }
    }

    /// Sets an environment variable; the last value of a name counts.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Removes an environment variable that was set.
    #[must_use]
    pub fn unset(mut self, name: &str) -> Self {
        self.environment.retain(|(set, _)| set != name);
        self
    }

    /// Sets another time limit for each run.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Puts words before each command: `valgrind -q`, `strace -f`.
    #[must_use]
    pub fn under(mut self, wrapper: &str) -> Self {
        self.wrapper = words(wrapper);
        self
    }

    /// Runs each command in a mount namespace, in which `mount --bind` changes what only this command sees; `options` of unshare(1) add
    /// other namespaces.
    #[must_use]
    #[track_caller]
    pub fn in_mount_namespace(self, options: &str) -> Self {
        let user = self.ok("id -u").out();
        let map = if user.trim() == "0" { "" } else { "--map-root-user" };
        self.under(&format!("unshare --mount {options} {map}"))
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// Returns the path of a file in the folder.
    #[must_use]
    pub fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.scratch.file(name)
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> PathBuf {
        self.scratch.write(name, contents)
    }

    /// Writes a program, a script or an executable file, into the folder.
    ///
    /// A process without threads writes it. Otherwise a process that another test starts meanwhile could inherit the open file, and
    /// execve(2) fails with ETXTBSY while any process has it open for writing.
    ///
    /// # Panics
    /// If the disk is full.
    pub fn program(&self, name: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.file(name);
        let mut install = Command::new("install");
        install.args(["-m", "755", "/dev/stdin"]).arg(&path);
        run(install, contents.as_ref(), LIMIT).ok();
        path
    }

    /// Reads a file in the folder.
    #[must_use]
    #[track_caller]
    pub fn read(&self, name: impl AsRef<Path>) -> Vec<u8> {
        self.scratch.read(name)
    }

    /// Returns the command for a line: words are split at blanks, quotes work as in sh; there are no variables and no globs.
    ///
    /// # Panics
    /// If the line is empty or a quote is not closed.
    #[must_use]
    pub fn command(&self, line: &str) -> Command {
        let mut all = self.wrapper.clone();
        all.extend(words(line));
        let mut command = Command::new(&all[0]);
        command.args(&all[1..]).current_dir(self.folder()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        // HOME is this folder: no ~/.rnd, no ~/.tpm2_pkcs11, no user configuration.
        command.env("HOME", self.folder()).env("LC_ALL", "C");
        // Hides the system's root certificates: `openssl x509 -req` and other commands read all of them at each start, which takes 50 ms.
        command.env("SSL_CERT_FILE", self.file("no-roots.pem"));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a line to its end.
    #[must_use]
    pub fn run(&self, line: &str) -> Output {
        self.pipe(line, b"")
    }

    /// Runs a line to its end with `input` as its standard input.
    #[must_use]
    pub fn pipe(&self, line: &str, input: impl AsRef<[u8]>) -> Output {
        let command = self.command(line);
        self.scratch.note(command_line(&command));
        run(command, input.as_ref(), self.limit)
    }

    /// Runs a line, which must succeed.
    #[track_caller]
    pub fn ok(&self, line: &str) -> Output {
        self.run(line).ok()
    }

    /// Runs a line, which must fail with an exit status; a crash or a hang does not count.
    #[track_caller]
    pub fn failed(&self, line: &str) -> Output {
        self.run(line).failed()
    }

    /// Starts a line that keeps running, with its output in the file `log`.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn spawn(&self, line: &str, log: &str) -> Process {
        let file = File::create(self.file(log)).expect("a log file");
        let mut command = self.command(line);
        command.stdin(Stdio::null()).stdout(file.try_clone().expect("dup")).stderr(file);
        self.scratch.note(format!("{} >{log} 2>&1 &", command_line(&command)));
        Process::spawn(command)
    }

    /// Returns a file in the folder as text; empty if it does not exist.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        std::fs::read(self.file(name))
            .map_or_else(|_| String::new(), |o| String::from_utf8_lossy(&o).into_owned())
    }
}

/// Splits a line into words, at blanks outside quotes.
fn words(line: &str) -> Vec<String> {
    let (mut all, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => all.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    assert!(quote.is_none(), "an open quote: {line}");
    all.extend(word);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_is_split_as_in_sh() {
        assert_eq!(words("a  'b c' d\"e f\"g ''"), ["a", "b c", "de fg", ""]);
    }

    #[test]
    fn commands_share_a_folder_and_a_clean_environment() {
        let shell = Shell::new("shell").env("A", "1");
        shell.write("in", "x");
        assert_eq!(shell.ok("cat in").out(), "x");
        let environment = shell.ok("env").out();
        assert!(environment.contains("A=1") && !environment.contains("CARGO"), "{environment}");
        assert!(!shell.beside().ok("env").out().contains("A=1"));
        shell.failed("false");
    }
}
