//! Through the kernel's resource manager: few object slots are needed, and no session is kept that would block other processes.
use tests::raw::Tpm as _;
use tests::{Options, ResourceManager, Swtpm, raw};

use crate::machine::Machine;

#[test]
fn an_idle_process_does_not_block_others_at_the_context_gap() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options { context_gap: 255, ..Options::default() });
    let machine = Machine::managed(tpm, &manager);
    machine.key("idle", "-e P-256 -k secret");
    machine.key("busy", "-e P-256 -k secret");
    let mut idle = machine.signer();
    idle.ok("load a idle secret");
    idle.ok("sign a");
    let mut busy = machine.signer();
    busy.ok("load b busy secret");
    manager.log().clear();
    busy.ok("sign b 300");
    assert_eq!(manager.log().count(raw::SIGN), 300);
    assert!(manager.log().unprotected().is_empty(), "a key with a password is used in a session");
    idle.ok("sign a");
    busy.ok("sign b");
    assert_eq!(manager.refused(), []);
}

#[test]
fn no_session_outlives_an_operation() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    machine.key("key", "-r -k secret");
    let mut signer = machine.signer();
    signer.ok("load a key secret");
    for _ in 0..3 {
        manager.log().clear();
        signer.ok("sign a");
        assert!(machine.tpm.saved_sessions().is_empty());
    }
    // A later operation: StartAuthSession and the operation, which ends the session.
    assert_eq!(
        manager.log().codes(),
        [raw::START_AUTH_SESSION, raw::RSA_DECRYPT],
        "{}",
        manager.log().text()
    );
}

#[test]
fn a_policy_takes_its_statements_and_a_session_for_each_operation() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    // A policy with a password is proven in the session, and the connection's own session protects the command.
    for (options, statements, sessions) in
        [("-x 16", 1, 1), ("-x 16 --locality 1", 2, 1), ("-x 16 -k secret", 2, 2)]
    {
        machine.key("key", &format!("-e P-256 {options}"));
        let mut signer = machine.signer();
        signer.ok("load a key secret");
        signer.ok("sign a 2");
        manager.log().clear();
        signer.ok("sign a");
        assert_eq!(manager.log().len(), sessions + statements + 1, "{options}:\n{}", manager.log().text());
        signer.end("quit");
    }
    assert!(machine.tpm.saved_sessions().is_empty());
}

#[test]
fn a_signature_with_an_empty_authorization_is_one_command() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    machine.key("key", "-e P-256");
    let mut signer = machine.signer();
    signer.ok("load a key");
    signer.ok("sign a 2");
    manager.log().clear();
    signer.ok("sign a 10");
    assert_eq!(manager.log().codes(), [raw::SIGN; 10], "{}", manager.log().text());
}

/// The resource manager loads every object of a connection before each of its commands, and saves and flushes them after it.
#[test]
fn a_persistent_key_takes_one_command_at_the_chip_and_a_key_file_four() {
    const FILE: [u32; 4] = [raw::CONTEXT_LOAD, raw::SIGN, raw::CONTEXT_SAVE, raw::FLUSH_CONTEXT];
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    machine.key("file", "-e P-256");
    machine.key("kept", "-e P-256 --persistent");
    // Returns the codes of a later signature, and the number of commands of the first and of the second one.
    let later = |key: &str| {
        let mut signer = machine.signer();
        manager.chip().clear();
        signer.ok(&format!("open a {key}"));
        signer.ok("sign a");
        let first = manager.chip().len();
        assert!(manager.chip().count(raw::CREATE_PRIMARY) <= 1, "{}", manager.chip().text());
        // The second signature puts away what only the first one needed: a process that signs once does not pay for that.
        manager.chip().clear();
        signer.ok("sign a");
        let second = manager.chip().len();
        manager.chip().clear();
        signer.ok("sign a 10");
        let codes = manager.chip().codes();
        signer.end("quit");
        let each = codes.len() / 10;
        assert_eq!(codes, codes[..each].repeat(10), "{key}");
        (codes[..each].to_vec(), first, second)
    };
    assert_eq!(later("file"), (FILE.to_vec(), 17, 17));
    assert_eq!(later("kept"), (vec![raw::SIGN], 2, 1));
    // Without a reference, the public area is read in a session when the key is opened.
    assert_eq!(later("handle:0x81000100"), (vec![raw::SIGN], 28, 1));
    machine.provision();
    assert_eq!(later("file"), (FILE.to_vec(), 8, 4));
}

/// Each key has a slot, and the parent is loaded again for the second key. It is never derived again.
#[test]
fn two_key_files_stay_loaded_together() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    let mut signer = machine.signer();
    for (name, options) in [("ec", "-e P-256"), ("rsa", "-r")] {
        machine.key(name, options);
        signer.ok(&format!("load {name} {name}"));
    }
    manager.chip().clear();
    for name in ["ec", "ec", "rsa", "ec", "rsa"] {
        signer.ok(&format!("sign {name}"));
    }
    manager.log().clear();
    for name in ["ec", "rsa", "rsa", "ec"] {
        signer.ok(&format!("sign {name}"));
    }
    let [ec, rsa] = [raw::SIGN, raw::RSA_DECRYPT];
    assert_eq!(manager.log().codes(), [ec, rsa, rsa, ec], "{}", manager.log().text());
    assert_eq!(manager.chip().count(raw::CREATE_PRIMARY), 1, "{}", manager.chip().text());
}

/// More keys than slots: a parent that is needed again and again stays loaded, and each signature loads one key.
#[test]
fn many_key_files_reload_their_parent_a_few_times_only() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    let mut signer = machine.signer();
    for i in 0..4 {
        machine.key(&format!("key{i}"), "-e P-256");
        signer.ok(&format!("load key{i} key{i}"));
    }
    let mut turn = || (0..4).for_each(|i| drop(signer.ok(&format!("sign key{i}"))));
    manager.chip().clear();
    (0..5).for_each(|_| turn());
    manager.log().clear();
    turn();
    // A key is evicted and another one loaded. The parent stays.
    let each = [raw::LOAD, raw::FLUSH_CONTEXT, raw::SIGN];
    assert_eq!(manager.log().codes(), each.repeat(4), "{}", manager.log().text());
    assert_eq!(manager.chip().count(raw::CREATE_PRIMARY), 1);
    assert_eq!(manager.refused(), []);
}

/// The plaintext is encrypted on the bus, so each decryption needs a session.
#[test]
fn a_decryption_is_two_commands() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    machine.key("key", "-r");
    let mut program = machine.decrypter();
    program.ok("load key key");
    program.ok("decrypting key");
    let sealed = program.ok("seal key 0102");
    program.ok(&format!("run {sealed}"));
    manager.log().clear();
    assert_eq!(program.ok(&format!("run {sealed}")), "0102");
    let expected = [raw::START_AUTH_SESSION, raw::RSA_DECRYPT];
    assert_eq!(manager.log().codes(), expected, "{}", manager.log().text());
    program.end("quit");
}

#[test]
fn twenty_keys_of_two_processes_never_need_a_fourth_slot() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    machine.provision();
    let mut signers = [machine.signer(), machine.signer()];
    for i in 0..20 {
        let parent = ["", "-p 81000001"][i % 2];
        machine.key(&format!("key{i}"), &format!("-e P-256 {parent} -k secret"));
        for signer in &mut signers {
            signer.ok(&format!("load key{i} key{i} secret"));
        }
    }
    for i in (0..20).chain(0..20) {
        for signer in &mut signers {
            signer.ok(&format!("sign key{i}"));
        }
    }
    assert_eq!(manager.refused(), [], "{}", manager.log().text());
    for mut signer in signers {
        signer.end("quit");
    }
    manager.wait_for_connections(0);
    machine.tpm.assert_empty();
}

#[test]
fn a_restarted_resource_manager_fails_no_signature() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    for (name, options) in [("ec", "-e P-256"), ("rsa", "-r -k secret")] {
        machine.key(name, options);
        let mut signer = machine.signer();
        signer.ok(&format!("load a {name} secret"));
        for _ in 0..3 {
            signer.ok("sign a 2");
            manager.hang_up();
            manager.wait_for_connections(0);
        }
        signer.ok("sign a 2");
    }
}
