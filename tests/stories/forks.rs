//! A server loads keys and forks workers, and both processes continue. A child never uses its parent's connection.
use tests::raw::Tpm as _;
use tests::{Options, ResourceManager, Swtpm, TerminalDevice};

use crate::machine::Machine;

#[test]
fn children_sign_with_the_parents_key_through_the_kernels_resource_manager() {
    for options in ["-e P-256", "-r", "-e P-256 -k secret"] {
        let tpm = Swtpm::start();
        let manager = ResourceManager::start(&tpm, Options::default());
        let machine = Machine::managed(tpm, &manager);
        machine.key("key", options);
        let mut signer = machine.signer();
        signer.ok("load a key secret");
        signer.ok("sign a 3");
        // The children free the key and exit by exit(3), which must not flush the parent's objects.
        signer.ok("forks 4 10 a");
        signer.ok("sign a 3");
        manager.wait_for_connections(1);
        assert_eq!(manager.log().connections(), 5, "one of the parent and one of each of the four children");
        signer.ok("forks 4 10 a");
        signer.end("quit");
        manager.wait_for_connections(0);
        machine.tpm.assert_empty();
    }
}

#[test]
fn children_killed_during_an_operation_do_not_disturb_the_parent() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    for (name, options) in [("ec", "-e P-256"), ("rsa", "-r -k secret")] {
        machine.key(name, options);
        let mut signer = machine.signer();
        signer.ok(&format!("load a {name} secret"));
        signer.ok("sign a");
        signer.ok("kills 4 10 a");
        signer.ok("sign a 5");
        signer.end("quit");
    }
    manager.wait_for_connections(0);
    machine.tpm.assert_empty();
}

#[test]
fn a_key_that_was_loaded_but_not_used_before_the_fork_works_in_the_children() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    machine.key("key", "-e P-256");
    let mut signer = machine.signer();
    signer.ok("load a key");
    signer.ok("forks 4 5 a");
    signer.end("quit");
    manager.wait_for_connections(0);
    machine.tpm.assert_empty();
}

#[test]
fn a_child_with_its_parents_process_id_is_another_process() {
    // The first process of a container starts another one: both are process 1, each in its own PID namespace.
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    machine.key("key", "-e P-256 -k secret");
    let mut signer = machine.contained_signer();
    signer.ok("load a key secret");
    signer.ok("sign a 2");
    assert_eq!(signer.ok("namespace a"), "1", "the parent is process 1");
    assert_eq!(manager.log().connections(), 2, "the child has its own connection");
    signer.ok("sign a 2");
    signer.end("quit");
    manager.wait_for_connections(0);
    machine.tpm.assert_empty();
}

#[test]
fn processes_share_a_tpm_without_a_resource_manager_by_one_connection_per_operation() {
    let machine = Machine::new().set("connection", "operation");
    machine.provision();
    for (name, options) in [("ec", "-e P-256 -p 81000001"), ("rsa", "-r")] {
        machine.key(name, options);
        let mut signer = machine.signer();
        signer.ok(&format!("load a {name}"));
        signer.ok("sign a 2");
        // Nothing stays in the TPM, even while the process lives.
        machine.tpm.assert_empty();
        signer.ok("forks 4 10 a");
        signer.end("quit");
        machine.tpm.assert_empty();
    }
}

#[test]
fn executed_programs_inherit_no_socket_of_the_tpm() {
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    machine.key("key", "-e P-256");
    let mut signer = machine.signer();
    signer.ok("load a key");
    signer.ok("sign a");
    manager.wait_for_connections(1);
    signer.ok("exec ls -l /proc/self/fd >descriptors");
    // tcti-mssim holds two sockets; the parent of `ls` must have them, and `ls` must not.
    let descriptors = machine.openssl.text("descriptors");
    assert!(descriptors.contains("descriptors") && !descriptors.contains("socket:"), "{descriptors}");
    signer.ok("exec ls -l /proc/$PPID/fd >descriptors");
    assert!(
        machine.openssl.text("descriptors").contains("socket:"),
        "the parent has no socket: the check proves nothing"
    );
    signer.ok("sign a");
}

#[test]
fn executed_programs_inherit_no_descriptor_of_the_device() {
    let tpm = Swtpm::start();
    let device = TerminalDevice::start(&tpm);
    let machine = Machine::reached_by(tpm, &device.tcti());
    machine.key("key", "-e P-256");
    let mut signer = machine.signer();
    signer.ok("load a key");
    signer.ok("sign a");
    for (process, has_it) in [("self", false), ("$PPID", true)] {
        signer.ok(&format!("exec ls -l /proc/{process}/fd >descriptors"));
        let descriptors = machine.openssl.text("descriptors");
        // The terminal, and the epoll descriptor that waits for it.
        for what in ["/dev/pts/", "eventpoll"] {
            assert_eq!(descriptors.contains(what), has_it, "{process}, {what}: {descriptors}");
        }
    }
    signer.ok("sign a");
    signer.end("quit");
}
