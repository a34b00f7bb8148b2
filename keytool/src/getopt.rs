//! Command lines as getopt_long(3) reads them: long options may be abbreviated, and the argument after an option that takes a value is
//! always its value.
//!
//! clap differs in both points. This module rewrites the arguments so that clap understands them as getopt_long(3) does.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use clap::{Arg, Command};

/// An abbreviation that fits several options.
#[derive(Debug, PartialEq)]
pub(crate) struct Ambiguous {
    argument: String,
    possibilities: Vec<String>,
}

impl std::fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { argument, possibilities } = self;
        write!(f, "option '--{argument}' is ambiguous; possibilities: {}", possibilities.join(" "))
    }
}

/// Expands the arguments after the program's name. The long options in `first` have precedence when an abbreviation is expanded.
///
/// # Errors
/// An abbreviation fits several options.
pub(crate) fn expanded(
    command: &Command,
    first: &[&str],
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Vec<OsString>, Ambiguous> {
    let options = Options { command, first };
    let mut arguments = arguments.into_iter();
    let mut out = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_bytes() {
            b"--" => {
                out.push(argument);
                out.extend(arguments);
                break;
            }
            [b'-', b'-', long @ ..] => options.long(long, &mut arguments, &mut out)?,
            [b'-', letters @ ..] if !letters.is_empty() => options.short(letters, &mut arguments, &mut out),
            _ => out.push(argument),
        }
    }
    Ok(out)
}

struct Options<'a> {
    command: &'a Command,
    first: &'a [&'a str],
}

impl Options<'_> {
    fn long(
        &self,
        argument: &[u8],
        arguments: &mut impl Iterator<Item = OsString>,
        out: &mut Vec<OsString>,
    ) -> Result<(), Ambiguous> {
        let (name, value) = match argument.iter().position(|&byte| byte == b'=') {
            Some(at) => (argument.get(..at).unwrap_or_default(), argument.get(at.saturating_add(1)..)),
            None => (argument, None),
        };
        // clap reports an unknown option.
        let Some((long, option)) = self.named(&String::from_utf8_lossy(name))? else {
            out.push(joined(&[b"--", argument]));
            return Ok(());
        };
        out.push(match (value, takes_value(option)) {
            (Some(value), _) => with_value(long, value),
            (None, false) => joined(&[b"--", long.as_bytes()]),
            (None, true) => match arguments.next() {
                Some(value) => with_value(long, value.as_bytes()),
                None => joined(&[b"--", long.as_bytes()]),
            },
        });
        Ok(())
    }

    fn short(&self, letters: &[u8], arguments: &mut impl Iterator<Item = OsString>, out: &mut Vec<OsString>) {
        for (at, &letter) in letters.iter().enumerate() {
            let option = self.command.get_arguments().find(|option| has_short(option, char::from(letter)));
            let Some((option, long)) = option.and_then(|option| Some((option, option.get_long()?))) else {
                out.push(joined(&[b"-", letters.get(at..).unwrap_or_default()]));
                return;
            };
            if !takes_value(option) {
                out.push(joined(&[b"-", &[letter]]));
                continue;
            }
            let rest = letters.get(at.saturating_add(1)..).unwrap_or_default();
            // The next argument is the value only if nothing follows the letter in this one.
            let value = if rest.is_empty() { arguments.next() } else { Some(joined(&[rest])) };
            out.push(match value {
                Some(value) => with_value(long, value.as_bytes()),
                None => joined(&[b"--", long.as_bytes()]),
            });
            return;
        }
    }

    /// Returns the option with this name or abbreviation.
    fn named(&self, name: &str) -> Result<Option<(&str, &Arg)>, Ambiguous> {
        let all =
            || self.command.get_arguments().flat_map(|option| longs(option).map(move |long| (long, option)));
        if let Some(exact) = all().find(|(long, _)| *long == name) {
            return Ok(Some(exact));
        }
        let mut fitting: Vec<_> = all().filter(|(long, _)| long.starts_with(name)).collect();
        if fitting.iter().any(|(long, _)| self.first.contains(long)) {
            fitting.retain(|(long, _)| self.first.contains(long));
        }
        fitting.dedup_by_key(|(_, option)| option.get_id());
        match fitting.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(*one)),
            several => Err(Ambiguous {
                argument: name.to_owned(),
                possibilities: several.iter().map(|(long, _)| format!("'--{long}'")).collect(),
            }),
        }
    }
}

fn longs(option: &Arg) -> impl Iterator<Item = &str> {
    option.get_long().into_iter().chain(option.get_all_aliases().unwrap_or_default())
}

fn has_short(option: &Arg, letter: char) -> bool {
    option.get_short() == Some(letter)
        || option.get_all_short_aliases().is_some_and(|all| all.contains(&letter))
}

fn takes_value(option: &Arg) -> bool {
    option.get_action().takes_values()
}

fn with_value(long: &str, value: &[u8]) -> OsString {
    joined(&[b"--", long.as_bytes(), b"=", value])
}

fn joined(parts: &[&[u8]]) -> OsString {
    OsString::from_vec(parts.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ArgAction;

    fn expand(line: &str) -> Result<String, String> {
        let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
        let value = |name: &'static str| Arg::new(name).long(name);
        let command = Command::new("tool").args([
            flag("auth").short('a'),
            value("auth-parent").short('b'),
            value("password").short('k'),
            value("passparent"),
            value("key-policy").short('c').alias("policy"),
            value("parent-handle"),
            flag("restricted"),
            Arg::new("file"),
        ]);
        let first = ["auth", "auth-parent", "password", "key-policy", "parent-handle", "restricted"];
        let out = expanded(&command, &first, line.split(' ').map(OsString::from));
        let out = out.map_err(|error| error.to_string())?;
        Ok(out.iter().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn abbreviations_are_expanded_and_values_are_joined_to_their_options() {
        for (line, expected) in [
            ("--auth --auth-p x f", "--auth --auth-parent=x f"),
            ("--pas=x --res", "--password=x --restricted"),
            ("--par 81000001 f", "--parent-handle=81000001 f"),
            ("--passpar x", "--passparent=x"),
            ("f -ak -secret", "f -a --password=-secret"),
            ("-aksecret f", "-a --password=secret f"),
            ("-k=x -b--auth", "--password==x --auth-parent=--auth"),
            ("-- --auth -k", "-- --auth -k"),
            ("--pol x", "--policy=x"),
            ("--nosuch -az - -k", "--nosuch -a -z - --password"),
            ("--password --", "--password=--"),
            ("--auth=1", "--auth=1"),
        ] {
            assert_eq!(expand(line).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn ambiguous_abbreviation_is_refused() {
        let expected = "option '--pa' is ambiguous; possibilities: '--password' '--parent-handle'";
        assert_eq!(expand("--pa x"), Err(expected.to_owned()));
    }
}
