//! `bench` measures the TPM, says what its times mean, and leaves nothing behind: not after a failure, and not after Ctrl-C.

use std::time::Duration;

use serde_json::Value;
use tests::chips::Chip;
use tests::process::Output;
use tests::raw::{self, Tpm as _};
use tests::{Fate, Options, Proxy, Pty, ResourceManager, Swtpm, tamper};

use crate::keytool::Desk;

/// Returns the rows of the JSON document: operation, key, result and number of samples.
#[track_caller]
fn rows(output: &Output) -> Vec<(String, String, String, u64)> {
    let found: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"));
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let all = found["operations"].as_array().unwrap();
    let row = |row: &Value| {
        let times = ["min_us", "median_us", "p95_us"].map(|name| row[name].as_u64());
        assert!(times.is_sorted(), "{row}");
        assert_eq!(times[0].is_some(), row["result"] == "measured", "{row}");
        let samples = row["samples"].as_u64().unwrap();
        (text(row, "operation"), text(row, "key"), text(row, "result"), samples)
    };
    all.iter().map(row).collect()
}

fn expected(result: impl Fn(&str, &str) -> (&'static str, u64)) -> Vec<(String, String, String, u64)> {
    [
        ("create-primary", "P-256"),
        ("load", "P-256"),
        ("sign", "P-256"),
        ("ecdh", "P-256"),
        ("sign", "P-384"),
        ("load", "RSA-2048"),
        ("sign", "RSA-2048"),
        ("decrypt", "RSA-2048"),
        ("sign", "RSA-3072"),
    ]
    .map(|(operation, key)| {
        let (result, samples) = result(operation, key);
        (operation.to_owned(), key.to_owned(), result.to_owned(), samples)
    })
    .to_vec()
}

#[test]
fn a_table_shows_each_operation_and_what_it_means() {
    let desk = Desk::new();
    let output = desk.run("tpm2-keytool bench --yes --samples 3").ok();
    assert_eq!(output.err(), "");
    let text = output.out();
    for (start, end) in [("operation ", "a second"), ("create primary P-256 ", ""), ("sign P-256 ", "")] {
        assert!(text.lines().any(|line| line.starts_with(start) && line.ends_with(end)), "{start}: {text}");
    }
    // Which type of key is faster depends on the machine's other work.
    output.says("full TLS handshakes a second").says("keys (create --").says("tpm2-keytool srk");
    desk.assert_tidy();
    desk.run("tpm2-keytool srk").ok();
    desk.run("tpm2-keytool bench --yes --samples 1").ok().says("no process derives the parent");
    let document = desk.run("tpm2-keytool bench --yes --samples 4 --json").ok();
    assert_eq!(rows(&document), expected(|_, _| ("measured", 4)));
    assert!(document.out().contains("\"storage_root\": \"present\""), "{document}");
    assert_eq!(desk.tpm.persistent(), [0x8100_0001]);
    desk.assert_tidy();
}

#[test]
fn a_chip_without_a_key_type_is_reported_as_such() {
    for (chip, missing) in [("no P-384", "P-384"), ("no RSA-3072", "RSA-3072")] {
        let (desk, proxy) = Desk::behind_proxy();
        match chip {
            "no P-384" => proxy.become_chip(Chip::named(chip)),
            // The question for the size 3072 (TPM2_TestParms)
            _ => proxy.on_command(|command| {
                let asks = raw::code(command) == raw::TEST_PARMS
                    && command[10..].windows(2).any(|two| two == 3072_u16.to_be_bytes());
                if asks { Fate::Answer(raw::answer(raw::KEY_SIZE)) } else { Fate::Pass }
            }),
        }
        let output = desk.run("tpm2-keytool bench --yes --samples 1 --json").ok();
        let result = |_: &str, key: &str| if key == missing { ("unsupported", 0) } else { ("measured", 1) };
        assert_eq!(rows(&output), expected(result), "{chip}");
        desk.run("tpm2-keytool bench --yes --samples 1").ok().says("not supported: this TPM has no");
        proxy.remove_rules();
        desk.assert_tidy();
    }
}

#[test]
fn chips_that_differ_are_measured() {
    for chip in ["no raw RSA", "two sessions", "three slots", "no SHA-384"] {
        let (desk, proxy) = Desk::behind_proxy();
        Chip::named(chip).prepare(&desk.tpm);
        proxy.become_chip(Chip::named(chip));
        let output = desk.run("tpm2-keytool bench --yes --samples 2 --json").ok();
        assert_eq!(rows(&output), expected(|_, _| ("measured", 2)), "{chip}");
        proxy.remove_rules();
        desk.assert_tidy();
    }
}

#[test]
fn a_chip_with_rsa_parents_is_measured_after_confirmation() {
    let (desk, proxy) = Desk::behind_proxy();
    proxy.become_chip(Chip::named("no ECC"));
    desk.run("tpm2-keytool bench --samples 1").failed().says("deriving an RSA parent").says("give --yes");
    let output = desk.run("tpm2-keytool bench --samples 1 --json --yes").ok();
    let found = rows(&output);
    assert_eq!(found[0], ("create-primary".to_owned(), "RSA-2048".to_owned(), "measured".to_owned(), 1));
    let of_ec = found.iter().filter(|row| row.1.starts_with('P'));
    assert!(of_ec.clone().count() == 4 && of_ec.clone().all(|row| row.2 == "unsupported"), "{found:?}");
    assert!(found.iter().filter(|row| row.1.starts_with('R')).all(|row| row.2 == "measured"), "{found:?}");
    proxy.remove_rules();
    desk.assert_tidy();
}

#[test]
fn the_confirmation_of_an_rsa_parent_covers_all_measurements() {
    let (desk, proxy) = Desk::behind_proxy();
    proxy.become_chip(Chip::named("no ECC"));
    let mut terminal = Pty::start(desk.command("tpm2-keytool bench --samples 6"));
    terminal.expect("deriving an RSA parent can take a minute. Make all measurements, 6 of each operation?");
    // The first operation shows that all of them take more than half a minute.
    let mut first = true;
    proxy.also_on_command(move |command| {
        if raw::code(command) == raw::RSA_DECRYPT && std::mem::take(&mut first) {
            std::thread::sleep(Duration::from_secs(6));
        }
        Fate::Pass
    });
    let (success, screen) = terminal.answer("y").end();
    assert!(success && !screen.contains("Take that time?") && !screen.contains("not measured"), "{screen}");
    for operation in ["create primary", "load", "sign", "decrypt"] {
        let row = screen.lines().find(|line| line.starts_with(&format!("{operation} RSA-2048"))).unwrap();
        assert_eq!(row.trim_start_matches(operation).split_whitespace().nth(1), Some("6"), "{screen}");
    }
    proxy.remove_rules();
    desk.assert_tidy();
}

#[test]
fn a_refused_operation_does_not_stop_the_others() {
    let (desk, proxy) = Desk::behind_proxy();
    proxy.on_command(tamper::answer(raw::ECDH_ZGEN, 0x101, 9));
    let output = desk.run("tpm2-keytool bench --yes --samples 1 --json").failed();
    let result = |operation: &str, _: &str| if operation == "ecdh" { ("failed", 0) } else { ("measured", 1) };
    assert_eq!(rows(&output), expected(result));
    assert_eq!(output.code(), Some(1), "{output}");
    proxy.remove_rules();
    desk.assert_tidy();
}

#[test]
fn a_full_tpm_is_reported_and_nothing_else_is_flushed() {
    let desk = Desk::new();
    let others = [desk.tpm.create_primary(), desk.tpm.create_primary(), desk.tpm.create_primary()];
    desk.run("tpm2-keytool bench").failed().says("slots for loaded objects").says("/dev/tpmrm0");
    assert_eq!(desk.tpm.transient(), others);
    others.iter().for_each(|handle| desk.tpm.flush(*handle));
    desk.assert_tidy();
}

#[test]
fn the_lockout_is_untouched() {
    let desk = Desk::new();
    desk.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    desk.tpm.set_dictionary_attack(1, 1000);
    desk.pipe("tpm2-keytool seal -b owner -k secret -d sealed.tpm", "data").ok();
    desk.run("tpm2-keytool unseal -b owner -k wrong sealed.tpm").failed();
    let before = desk.tpm.failures();
    desk.run("tpm2-keytool bench --yes --samples 1").ok();
    assert_eq!(desk.tpm.failures(), before);
    desk.assert_tidy();
}

#[test]
fn no_tpm_is_reported() {
    let desk = Desk::new();
    let output = desk.run("tpm2-keytool bench --tcti swtpm:host=127.0.0.1,port=1").failed().says("hint:");
    assert_eq!(output.code(), Some(4), "{output}");
}

#[test]
fn behind_a_resource_manager_nothing_is_left_either() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let desk = Desk::by(tpm, &manager.tcti());
    let output = desk.run("tpm2-keytool bench --yes --samples 2 --json").ok();
    assert_eq!(rows(&output), expected(|_, _| ("measured", 2)));
    manager.wait_for_connections(0);
    desk.assert_tidy();
}

#[test]
fn a_signal_ends_it_when_the_tpm_has_answered() {
    for command in [raw::CREATE_PRIMARY, raw::IMPORT, raw::SIGN, raw::RSA_DECRYPT] {
        let (desk, proxy) = Desk::behind_proxy();
        desk.interrupt(&proxy, command, libc::SIGINT, "tpm2-keytool bench", b"");
    }
}

#[test]
fn ctrl_c_on_the_terminal_ends_it() {
    let (desk, proxy) = Desk::behind_proxy();
    proxy.on_command(tamper::delay(raw::SIGN, Duration::from_millis(1_500)));
    let mut terminal = Pty::start(desk.command("tpm2-keytool bench"));
    // The progress line appears after a second.
    terminal.expect("measuring sign P-256 (3 of 9)");
    let (success, screen) =
        terminal.interrupt().expect("stopping when the TPM has answered").expect("interrupted").end();
    assert!(!success, "{screen}");
    proxy.remove_rules();
    desk.assert_tidy();
}

/// Makes EC signatures so slow that all measurements take longer than 30 seconds.
fn slow(proxy: &Proxy) {
    proxy.on_command(tamper::delay(raw::SIGN, Duration::from_secs(2)));
}

#[test]
fn more_than_half_a_minute_is_spent_only_with_consent() {
    let (desk, proxy) = Desk::behind_proxy();
    slow(&proxy);
    // Without a terminal, the tool cannot ask.
    let output =
        desk.run("tpm2-keytool bench --json").ok().says("all measurements would take about").says("--yes");
    // The share of an operation is at most three seconds: one slow signature.
    for (operation, key, result, samples) in rows(&output) {
        let most = if operation == "sign" && key.starts_with('P') { 1 } else { 20 };
        assert!(result == "measured" && (1..=most).contains(&samples), "{output}");
    }
    for answer in ["n", "y"] {
        let mut terminal = Pty::start(desk.command("tpm2-keytool bench"));
        terminal.expect("Take that time?");
        if answer == "y" {
            // The rest runs at full speed.
            proxy.remove_rules();
        }
        let (success, screen) = terminal.answer(answer).end();
        assert!(success && screen.contains("TLS handshakes"), "{screen}");
        let samples = if answer == "y" { "20" } else { "1" };
        let row = screen.lines().find(|line| line.starts_with("sign P-256")).unwrap();
        assert_eq!(row.split_whitespace().nth(2), Some(samples), "{screen}");
    }
    desk.assert_tidy();
}
