//! The structure of the workspace: which crate depends on which, where unsafe code may be, what the module imports and exports.
use std::fs;
use std::path::{Path, PathBuf};

use tests::{Shell, module};

mod floors;
mod packages;
mod pages;
mod release;
mod words;

/// Each crate and the crates of the house that it may be built on.
const LAYERS: [(&str, &[&str]); 13] = [
    ("missing", &[]),
    ("keyfile", &[]),
    ("crypto", &["keyfile"]),
    ("attestation", &["keyfile", "crypto"]),
    ("tpm", &["keyfile", "crypto"]),
    ("operations", &["missing", "keyfile", "crypto", "tpm"]),
    ("tokens", &["keyfile", "tpm"]),
    ("provider", &["missing", "keyfile", "tpm", "operations"]),
    ("pkcs11", &["missing", "keyfile", "crypto", "tpm", "operations", "tokens"]),
    ("keytool", &["missing", "keyfile", "crypto", "attestation", "tpm", "tokens"]),
    ("tests", &[]),
    ("tests/demo-ca", &["keyfile", "attestation"]),
    ("fuzz/targets", &["keyfile", "crypto", "attestation", "tpm", "tokens", "provider"]),
];

#[test]
fn dependencies_point_one_way() {
    for (name, may) in LAYERS {
        for (section, dependency) in dependencies(name) {
            let house = LAYERS.iter().any(|(other, _)| *other == dependency);
            // Fixtures depend on no crate of the workspace, so every crate's tests may use them; stories may use all crates but the module.
            let of_tests = section == "dev-dependencies" && (dependency == "tests" || name == "tests");
            // The fuzz targets put bytes into the module in their own process, where they can see a panic.
            let may_know = dependency != "provider" || name == "fuzz/targets";
            assert!(may_know, "{name} depends on provider: only fuzz/targets may");
            assert!(
                !house || of_tests || may.contains(&dependency.as_str()),
                "{name} [{section}] knows {dependency}"
            );
        }
    }
}

#[test]
fn unsafe_code_is_where_the_plan_says() {
    for (name, top, attribute) in [
        ("missing", "src/lib.rs", "#![forbid(unsafe_code)]"),
        ("keyfile", "src/lib.rs", "#![forbid(unsafe_code)]"),
        ("crypto", "src/lib.rs", "#![forbid(unsafe_code)]"),
        ("attestation", "src/lib.rs", "#![forbid(unsafe_code)]"),
        ("tpm", "src/lib.rs", "#![deny(unsafe_code)]"),
        ("operations", "src/lib.rs", "#![forbid(unsafe_code)]"),
        ("tokens", "src/lib.rs", "#![forbid(unsafe_code)]"),
        ("provider", "src/lib.rs", "#![deny(unsafe_code)]"),
        ("pkcs11", "src/lib.rs", "#![deny(unsafe_code)]"),
        ("keytool", "src/main.rs", "#![deny(unsafe_code)]"),
        ("tests", "src/lib.rs", "#![deny(unsafe_code)]"),
        ("tests/demo-ca", "src/lib.rs", "#![forbid(unsafe_code)]"),
        ("fuzz/targets", "src/lib.rs", "#![deny(unsafe_code)]"),
    ] {
        let root = module::workspace().join(name);
        let text = fs::read_to_string(root.join(top)).unwrap();
        assert!(text.contains(attribute), "{name}/{top} has no {attribute}");
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
fn every_entry_from_c_stops_panics() {
    let guard = ["shared(", "exclusive(", "free::<", "contain("];
    let mut entries = 0;
    for file in files(&module::workspace().join("provider/src/ffi")) {
        let text = fs::read_to_string(&file).unwrap();
        // Definitions of the module itself stand at the margin.
        for after in format!("\n{text}")
            .replace("\npub(super) unsafe", "\nunsafe")
            .split("\nunsafe extern \"C\" fn ")
            .skip(1)
        {
            let definition = after.split("\n}").next().unwrap_or_default();
            let constant =
                definition.starts_with("get_reason_strings(") && definition.ends_with("REASONS.as_ptr()");
            assert!(
                constant || guard.iter().any(|way| definition.contains(way)),
                "{}: not behind the guard: {definition}",
                file.display()
            );
            entries += 1;
        }
    }
    assert!(entries > 80, "{entries} entries only: does this story still know one when it sees it?");
}

#[test]
fn every_entry_of_the_pkcs11_module_stops_panics() {
    let folder = module::workspace().join("pkcs11/src/ffi");
    let entries = fs::read_to_string(folder.join("entry.rs")).unwrap();
    let table = entries.split("\nentries! {").nth(1).unwrap().split("\n}").next().unwrap();
    assert!(table.matches(") =").count() > 40, "does this story still know an entry when it sees it?");
    // One macro writes them all. Other functions of C are few: C_Initialize, and those that return the function lists.
    let mut others = 0;
    for file in files(&folder) {
        for after in fs::read_to_string(&file).unwrap().split("extern \"C\" fn C_").skip(1) {
            let definition = after.split("\n}").next().unwrap();
            assert!(
                definition.contains("guard::call("),
                "{}: not behind the guard: {definition}",
                file.display()
            );
            others += 1;
        }
    }
    assert_eq!(others, 4);
}

#[test]
fn the_pkcs11_module_shows_its_entries_only_and_needs_no_libcrypto() {
    let module = module::pkcs11();
    let needed = needed(&module);
    let allowed = ["libtss2-tctildr.so", "libc.so", "libgcc_s.so", "ld-linux"];
    assert!(needed.iter().all(|library| allowed.iter().any(|name| library.starts_with(name))), "{needed:?}");
    let nm = Shell::new("house").ok(&format!("nm -D --defined-only {}", module.display()));
    let names: Vec<String> =
        nm.out().lines().filter_map(|l| l.split(' ').next_back()).map(str::to_owned).collect();
    assert_eq!(names, ["C_GetFunctionList", "C_GetInterface", "C_GetInterfaceList"]);
}

#[test]
fn the_module_needs_the_tcti_loader_only_and_no_libcrypto() {
    let needed = needed(&module());
    // Whoever loads it has a libcrypto, shared or linked in, of whatever version: a name here would bring in another one.
    let allowed = ["libtss2-tctildr.so", "libc.so", "libgcc_s.so", "ld-linux"];
    for library in &needed {
        assert!(
            allowed.iter().any(|name| library.starts_with(name)),
            "the module needs {library}: {needed:?}"
        );
    }
    assert!(needed.iter().any(|library| library.starts_with("libtss2-tctildr.so")), "{needed:?}");
    let nm = Shell::new("house").ok(&format!("nm -D --undefined-only {}", module().display()));
    let names = nm.out();
    let bound: Vec<&str> = names.lines().filter(|line| line.contains("@OPENSSL_")).collect();
    assert!(bound.is_empty(), "bound to a version of OpenSSL: {bound:?}");
}

#[test]
fn the_module_shows_its_entry_only() {
    let nm = Shell::new("house").ok(&format!("nm -D --defined-only {}", module().display()));
    let names: Vec<String> =
        nm.out().lines().filter_map(|l| l.split(' ').next_back()).map(str::to_owned).collect();
    assert_eq!(names, ["OSSL_provider_init"]);
}

#[test]
fn the_lints_of_the_workspace_bind_every_crate() {
    for (name, _) in LAYERS {
        let manifest = fs::read_to_string(module::workspace().join(name).join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} has lints of its own");
    }
    let root = fs::read_to_string(module::workspace().join("Cargo.toml")).unwrap();
    for lint in
        ["undocumented_unsafe_blocks", "unwrap_used", "as_conversions", "missing_docs", "missing_errors_doc"]
    {
        assert!(root.contains(&format!("{lint} = \"deny\"")), "{lint} is allowed");
    }
}

fn needed(module: &Path) -> Vec<String> {
    let dynamic = Shell::new("house").ok(&format!("readelf -d {}", module.display())).out();
    let library = |line: &str| Some(line.split_once('[')?.1.split_once(']')?.0.to_owned());
    dynamic.lines().filter(|line| line.contains("(NEEDED)")).filter_map(library).collect()
}

fn module() -> PathBuf {
    module::folder().join("tpm2.so")
}

/// (section, name) of everything in a crate's manifest that it depends on.
pub(crate) fn dependencies(name: &str) -> Vec<(String, String)> {
    let manifest = fs::read_to_string(module::workspace().join(name).join("Cargo.toml")).unwrap();
    let mut section = String::new();
    let mut found = Vec::new();
    for line in manifest.lines() {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']').to_owned();
        } else if let (true, Some((key, _))) = (section.ends_with("dependencies"), line.split_once('=')) {
            let name = key.trim().split('.').next().unwrap();
            // The key of the module is its package name, because its library has another name than its folder.
            let name = if name == "tpm2-provider" { "provider" } else { name };
            found.push((section.clone(), name.to_owned()));
        }
    }
    found
}

/// Every page of the repository: README.md, its sisters, those of the provider and of the fuzz targets, and all below docs.
pub(crate) fn pages() -> Vec<PathBuf> {
    const BESIDE: [&str; 7] = [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "provider/provider-tpm2.md",
        "pkcs11/tpm2-keyfiles-pkcs11.md",
        "fuzz/README.md",
    ];
    let root = module::workspace();
    let docs = files(&root.join("docs")).into_iter();
    let docs = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    BESIDE.map(|page| root.join(page)).into_iter().chain(docs).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
