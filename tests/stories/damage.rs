//! Damaged key files give an OpenSSL error with a reason of this provider, never a crash, and valgrind finds no error.
use std::time::{Duration, Instant};

use tests::{Order, valgrind};

use crate::machine::{Machine, program};

const KINDS: [(&str, &str); 3] =
    [("ec", "-e P-256"), ("rsa", "-r --description damaged"), ("password", "-e P-384 -n sha384 -k secret")];

/// The counts of the program `damage`: loaded, ours, others, silent, wrong.
#[track_caller]
fn counts(text: &str) -> [u32; 5] {
    let numbers =
        text.split_whitespace().map(|pair| pair.split_once('=').expect("a count").1.parse().unwrap());
    numbers.collect::<Vec<u32>>().try_into().expect("five counts")
}

#[test]
fn truncated_and_changed_files_give_a_reason() {
    let machine = Machine::new();
    let damage = program(machine.openssl.shell(), "damage");
    for (key, options) in KINDS {
        machine.key(key, options);
        // The PEM and DER envelope is the same for every key, so one key tests all modes.
        let all = if key == "ec" { 6 } else { 2 };
        for mode in &["cut", "change", "text-cut", "text-change", "der-cut", "der-change"][..all] {
            // An RSA file is three times as long, and half of it is one encrypted blob.
            let step = if key == "rsa" { 7 } else { 1 };
            let output = machine.openssl.shell().ok(&format!("{damage} {key} {mode} {step}"));
            let [loaded, ours, others, silent, _] = counts(&output.out());
            assert!(ours + others + loaded > 100, "{mode}: {output}");
            assert_eq!(silent, 0, "{key} {mode}: a failure without a reason: {output}");
            // The PEM label is ours, so the reason must be ours; and no part of a file may load as a file.
            assert!(
                !["cut", "change"].contains(mode) || others == 0,
                "{key} {mode}: not our reason: {output}"
            );
            assert!(
                !["cut", "der-cut"].contains(mode) || loaded == 0,
                "{key} {mode}: half a file loads: {output}"
            );
        }
    }
}

#[test]
fn a_damaged_file_that_loads_signs_correctly_or_fails() {
    let machine = Machine::new();
    let damage = program(machine.openssl.shell(), "damage");
    for (key, options) in &KINDS[..2] {
        machine.key(key, options);
        let output = machine.openssl.shell().ok(&format!("{damage} {key} sign 3"));
        let [loaded, ours, others, silent, wrong] = counts(&output.out());
        assert!(
            loaded > 50 && ours > 50,
            "what is damaged in the private half loads, and is refused: {output}"
        );
        assert_eq!((others, silent, wrong), (0, 0, 0), "{key}: {output}");
    }
}

#[test]
fn valgrind_finds_no_error_of_ours_in_damaged_files() {
    let machine = Machine::new();
    let damage = program(machine.openssl.shell(), "damage");
    for (key, options) in KINDS {
        machine.key(key, options);
        // Valgrind is fifty times slower, so a few bytes of each field are enough.
        let modes = if key == "ec" { &["cut 29", "change 61", "text-cut 151"][..] } else { &["change 97"] };
        for mode in modes {
            let report = valgrind::run(machine.openssl.shell(), &format!("{damage} {key} {mode}"), "tpm2.so");
            assert!(report.output.success(), "{}", report.output);
            assert!(report.ours.is_empty(), "{key} {mode}:\n{}", report.ours.join("\n"));
        }
    }
}

#[test]
fn valgrind_finds_no_error_of_ours_in_a_signature() {
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
fn empty_and_oversized_files_are_refused() {
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
    // Without a label no decoder can tell the format, and stock openssl itself needs minutes for ten megabytes.
    openssl.write("zeros", vec![0; 100_000]);
    openssl.write(
        "noise",
        (0..100_000_u32)
            .map(|i| u8::try_from(u64::from(i) * u64::from(i) % 251).unwrap())
            .collect::<Vec<u8>>(),
    );
    // OSSL_STORE drops the message for an empty file. It takes minutes over ten megabytes that are not PEM even without this
    // provider, so the decoders are called directly.
    openssl.failed("pkey -in empty -noout").says("Could not ").says(" from empty");
    for name in ["endless", "label", "huge"] {
        let start = Instant::now();
        openssl.failed(&format!("pkey -in {name} -noout")).says("malformed TSS2 key file");
        assert!(start.elapsed() < Duration::from_secs(10), "{name}: {:?}", start.elapsed());
    }
    let damage = program(openssl.shell(), "damage");
    for name in ["empty", "endless", "label", "huge", "zeros", "noise"] {
        let start = Instant::now();
        let output = openssl.shell().ok(&format!("{damage} {name} whole"));
        let [loaded, _, _, silent, _] = counts(&output.out());
        assert_eq!((loaded, silent), (0, 0), "{name}: {output}");
        assert!(start.elapsed() < Duration::from_secs(10), "{name}: {:?}", start.elapsed());
    }
}

/// Well-formed files with an unsupported value: (the original bytes, their replacement, the expected message).
#[test]
fn a_wrong_type_and_an_unknown_curve_are_named() {
    let machine = Machine::new();
    machine.key("key", "-e P-256");
    let openssl = &machine.openssl;
    openssl.without_tpm2().ok("asn1parse -in key -noout -out key.der");
    let der = openssl.read("key.der");
    // 2.23.133.10.1.3; TPM_ECC_NIST_P256 between TPM_ALG_NULL (the scheme) and TPM_ALG_NULL (the KDF).
    let (oid, curve) = (hex::decode("06066781050a0103").unwrap(), [0, 0x10, 0, 3, 0, 0x10]);
    for (original, replacement, says) in [
        (&oid[..], hex::decode("06066781050a0109").unwrap(), "2.23.133.10.1.9"),
        (&curve[..], vec![0, 0x10, 0, 0x7f, 0, 0x10], "curve"),
    ] {
        let at =
            der.windows(original.len()).position(|window| window == original).expect("the bytes to replace");
        let mut damaged = der.clone();
        damaged[at..at + original.len()].copy_from_slice(&replacement);
        openssl.write("damaged.der", damaged);
        let base64 = openssl.without_tpm2().ok("base64 -in damaged.der").out();
        openssl.write(
            "damaged",
            format!("-----BEGIN TSS2 PRIVATE KEY-----\n{base64}-----END TSS2 PRIVATE KEY-----\n"),
        );
        for order in Order::BOTH {
            let output = openssl.clone().ordered(order).failed("pkey -in damaged -noout");
            output.says("malformed TSS2 key file").says(says);
        }
    }
}
