//! Damaged key files: an OpenSSL error with a reason of ours, never a crash, and nothing for valgrind to find.
use std::time::{Duration, Instant};

use tests::valgrind;

use crate::machine::{Machine, program};

const KINDS: [(&str, &str); 3] =
    [("ec", "-e P-256"), ("rsa", "-r --description damaged"), ("password", "-e P-384 -n sha384 -k secret")];

/// What `damage` counted: loaded, ours, others, silent.
#[track_caller]
fn counts(text: &str) -> [u32; 4] {
    let numbers =
        text.split_whitespace().map(|pair| pair.split_once('=').expect("a count").1.parse().unwrap());
    numbers.collect::<Vec<u32>>().try_into().expect("four counts")
}

#[test]
fn every_truncation_and_every_changed_octet() {
    let machine = Machine::new();
    let damage = program(machine.openssl.shell(), "damage");
    for (key, options) in KINDS {
        machine.key(key, options);
        for mode in ["cut", "change", "text-cut", "text-change", "der-cut", "der-change"] {
            let output = machine.openssl.shell().ok(&format!("{damage} {key} {mode}"));
            let [loaded, ours, others, silent] = counts(&output.out());
            assert!(ours + others + loaded > 100, "{mode}: {output}");
            assert_eq!(silent, 0, "{key} {mode}: a failure without a reason: {output}");
            // The label says whose file it is, so the reason must be ours; and no part of a file is a file.
            assert!(
                !["cut", "change"].contains(&mode) || others == 0,
                "{key} {mode}: not our reason: {output}"
            );
            assert!(
                !["cut", "der-cut"].contains(&mode) || loaded == 0,
                "{key} {mode}: half a file loads: {output}"
            );
        }
    }
}

#[test]
fn valgrind_finds_nothing_of_ours_in_damaged_files() {
    let machine = Machine::new();
    let damage = program(machine.openssl.shell(), "damage");
    for (key, options) in KINDS {
        machine.key(key, options);
        for mode in ["cut 7", "change 29", "text-cut 31"] {
            let report = valgrind::run(machine.openssl.shell(), &format!("{damage} {key} {mode}"), "tpm2.so");
            assert!(report.output.success(), "{}", report.output);
            assert!(report.ours.is_empty(), "{key} {mode}:\n{}", report.ours.join("\n"));
        }
    }
}

#[test]
fn valgrind_finds_nothing_of_ours_in_a_signature() {
    let machine = Machine::new();
    machine.openssl.write("file", b"contents");
    for (key, options) in [("ec", "-e P-256 -k secret"), ("rsa", "-r")] {
        machine.key(key, options);
        let line = format!("openssl dgst -sha256 -sign {key} -passin pass:secret -out sig file");
        let report = valgrind::run(machine.openssl.shell(), &line, "tpm2.so");
        assert!(report.output.success(), "{}", report.output);
        assert!(report.ours.is_empty(), "{key}:\n{}", report.ours.join("\n"));
    }
}

#[test]
fn files_of_no_and_of_too_many_octets() {
    let machine = Machine::new();
    machine.key("key", "-e P-256");
    let (openssl, text) = (&machine.openssl, machine.openssl.text("key"));
    let begin = "-----BEGIN TSS2 PRIVATE KEY-----\n";
    let body = text.strip_prefix(begin).expect("our label").split("-----END").next().unwrap();
    let line = format!("{}\n", "A".repeat(64));
    openssl.write("empty", "");
    openssl.write("endless", format!("{begin}{body}"));
    openssl.write("label", begin);
    openssl.write("huge", format!("{begin}{}-----END TSS2 PRIVATE KEY-----\n", line.repeat(10_000_000 / 65)));
    openssl.write("zeros", vec![0; 10_000_000]);
    openssl.write(
        "noise",
        (0..10_000_000_u32)
            .map(|i| u8::try_from(u64::from(i) * u64::from(i) % 251).unwrap())
            .collect::<Vec<u8>>(),
    );
    for name in ["empty", "endless", "label", "huge", "zeros", "noise"] {
        let start = Instant::now();
        let output = openssl.failed(&format!("pkey -in {name} -noout"));
        assert!(output.err().contains("Could not read"), "{output}");
        assert!(start.elapsed() < Duration::from_secs(10), "{name}: {:?}", start.elapsed());
    }
}
