//! The syntax of the configuration: `[section]`, `name = value`, comments after `#` or `;`, and quotes around a value.

use std::collections::HashMap;
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::Error;

/// A section, and its lines.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) number: usize,
    pub(super) lines: Vec<Line>,
}

/// A line. The value may be a password.
pub(super) struct Line {
    /// The name in lower case, with a hyphen for each blank and underscore.
    pub(super) name: String,
    pub(super) value: Zeroizing<String>,
    pub(super) number: usize,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (line {})", self.name, self.number)
    }
}

/// Returns the form in which names are compared.
pub(super) fn normal(name: &str) -> String {
    let words: Vec<&str> =
        name.split(|c: char| c.is_whitespace() || "-_".contains(c)).filter(|word| !word.is_empty()).collect();
    words.join("-").to_lowercase()
}

/// Returns the lines before the first section, and the sections.
///
/// # Errors
/// A line has another form, or a name occurs twice.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<(Vec<Line>, Vec<Section>), Error> {
    let (mut global, mut sections) = (Vec::new(), Vec::<Section>::new());
    // The numbers of the lines of the sections, and of the lines of the last one.
    let (mut names, mut keys) = (HashMap::<String, usize>::new(), HashMap::<String, usize>::new());
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let wrong = |problem: String, hint: &'static str| Error::Configuration {
            path: path.to_owned(),
            line: number,
            problem,
            hint: hint.into(),
        };
        let line = std::str::from_utf8(line)
            .map_err(|_| wrong("the line is not UTF-8".to_owned(), "save the file as UTF-8"))?
            .trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(rest) = line.strip_prefix('[') {
            let name = section_name(rest).map_err(|problem| {
                wrong(problem.to_owned(), "write the name of the token in brackets: [Mail key]")
            })?;
            if let Some(first) = names.insert(name.clone(), number) {
                let problem = format!("[{name}] occurs twice: first in line {first}");
                return Err(wrong(
                    problem,
                    "give each token another name; `token = NAME` adds a key to a token",
                ));
            }
            keys.clear();
            sections.push(Section { name, number, lines: Vec::new() });
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            return Err(wrong(
                "the line is neither [section] nor name = value".to_owned(),
                "write comments after # or ;",
            ));
        };
        let name = normal(name);
        let value = unquoted(value.trim())
            .map_err(|problem| wrong(format!("the value of `{}` {problem}", shown(&name)), QUOTES))?;
        let lines = sections.last_mut().map_or(&mut global, |section| &mut section.lines);
        if let Some(first) = keys.insert(name.clone(), number) {
            let problem = format!("`{}` occurs twice: first in line {first}", shown(&name));
            return Err(wrong(problem, "remove one of the lines"));
        }
        lines.push(Line { name, value, number });
    }
    Ok((global, sections))
}

/// Returns how an error calls an unknown name. It is shown only if it is like a known one: a line without a name may be a password that
/// contains an equals sign.
pub(super) fn unknown<'a>(name: &str, mut known: impl Iterator<Item = &'a str>) -> String {
    let is_like = |known: &str| name.get(..3).is_some_and(|begin| known.starts_with(begin));
    match known.any(is_like) && name.len() < 30 {
        true => format!("`{}`", shown(name)),
        false => "the name".to_owned(),
    }
}

/// Returns a name as it is written, with blanks.
pub(super) fn shown(name: &str) -> String {
    let clean: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
    clean.replace('-', " ")
}

/// The names of lines by which an openssl.cnf is recognized, in their normal form.
const OF_OPENSSL: [&str; 3] = ["openssl-conf", "providers", "activate"];

/// Returns true if the bytes look like such a file: the first line that is no comment begins a section or sets a value, and no line is one
/// of openssl.cnf.
pub(super) fn is_like(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    let mut lines = lines.filter(|line| !line.is_empty() && !line.starts_with(['#', ';']));
    let name = |line: &str| line.split_once('=').map(|(name, _)| normal(name));
    let is_first =
        |line: &str| line.starts_with('[') || line.split_once('=').is_some_and(|(name, _)| is_name(name));
    let is_other = |line: &str| name(line).is_some_and(|name| OF_OPENSSL.contains(&name.as_str()));
    // Text before a PEM block may look like a value.
    let is_other = |line: &str| is_other(line) || line.starts_with("-----BEGIN ");
    let first = lines.next();
    first.is_some_and(|line| is_first(line) && !is_other(line)) && !lines.any(is_other)
}

fn is_name(text: &str) -> bool {
    let name = normal(text);
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

const QUOTES: &str = "write quotes around the whole value; inside of double quotes, write \\\" for a quote and \\\\ for a backslash";

fn section_name(rest: &str) -> Result<String, &'static str> {
    let (name, after) = rest.split_once(']').ok_or("the name of the section has no closing bracket")?;
    match (name.trim(), comment_removed(after)) {
        ("", _) => Err("the section has no name"),
        (name, "") if !name.chars().any(char::is_control) => Ok(name.to_owned()),
        (_, "") => Err("the name of the section contains a control character"),
        _ => Err("there is text after the name of the section"),
    }
}

/// Returns the value without its quotes, or without a comment after it, which a blank precedes.
fn unquoted(value: &str) -> Result<Zeroizing<String>, &'static str> {
    let Some(quote) = value.chars().next().filter(|first| ['"', '\''].contains(first)) else {
        return Ok(Zeroizing::new(comment_removed(value).to_owned()));
    };
    let mut text = Zeroizing::new(String::with_capacity(value.len()));
    let mut rest = value.char_indices().skip(1);
    while let Some((at, character)) = rest.next() {
        match character {
            '\\' if quote == '"' => match rest.next() {
                Some((_, escaped @ ('"' | '\\'))) => text.push(escaped),
                _ => return Err("has a backslash before another character"),
            },
            _ if character == quote => {
                let after = value.get(at..).and_then(|after| after.strip_prefix(quote)).unwrap_or_default();
                return match comment_removed(after) {
                    "" => Ok(text),
                    _ => Err("has text after its closing quote"),
                };
            }
            _ => text.push(character),
        }
    }
    Err("has no closing quote")
}

/// Removes a comment: the text after `#` or `;` at the beginning or after a blank.
fn comment_removed(text: &str) -> &str {
    let mut blank = true;
    for (at, character) in text.char_indices() {
        if blank && ['#', ';'].contains(&character) {
            return text.get(..at).unwrap_or_default().trim();
        }
        blank = character.is_whitespace();
    }
    text.trim()
}
