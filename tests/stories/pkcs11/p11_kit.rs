//! p11-kit loads the module for all of its programs by the file that `make install` puts into its folder.
use std::fs;

use tests::process::Output;
use tests::{Shell, Token, module};

use super::programs::{Does, P11_KIT};

/// Debian's and Fedora's folder of p11-kit. In a mount namespace, another folder hides it from this command only.
const MODULES: &str = "/usr/share/p11-kit/modules";

/// Runs a program of p11-kit that finds the system's module of trust and the file of `make install`, with the path of the built module.
#[track_caller]
pub(super) fn run(token: &Token, line: &str) -> Output {
    if !token.file("modules").exists() {
        fs::create_dir(token.file("modules")).unwrap();
        token.ok(&format!("cp {MODULES}/p11-kit-trust.module modules"));
        let file = fs::read_to_string(module::workspace().join("packaging/tpm2-keyfiles.module")).unwrap();
        let path = format!("module: {}", token.module().display());
        assert!(file.contains("\nmodule: tpm2-keyfiles-pkcs11.so\n"), "{file}");
        token.write("modules/tpm2-keyfiles.module", file.replace("module: tpm2-keyfiles-pkcs11.so", &path));
    }
    let mount = format!(r#"mount --bind {} {MODULES} && exec "$@""#, token.file("modules").display());
    Shell::clone(token).in_mount_namespace("").run(&format!("sh -c '{mount}' sh {line}"))
}

#[test]
fn programs_of_p11_kit_find_the_module_by_its_module_file() {
    for options in ["-e P-256", "-r"] {
        let token = Token::with_key(options);
        let modules = run(&token, "p11-kit list-modules").ok();
        modules.says("tpm2-keyfiles:").says("token: keys").says("manufacturer: Example");
        run(&token, "p11tool --list-all pkcs11:token=keys").ok().says("object=web;type=cert");
        P11_KIT.passed(Does::List, options);
    }
}

#[test]
fn no_certificate_of_the_token_is_a_trust_anchor() {
    let token = Token::with_key("-e P-256");
    // An authority of the user, with the private key of the token.
    let authority = token.stock().ok("x509 -in authority.pem").out();
    token.write("keys/authority.pem", &authority);
    run(&token, "p11tool --list-all pkcs11:token=keys").ok().says("object=authority;type=cert");
    for filter in ["all", "trust-policy", "certificates", "ca-anchors"] {
        let listed = run(&token, &format!("trust list --filter={filter}")).ok().out();
        assert!(!listed.contains("tpm2-keyfiles") && !listed.contains("label: authority"), "{listed}");
        assert!(!listed.contains("label: web"), "{listed}");
    }
    let anchors = run(&token, "trust list --filter=ca-anchors").ok().out();
    assert_eq!(anchors, token.ok("trust list --filter=ca-anchors").out(), "the anchors of the system");
    // The module says itself that it is no source of trust.
    let listed = run(&token, "p11tool --list-all-trusted pkcs11:token=keys");
    assert!(!listed.out().contains("object="), "{listed}");
}
