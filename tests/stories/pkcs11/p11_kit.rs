//! p11-kit loads the module for all of its programs by a file in its folder.
use tests::{Shell, Token};

/// Debian's and Fedora's folder of p11-kit. In a mount namespace, another folder hides it from this command only.
const MODULES: &str = "/usr/share/p11-kit/modules";

#[test]
fn programs_of_p11_kit_find_the_module_by_its_module_file() {
    let token = Token::with_key("-e P-256");
    std::fs::create_dir(token.file("modules")).unwrap();
    token.write("modules/tpm2-keyfiles.module", format!("module: {}\n", token.module().display()));
    let mount = format!(r#"mount --bind {} {MODULES} && exec "$@""#, token.file("modules").display());
    let shell = Shell::clone(&token).in_mount_namespace("");
    let run = |line: &str| shell.ok(&format!("sh -c '{mount}' sh {line}"));
    run("p11-kit list-modules").says("tpm2-keyfiles:").says("token: keys").says("manufacturer: Example");
    run("p11tool --list-all pkcs11:token=keys").says("object=web;type=cert");
}
