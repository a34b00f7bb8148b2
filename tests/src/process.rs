//! Children that end with this process, and runs with a time limit.
//!
//! PR_SET_PDEATHSIG depends on the thread that spawns, not on its process, and a test is a thread. Therefore one thread of this process,
//! which never ends, spawns all children.
use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::{Duration, Instant};

use crate::ffi;

/// The default time limit of a run. A hang is a failure.
pub const LIMIT: Duration = Duration::from_secs(60);

/// Returns the processor time that all threads of this process have used.
///
/// # Panics
/// Never: the time of a process is not negative.
#[must_use]
pub fn cpu_time() -> Duration {
    let time = ffi::process_cpu_time();
    Duration::new(
        u64::try_from(time.tv_sec).expect("not negative"),
        u32::try_from(time.tv_nsec).expect("below a second"),
    )
}

/// A running child; it is ended with its whole process group on drop.
pub struct Process {
    child: Child,
    line: String,
}

impl Process {
    /// Starts the command in a session of its own.
    ///
    /// # Panics
    /// If the program cannot be started.
    #[must_use]
    pub fn spawn(command: Command) -> Self {
        let line = command_line(&command);
        let child = spawn(command).unwrap_or_else(|e| panic!("cannot start `{line}`: {e}; run scripts/deps"));
        Self { child, line }
    }

    /// Returns the process id, which is also the id of the process group.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the child, with standard input, output and error as the command requested them.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Returns the exit status if the child has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("wait for our own child")
    }

    /// Waits until the child ends.
    ///
    /// # Panics
    /// If it still runs after `limit`; it is then killed.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        self.wait_for(limit).unwrap_or_else(|| panic!("`{}` still ran after {limit:?}: hung", self.line))
    }

    /// Waits until the child ends. Returns `None` if the limit was reached; the child was then killed.
    pub fn wait_for(&mut self, limit: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return Some(status);
            }
            if start.elapsed() > limit {
                self.kill();
                return None;
            }
            // Slightly longer than the rest, because poll(2) counts whole milliseconds.
            ffi::await_end(self.id(), limit.saturating_sub(start.elapsed()) + Duration::from_millis(1));
        }
    }

    /// Sends a signal to the process, not to its group.
    pub fn signal(&self, signal: i32) {
        ffi::kill(i32::try_from(self.id()).expect("a pid"), signal);
    }

    /// Kills the whole process group and reaps the child.
    pub fn kill(&mut self) {
        if self.ended().is_none() {
            ffi::kill(-i32::try_from(self.id()).expect("a pid"), libc::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The result of a finished run.
pub struct Output {
    /// The command, ready to paste into a shell.
    pub line: String,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// The exit status; `None` if the time limit was reached.
    pub status: Option<ExitStatus>,
}

impl Output {
    /// Returns true if it ended with status 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.status.is_some_and(|s| s.success())
    }

    /// Returns the exit status as a number; `None` if a signal ended it, or the time limit.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }

    /// Returns standard output as text.
    #[must_use]
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Returns standard error as text.
    #[must_use]
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Asserts that the run succeeded.
    ///
    /// # Panics
    /// If it did not; the message contains the command and everything it printed.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(self.success(), "should have succeeded:\n{self}");
        self
    }

    /// Asserts that the run ended with a status other than 0, and not by a signal or the limit.
    ///
    /// # Panics
    /// If it succeeded, crashed or hung.
    #[track_caller]
    pub fn failed(self) -> Self {
        assert!(self.code().is_some_and(|code| code != 0), "should have failed with an exit status:\n{self}");
        self
    }

    /// Asserts that standard output or standard error contains the text.
    ///
    /// # Panics
    /// If neither does.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(self.out().contains(text) || self.err().contains(text), "should say {text:?}:\n{self}");
        self
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.map_or("hung: killed at the time limit".to_owned(), |s| s.to_string());
        writeln!(
            f,
            "$ {}\n{status}\n--- stdout\n{}\n--- stderr\n{}",
            self.line,
            self.out().trim_end(),
            self.err().trim_end()
        )
    }
}

/// Runs the command to its end, or to the limit, with `input` as its standard input.
///
/// # Panics
/// If the program cannot be started.
#[must_use]
pub fn run(mut command: Command, input: &[u8], limit: Duration) -> Output {
    // Files instead of pipes: a grandchild that keeps a pipe open must not make us wait.
    let (stdin, mut stdout, mut stderr) = (file(input), file(b""), file(b""));
    command.stdin(stdin).stdout(stdout.try_clone().expect("dup")).stderr(stderr.try_clone().expect("dup"));
    let mut process = Process::spawn(command);
    let status = process.wait_for(limit);
    Output {
        line: process.line.clone(),
        stdout: contents(&mut stdout),
        stderr: contents(&mut stderr),
        status,
    }
}

/// Returns the command as a shell line: the changes of its environment, the program, the arguments.
#[must_use]
pub fn command_line(command: &Command) -> String {
    let mut words: Vec<String> = command
        .get_envs()
        .map(|(name, value)| match value {
            Some(value) => format!("{}={}", name.to_string_lossy(), quote(&value.to_string_lossy())),
            None => format!("{}=", name.to_string_lossy()),
        })
        .collect();
    words.push(quote(&command.get_program().to_string_lossy()));
    words.extend(command.get_args().map(|a| quote(&a.to_string_lossy())));
    match command.get_current_dir() {
        Some(folder) => format!("cd {} && {}", quote(&folder.to_string_lossy()), words.join(" ")),
        None => words.join(" "),
    }
}

/// Quotes a word for sh if necessary.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

fn file(contents: &[u8]) -> File {
    let mut file = tempfile::tempfile().expect("a temporary file");
    file.write_all(contents).expect("write a temporary file");
    file.rewind().expect("rewind a temporary file");
    file
}

fn contents(file: &mut File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().expect("rewind a temporary file");
    file.read_to_end(&mut bytes).expect("read a temporary file");
    bytes
}

type Order = (Command, mpsc::Sender<std::io::Result<Child>>);

fn spawn(command: Command) -> std::io::Result<Child> {
    static SPAWNER: OnceLock<Mutex<mpsc::Sender<Order>>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (orders, inbox) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, answer) in inbox {
                ffi::detach(&mut command);
                let _ = answer.send(command.spawn());
            }
        });
        Mutex::new(orders)
    });
    let (answer, result) = mpsc::channel();
    spawner.lock().expect("the spawner").send((command, answer)).expect("the spawner lives");
    result.recv().expect("the spawner answers")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn run_returns_output_and_status() {
        let output = run(shell("cat; echo two >&2; exit 3"), b"one", LIMIT).failed();
        assert_eq!((output.out().as_str(), output.err().as_str()), ("one", "two\n"));
    }

    #[test]
    fn hanging_process_is_killed_with_its_grandchildren() {
        let output = run(shell("sleep 77 & echo $!; wait"), b"", Duration::from_millis(300));
        assert!(output.status.is_none(), "{output}");
        let grandchild = output.out().trim().to_owned();
        // It may be a zombie for a moment, until init reaps it.
        let gone = |_| {
            std::fs::read_to_string(format!("/proc/{grandchild}/stat")).map_or(true, |s| s.contains(") Z"))
        };
        assert!((0..100).any(|i| gone(i) || {
            std::thread::sleep(Duration::from_millis(10));
            false
        }));
    }

    #[test]
    fn child_outlives_the_thread_that_requested_it() {
        let mut process = std::thread::spawn(|| Process::spawn(shell("sleep 77"))).join().unwrap();
        std::thread::sleep(Duration::from_millis(50));
        assert!(process.ended().is_none());
    }

    #[test]
    fn command_line_can_be_pasted() {
        let mut command = shell("echo \"$A\" 'b c'");
        command.env("A", "x y");
        assert_eq!(run(shell(&command_line(&command)), b"", LIMIT).ok().out(), "x y b c\n");
    }
}
