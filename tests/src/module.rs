//! Locates the freshly built module and tool. If one is missing or stale, the test fails with a clear message.
//!
//! Tests never build what they test: `make build` does. Cargo writes the list of sources of each artifact beside it (libtpm2.d), so this
//! file need not know the crates. Each test program checks once.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// The file name of the PKCS#11 module.
const PKCS11: &str = "tpm2-keyfiles-pkcs11.so";

/// Returns the folder that contains `tpm2.so`, for OPENSSL_MODULES: TPM2_MODULE_DIR, or `release` in the target folder.
///
/// # Panics
/// If the module is missing or older than one of its sources.
#[must_use]
#[track_caller]
pub fn folder() -> PathBuf {
    static MODULE: OnceLock<PathBuf> = OnceLock::new();
    let module = MODULE.get_or_init(|| {
        let folder = chosen();
        check(&folder.join("tpm2.so"), &folder.join("libtpm2.d"));
        folder
    });
    module.clone()
}

/// Returns the path of the key tool, which is beside the module.
///
/// # Panics
/// If it is missing or older than one of its sources.
#[must_use]
#[track_caller]
pub fn keytool() -> PathBuf {
    static TOOL: OnceLock<PathBuf> = OnceLock::new();
    let tool = TOOL.get_or_init(|| {
        let tool = chosen().join("tpm2-keytool");
        check(&tool, &tool.with_extension("d"));
        tool
    });
    tool.clone()
}

/// Returns the path of the PKCS#11 module, which is beside the provider.
///
/// # Panics
/// If it is missing or older than one of its sources.
#[must_use]
#[track_caller]
pub fn pkcs11() -> PathBuf {
    static MODULE: OnceLock<PathBuf> = OnceLock::new();
    let module = MODULE.get_or_init(|| {
        let module = chosen().join(PKCS11);
        check(&module, &chosen().join("libtpm2_keyfiles_pkcs11.d"));
        module
    });
    module.clone()
}

/// Returns cargo's target folder.
///
/// # Panics
/// If scripts/target-dir, which asks cargo, fails.
#[must_use]
pub fn target() -> PathBuf {
    static TARGET: OnceLock<PathBuf> = OnceLock::new();
    let target = TARGET.get_or_init(|| {
        let answer =
            Command::new(workspace().join("scripts/target-dir")).output().expect("scripts/target-dir");
        let path = String::from_utf8(answer.stdout).expect("a path");
        assert!(answer.status.success() && !path.is_empty(), "scripts/target-dir: {}", answer.status);
        path.trim_end().into()
    });
    target.clone()
}

/// Returns the root of the workspace.
///
/// # Panics
/// Never: this crate is a folder of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a folder of the workspace").to_owned()
}

fn chosen() -> PathBuf {
    std::env::var_os("TPM2_MODULE_DIR").map_or_else(|| target().join("release"), PathBuf::from)
}

#[track_caller]
fn check(artifact: &Path, sources: &Path) {
    let Ok(built) = modified(artifact) else { panic!("{} is missing: run `make build`", artifact.display()) };
    // An installed module has no list; the user chose it.
    let list = fs::read_to_string(sources).unwrap_or_default();
    for source in list.lines().flat_map(|line| line.split_once(": ")).flat_map(|(_, files)| files.split(' '))
    {
        let newer = modified(Path::new(source)).is_ok_and(|source| source > built);
        assert!(!newer, "{} is older than {source}: run `make build`", artifact.display());
    }
}

fn modified(path: &Path) -> std::io::Result<SystemTime> {
    fs::metadata(path)?.modified()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_stale_artifacts_are_rejected() {
        let scratch = crate::Scratch::new("module");
        let (artifact, list) = (scratch.file("x.so"), scratch.file("x.d"));
        let fails = || std::panic::catch_unwind(|| check(&artifact, &list)).is_err();
        assert!(fails(), "missing");
        let source = scratch.write("lib.rs", "");
        scratch.write("x.d", format!("{}: {}\n", artifact.display(), source.display()));
        scratch.write("x.so", "");
        assert!(!fails(), "fresh");
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        fs::File::options().write(true).open(source).unwrap().set_modified(later).unwrap();
        assert!(fails(), "stale");
    }

    #[test]
    fn target_folder_is_that_of_cargo() {
        let told = |variable: &str, value: &str, cargo: Option<&str>| {
            let mut command = Command::new(workspace().join("scripts/target-dir"));
            command.env_remove("CARGO_TARGET_DIR").env(variable, value);
            command.envs(cargo.map(|cargo| ("CARGO", cargo)));
            String::from_utf8(command.output().unwrap().stdout).unwrap()
        };
        // build.target-dir of a configuration file, in cargo's name for the environment.
        assert_eq!(told("CARGO_BUILD_TARGET_DIR", "/elsewhere", None), "/elsewhere\n");
        assert_eq!(told("CARGO_TARGET_DIR", "/elsewhere", None), "/elsewhere\n");
        let beside = format!("{}\n", workspace().join("beside").display());
        for cargo in [None, Some("/nowhere/cargo")] {
            assert_eq!(told("CARGO_TARGET_DIR", "beside", cargo), beside);
        }
    }
}
