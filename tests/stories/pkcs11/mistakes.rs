//! What a user sees who made a mistake: the programs' own words, and with TPM2_TRACE=1 the cause and a hint, as the key tool prints them.
use tests::process::Output;
use tests::{Shell, Token};

use super::PIN;

/// Runs pkcs11-tool with a signature by the key.
#[track_caller]
fn pkcs11_tool(token: &Token, shell: &Shell, pin: &str) -> Output {
    token.write("data", "what is signed");
    let sign = format!("--login --pin {pin} --sign --mechanism ECDSA-SHA256 -i data -o signature");
    shell.run(&format!("pkcs11-tool --module {} {sign}", token.module().display()))
}

/// Runs p11tool with a signature by the key.
#[track_caller]
fn p11tool(token: &Token, shell: &Shell, pin: &str) -> Output {
    let shell = shell.clone().env("GNUTLS_PIN", pin);
    let key = "'pkcs11:token=keys;object=web;type=private'";
    shell.run(&format!("p11tool --provider {} --login --test-sign {key}", token.module().display()))
}

/// Runs ssh-keygen, which signs the certificate of a user with the key.
#[track_caller]
fn ssh_keygen(token: &Token, shell: &Shell, pin: &str) -> Output {
    let program = token.program(format!("askpass-{pin}"), format!("#!/bin/sh\necho {pin}\n"));
    let shell = shell.clone().env("SSH_ASKPASS", program).env("SSH_ASKPASS_REQUIRE", "force");
    if !token.file("ca.pub").exists() {
        token.write("ca.pub", listed(token, &shell).ok().stdout);
        token.ok("ssh-keygen -q -t ed25519 -N '' -f user");
    }
    shell.run(&format!("ssh-keygen -s ca.pub -D {} -I user -n login user.pub", token.module().display()))
}

/// Runs ssh-keygen, which prints the public keys of the token.
#[track_caller]
fn listed(token: &Token, shell: &Shell) -> Output {
    shell.run(&format!("ssh-keygen -D {}", token.module().display()))
}

/// Returns the cause and the hint that the trace of pkcs11-tool has for the first call of a function that failed.
#[track_caller]
fn traced(token: &Token, shell: &Shell, pin: &str, function: &str) -> (String, String) {
    let output = pkcs11_tool(token, &shell.clone().env("TPM2_TRACE", "1"), pin);
    let trace = output.err();
    let failed = format!(" {function} failed ");
    let line = trace.lines().find(|line| line.contains(&failed)).unwrap_or_else(|| panic!("{output}"));
    let (cause, hint) = line.split_once("; hint: ").unwrap_or_else(|| panic!("no hint: {line}"));
    assert!(!hint.is_empty() && hint.len() <= 160, "{hint}");
    assert!(!trace.contains(pin) || pin.is_empty(), "the trace has the PIN:\n{trace}");
    (cause.to_owned(), hint.to_owned())
}

/// Fails unless the key tool prints this hint, too.
#[track_caller]
fn same_hint(output: &Output, hint: &str) {
    let printed = format!("{}{}", output.out(), output.err());
    assert!(printed.contains(&format!("hint: {hint}")), "{hint}\n{output}");
}

#[test]
fn a_mistake_in_the_configuration_is_named_with_its_line() {
    let token = Token::with_key("-e P-256");
    let shell = token.configured("[keys]\nfoldr = keys\n");
    listed(&token, &shell).failed().says("C_Initialize").says("failed: 6");
    p11tool(&token, &shell, PIN).failed().says("PKCS #11 error");
    pkcs11_tool(&token, &shell, PIN).failed().says("C_Initialize failed: rv = CKR_FUNCTION_FAILED");
    let (cause, hint) = traced(&token, &shell, PIN, "C_Initialize");
    let problem = "other.conf, line 2: `foldr` is unknown in the section [keys]";
    assert!(cause.ends_with(problem), "{cause}");
    let tool = token.tool().failed("token --conf other.conf");
    same_hint(&tool.says(problem), &hint);
}

#[test]
fn a_missing_tpm_is_named_and_hides_no_key() {
    let token = Token::with_key(&format!("-e P-256 -k {PIN}"));
    let tcti = format!("swtpm:path={}", token.file("nowhere").display());
    let shell = Shell::clone(&token).env("TPM2_TCTI", &tcti);
    listed(&token, &shell).ok().says("ecdsa-sha2-nistp256");
    ssh_keygen(&token, &shell, PIN).failed();
    p11tool(&token, &shell, PIN).failed().says("PKCS #11 error in device");
    pkcs11_tool(&token, &shell, PIN).failed().says("C_Login failed: rv = CKR_DEVICE_ERROR");
    let (cause, hint) = traced(&token, &shell, PIN, "C_Login");
    assert!(cause.contains(&format!("no TPM answers at {tcti}")), "{cause}");
    same_hint(&token.tool().failed(&format!("status --tcti {tcti}")), &hint);
    // What is in the files is listed as before.
    token.tool().ok("token --conf pkcs11.conf").says("\"web\"");
}

#[test]
fn a_key_of_another_tpm_is_named() {
    let other = Token::with_key("-e P-256");
    let token = Token::new();
    for name in ["keys/web.tpm", "keys/web.crt"] {
        token.write(name, other.read(name));
    }
    listed(&token, &token).ok().says("ecdsa-sha2-nistp256");
    ssh_keygen(&token, &token, PIN).failed();
    p11tool(&token, &token, PIN).failed();
    pkcs11_tool(&token, &token, PIN).failed().says("CKR_");
    let (cause, hint) = traced(&token, &token, PIN, "C_Sign");
    assert!(cause.contains("TPM_RC_INTEGRITY"), "{cause}");
    same_hint(&token.tool().failed("load keys/web.tpm 0x81000100"), &hint);
}

#[test]
fn a_wrong_pin_is_named_as_the_password_of_the_key() {
    let token = Token::with_key(&format!("-e P-256 -k {PIN}"));
    ssh_keygen(&token, &token, "9999").failed();
    p11tool(&token, &token, "9999").failed().says("Wrong PIN");
    pkcs11_tool(&token, &token, "9999").failed().says("C_Login failed: rv = CKR_PIN_INCORRECT");
    let (cause, _) = traced(&token, &token, "9999", "C_Login");
    assert!(cause.contains("the password is wrong"), "{cause}");
}

#[test]
fn a_locked_tpm_is_named_with_the_time_to_wait() {
    let token = Token::with_key(&format!("-e P-256 --da -k {PIN}"));
    let keys = token.file("keys").display().to_string();
    let careless = token.configured(&format!("last-try = allow\n[keys]\nfolder = {keys}\n"));
    // One wrong PIN after the other, each in a process that does not know of the former.
    while !token.tool().run("status").out().contains("LOCKED") {
        pkcs11_tool(&token, &careless, "9999").failed();
    }
    for shell in [Shell::clone(&token), careless] {
        ssh_keygen(&token, &shell, PIN).failed();
        p11tool(&token, &shell, PIN).failed().says("PIN");
        pkcs11_tool(&token, &shell, PIN).failed().says("C_Login failed: rv = CKR_PIN_LOCKED");
        let (_, hint) = traced(&token, &shell, PIN, "C_Login");
        assert!(hint.contains("wait"), "{hint}");
    }
}

#[test]
fn a_token_whose_key_file_is_missing_is_named() {
    let token = Token::with_key("-e P-256");
    let missing = token.file("keys/missing.tpm").display().to_string();
    let shell = token.configured(&format!("[Mail]\nprivate key = {missing}\n"));
    let module = token.module().display().to_string();
    let line = format!("p11tool --provider {module} --list-tokens");
    let output = shell.env("TPM2_TRACE", "1").run(&line);
    assert!(!output.out().contains("Mail"), "{output}");
    output.says("no key file of the token \"Mail\" exists").says("; hint: check the paths");
    let tool = token.tool().run("token --conf other.conf");
    assert_eq!(tool.code(), Some(1), "{tool}");
    tool.says(&missing).says("hint: check the path");
}

#[test]
fn a_damaged_key_file_is_named_and_hides_no_other_key() {
    let token = Token::with_key("-e P-256");
    token.write("keys/cut.tpm", &token.read("keys/web.tpm")[..100]);
    let module = token.module().display().to_string();
    let line = format!("p11tool --provider {module} --list-privkeys pkcs11:token=keys");
    let output = token.clone().env("TPM2_TRACE", "1").ok(&line).says("object=web");
    let trace = output.err();
    let line = trace.lines().find(|line| line.contains("cut.tpm")).unwrap_or_else(|| panic!("{output}"));
    let (cause, hint) = line.split_once("; hint: ").unwrap_or_else(|| panic!("no hint: {line}"));
    let cause =
        cause.split_once("lacks a file: ").map(|(_, cause)| cause).unwrap_or_else(|| panic!("{line}"));
    same_hint(&token.tool().failed("token --conf pkcs11.conf").says(cause), hint);
}
