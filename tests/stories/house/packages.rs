//! The commands of scripts and pages name packages of the workspace.
use std::fs;
use std::path::PathBuf;

use tests::module;

use super::{LAYERS, files};

/// Programs whose option `-p` names no package.
const OTHERS: [&str; 2] = ["mkdir", "nix-shell"];

#[test]
fn every_package_that_a_command_names_is_there() {
    let packages = packages();
    let mut found = 0;
    for file in sources() {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for line in text.lines() {
            for name in named(line) {
                found += 1;
                let there = match name.split_once('$') {
                    // A variable stands for the rest: `tpm2-provider-$1`.
                    Some((begin, _)) => packages.iter().any(|package| package.starts_with(begin)),
                    None => packages.iter().any(|package| package == name),
                };
                assert!(there, "{}: no package {name}: {line}\n{packages:?}", file.display());
            }
        }
    }
    assert!(found > 20, "{found} packages only: does this story still know one when it sees it?");
}

#[test]
fn a_package_is_what_follows_p_in_a_command_of_cargo() {
    assert_eq!(
        named("\t$(CARGO) build -p tpm2-provider --locked -p tpm2-keytool"),
        ["tpm2-provider", "tpm2-keytool"]
    );
    assert_eq!(named("cargo llvm-cov -p \"tpm2-provider-$1\" --json"), ["tpm2-provider-$1"]);
    assert_eq!(named("`cargo test -p missing`, then"), ["missing"]);
    assert_eq!(named("mkdir -p \"$matrix/cargo\""), [""; 0]);
    assert_eq!(named("`nix-shell -p cargo gcc`"), [""; 0]);
    assert_eq!(named("tpm2-keytool create -p 81000001"), [""; 0]);
}

/// The packages that a line of cargo names.
fn named(line: &str) -> Vec<&str> {
    let by_cargo = line.to_lowercase().contains("cargo") || line.contains("--locked");
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '`', ','])).collect();
    let after = |(at, word): (usize, &&str)| {
        let other = at.checked_sub(1).is_some_and(|at| OTHERS.contains(&words[at]));
        (*word == "-p" && by_cargo && !other).then(|| words.get(at + 1).copied()).flatten()
    };
    words.iter().enumerate().filter_map(after).collect()
}

/// The files with commands of cargo.
fn sources() -> Vec<PathBuf> {
    let root = module::workspace();
    // Corpora are kept beside the fuzz targets, and are not in the repository.
    let folders = ["scripts", ".ci", "fuzz/fuzz_targets", "fuzz/oss-fuzz", "fuzz/targets"];
    let beside = ["Makefile", "CONTRIBUTING.md", "README.md", "fuzz/README.md", "fuzz/Cargo.toml"];
    let below = folders.iter().flat_map(|folder| files(&root.join(folder)));
    beside.map(|file| root.join(file)).into_iter().chain(below).collect()
}

/// The packages of the workspaces.
fn packages() -> Vec<String> {
    let folders = LAYERS.iter().map(|(folder, _)| *folder).chain(["fuzz"]);
    let name = |folder| {
        let manifest = module::workspace().join(folder).join("Cargo.toml");
        let manifest = fs::read_to_string(manifest).unwrap();
        let mut lines = manifest.lines();
        let name = lines.find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
        name.unwrap_or_else(|| panic!("{folder} has no name")).to_owned()
    };
    folders.map(name).collect()
}
