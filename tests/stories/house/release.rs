//! The checks that a release must pass (scripts/dist.d/checks): the module passes them, and each of them can fail.
use std::fs;

use tests::process::Output;
use tests::{Shell, module};

/// A folder with the stripped module, as it is installed.
fn stripped() -> Shell {
    let shell = Shell::new("release");
    let built = module::folder().join("tpm2.so");
    shell.ok(&format!("strip -o tpm2.so {}", built.display()));
    shell
}

/// Runs one check, with lines of shell before it.
fn check(shell: &Shell, before: &str, call: &str) -> Output {
    let checks = module::workspace().join("scripts/dist.d/checks");
    shell.write("check.sh", format!("set -euo pipefail\n. {}\n{before}\n{call}\n", checks.display()));
    shell.run("bash check.sh")
}

#[test]
fn the_stripped_module_has_at_most_2_5_megabytes() {
    let shell = stripped();
    check(&shell, "", "fits tpm2.so").ok();
    check(&shell, "truncate -s 2500000 large", "fits large").ok();
    check(&shell, "truncate -s 2500001 large", "fits large")
        .failed()
        .says("2500001 bytes; the limit is 2500000");
}

#[test]
fn a_program_that_needs_a_newer_glibc_than_debian_12_is_found() {
    let shell = stripped();
    check(&shell, "oldest_glibc=2.17", "runs_with_old_glibc .").failed().says("tpm2.so needs glibc 2.");
}

#[test]
fn a_planted_path_of_the_build_is_found() {
    let shell = stripped();
    let folder = module::workspace().display().to_string();
    check(&shell, "", &format!("names_no_folder {folder} tpm2.so")).ok();
    // The build ID is a hash of what is stripped, too.
    let built = module::folder().join("tpm2.so");
    check(&shell, "", &format!("names_no_folder {folder} {}", built.display())).ok();
    // Into the middle of the module, as a panic message would have it.
    let mut bytes = shell.read("tpm2.so");
    let at = bytes.len() / 2;
    bytes[at..at + folder.len()].copy_from_slice(folder.as_bytes());
    shell.write("planted.so", &bytes);
    check(&shell, "", &format!("names_no_folder {folder} planted.so")).failed().says("planted.so");
}

#[test]
fn two_builds_that_differ_are_found() {
    let shell = stripped();
    let copies = "rm -rf one two; mkdir one; cp tpm2.so one/; ln -s tpm2.so one/link; cp -a one two";
    check(&shell, copies, "same one two").ok();
    for change in [
        "printf x | dd of=two/tpm2.so bs=1 seek=5000 conv=notrunc status=none",
        "chmod 600 two/tpm2.so",
        "ln -sf other two/link",
        "touch two/more",
        "mkdir two/more",
    ] {
        check(&shell, &format!("{copies}; {change}"), "same one two")
            .failed()
            .says("two builds of the same source differ");
    }
}

#[test]
fn the_changelog_has_the_version() {
    let read = |file| fs::read_to_string(module::workspace().join(file)).unwrap();
    let manifest = read("Cargo.toml");
    let version =
        manifest.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"')).unwrap();
    assert!(read("CHANGELOG.md").contains(&format!("\n## {version} - 20")), "no section for {version}");
}
