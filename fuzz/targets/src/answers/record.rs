//! The recorded answers of a real TPM to the operations, and the key files that it created for them.
//!
//! `cargo run -p tpm2-provider-fuzz-targets --example record` writes `recorded.txt`.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use keyfile::KeyFile;
use tpm::{Config, Deadline, Error, Protection, Tpm, Transport};

use super::operations::OPERATIONS;

/// Key files by name, and answers by command code and tag.
pub(super) struct Recorded {
    files: Vec<(String, KeyFile)>,
    answers: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Recorded {
    /// Returns the answers to a command: those with the same command code and tag.
    pub(super) fn answers(&self, command: &[u8]) -> Vec<&[u8]> {
        let is_of =
            |(code, answer): &&(Vec<u8>, Vec<u8>)| code[..] == command[6..10] && answer[..2] == command[..2];
        self.answers.iter().filter(is_of).map(|(_, answer)| &answer[..]).collect()
    }

    pub(super) fn file(&self, name: &str) -> KeyFile {
        let found = self.files.iter().find(|(other, _)| other == name);
        found.map(|(_, file)| file.clone()).expect("a file that was recorded")
    }

    fn parse(text: &str) -> Self {
        let mut recorded = Self { files: Vec::new(), answers: Vec::new() };
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split(' ');
            let mut word = || words.next().expect("three words");
            match (word(), word(), word()) {
                ("file", name, der) => {
                    let file = KeyFile::parse(&hex::decode(der).expect("hexadecimal")).expect("a sound file");
                    recorded.files.push((name.to_owned(), file));
                }
                (_, code, answer) => {
                    let bytes = |text: &str| hex::decode(text).expect("hexadecimal");
                    recorded.answers.push((bytes(code), bytes(answer)));
                }
            }
        }
        recorded
    }
}

/// Returns the recording; during a recording, only the key files.
pub(super) fn recorded() -> &'static Recorded {
    RECORDED.get_or_init(|| Recorded::parse(include_str!("recorded.txt")))
}

static RECORDED: OnceLock<Recorded> = OnceLock::new();

/// Runs every operation with these key files on the TPM at `tcti`, without and with a session, and returns the text of `recorded.txt`.
///
/// # Panics
/// If an operation fails, or if this process has recorded before.
pub fn record(files: &[(&str, KeyFile)], tcti: &str) -> String {
    let mut text = String::from("# Answers of swtpm: see record.rs\n");
    for (name, file) in files {
        let _ = writeln!(text, "file {name} {}", hex::encode(file.to_der().expect("a sound file")));
    }
    assert!(RECORDED.set(Recorded::parse(&text)).is_ok(), "nothing was recorded before");
    let answers = Arc::new(Mutex::new(Vec::<String>::new()));
    for session in [Protection::Password, Protection::Hmac] {
        for (name, operation) in OPERATIONS {
            let (heard, tcti) = (Arc::clone(&answers), tcti.to_owned());
            let open = move |deadline| {
                let (to, answers) = (tpm::open(Some(&tcti), deadline)?, Arc::clone(&heard));
                let recorder: Box<dyn Transport> = Box::new(Recorder { to, answers });
                Ok(recorder)
            };
            let tpm = Tpm::with_opener(Config { session, ..Config::default() }, Box::new(open));
            operation(&tpm).unwrap_or_else(|error| panic!("{name}: {error}"));
            tpm.close();
        }
    }
    for answer in answers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let _ = writeln!(text, "{answer}");
    }
    text
}

/// Writes down each successful answer.
struct Recorder {
    to: Box<dyn Transport>,
    answers: Arc<Mutex<Vec<String>>>,
}

impl Transport for Recorder {
    fn transact(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), Error> {
        self.to.transact(command, response)?;
        if response[6..10] == [0; 4] {
            let line = format!("answer {} {}", hex::encode(&command[6..10]), hex::encode(response));
            let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
            // A few answers per command and length are enough.
            let alike = |other: &&String| other[..20] == line[..20] && other.len() == line.len();
            if answers.iter().filter(alike).count() < 3 {
                answers.push(line);
            }
        }
        Ok(())
    }

    fn wait_until(&mut self, deadline: Deadline) {
        self.to.wait_until(deadline);
    }

    fn is_simulator(&self) -> bool {
        true
    }

    fn forget(self: Box<Self>) {}
}
