//! `create --persistent` makes a key that only the TPM keeps, and a file that refers to it.

use keyfile::KeyReference;
use tests::process::{LIMIT, Process};
use tests::raw::{self, Tpm as _};
use tests::{Fate, tamper};

use crate::keytool::{Desk, full};
use crate::machine::Machine;

fn uri(desk: &Desk, name: &str) -> String {
    KeyReference::parse(&desk.shell.read(name)).unwrap().uri.to_string()
}

#[test]
fn openssl_signs_with_the_file_and_only_the_tpm_has_the_key() {
    let machine = Machine::new();
    machine.openssl.write("other.pem", "");
    for (options, handle) in [
        ("-e P-256 --persistent", 0x8100_0100),
        ("--persistent", 0x8100_0101),
        ("-e P-256 --persistent=81000200 -p endorsement", 0x8100_0200),
        ("-e P-256 --persistent=0x81800007 -p platform", 0x8180_0007),
        ("-e P-256 --persistent -p platform", 0x8180_0100),
    ] {
        let made = machine.tool.ok(&format!("create --force {options} key.ref"));
        made.says(&format!("the key is at {handle:#x}"));
        assert!(machine.tpm.persistent().contains(&handle), "{options}");
        machine.signs("key.ref");
    }
    machine.provision();
    machine.tool.ok("create -e P-256 --persistent -p 81000001 -k secret protected.ref").says("at 0x81000102");
    machine.openssl.ok("dgst -sha256 -passin pass:secret -sign protected.ref -out sig message");
    machine.openssl.failed("dgst -sha256 -passin pass:wrong -sign protected.ref -out sig message");
    // A key under a persistent parent belongs to the hierarchy of that parent.
    machine.tool.ok("create --restricted -e P-256 -p platform parent.tpm");
    machine.tool.ok("load parent.tpm 81800001");
    machine.tool.ok("create -e P-256 --persistent -p 81800001 under.ref").says("at 0x81800101");
    machine.signs("under.ref");
    // An existing key is wrapped.
    machine.openssl.without_tpm2().ok("genpkey -algorithm EC -pkeyopt group:P-256 -out old.pem");
    machine.tool.ok("create -w old.pem --persistent wrapped.ref").says("at 0x81000103");
    machine.signs("wrapped.ref");
    machine.tool.ok("evict --yes 81000103");
    machine
        .openssl
        .failed("dgst -sha256 -sign wrapped.ref -out sig message")
        .says("there is no key at this handle");
    machine.tpm.assert_empty();
}

#[test]
fn an_occupied_handle_is_refused_before_a_key_is_made() {
    let (desk, proxy) = Desk::behind_proxy();
    desk.run("tpm2-keytool create -e P-256 --persistent=81000100 first.ref").ok();
    assert_eq!(uri(&desk, "first.ref"), "handle:0x81000100");
    let refused = desk.run("tpm2-keytool create -e P-256 --persistent=81000100 second.ref");
    refused.failed().says("the handle 0x81000100 is in use").says("tpm2-keytool list");
    desk.assert_absent("second.ref");
    assert_eq!(desk.tpm.persistent(), [0x8100_0100]);
    // Another process takes the first free handle meanwhile (TPM_RC_NV_DEFINED): the list is read again.
    proxy.on_command(tamper::answer(raw::EVICT_CONTROL, 0x14c, 1));
    desk.run("tpm2-keytool create -e P-256 --persistent third.ref").ok().says("the key is at 0x81000101");
    proxy.remove_rules();
    desk.assert_tidy();
}

#[test]
fn nothing_is_left_if_a_step_fails() {
    let (desk, proxy) = Desk::behind_proxy();
    let line = "tpm2-keytool create -e P-256 --persistent key.ref";
    let is_empty = || {
        proxy.remove_rules();
        assert!(desk.tpm.persistent().is_empty());
        desk.assert_tidy();
    };
    // The TPM's memory is full (TPM_RC_NV_SPACE).
    proxy.on_command(tamper::answer(raw::EVICT_CONTROL, 0x14b, usize::MAX));
    desk.run(line).failed().says("remove a persistent key that is not needed");
    desk.assert_absent("key.ref");
    is_empty();
    // Another process writes the file meanwhile.
    let path = desk.shell.file("key.ref");
    proxy.on_response(move |command, _| {
        if raw::code(command) == raw::EVICT_CONTROL && !path.exists() {
            std::fs::write(&path, "another process's file").unwrap();
        }
        Fate::Pass
    });
    desk.run(line).failed().says("exists already");
    assert_eq!(desk.shell.read("key.ref"), b"another process's file");
    std::fs::remove_file(desk.shell.file("key.ref")).unwrap();
    is_empty();
    for signal in [libc::SIGINT, libc::SIGTERM] {
        desk.interrupt(&proxy, raw::EVICT_CONTROL, signal, line, b"");
        desk.interrupt(&proxy, raw::CREATE, signal, line, b"");
        desk.assert_absent("key.ref");
    }
    // A lost answer is not an error: the key is found.
    proxy.on_response(tamper::hang_up(raw::EVICT_CONTROL, 1));
    desk.run(line).ok().says("the key is at 0x81000100");
    proxy.remove_rules();
    assert_eq!(desk.tpm.persistent(), [0x8100_0100]);
    desk.assert_tidy();
}

#[test]
fn a_failed_stdout_changes_nothing() {
    let desk = Desk::new();
    let made =
        desk.others(&format!("{} >/dev/full", full("tpm2-keytool create -e P-256 --persistent key.ref")));
    assert_eq!(made.err(), "tpm2-keytool: the key is at 0x81000100\n");
    assert_eq!(
        (uri(&desk, "key.ref"), desk.tpm.persistent()),
        ("handle:0x81000100".to_owned(), vec![0x8100_0100])
    );
    desk.assert_tidy();
}

/// The commands that make a key persistent at 0x81000100.
const PERSISTING: [&str; 2] = ["create -e P-256 --persistent=81000100 key.ref", "load key.tpm 81000100"];

#[test]
fn a_key_is_removed_or_named_if_the_connection_breaks() {
    let (desk, proxy) = Desk::behind_proxy();
    for line in PERSISTING {
        let (mut removed, mut named) = (0, 0);
        // The answers to this many commands are lost, from the one on that makes the key persistent.
        for lost in [1, 2, 3, 4, 6, 8, usize::MAX] {
            desk.run("tpm2-keytool create --force -e P-256 key.tpm").ok();
            let (mut broken, mut left) = (false, lost);
            proxy.on_response(move |command, _| {
                broken |= raw::code(command) == raw::EVICT_CONTROL;
                if !broken || left == 0 {
                    return Fate::Pass;
                }
                left -= 1;
                Fate::HangUp
            });
            let output = desk.run(&format!("tpm2-keytool {line}"));
            proxy.remove_rules();
            let there = !desk.tpm.persistent().is_empty();
            if output.success() {
                assert!(there, "{output}");
                if line.starts_with("create") {
                    std::fs::remove_file(desk.shell.file("key.ref")).unwrap();
                }
            } else {
                let warning = "the key may be at 0x81000100, where `tpm2-keytool evict 0x81000100`";
                assert!(output.err().contains(warning) || !there, "{lost}: {output}");
                desk.assert_absent("key.ref");
                named += usize::from(there);
                removed += usize::from(!there);
            }
            if there {
                desk.run("tpm2-keytool evict --yes 81000100").ok();
            }
            desk.tpm.clear();
        }
        assert!(removed > 0 && named > 0, "{line}: {removed} {named}");
    }
}

#[test]
fn a_second_signal_names_the_key() {
    for line in PERSISTING {
        let (desk, proxy) = Desk::behind_proxy();
        desk.run("tpm2-keytool create -e P-256 key.tpm").ok();
        let (arrived, arrival) = std::sync::mpsc::channel();
        let (answer, may_answer) = std::sync::mpsc::channel::<()>();
        proxy.on_response(move |command, _| {
            if raw::code(command) == raw::EVICT_CONTROL {
                let _ = arrived.send(());
                let _ = may_answer.recv_timeout(LIMIT);
            }
            Fate::Pass
        });
        let mut tool = desk.command(&format!("tpm2-keytool {line}"));
        tool.stderr(std::fs::File::create(desk.shell.file("errors")).unwrap());
        let mut process = Process::spawn(tool);
        arrival.recv_timeout(LIMIT).expect("the command");
        process.signal(libc::SIGINT);
        desk.await_report(&mut process, "repeat to stop at once");
        process.signal(libc::SIGINT);
        assert_eq!(process.wait(LIMIT).code(), Some(130));
        let _ = answer.send(());
        let errors = desk.shell.text("errors");
        assert!(
            errors.contains("the key may be at 0x81000100, where `tpm2-keytool evict 0x81000100`"),
            "{line}: {errors}"
        );
        desk.assert_absent("key.ref");
        assert_eq!(desk.tpm.persistent(), [0x8100_0100]);
    }
}

#[test]
fn the_owners_password_is_used() {
    let (desk, proxy) = Desk::behind_proxy();
    desk.tpm.set_hierarchy_auth(raw::OWNER, b"", b"ownersecretword");
    let create = |options: &str| desk.run(&format!("tpm2-keytool create -e P-256 {options} key.ref"));
    create("--persistent -b ownersecretword --passowner pass:wrong")
        .failed()
        .says("owner hierarchy is wrong");
    create("--persistent -p endorsement").failed().says("owner hierarchy has a password");
    assert!(desk.tpm.persistent().is_empty());
    create("--persistent -b ownersecretword").ok();
    desk.run("tpm2-keytool evict --yes -b ownersecretword 81000100").ok();
    create("--force --persistent -p endorsement --passowner pass:ownersecretword").ok().says("0x81000100");
    assert!(!proxy.log().contains(b"ownersecretword"));
    desk.assert_tidy();
}

#[test]
fn what_a_reference_cannot_hold_is_refused() {
    let desk = Desk::new();
    for (options, reason) in [
        ("--persistent -x sha256:7", "cannot be used with"),
        ("--persistent --restricted", "cannot be used with"),
        ("--persistent --description mine", "cannot be used with"),
        ("--persistent --deprecated", "cannot be used with"),
        ("--persistent -p null", "a key of the null hierarchy cannot be persistent"),
        ("--persistent=80000001", "is not a persistent handle"),
        ("--auth-owner x", "needed only for a persistent key"),
    ] {
        desk.run(&format!("tpm2-keytool create -e P-256 {options} key.ref")).failed().says(reason);
        desk.assert_absent("key.ref");
    }
    desk.run("tpm2-keytool create -e P-256 --persistent=81800001 key.ref")
        .failed()
        .says("use 81800000 or above");
    assert!(desk.tpm.persistent().is_empty());
    desk.assert_tidy();
}
