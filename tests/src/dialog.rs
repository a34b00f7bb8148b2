//! A child process that reads questions line by line and answers each with one line.
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::process::{Process, command_line};

/// The time limit of an answer. It is longer than any time limit in the child, whose message explains more.
const LIMIT: Duration = Duration::from_secs(120);

/// A running child; it is ended on drop.
pub struct Dialog {
    process: Process,
    answers: Receiver<String>,
    line: String,
}

impl Dialog {
    /// Starts the command. The command decides where its standard error goes.
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

    /// Asks a question and returns the answer.
    ///
    /// # Panics
    /// If the child has ended, crashes, or does not answer within two minutes.
    #[track_caller]
    pub fn ask(&mut self, question: &str) -> String {
        self.send(question);
        self.answer(question)
    }

    /// Asks a question that must be answered with "ok", and returns the rest of the answer.
    ///
    /// # Panics
    /// If the answer is different or does not come.
    #[track_caller]
    pub fn ok(&mut self, question: &str) -> String {
        let answer = self.ask(question);
        let rest = answer.strip_prefix("ok");
        rest.unwrap_or_else(|| panic!("{question}: {answer}\n$ {}", self.line)).trim().to_owned()
    }

    /// Asks the child to end, and waits until it has ended with status 0 after its exit handlers.
    ///
    /// # Panics
    /// If the answer is not "ok", or if it ends in another way.
    #[track_caller]
    pub fn end(&mut self, question: &str) {
        self.ok(question);
        let status = self.process.wait(LIMIT);
        assert!(status.success(), "{question}: {status}\n$ {}", self.line);
    }

    /// Asks a question. Returns `None` if the child has ended, or does not answer within two minutes.
    pub fn try_ask(&mut self, question: &str) -> Option<String> {
        self.write(question).ok()?;
        self.answers.recv_timeout(LIMIT).ok()
    }

    /// Closes the child's standard input and waits until the child ends. After two minutes it is killed.
    pub fn close(mut self) {
        self.process.child().stdin.take();
        self.process.wait_for(LIMIT);
    }

    /// Sends a question without waiting; `answer` returns the answer later.
    ///
    /// # Panics
    /// When the child has ended.
    pub fn send(&mut self, question: &str) {
        self.write(question).unwrap_or_else(|e| panic!("{question}: {e}: the program is gone"));
    }

    /// Returns the next line that the child prints.
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

    /// Returns the child process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn write(&mut self, question: &str) -> io::Result<()> {
        let stdin = self.process.child().stdin.as_mut().expect("a pipe was asked for");
        writeln!(stdin, "{question}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Shell;

    #[test]
    fn child_that_ends_gives_no_answer_and_one_that_is_closed_ends_by_itself() {
        let shell = Shell::new("dialog");
        let start = |script: &str| Dialog::start(shell.command(&format!("sh -c '{script}'")));
        let mut dialog = start("read line; echo $line; cat; touch ended");
        assert_eq!((dialog.try_ask("a"), dialog.try_ask("b")), (Some("a".to_owned()), Some("b".to_owned())));
        dialog.close();
        assert!(shell.file("ended").exists());
        let mut dialog = start("read line; exit 1");
        assert_eq!((dialog.try_ask("a"), dialog.try_ask("b")), (None, None));
    }
}
