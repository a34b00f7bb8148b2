//! Text that people read uses the field's words: code, comments, messages and pages contain none of the listed phrases.
use std::{fs, path::Path};

use tests::module;

use super::files;

/// A phrase, what to write instead, and the right phrases that contain it.
const PHRASES: &[(&str, &str, &[&str])] = &[
    ("octet", "byte", &["octet string", "octet_string", "octet_ptr"]),
    ("octets", "bytes", &["octets string"]),
    (
        "nobody",
        "the caller, no process, or who it is",
        &[
            "\"nobody\"",
            "`nobody`",
            "user nobody",
            "as nobody",
            "as_nobody",
            "uid=nobody",
            "nobody (",
            "-m nobody",
        ],
    ),
    ("somebody", "the caller, another process", &[]),
    ("stands", "is, is listed", &["stands for"]),
    ("tells", "shows, reports", &["tells openssl", "tells the user"]),
    ("as ever", "as before", &[]),
    ("of old", "recorded earlier", &["of old.pem"]),
    ("in reach", "reachable", &[]),
    ("has not got", "lacks", &[]),
    ("gives up its rights", "drops privileges", &[]),
    ("is of use", "is useful, works", &[]),
    ("keys of software", "software keys", &[]),
    ("lets go of", "releases, flushes", &[]),
    ("letting go of", "releasing, flushing", &[]),
    ("what it buys", "the benefit", &[]),
    ("the word of", "is not verified", &[]),
    ("/// Whether", "Returns true if", &[]),
];

/// Everything that is kept in the repository and written here; not what the build leaves.
const ROOTS: [&str; 26] = [
    "missing",
    "keyfile",
    "tpm",
    "operations",
    "tokens",
    "pkcs11",
    "crypto",
    "attestation",
    "provider",
    "keytool",
    "tests",
    "fuzz",
    "scripts",
    "docs",
    "README.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "CHANGELOG.md",
    "openssl.cnf",
    "Makefile",
    "Cargo.toml",
    "clippy.toml",
    "deny.toml",
    "packaging",
    ".ci",
    ".github",
];

#[test]
fn no_listed_phrase_is_left() {
    let mut found = Vec::new();
    let mut read = 0;
    for root in ROOTS.map(|root| module::workspace().join(root)) {
        let before = read;
        for file in if root.is_dir() { files(&root) } else { vec![root.clone()] } {
            let Some(text) = text(&file) else { continue };
            read += 1;
            for (number, line) in text.lines().enumerate() {
                let place = || format!("{}:{}: {}", file.display(), number + 1, line.trim());
                found.extend(
                    phrases_in(line)
                        .map(|(phrase, instead)| format!("\"{phrase}\", better: {instead}: {}", place())),
                );
            }
        }
        assert!(read > before, "nothing was read of {}", root.display());
    }
    assert!(read > 500, "{read} files only: does this story still find the sources?");
    assert!(found.is_empty(), "{} lines:\n{}", found.len(), found.join("\n"));
}

#[test]
fn data_is_skipped_by_its_folder_in_the_repository() {
    for data in ["fuzz/corpus/uri/1", "keyfile/tests/data/sealed.pem", "vectors/aes.json"] {
        assert!(is_skipped(Path::new(data)), "{data}");
    }
    assert!(!is_skipped(Path::new("tests/stories/house.rs")));
    // A clone may be in a folder named data or target.
    assert!(text(&module::workspace().join("README.md")).is_some());
}

#[test]
fn a_phrase_is_found_as_a_word_and_not_in_a_right_phrase() {
    let found = |line| phrases_in(line).map(|(phrase, _)| phrase).collect::<Vec<_>>();
    assert_eq!(
        found("/// Whether somebody stands in reach."),
        ["somebody", "stands", "in reach", "/// Whether"]
    );
    assert_eq!(found("an OCTET STRING stands for two octets"), ["octets"]);
    assert_eq!(found("bystands the user nobody, octetstring"), [""; 0]);
}

fn text(file: &Path) -> Option<String> {
    if is_skipped(file.strip_prefix(module::workspace()).unwrap()) {
        return None;
    }
    String::from_utf8(fs::read(file).ok()?).ok()
}

/// Returns true for this file, which lists the phrases, and for what was not written here. The path is one in the repository, which may
/// itself be in a folder of such a name.
fn is_skipped(file: &Path) -> bool {
    const DATA: [&str; 5] = ["target", "corpus", "artifacts", "data", "vectors"];
    file.ends_with("house/words.rs")
        || file.components().any(|component| DATA.iter().any(|name| component.as_os_str() == *name))
}

fn phrases_in(line: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lower = line.to_lowercase();
    PHRASES.iter().filter_map(move |(phrase, instead, right)| {
        // A phrase with a capital is the beginning of a sentence.
        let begins = phrase.chars().any(char::is_uppercase);
        let rest = right.iter().fold(lower.clone(), |rest, right| rest.replace(right, ""));
        holds(if begins { line } else { &rest }, phrase).then_some((*phrase, *instead))
    })
}

/// Returns true if the line contains the phrase, and no letter is next to it.
fn holds(line: &str, phrase: &str) -> bool {
    line.match_indices(phrase).any(|(at, _)| {
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric());
        let (before, after) = (line.get(..at).unwrap_or(""), line.get(at + phrase.len()..).unwrap_or(""));
        !letter(before.chars().next_back()) && !letter(after.chars().next())
    })
}
