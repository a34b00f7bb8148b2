//! The module as a program in C sees it (`pkcs11.c`): lengths, NULL, a wrong order of calls, forks, threads, removed files, logins.
use std::path::Path;

use openssl::bn::BigNum;
use openssl::ecdsa::EcdsaSig;
use tests::{Token, c_program, valgrind};

use super::PIN;

/// Returns the line that runs the program.
#[track_caller]
fn line(token: &Token, arguments: &str) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories/c/pkcs11.c");
    let program = c_program::build(token, &source);
    let (command, rest) = arguments.split_once(' ').unwrap_or((arguments, ""));
    format!("{program} {command} {} {rest}", token.module().display())
}

#[track_caller]
fn run(token: &Token, arguments: &str) -> String {
    token.ok(&line(token, arguments)).says("done").out()
}

#[test]
fn short_buffers_and_null_are_errors_that_change_nothing() {
    run(&Token::with_key("-e P-256"), "buffers");
}

#[test]
fn calls_in_a_wrong_order_have_their_codes() {
    run(&Token::with_key("-e P-256"), "order");
}

#[test]
fn a_message_in_a_thousand_parts_is_signed_as_a_whole() {
    let token = Token::with_key("-e P-256");
    let signature = run(&token, "parts");
    let signature = hex::decode(signature.lines().next().unwrap()).unwrap();
    let [r, s] = [&signature[..32], &signature[32..]].map(|number| BigNum::from_slice(number).unwrap());
    let der = EcdsaSig::from_private_components(r, s).unwrap().to_der().unwrap();
    token.write("signature", der);
    // The program signs the first 31 bytes of its digest a thousand times.
    token.write("data", b"a digest of thirty-two bytes..\0".repeat(1000));
    token.stock().ok("dgst -sha256 -verify web.pub -signature signature data").says("Verified OK");
}

#[test]
fn the_thousandth_signature_is_like_the_first() {
    run(&Token::with_key("-e P-256"), "thousand");
}

#[test]
fn a_forked_child_calls_initialize_anew() {
    run(&Token::with_key("-e P-256"), "fork");
}

#[test]
fn calls_in_progress_end_well_when_another_thread_finalizes() {
    let printed = run(&Token::with_key("-e P-256"), "threads");
    let signatures: u32 = printed.split(' ').next().unwrap().parse().unwrap();
    assert!(signatures > 20, "{printed}");
}

#[test]
fn a_removed_key_file_is_noticed_by_an_open_session() {
    let token = Token::with_key("-e P-256");
    let file = token.file("keys/web.tpm").display().to_string();
    run(&token, &format!("removed {file}"));
}

#[test]
fn private_keys_with_a_password_are_there_during_the_login() {
    let token = Token::with_key(&format!("-e P-256 -k {PIN}"));
    assert!(
        run(&token, &format!("login {PIN} wrong")).contains("count low: 0"),
        "no lockout protects this key"
    );
    let token = Token::with_key(&format!("-e P-256 --da -k {PIN}"));
    assert!(run(&token, &format!("login {PIN} wrong")).contains("count low: 1"));
    // One failure: a refused PIN is not sent again.
    token.tool().ok("status").says("1 wrong passwords of");
}

#[test]
fn a_token_may_ask_for_a_login_before_each_operation() {
    let token = Token::with_key(&format!("-e P-256 -k {PIN}"));
    let folder = token.file("keys").display().to_string();
    token.write("pkcs11.conf", format!("[keys]\nfolder = {folder}\nalways authenticate = yes\n"));
    run(&token, &format!("each {PIN} wrong"));
}

#[test]
fn derived_keys_end_with_their_session_or_their_login() {
    run(&Token::with_key(&format!("-e P-256 -k {PIN}")), &format!("derive {PIN}"));
}

#[test]
fn valgrind_finds_nothing_in_the_module() {
    let token = Token::with_key("-e P-256");
    for arguments in ["buffers", "order", "parts", "threads"] {
        let report = valgrind::run(&token, &line(&token, arguments), "tpm2-keyfiles-pkcs11.so");
        assert!(report.output.success(), "{arguments}: {}", report.output);
        assert!(report.ours.is_empty(), "{arguments}:\n{}", report.ours.join("\n"));
    }
}
