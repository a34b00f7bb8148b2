//! Passwords by option, by callback, and at the prompt. Wrong, missing and locked-out passwords have different messages, and no password
//! is asked for where none is needed.
use tests::raw::Tpm as _;
use tests::{Pty, raw};

use crate::machine::Machine;

const SIGN: &str = "dgst -sha256 -sign key -out sig file";

/// The same with a password.
fn sign_with(password: &str) -> String {
    format!("dgst -sha256 -sign key -passin pass:{password} -out sig file")
}

fn machine(options: &str) -> Machine {
    let machine = Machine::new();
    machine.key("key", options);
    machine.openssl.write("file", b"contents");
    machine
}

/// Runs a line on a terminal and types the password at the prompt, if one is given.
#[track_caller]
fn at_terminal(machine: &Machine, line: &str, password: Option<&str>) -> (bool, String) {
    let mut terminal = Pty::start(machine.openssl.command(&format!("openssl {line}")));
    if let Some(password) = password {
        terminal.expect("pass phrase").type_line(password);
    }
    let (success, screen) = terminal.end();
    assert_eq!(
        screen.to_lowercase().matches("pass phrase").count(),
        usize::from(password.is_some()),
        "{screen}"
    );
    (success, screen)
}

#[track_caller]
fn verifies(machine: &Machine) {
    let stock = machine.openssl.without_tpm2();
    machine.openssl.ok("pkey -in key -passin pass:secret -pubout -out key.pub");
    stock.ok("dgst -sha256 -verify key.pub -signature sig file");
}

#[test]
fn a_password_is_given_by_option_or_at_the_prompt() {
    for options in ["-e P-256 -k secret", "-r -k secret"] {
        let machine = machine(options);
        machine.openssl.ok(&sign_with("secret"));
        verifies(&machine);
        let (success, screen) = at_terminal(&machine, SIGN, Some("secret"));
        assert!(success && !screen.contains("secret"), "{screen}");
        verifies(&machine);
    }
}

#[test]
fn a_password_is_given_by_callback() {
    let machine = machine("-e P-256 -k secret");
    let mut signer = machine.signer();
    signer.ok("load a key secret");
    signer.ok("sign a");
}

#[test]
fn no_password_is_asked_for_where_none_is_needed() {
    let machine = machine("-e P-256");
    let (success, screen) = at_terminal(&machine, SIGN, None);
    assert!(success, "{screen}");
    machine.key("locked", "-e P-256 -k secret");
    machine.openssl.ok("dgst -sha256 -sign locked -passin pass:secret -out sig file");
    machine.openssl.ok("pkey -in locked -passin pass:secret -pubout -out locked.pub");
    let verify = "dgst -sha256 -verify locked.pub -signature sig file";
    let (success, screen) = at_terminal(&machine, verify, None);
    assert!(success, "{screen}");
    // The key file itself, used for its public half.
    let (success, screen) = at_terminal(&machine, "pkey -pubin -in locked -noout -text", None);
    assert!(success, "{screen}");
}

#[test]
fn wrong_missing_and_locked_out_passwords_have_different_messages() {
    let machine = machine("-e P-256 -d -k secret");
    machine.tpm.set_dictionary_attack(3, 1000);
    let wrong = sign_with("wrong");
    machine.openssl.failed(&wrong).says("the TPM refused the password");
    assert_eq!(machine.tpm.failures(), 1, "a wrong password is tried once");
    machine.openssl.failed(SIGN).says("the key needs a password");
    assert_eq!(machine.tpm.failures(), 1, "a missing password is not tried");
    machine.openssl.ok(&sign_with("secret"));
    machine.openssl.failed(&wrong).says("the TPM refused the password");
    // No process spends the last try: a new process does not know whether a password is right.
    machine.openssl.failed(&sign_with("secret")).says("would lock the TPM").says("last-try");
    assert_eq!(machine.tpm.failures(), 2);
    let bold = machine.openssl.clone().set("last-try", "allow");
    bold.ok(&sign_with("secret"));
    bold.failed(&wrong).says("the TPM refused the password");
    assert_eq!(machine.tpm.failures(), 3);
    // In lockout the right password fails too, and the message says how long the lockout lasts.
    let locked = machine.openssl.failed(&sign_with("secret"));
    locked.says("dictionary-attack lockout").says("second");
    machine.tpm.raw(raw::DICTIONARY_ATTACK_LOCK_RESET, &[raw::LOCKOUT], &[b""], &[]).ok();
    machine.openssl.ok(&sign_with("secret"));
}

#[test]
fn a_wrong_password_is_asked_for_once() {
    let machine = machine("-e P-256 -k secret");
    let (success, screen) = at_terminal(&machine, SIGN, Some("wrong"));
    assert!(!success && screen.contains("the TPM refused the password"), "{screen}");
}
