//! The house stands as its plan says: who knows whom, where unsafe code may be, what the module needs and shows.
use std::fs;

use tests::{Shell, module};

/// Each crate and the crates of the house that it may be built on.
const LAYERS: [(&str, &[&str]); 6] = [
    ("missing", &[]),
    ("keyfile", &[]),
    ("tpm", &["keyfile"]),
    ("provider", &["missing", "keyfile", "tpm"]),
    ("keytool", &["missing", "keyfile", "tpm"]),
    ("tests", &[]),
];

#[test]
fn dependencies_point_one_way() {
    for (name, may) in LAYERS {
        for (section, dependency) in dependencies(name) {
            let house = LAYERS.iter().any(|(other, _)| *other == dependency);
            // Fixtures know nobody, so every crate's tests may use them; stories may know all but the module itself.
            let of_tests = section == "dev-dependencies" && (dependency == "tests" || name == "tests");
            assert!(dependency != "provider", "{name} knows provider: nobody may");
            assert!(
                !house || of_tests || may.contains(&dependency.as_str()),
                "{name} [{section}] knows {dependency}"
            );
        }
    }
}

#[test]
fn unsafe_code_is_where_the_plan_says() {
    for (name, attribute) in [
        ("missing", "#![forbid(unsafe_code)]"),
        ("keyfile", "#![forbid(unsafe_code)]"),
        ("tpm", "#![deny(unsafe_code)]"),
        ("provider", "#![deny(unsafe_code)]"),
        ("tests", "#![deny(unsafe_code)]"),
    ] {
        let root = module::workspace().join(name);
        let text = fs::read_to_string(root.join("src/lib.rs")).unwrap();
        assert!(text.contains(attribute), "{name}/src/lib.rs has no {attribute}");
        for file in files(&root.join("src")) {
            // Either inside of the folder, or on the line that names it: `#[allow(unsafe_code)] mod ffi;`
            let inside = file.components().any(|c| c.as_os_str() == "ffi");
            for after in fs::read_to_string(&file).unwrap().split("allow(unsafe_code)]").skip(1) {
                let names_it =
                    after.trim_start().lines().next().is_some_and(|line| line.ends_with("mod ffi;"));
                assert!(inside || names_it, "{} allows unsafe code outside of ffi/", file.display());
            }
        }
    }
}

#[test]
fn the_module_needs_libcrypto_and_the_tcti_loader_only() {
    let needed = needed();
    let allowed =
        ["libcrypto.so", "libtss2-tctildr.so", "libtss2-mu.so", "libc.so", "libgcc_s.so", "ld-linux"];
    for library in &needed {
        assert!(
            allowed.iter().any(|name| library.starts_with(name)),
            "the module needs {library}: {needed:?}"
        );
    }
    // Without libcrypto in the list, Python's ssl cannot load the module.
    for must in ["libcrypto.so", "libtss2-tctildr.so"] {
        assert!(
            needed.iter().any(|library| library.starts_with(must)),
            "the module does not need {must}: {needed:?}"
        );
    }
}

#[test]
fn the_module_shows_its_entry_only() {
    let nm = Shell::new("house").ok(&format!("nm -D --defined-only {}", module().display()));
    let names: Vec<String> =
        nm.out().lines().filter_map(|l| l.split(' ').next_back()).map(str::to_owned).collect();
    assert_eq!(names, ["OSSL_provider_init"]);
}

fn needed() -> Vec<String> {
    let dynamic = Shell::new("house").ok(&format!("readelf -d {}", module().display())).out();
    let library = |line: &str| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned());
    dynamic.lines().filter(|line| line.contains("(NEEDED)")).filter_map(library).collect()
}

fn module() -> std::path::PathBuf {
    module::folder().join("tpm2.so")
}

/// (section, name) of everything in a crate's manifest that it depends on.
fn dependencies(name: &str) -> Vec<(String, String)> {
    let manifest = fs::read_to_string(module::workspace().join(name).join("Cargo.toml")).unwrap();
    let mut section = String::new();
    let mut found = Vec::new();
    for line in manifest.lines() {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']').to_owned();
        } else if let (true, Some((key, _))) = (section.ends_with("dependencies"), line.split_once('=')) {
            found.push((section.clone(), key.trim().split('.').next().unwrap().to_owned()));
        }
    }
    found
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
