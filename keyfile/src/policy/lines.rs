//! Policy files: one line per statement, with four bytes of command code and the body, in hexadecimal.

use super::{Problem, Statement};
use crate::CommandCode;
use std::fmt;

/// The line of a policy file that is wrong, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// The line number, from 1.
    pub line: usize,
    /// What is wrong with the statement; `None` if the line is not hexadecimal.
    pub problem: Option<Problem>,
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the policy file: ", self.line)?;
        match &self.problem {
            Some(problem) => problem.fmt(f),
            None => f.write_str("give at least the eight hexadecimal digits of a command code"),
        }
    }
}

impl std::error::Error for LineError {}

/// Parses the statements of a policy file; empty lines are skipped.
///
/// # Errors
/// [`LineError`] names the line that is not a statement, or whose statement cannot run.
pub fn parse_lines(text: &str) -> Result<Vec<Statement>, LineError> {
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let statement = |(text, line): (&str, usize)| {
        let statement = parse(text.trim()).ok_or(LineError { line, problem: None })?;
        match statement.condition() {
            Ok(_) => Ok(statement),
            Err(problem) => Err(LineError { line, problem: Some(problem) }),
        }
    };
    lines.map(statement).collect()
}

fn parse(line: &str) -> Option<Statement> {
    let bytes = bytes(line)?;
    let (command, body) = bytes.split_first_chunk::<4>()?;
    Some(Statement { command: CommandCode(u32::from_be_bytes(*command)), body: body.to_vec() })
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some(high << 4 | low),
        _ => None,
    };
    digits.chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_parsed_as_statements() {
        let statements = parse_lines("0000016F08\n\n  0000016b\r\n").unwrap();
        let described: Vec<String> = statements.iter().map(ToString::to_string).collect();
        assert_eq!(described, ["the command must come from locality 3", "the key's password must be given"]);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let line = |text| parse_lines(text).unwrap_err();
        assert_eq!(line("0000016b\n0000016"), LineError { line: 2, problem: None });
        assert_eq!(line("PolicyPCR"), LineError { line: 1, problem: None });
        assert_eq!(line("00000126"), LineError { line: 1, problem: Some(Problem::Unsupported) });
        assert!(matches!(line("0000016f").problem, Some(Problem::Body(_))));
    }
}
