//! A child that is asked by lines and answers each by one line.
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::process::{Process, command_line};

/// How long an answer may take. Longer than any time limit within the child, whose message says more.
const LIMIT: Duration = Duration::from_secs(120);

/// A running child; ended when dropped.
pub struct Dialog {
    process: Process,
    answers: Receiver<String>,
    line: String,
}

impl Dialog {
    /// Starts the command; its standard error goes where the command says.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let line = command_line(&command);
        let mut process = Process::spawn(command);
        let stdout = process.child().stdout.take().expect("a pipe was asked for");
        let (tell, answers) = channel();
        std::thread::spawn(move || {
            for answer in BufReader::new(stdout).lines().map_while(Result::ok) {
                if tell.send(answer).is_err() {
                    break;
                }
            }
        });
        Self { process, answers, line }
    }

    /// Asks, and gives the answer.
    ///
    /// # Panics
    /// When the child has ended, crashed, or does not answer in two minutes.
    #[track_caller]
    pub fn ask(&mut self, question: &str) -> String {
        self.tell(question);
        self.answer(question)
    }

    /// Asks something that must be answered by "ok"; gives what follows.
    ///
    /// # Panics
    /// When the answer is another, or does not come.
    #[track_caller]
    pub fn ok(&mut self, question: &str) -> String {
        let answer = self.ask(question);
        let rest = answer.strip_prefix("ok");
        rest.unwrap_or_else(|| panic!("{question}: {answer}\n$ {}", self.line)).trim().to_owned()
    }

    /// Asks it to end, and waits until it has: with status 0, its exit handlers done.
    ///
    /// # Panics
    /// When the answer is not "ok", or it ends otherwise.
    #[track_caller]
    pub fn end(&mut self, question: &str) {
        self.ok(question);
        let status = self.process.wait(LIMIT);
        assert!(status.success(), "{question}: {status}\n$ {}", self.line);
    }

    /// Asks without waiting; `answer` gives the answer later.
    ///
    /// # Panics
    /// When the child has ended.
    pub fn tell(&mut self, question: &str) {
        let stdin = self.process.child().stdin.as_mut().expect("a pipe was asked for");
        writeln!(stdin, "{question}").unwrap_or_else(|e| panic!("{question}: {e}: the program is gone"));
    }

    /// The next line that the child says.
    ///
    /// # Panics
    /// When none comes.
    #[track_caller]
    pub fn answer(&mut self, question: &str) -> String {
        self.answers.recv_timeout(LIMIT).unwrap_or_else(|e| {
            let status = self.process.wait_for(Duration::from_secs(1));
            panic!("{question}: no answer: {e}; it ended as {status:?}\n$ {}", self.line)
        })
    }

    /// The child.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}
