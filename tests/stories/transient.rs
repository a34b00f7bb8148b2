//! A key that another program has loaded into a TPM without resource manager: `handle:0x80000001`, as with tpm2-openssl.
use tests::raw::{self, Tpm as _};
use tests::{Openssl, Options, Order, ResourceManager, Swtpm, peers};

use crate::machine::Machine;

/// Loads a key and its parent with tpm2-tools, and returns the key's handle and all occupied handles.
#[track_caller]
fn load(machine: &Machine, options: &str) -> (String, Vec<u32>) {
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    tools.ok("tpm2_createprimary -Q -C o -G ecc -c primary");
    tools.ok("tpm2_flushcontext -t");
    tools.ok(&format!("tpm2_create -Q -C primary {options} -u key.u -r key.r"));
    tools.ok("tpm2_flushcontext -t");
    tools.ok("tpm2_load -C primary -u key.u -r key.r -c key");
    let taken = machine.tpm.transient();
    (format!("handle:{:#x}", taken.last().expect("the key")), taken)
}

#[track_caller]
fn signs(openssl: &Openssl, key: &str, passin: &str) {
    openssl.write("message", "what is signed");
    openssl.ok(&format!("pkey -pubin -in '{key}' -pubout -out key.pub"));
    openssl.ok(&format!("dgst -sha256 -sign '{key}' {passin} -out sig message"));
    openssl.without_tpm2().ok("dgst -sha256 -verify key.pub -signature sig message").says("Verified OK");
}

#[test]
fn a_loaded_key_is_used_and_stays_loaded() {
    for (options, pass, passin) in
        [("-G ecc", "", ""), ("-G rsa2048", "", ""), ("-G ecc -p word", "?pass", "-passin pass:word")]
    {
        let machine = Machine::new();
        let (key, taken) = load(&machine, options);
        let key = key + pass;
        for order in Order::BOTH {
            signs(&machine.openssl.clone().ordered(order), &key, passin);
            assert_eq!(machine.tpm.transient(), taken, "nothing of the other program's is flushed");
        }
        let text = machine.openssl.ok(&format!("pkey -in '{key}' {passin} -noout -text"));
        text.says("kind: transient key 0x8000000");
        if !pass.is_empty() {
            let wrong = format!("dgst -sha256 -sign '{key}' -passin pass:other -out sig message");
            machine.openssl.failed(&wrong).says("the password of the key is wrong");
        }
        // A reference file to such a key is refused.
        machine
            .openssl
            .failed(&format!("pkey -in '{key}' {passin} -out file"))
            .says("is a transient object, which a file cannot refer to");
        machine.tool.failed(&format!("reference {key} file")).says("refer to a persistent key");
        machine.tool.failed(&format!("show {key}")).says("is a transient object");
        assert_eq!(machine.tpm.transient(), taken);
    }
}

#[test]
fn a_handle_without_an_object_of_another_program_is_an_error() {
    let machine = Machine::new();
    for handle in ["0x80000000", "0x80000001", "0x80000009", "0x80ffffff"] {
        let refused = machine.openssl.failed(&format!("pkey -in handle:{handle} -noout"));
        refused.says("shows each program its own objects only");
    }
    machine
        .openssl
        .failed("pkey -in tpm2:handle=0x80000000 -noout")
        .says("not the handle of a persistent key");
    machine.openssl.failed("pkey -in nvkey:80000000 -noout").says("not the handle of a persistent key");
    machine.tpm.assert_empty();

    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = Machine::managed(tpm, &manager);
    let (key, taken) = load(&machine, "-G ecc");
    let refused = machine.openssl.failed(&format!("pkey -in {key} -noout"));
    refused.says("shows each program its own objects only");
    assert_eq!(machine.tpm.transient(), taken);
    let all = machine.tpm.raw(raw::READ_PUBLIC, &[taken[0]], &[], &[]);
    assert!(!all.ok().is_empty());
}
