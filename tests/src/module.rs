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
