//! `make install` and `make uninstall`: where each file is installed, and that uninstalling removes all of them.
use std::fs;
use std::path::PathBuf;

use tests::process::Output;
use tests::{Shell, module};

use crate::house;

/// A folder to install into.
pub(crate) struct Site(pub(crate) Shell);

impl Site {
    pub(crate) fn new() -> Self {
        Self(Shell::new("install"))
    }

    /// Returns the same folder with another PATH.
    pub(crate) fn path(&self, path: &str) -> Self {
        Self(self.0.clone().env("PATH", path))
    }

    /// Runs `make GOAL` with variables.
    pub(crate) fn make(&self, goal: &str, variables: &str) -> Output {
        let (root, out) = (module::workspace(), module::folder());
        let make = format!("make --no-print-directory -C {} {goal}", root.display());
        self.0.run(&format!("{make} BUILT={} {variables}", out.display()))
    }

    /// The variables that install everything under `root` of the folder, as a package build does.
    pub(crate) fn packaged(&self) -> String {
        format!("DESTDIR={} PREFIX=/opt/tpm2 MODULES=/opt/modules", self.0.file("root").display())
    }

    /// Everything below `root`: kind, mode, path.
    pub(crate) fn listing(&self) -> Vec<String> {
        let mut all: Vec<String> =
            self.0.ok("find root -printf '%y %m %P\n'").out().lines().map(str::to_owned).collect();
        all.sort();
        all
    }
}

const DOC: &str = "root/opt/tpm2/share/doc/tpm2-provider";
const NAMES: [&str; 7] = [
    "tpm2-keytool",
    "attest_tpm2_primary",
    "create_tpm2_key",
    "load_tpm2_key",
    "seal_tpm2_data",
    "signed_tpm2_policy",
    "unseal_tpm2_data",
];

#[test]
fn every_file_is_installed_and_uninstall_leaves_nothing() {
    let site = Site::new();
    fs::create_dir_all(site.0.file("root/opt/tpm2/share/man")).unwrap();
    site.0.write("root/opt/tpm2/share/man/other", "of another package");
    let before = site.listing();
    site.make("install", &site.packaged()).ok().says("root/opt/modules/tpm2.so");
    let after = site.listing();
    let has = |line: String| assert!(after.contains(&line), "{line} in {after:#?}");

    has("f 755 opt/modules/tpm2.so".to_owned());
    has("f 755 opt/tpm2/bin/tpm2-keytool".to_owned());
    for name in NAMES {
        if name != "tpm2-keytool" {
            has(format!("l 777 opt/tpm2/bin/{name}"));
        }
        has(format!("f 644 opt/tpm2/share/bash-completion/completions/{name}"));
        has(format!("f 644 opt/tpm2/share/zsh/site-functions/_{name}"));
        has(format!("f 644 opt/tpm2/share/fish/vendor_completions.d/{name}.fish"));
        site.0.ok(&format!("root/opt/tpm2/bin/{name} --version"));
    }
    site.0.ok("root/opt/tpm2/bin/tpm2-keytool man pages");
    for page in fs::read_dir(site.0.file("pages")).unwrap() {
        has(format!("f 644 opt/tpm2/share/man/man1/{}", page.unwrap().file_name().to_string_lossy()));
    }
    has("f 644 opt/tpm2/share/man/man7/provider-tpm2.7".to_owned());
    for file in [
        "README.md",
        "CHANGELOG.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "LICENSE-THIRD-PARTY",
        "docs/install.md",
        "docs/examples/60-tpm.rules",
        "docs/examples/service.conf",
        "openssl.cnf",
        "tpm2.cnf",
        "installed",
    ] {
        has(format!("f 644 opt/tpm2/share/doc/tpm2-provider/{file}"));
    }
    for unit in ["service.conf", "agent.service"] {
        let text = site.0.text(&format!("{DOC}/docs/examples/{unit}"));
        assert!(text.contains("=/opt/tpm2/share/doc/tpm2-") && !text.contains("/usr/local"), "{text}");
    }

    site.make("uninstall", &site.packaged()).ok().says("uninstalled");
    assert_eq!(site.listing(), before);
    site.make("uninstall", &site.packaged()).ok().says("nothing to remove").says("tpm2-provider/installed");
}

#[test]
fn a_package_may_have_its_configuration_in_a_folder_of_its_own() {
    let site = Site::new();
    let variables = format!("{} CONFIGDIR=/opt/etc/tpm2", site.packaged());
    site.make("install", &variables).ok();
    for file in ["openssl.cnf", "tpm2.cnf"] {
        assert!(site.0.file(format!("root/opt/etc/tpm2/{file}")).exists(), "{file}");
        assert!(!site.0.file(format!("{DOC}/{file}")).exists(), "{file}");
    }
    assert!(site.0.text("root/opt/etc/tpm2/openssl.cnf").contains(".include /opt/etc/tpm2/tpm2.cnf\n"));
    // The documents name the files where they are.
    site.0.failed(&format!("grep -rF /usr/local/share/doc/tpm2-provider/openssl.cnf {DOC}"));
    site.make("uninstall", &variables).ok();
    assert!(!site.0.file("root").exists(), "{:?}", site.listing());
}

#[test]
fn programs_are_stripped_and_no_file_contains_a_build_path() {
    let site = Site::new();
    site.make("install", &site.packaged()).ok();
    for (name, built) in [
        ("opt/modules/tpm2.so", module::folder().join("tpm2.so")),
        ("opt/tpm2/bin/tpm2-keytool", module::keytool()),
    ] {
        let sections = |file: PathBuf| site.0.ok(&format!("readelf -SW {}", file.display())).out();
        let installed = sections(site.0.file("root").join(name));
        assert!(!installed.contains(".symtab") && !installed.contains(".debug_line"), "{name}: {installed}");
        assert!(sections(built).contains(".debug_line"), "{name} as built has lost its line tables");
        let dynamic = site.0.ok(&format!("readelf -d root/{name}")).out();
        assert!(!dynamic.contains("RPATH") && !dynamic.contains("RUNPATH"), "{name}: {dynamic}");
    }
    for folder in [module::workspace(), site.0.folder().to_owned()] {
        site.0.failed(&format!("grep -rlF {} root", folder.display()));
    }
    // STRIP= keeps the symbols for packaging tools.
    site.make("install", &format!("{} STRIP=", site.packaged())).ok();
    assert!(site.0.ok("readelf -SW root/opt/modules/tpm2.so").out().contains(".symtab"));
    site.make("install", &format!("{} STRIP=no-such-strip", site.packaged()))
        .failed()
        .says("install binutils");
}

#[test]
fn modes_do_not_depend_on_the_umask() {
    let site = Site::new();
    site.make("install", &site.packaged()).ok();
    let usual = site.listing();
    site.make("uninstall", &site.packaged()).ok();
    let careful = Site(site.0.clone().under("sh -c 'umask 077; exec \"$@\"' sh"));
    careful.make("install", &site.packaged()).ok();
    assert_eq!(site.listing(), usual);
}

#[test]
fn installing_again_replaces_all_files() {
    let site = Site::new();
    site.make("install", &site.packaged()).ok();
    let (first, list) = (site.listing(), site.0.read(format!("{DOC}/installed")));
    site.make("install", &site.packaged()).ok();
    assert_eq!((site.listing(), site.0.read(format!("{DOC}/installed"))), (first.clone(), list));
    // The module is installed in another folder.
    let variables = site.packaged().replace("/opt/modules", "/opt/elsewhere");
    site.make("install", &variables).ok();
    assert!(site.0.file("root/opt/elsewhere/tpm2.so").exists());
    assert!(!site.0.file("root/opt/modules/tpm2.so").exists());
    site.make("uninstall", &variables).ok();
    assert!(!site.0.file("root").exists(), "{:?}", site.listing());
}

#[test]
fn an_edited_configuration_survives_installing_and_uninstalling() {
    let site = Site::new();
    site.make("install", &site.packaged()).ok();
    let (file, new) = (format!("{DOC}/tpm2.cnf"), format!("{DOC}/tpm2.cnf.new"));
    let original = site.0.read(&file);
    let edited = [&original[..], b"tcti = device:/dev/tpmrm1\n"].concat();
    site.0.write(&file, &edited);
    for _ in 0..2 {
        site.make("install", &site.packaged()).ok().says("kept").says("tpm2.cnf.new");
        assert_eq!((site.0.read(&file), site.0.read(&new)), (edited.clone(), original.clone()));
    }
    site.make("uninstall", &site.packaged()).ok().says("kept").says("tpm2.cnf, which has changed");
    let left: Vec<String> = site.listing().into_iter().filter(|line| !line.starts_with("d ")).collect();
    assert_eq!(left, ["f 644 opt/tpm2/share/doc/tpm2-provider/tpm2.cnf"]);
    // After a user deletes the edited file, installing writes the default one.
    fs::remove_file(site.0.file(&file)).unwrap();
    site.make("install", &site.packaged()).ok();
    assert_eq!((site.0.read(&file), site.0.file(&new).exists()), (original, false));
}

#[test]
fn nothing_is_installed_before_it_is_built() {
    let site = Site::new();
    let root = module::workspace();
    let line = format!(
        "make -C {} install BUILT={} {}",
        root.display(),
        site.0.file("t/release").display(),
        site.packaged()
    );
    site.0.failed(&line).says("run make build first, not as root");
    assert!(!site.0.file("root").exists());
    site.make("install", "PREFIX=here").failed().says("PREFIX=here is not an absolute path");
}

#[test]
fn the_licence_of_every_linked_crate_is_installed() {
    let site = Site::new();
    site.make("install", &site.packaged()).ok();
    let licences = site.0.text(&format!("{DOC}/LICENSE-THIRD-PARTY"));
    let (crates, texts) = licences.split_once("\n====").unwrap();
    let libraries = ["missing", "keyfile", "crypto", "attestation", "tpm", "operations", "tokens"];
    for name in libraries.iter().chain(&["provider", "pkcs11", "keytool"]) {
        for (_, dependency) in
            house::dependencies(name).iter().filter(|(section, _)| section == "dependencies")
        {
            // The crates of the workspace have no licence of another.
            let own = libraries.contains(&dependency.as_str());
            let package = if own { format!("tpm2-provider-{dependency}") } else { dependency.clone() };
            assert_ne!(own, crates.contains(&format!("\n{package} v")), "{package}: {crates}");
        }
    }
    for name in crates.lines().filter_map(|line| line.split_once(": ")).map(|(name, _)| name) {
        // The list wraps crate names at spaces.
        let (name, version) = name.split_once(' ').unwrap();
        assert!(texts.contains(name) && texts.contains(version), "{name} {version} has no text");
    }
    for text in ["Apache License", "Permission is hereby granted", "Redistribution and use in source"] {
        assert!(texts.contains(text), "{text}");
    }
}
