//! The other TPM tools and providers, as shells with the right environment. Stories exchange files and keys with them.
use std::path::PathBuf;

use crate::{Openssl, Order, Shell, module};

/// Returns a shell for tpm2-tools (`tpm2_createprimary …`) in the same folder.
#[must_use]
pub fn tpm2_tools(shell: &Shell, tcti: &str) -> Shell {
    shell.beside().env("TPM2TOOLS_TCTI", tcti)
}

/// Returns the option of tpm2_encodeobject for an object with or without a password. Versions before 5.8 invert emptyAuth: they write TRUE
/// with `-p`, "the key needs a password".
///
/// # Panics
/// If tpm2-tools do not print their version.
#[must_use]
#[track_caller]
pub fn encodeobject_option(shell: &Shell, password: bool) -> &'static str {
    let told = shell.ok("tpm2_encodeobject --version").out();
    let version = told.split('"').nth(3).and_then(|version| version.split_once('.')).expect(&told);
    let minor = version.1.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    let number = |digits: &str| digits.parse::<u32>().expect(&told);
    let is_right = (number(version.0), number(minor)) >= (5, 8);
    if password == is_right { "-p" } else { "" }
}

/// Returns a shell for stock openssl with tpm2-openssl, whose provider has the same name as ours.
#[must_use]
#[track_caller]
pub fn tpm2_openssl(shell: &Shell, tcti: &str) -> Shell {
    with_its_module(Openssl::clean_in(shell.clone()), tcti)
}

/// Returns a shell with tpm2-openssl activated by the configuration, for programs that name no provider.
#[must_use]
#[track_caller]
pub fn tpm2_openssl_everywhere(shell: &Shell, tcti: &str) -> Shell {
    with_its_module(Openssl::clean_in(shell.clone()).ordered(Order::Tpm2First), tcti)
}

/// Returns the same with the property query of its documentation, so that only keys use the TPM, and digests and ciphers do not.
#[must_use]
#[track_caller]
pub fn tpm2_openssl_for_keys(shell: &Shell, tcti: &str) -> Shell {
    let configuration = shell.write("tpm2-openssl.cnf", FOR_KEYS);
    tpm2_openssl_everywhere(shell, tcti).env("OPENSSL_CONF", configuration)
}

const FOR_KEYS: &str = "\
openssl_conf = init
[init]
providers = providers
alg_section = algorithms
[algorithms]
default_properties = ?provider=tpm2,tpm2.digest!=yes,tpm2.cipher!=yes
[providers]
default = active
tpm2 = active
[active]
activate = 1
";

/// Loads the module from a folder of its own, because the system's module folder may contain ours under that name.
#[track_caller]
fn with_its_module(openssl: Openssl, tcti: &str) -> Shell {
    let modules = folder().join("tpm2-openssl");
    assert!(
        modules.join("tpm2.so").exists(),
        "{} has no tpm2.so: run `scripts/deps test`",
        modules.display()
    );
    openssl.shell().clone().env("OPENSSL_MODULES", modules).env("TPM2OPENSSL_TCTI", tcti)
}

/// Creates an empty token `keys` in a new store of tpm2-pkcs11. Returns a shell with its environment, and the path of its module.
///
/// # Panics
/// If the module or its tool is missing.
#[must_use]
#[track_caller]
pub fn tpm2_pkcs11(shell: &Shell, tcti: &str, pin: &str) -> (Shell, PathBuf) {
    let module = folder().join("tpm2-pkcs11/libtpm2_pkcs11.so");
    assert!(module.exists(), "{} is missing: run `scripts/deps bench`", module.display());
    let store = shell.file("store");
    std::fs::create_dir(&store).expect("a folder for the store");
    let tool = shell.beside().env("TPM2TOOLS_TCTI", tcti);
    tool.ok("tpm2_ptool init --path store");
    tool.ok(&format!("tpm2_ptool addtoken --path store --pid 1 --label keys --sopin {pin} --userpin {pin}"));
    let shell = shell.beside().env("TPM2_PKCS11_STORE", store).env("TPM2_PKCS11_TCTI", tcti);
    (shell, module)
}

/// Returns a shell in which /usr/bin/python3 imports the verifiers of attestation from PyPI, and their versions of cryptography and cbor2.
///
/// # Panics
/// If they are missing.
#[must_use]
#[track_caller]
pub fn verifiers(shell: &Shell) -> Shell {
    let packages = folder().join("verifiers");
    assert!(packages.exists(), "{} is missing: run `scripts/deps test`", packages.display());
    shell.beside().env("PYTHONPATH", packages)
}

/// The major versions of the official Node.js that scripts/deps installs; they are linked with OpenSSL 3.0 and 3.5.
pub const NODE: [&str; 2] = ["20", "22"];

/// Returns the path of the official `node` of a major version.
///
/// # Panics
/// If it is missing.
#[must_use]
#[track_caller]
pub fn node(version: &str) -> PathBuf {
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x64" };
    let node = folder().join(format!("node-{version}/node_modules/node-linux-{machine}/bin/node"));
    assert!(node.exists(), "{} is missing: run `scripts/deps test`", node.display());
    node
}

/// Returns the folder into which scripts/deps unpacks them: TPM2_PEERS_DIR, or `peers` in the target folder.
fn folder() -> PathBuf {
    std::env::var_os("TPM2_PEERS_DIR").map_or_else(|| module::target().join("peers"), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Swtpm;
    use crate::raw::Tpm as _;

    #[test]
    fn each_peer_creates_a_key() {
        let tpm = Swtpm::start();
        let shell = Shell::new("peers");
        tpm2_tools(&shell, &tpm.tcti()).ok("tpm2_createprimary -C o -c primary.ctx");
        for handle in tpm.transient() {
            tpm.flush(handle);
        }
        let line = "openssl genpkey -provider tpm2 -provider default -algorithm EC -pkeyopt group:P-256 -out key.tpm";
        tpm2_openssl(&shell, &tpm.tcti()).ok(line);
        assert!(shell.text("key.tpm").contains("BEGIN TSS2 PRIVATE KEY"));
    }
}
