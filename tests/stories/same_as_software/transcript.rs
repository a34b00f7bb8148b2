//! The output of the program `c/same.c`, and how two outputs differ.
use std::collections::BTreeSet;
use std::fmt;

/// The lines of one key, in the order in which they were printed.
pub(super) struct Transcript {
    lines: Vec<Line>,
    /// Since OpenSSL 3.4 each failing call adds an error, including the software calls that a call is forwarded to.
    spare_errors: usize,
}

struct Line {
    /// The context that the calls around it share, and the call or the name of a value.
    name: String,
    answer: Answer,
}

enum Answer {
    Call {
        result: i64,
        errors: usize,
    },
    Value(String),
    /// Names of parameters, without order and duplicates.
    Names(BTreeSet<String>),
}

/// The values that are lists of names.
const LISTS: [&str; 6] = ["gettable", "settable", "verify settable", "data", "fromdata_settable", "keygen"];

impl Transcript {
    pub(super) fn read(text: &str) -> Self {
        let (mut head, mut call, mut lines) = ("", "", Vec::new());
        for line in text.lines() {
            if let Some(words) = line.strip_prefix("# ") {
                head = words;
                continue;
            }
            let (name, answer) = match line.strip_prefix("    ") {
                Some(value) => {
                    let (name, value) = value.split_once(':').expect("a value has a name");
                    (format!("{head} | {call} | {name}"), Answer::of_value(name, value.trim()))
                }
                None => {
                    let (name, answer) = Answer::of_call(line);
                    call = name;
                    (format!("{head} | {name}"), answer)
                }
            };
            lines.push(Line { name, answer });
        }
        let adds_errors = |line: &Line| {
            line.name.ends_with("OPENSSL_VERSION_PREREQ(3, 4)")
                && matches!(&line.answer, Answer::Value(value) if value == "1")
        };
        let spare_errors = usize::from(lines.iter().any(adds_errors));
        Self { lines, spare_errors }
    }

    /// The number of calls.
    pub(super) fn calls(&self) -> usize {
        self.lines.iter().filter(|line| matches!(line.answer, Answer::Call { .. })).count()
    }

    /// Returns the lines that differ, without the intended ones.
    pub(super) fn differences(&self, other: &Self, is_intended: impl Fn(&str) -> bool) -> Vec<String> {
        let pairs = self.lines.iter().zip(&other.lines);
        let parted = pairs.clone().find(|(expected, found)| expected.name != found.name);
        let mut all: Vec<String> = pairs
            .take_while(|(expected, found)| expected.name == found.name)
            .flat_map(|(expected, found)| {
                expected.answer.differences(&found.answer, &expected.name, self.spare_errors)
            })
            .filter(|line| !is_intended(line))
            .collect();
        match parted {
            Some((expected, found)) => {
                all.push(format!("they part at {}, here {}", expected.name, found.name));
            }
            None if self.lines.len() != other.lines.len() => {
                all.push(format!("{} lines, here {}", self.lines.len(), other.lines.len()));
            }
            None => {}
        }
        all
    }
}

impl Answer {
    fn of_call(line: &str) -> (&str, Self) {
        let (name, answer) = line.rsplit_once(" = ").expect("a call has a result");
        let (result, errors) = answer.split_once(", errors ").expect("a call has a number of errors");
        let number = "a result is a number";
        (name, Self::Call { result: result.parse().expect(number), errors: errors.parse().expect(number) })
    }

    fn of_value(name: &str, value: &str) -> Self {
        match LISTS.contains(&name) {
            true => Self::Names(value.split_whitespace().map(str::to_owned).collect()),
            false => Self::Value(value.to_owned()),
        }
    }

    /// Returns the differences that a caller can observe, a line for each.
    fn differences(&self, found: &Self, name: &str, spare_errors: usize) -> Vec<String> {
        match (self, found) {
            (Self::Call { result, errors }, Self::Call { result: other, errors: others })
                if same_result(*result, *other, name)
                    && right_errors(*result, *errors, *others, spare_errors) =>
            {
                Vec::new()
            }
            (Self::Value(value), Self::Value(other)) if value == other => Vec::new(),
            (Self::Names(names), Self::Names(others)) => {
                let lacks = names.difference(others).map(|lacks| format!("{name} lacks {lacks}"));
                lacks.chain(others.difference(names).map(|has| format!("{name} has {has}"))).collect()
            }
            _ => vec![format!("{name}: {self}, here {found}")],
        }
    }
}

/// In a verification 0 means a wrong signature, and less means an error; elsewhere both are failures.
fn same_result(expected: i64, found: i64, name: &str) -> bool {
    expected == found || (!name.contains("verify") && [expected, found].iter().all(|r| [-1, 0].contains(r)))
}

/// A success leaves no more errors than OpenSSL does, and a failure one error where OpenSSL leaves none or one.
fn right_errors(result: i64, expected: usize, found: usize, spare: usize) -> bool {
    match result > 0 {
        true => expected == found,
        false => (expected == 0 || found > 0) && found <= expected.max(1) + spare,
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call { result, errors } => write!(f, "{result} with {errors} errors"),
            Self::Value(value) => write!(f, "{value}"),
            Self::Names(names) => write!(f, "{names:?}"),
        }
    }
}
