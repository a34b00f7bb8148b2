//! `make install` beside files of other packages, and on machines without an `openssl` program.
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::install::Site;

/// Replaces the package manager: the file tpm2.so of the modules folder belongs to tpm2-openssl.
const DPKG: &str = "#!/bin/sh
case $2 in */modules/tpm2.so) echo \"tpm2-openssl:amd64: $2\" ;; *) exit 1 ;; esac
";

impl Site {
    /// Returns a PATH with this system's programs except some, plus scripts that replace them.
    fn path_with(&self, without: &[&str], scripts: &[(&str, &str)]) -> String {
        let bin = self.0.file("bin");
        let _ = fs::remove_dir_all(&bin);
        fs::create_dir(&bin).unwrap();
        for folder in ["/usr/bin", "/bin"] {
            for program in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let (name, path) = (program.file_name(), program.path());
                let hidden =
                    without.iter().chain(scripts.iter().map(|(name, _)| name)).any(|other| name == *other);
                if !hidden && !bin.join(&name).exists() {
                    // A dangling link of this name may exist already.
                    let _ = symlink(path, bin.join(&name));
                }
            }
        }
        for (name, text) in scripts {
            self.0.program(Path::new("bin").join(name), text);
        }
        bin.display().to_string()
    }
}

#[test]
fn the_module_of_another_package_stops_the_install_before_any_change() {
    let site = Site::new();
    let site = site.path(&site.path_with(&[], &[("dpkg", DPKG)]));
    fs::create_dir_all(site.0.file("root/opt/modules")).unwrap();
    site.0.write("root/opt/modules/tpm2.so", "of a package");
    let before = site.listing();
    let output = site.make("install", &site.packaged()).failed();
    output.says("belongs to the package tpm2-openssl").says("hint: ").says("MODULES=");
    assert_eq!(site.listing(), before);
    assert_eq!(site.0.text("root/opt/modules/tpm2.so"), "of a package");
    // The message names another folder as the solution; the configuration then finds the module there.
    let elsewhere = site.packaged().replace("/opt/modules", "/opt/ours");
    site.make("install", &elsewhere).ok();
    let configuration = site.0.text("root/opt/tpm2/share/doc/tpm2-provider/tpm2.cnf");
    assert!(configuration.contains("\nmodule = /opt/ours/tpm2.so\n"), "{configuration}");
    site.make("uninstall", &elsewhere).ok();
    assert_eq!(site.listing(), before);
}

#[test]
fn a_package_installed_later_keeps_its_module() {
    let site = Site::new();
    site.make("install", &site.packaged()).ok();
    let site = site.path(&site.path_with(&[], &[("dpkg", DPKG)]));
    site.0.write("root/opt/modules/tpm2.so", "of a package");
    site.make("install", &site.packaged()).failed().says("belongs to the package tpm2-openssl");
    let output = site.make("uninstall", &site.packaged()).ok();
    output.says("kept").says("modules/tpm2.so").says("belongs to the package tpm2-openssl");
    assert_eq!(site.0.ok("find root ! -type d").out(), "root/opt/modules/tpm2.so\n");
    assert_eq!(site.0.text("root/opt/modules/tpm2.so"), "of a package");
}

#[test]
fn a_module_of_unknown_origin_stops_the_install() {
    let site = Site::new();
    fs::create_dir_all(site.0.file("root/opt/tpm2/bin")).unwrap();
    site.0.write("root/opt/tpm2/bin/create_tpm2_key", "of openssl_tpm2_engine");
    let before = site.listing();
    let output = site.make("install", &site.packaged()).failed();
    output.says("bin/create_tpm2_key exists and was not installed by make install");
    assert_eq!(site.listing(), before);
}

#[test]
fn files_of_our_own_package_are_left_to_the_package_manager() {
    let site = Site::new();
    site.make("install", &site.packaged()).ok();
    let before = site.listing();
    let dpkg = "#!/bin/sh\necho \"tpm2-provider: $2\"\n";
    let site = site.path(&site.path_with(&[], &[("dpkg", dpkg)]));
    for goal in ["install", "uninstall"] {
        site.make(goal, &site.packaged()).failed().says("installed belongs to the package tpm2-provider");
    }
    assert_eq!(site.listing(), before);
}

#[test]
fn the_folders_are_found_without_an_openssl_program() {
    let site = Site::new();
    let root = format!("DESTDIR={} PREFIX=/opt/tpm2", site.0.file("root").display());
    let doc = "root/opt/tpm2/share/doc/tpm2-provider";
    site.make("install", &root).ok();
    let (usual, configuration) = (site.listing(), site.0.text(&format!("{doc}/openssl.cnf")));
    // A module in OpenSSL's own folder needs no line.
    assert!(site.0.text(&format!("{doc}/tpm2.cnf")).contains("\n# module = "));
    site.make("uninstall", &root).ok();

    let path = site.path_with(&["openssl"], &[]);
    site.path(&path).make("install", &root).ok();
    assert_eq!((site.listing(), site.0.text(&format!("{doc}/openssl.cnf"))), (usual, configuration));
    site.make("uninstall", &root).ok();

    let bare = site.path(&site.path_with(&["openssl", "pkg-config", "cargo", "rustc"], &[]));
    let output = bare.make("install", &root).failed();
    output.says("cannot find OpenSSL's own folder").says("make install MODULES=");
    bare.make("install", &format!("{root} MODULES=/opt/modules")).failed().says("make install OPENSSLDIR=");
    bare.make("install", &format!("{root} MODULES=/opt/modules OPENSSLDIR=/etc/ssl")).ok();
    bare.make("uninstall", &root).ok();
    assert!(!site.0.file("root").exists());
}

#[test]
fn two_openssl_installations_are_an_error() {
    let site = Site::new();
    let other = "#!/bin/sh\ncase $2 in -m) echo 'MODULESDIR: \"/opt/ssl/modules\"' ;; -d) echo 'OPENSSLDIR: \"/opt/ssl\"' ;; esac\n";
    let site = site.path(&site.path_with(&[], &[("openssl", other)]));
    let root = format!("DESTDIR={} PREFIX=/opt/tpm2", site.0.file("root").display());
    let output = site.make("install", &root).failed();
    output.says("two OpenSSL installations found: /opt/ssl/modules").says("make install MODULES=");
    site.make("install", &format!("{root} MODULES=/opt/ssl/modules OPENSSLDIR=/opt/ssl")).ok();
    assert!(site.0.file("root/opt/ssl/modules/tpm2.so").exists());
}
