//! Children that die with us, and runs with a time limit.
//!
//! PR_SET_PDEATHSIG looks at the thread that spawned, not at its process, and a test is a thread: therefore one thread
//! of this process, which never ends, spawns all children.
use std::fmt;
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, OnceLock, mpsc};
use std::time::{Duration, Instant};

use crate::ffi;

/// How long a run may take when nothing else is said. A hang is a failure.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The processor time that this process has used so far, of all its threads.
///
/// # Panics
/// Never: a process's time is not negative.
#[must_use]
pub fn cpu_time() -> Duration {
    let time = ffi::process_cpu_time();
    Duration::new(
        u64::try_from(time.tv_sec).expect("not negative"),
        u32::try_from(time.tv_nsec).expect("below a second"),
    )
}

/// A running child; ended with its whole process group when dropped.
pub struct Process {
    child: Child,
    line: String,
}

impl Process {
    /// Starts the command in a session of its own.
    ///
    /// # Panics
    /// When the program cannot be started.
    #[must_use]
    pub fn spawn(command: Command) -> Self {
        let line = command_line(&command);
        let child = spawn(command).unwrap_or_else(|e| panic!("cannot start `{line}`: {e}; run scripts/deps"));
        Self { child, line }
    }

    /// The process id, which is also the id of the process group.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Standard input, output and error as the command asked for them.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The exit status, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("wait for our own child")
    }

    /// Waits until it ends by itself.
    ///
    /// # Panics
    /// When it is still running after `limit`; it is killed then.
    pub fn wait(&mut self, limit: Duration) -> ExitStatus {
        self.wait_for(limit).unwrap_or_else(|| panic!("`{}` still ran after {limit:?}: hung", self.line))
    }

    /// Waits until it ends by itself; `None` when the time is over: it was killed.
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
            // A moment longer than what is left, since poll(2) counts whole milliseconds.
            ffi::await_end(self.id(), limit.saturating_sub(start.elapsed()) + Duration::from_millis(1));
        }
    }

    /// Sends a signal to the process alone.
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

/// What a finished run left.
pub struct Output {
    /// The command, ready to be pasted into a shell.
    pub line: String,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// `None` when the time limit was reached.
    pub status: Option<ExitStatus>,
}

impl Output {
    /// Whether it ended with status 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.status.is_some_and(|s| s.success())
    }

    /// Standard output as text.
    #[must_use]
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text.
    #[must_use]
    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    /// Itself, after it is certain that the run succeeded.
    ///
    /// # Panics
    /// When it did not; the message holds the command and everything it printed.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!(self.success(), "should have succeeded:\n{self}");
        self
    }

    /// Itself, after it is certain that the run ended with a status other than 0, neither by a signal nor by the limit.
    ///
    /// # Panics
    /// When it succeeded, crashed or hung.
    #[track_caller]
    pub fn failed(self) -> Self {
        let code = self.status.and_then(|s| s.code());
        assert!(code.is_some_and(|c| c != 0), "should have failed with an exit status:\n{self}");
        self
    }

    /// Itself, after it is certain that the text stands in standard output or standard error.
    ///
    /// # Panics
    /// When it does not.
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
/// When the program cannot be started.
#[must_use]
pub fn run(mut command: Command, input: &[u8], limit: Duration) -> Output {
    // Files, not pipes: a grandchild that keeps a pipe open must not make us wait.
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

/// The command as a line for a shell: what differs in its environment, the program, the arguments.
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

/// Quotes a word for sh where it needs that.
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
    fn a_run_gives_what_was_printed_and_the_status() {
        let output = run(shell("cat; echo two >&2; exit 3"), b"one", LIMIT).failed();
        assert_eq!((output.out().as_str(), output.err().as_str()), ("one", "two\n"));
    }

    #[test]
    fn a_hang_is_killed_with_its_grandchildren() {
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
    fn a_child_outlives_the_thread_that_asked_for_it() {
        let mut process = std::thread::spawn(|| Process::spawn(shell("sleep 77"))).join().unwrap();
        std::thread::sleep(Duration::from_millis(50));
        assert!(process.ended().is_none());
    }

    #[test]
    fn a_command_line_can_be_pasted() {
        let mut command = shell("echo \"$A\" 'b c'");
        command.env("A", "x y");
        assert_eq!(run(shell(&command_line(&command)), b"", LIMIT).ok().out(), "x y b c\n");
    }
}
