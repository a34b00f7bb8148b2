//! The floors of the crate `tpm`: a signature walks down from the key to the transport, and no file knows a floor above its own.
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tests::module;

use super::files;

/// From the top. A file may know its own floor and those below.
const FLOORS: [&[&str]; 8] = [
    &["key", "nv", "attestation"],
    &["tpm"],
    &["authorization"],
    &["objects"],
    &["connection"],
    &["session"],
    &["command"],
    &["transport"],
];
/// What every floor may know; it knows no floor.
const BESIDE: [&str; 10] =
    ["auth", "config", "deadline", "error", "ffi", "input", "process", "rc", "template", "trace"];

#[test]
fn no_file_of_tpm_names_a_floor_above_its_own() {
    let mut arrows = 0;
    for (file, code) in sources() {
        let own = floor(&module_of(&file)).unwrap_or_else(|| panic!("{} is on no floor", file.display()));
        for known in named(&code) {
            let below = floor(&known).unwrap_or_else(|| panic!("{} names crate::{known}", file.display()));
            assert!(own <= below, "{} knows {known}, which is above", file.display());
            arrows += 1;
        }
        // The other way out of a folder: then the names above would not say where they lead.
        assert!(!code.contains("super::super::"), "{} leaves its folder by super", file.display());
        let at_the_root =
            file.components().count() == 1 || file == Path::new(&module_of(&file)).join("mod.rs");
        assert!(!at_the_root || !code.contains("super::"), "{} leaves its folder by super", file.display());
    }
    assert!(arrows > 200, "{arrows} arrows only: does this story still know one when it sees it?");
}

/// The connection goes through all hands, so its methods need no `use`; which folder adds a method says who may call it.
#[test]
fn no_file_of_tpm_calls_a_method_that_a_floor_above_adds_to_the_connection() {
    let mut added = BTreeMap::new();
    for (file, code) in sources() {
        let blocks = code.split("impl Connection {").skip(1).filter_map(|rest| rest.split("\n}").next());
        for name in blocks.flat_map(|block| block.split("fn ").skip(1)) {
            let name = name.split(['(', '<']).next().unwrap().to_owned();
            added.entry(name).or_insert_with(Vec::new).push(file.clone());
        }
    }
    assert!(added.len() > 50, "{} methods only", added.len());
    for (name, files) in &added {
        assert_eq!(files.len(), 1, "{name} is added twice: {files:?}");
    }
    for (file, code) in sources() {
        let code: String = code.split_whitespace().collect();
        for (name, files) in &added {
            let calls = ["self", "connection"].iter().any(|who| code.contains(&format!("{who}.{name}(")));
            let above = floor(&module_of(&files[0])) < floor(&module_of(&file));
            assert!(!(calls && above), "{} calls {name} of {}", file.display(), files[0].display());
        }
    }
}

#[test]
fn every_file_of_tpm_begins_with_its_one_job() {
    let mut lines = Vec::new();
    for file in files(&root()) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//! "), "{} does not say what it is for", file.display());
        let twin = file.with_extension("");
        assert!(!twin.is_dir(), "{} has a folder beside it: its place is mod.rs in there", file.display());
        lines.push(text.lines().count());
    }
    lines.sort_unstable();
    let median = lines[lines.len() / 2];
    assert!(median < 100, "half of the files have more than {median} lines");
}

/// The files of the crate, by their paths from `src`, without comments and tests. `lib.rs` is the map and no part of the house.
fn sources() -> Vec<(PathBuf, String)> {
    let code = |text: &str| -> String {
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        code.lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| [line, "\n"])
            .collect()
    };
    let all = files(&root()).into_iter().filter(|file| !file.ends_with("lib.rs"));
    all.map(|file| {
        let text = fs::read_to_string(&file).unwrap();
        (file.strip_prefix(root()).unwrap().to_owned(), code(&text))
    })
    .collect()
}

fn root() -> PathBuf {
    module::workspace().join("tpm/src")
}

/// `key` of `key/mod.rs`, `auth` of `auth.rs`.
fn module_of(file: &Path) -> String {
    let first = file.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The number of a module's floor from the top; what is beside all floors comes after the last.
fn floor(module: &str) -> Option<usize> {
    let beside = BESIDE.contains(&module).then_some(FLOORS.len());
    FLOORS.iter().position(|modules| modules.contains(&module)).or(beside)
}

/// Each module that code names as `crate::…`, in a `use` or elsewhere.
fn named(code: &str) -> Vec<String> {
    let word = |text: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap().to_owned();
    let paths = code.split("crate::").skip(1).flat_map(|rest| match rest.strip_prefix('{') {
        Some(list) => list.split('}').next().unwrap().split(',').map(|path| word(path.trim())).collect(),
        None => vec![word(rest)],
    });
    paths.filter(|module| !module.is_empty()).collect()
}
