//! The fenced blocks of a page, and what each is for.
use std::fs;
use std::path::Path;

/// A fenced block of a page.
pub(super) struct Block {
    /// The number of its first line, for messages.
    pub(super) line: usize,
    pub(super) kind: Kind,
    pub(super) text: String,
}

/// What a block is for, as the words after its fence say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `sh`: a script that succeeds. In a comment, `<!-- sh`: what a reader has and a test has not, such as files to work with.
    Script,
    /// `sh fails`: a script that fails.
    Failing,
    /// `text`: lines that the block before prints, in this order.
    Printed,
    /// `console`: commands after `$ `, each with all that it prints; `…` stands for anything.
    Console,
    /// `sh not-run="…"`, `console not-run="…"`: commands that no test can run, and why.
    NotRun(String),
    /// Anything that is no command: a picture, a part of a configuration.
    Shown,
}

/// The languages of blocks that are no commands.
const SHOWN: [&str; 11] =
    ["asn1", "c", "dockerfile", "ini", "mermaid", "nginx", "pem", "plain", "python", "rust", "yaml"];

impl Kind {
    fn of(info: &str) -> Option<Self> {
        match info {
            "sh" => Some(Self::Script),
            "sh fails" => Some(Self::Failing),
            "text" => Some(Self::Printed),
            "console" => Some(Self::Console),
            shown if SHOWN.contains(&shown) => Some(Self::Shown),
            _ => {
                let reason = info.strip_prefix("sh ").or(info.strip_prefix("console "))?;
                let reason = reason.strip_prefix("not-run=\"")?.strip_suffix('"')?;
                Some(Self::NotRun(reason.to_owned()))
            }
        }
    }
}

impl Block {
    /// Returns true if the block contains commands that a test runs.
    pub(super) fn is_run(&self) -> bool {
        matches!(self.kind, Kind::Script | Kind::Failing | Kind::Console)
    }

    /// The commands that are run and succeed, as lines of a script.
    pub(super) fn commands(&self) -> String {
        match self.kind {
            Kind::Script => self.text.clone(),
            Kind::Console => {
                let lines = self.text.lines().filter_map(|line| line.strip_prefix("$ "));
                lines.flat_map(|line| [line, "\n"]).collect()
            }
            Kind::Failing | Kind::Printed | Kind::NotRun(_) | Kind::Shown => String::new(),
        }
    }
}

/// The blocks of a page.
///
/// # Panics
/// When a fence stays open, or says nothing that is known.
pub(super) fn blocks(page: &Path) -> Vec<Block> {
    let text = fs::read_to_string(page).unwrap();
    let mut lines = text.lines().enumerate();
    let mut blocks = Vec::new();
    while let Some((number, line)) = lines.next() {
        let body = line.trim_start();
        let (info, end) = match body.strip_prefix("```") {
            Some(info) => (info, "```"),
            None if line == "<!-- sh" => ("sh", "-->"),
            None => continue,
        };
        let place = format!("{}:{}", page.display(), number + 1);
        let kind = Kind::of(info).unwrap_or_else(|| panic!("{place}: a block of {info:?}"));
        let indent = line.len() - body.len();
        let mut text = String::new();
        loop {
            let (_, line) = lines.next().unwrap_or_else(|| panic!("{place}: the block does not end"));
            if line.trim_start() == end {
                break;
            }
            text += line.get(indent..).unwrap_or_default();
            text.push('\n');
        }
        blocks.push(Block { line: number + 1, kind, text });
    }
    blocks
}

/// The lines of a page that are code by their indentation, which cannot be told from commands.
pub(super) fn indented(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let (mut fenced, mut blank, mut found) = (false, false, Vec::new());
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if !fenced && blank && line.starts_with("    ") {
            found.push(line.to_owned());
        }
        blank = line.is_empty();
    }
    found
}
