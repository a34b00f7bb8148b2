//! The keys that the module offers: those of a configuration file, or of the user's folder.
use tests::process::Output;
use tests::{Shell, Token};

/// Runs pkcs11-tool with the module; `shell` has its configuration.
#[track_caller]
fn run(token: &Token, shell: &Shell, line: &str) -> Output {
    shell.run(&format!("pkcs11-tool --module {} {line}", token.module().display()))
}

/// Signs with the key that these options of pkcs11-tool select, and verifies the signature with the certificate in a file.
#[track_caller]
fn signs(token: &Token, shell: &Shell, options: &str, certificate: &str) {
    let stock = token.stock();
    stock.write("data", "what is signed");
    let line = "--sign --mechanism ECDSA-SHA256 --signature-format openssl -i data -o signature";
    run(token, shell, &format!("{options} {line}")).ok();
    stock.ok(&format!("x509 -in {certificate} -noout -pubkey -out signer.pub"));
    stock.ok("dgst -sha256 -verify signer.pub -signature signature data").says("Verified OK");
}

#[test]
fn the_users_folder_is_a_token_without_any_configuration() {
    let token = Token::with_key("-e P-256");
    std::fs::create_dir_all(token.file(".local/share")).unwrap();
    std::fs::rename(token.file("keys"), token.file(".local/share/tpm2-keys")).unwrap();
    let home = token.unconfigured();
    run(&token, &home, "--list-objects").ok().says("Private Key Object").says("CN=web");
    // XDG_DATA_HOME replaces ~/.local/share.
    std::fs::rename(token.file(".local/share"), token.file("data-home")).unwrap();
    let other = token.unconfigured().env("XDG_DATA_HOME", token.file("data-home"));
    run(&token, &other, "--list-objects").ok().says("Private Key Object").says("CN=web");
    let without = run(&token, &home, "--list-objects");
    assert!(!without.out().contains("Private Key Object"), "{without}");
}

#[test]
fn each_section_is_a_token_with_the_key_that_it_names_or_adds_a_key_to_another() {
    let token = Token::with_key("-e P-256");
    let tool = token.tool();
    let created = tool.ok("create -e P-256 --persistent persistent.ref").out();
    let handle = created.split(" at ").nth(1).expect(&created).trim();
    token.certify_reference("persistent");
    let certificate = token.file("keys/web.crt").display().to_string();
    let persistent = token.file("keys/persistent.crt").display().to_string();
    let file = token.file("keys/web.tpm").display().to_string();
    let reference = token.file("persistent.ref").display().to_string();
    let lines = format!(
        "manufacturer id = Example\n\
         [file]\nprivate key = {file}\ncertificate = {certificate}\nid = 01\n\
         [uri]\nprivate key = tpm2:file={file}\ncertificate = {certificate}\n\
         [reference]\nprivate key = {reference}\ncertificate = {persistent}\n\
         [handle]\ntoken = file\nlabel = second\nprivate key = handle:{handle}\ncertificate = {persistent}\n"
    );
    let shell = token.configured(&lines);
    signs(&token, &shell, "--token-label file --id 01", "keys/web.crt");
    signs(&token, &shell, "--token-label uri", "keys/web.crt");
    signs(&token, &shell, "--token-label reference", "keys/persistent.crt");
    // pkcs11-tool selects the key of a signature by its ID only.
    let listed = run(&token, &shell, "--token-label file --list-objects --type privkey").ok().out();
    let second = listed.split("label:      second").nth(1).expect(&listed);
    let id = second.lines().find_map(|line| line.trim().strip_prefix("ID:")).expect(&listed).trim();
    signs(&token, &shell, &format!("--token-label file --id {id}"), "keys/persistent.crt");
    run(&token, &shell, "--list-objects --token-label file").ok().says("ID:         01");
    let tokens = run(&token, &shell, "--list-slots").ok().out();
    assert_eq!(tokens.matches("token label").count(), 3, "{tokens}");
}

#[test]
fn a_section_whose_key_is_missing_does_not_hide_the_others() {
    let token = Token::with_key("-e P-256");
    let file = |name: &str| token.file(name).display().to_string();
    let lines = format!(
        "[gone]\nprivate key = {}\n[web]\nprivate key = {}\ncertificate = {}\n",
        file("keys/gone.tpm"),
        file("keys/web.tpm"),
        file("keys/web.crt")
    );
    let shell = token.configured(&lines);
    signs(&token, &shell, "--token-label web", "keys/web.crt");
}
