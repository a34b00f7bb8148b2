//! Using keys with policies leaves nothing in the TPM, whether the policies pass or fail, with one user of the TPM or many.

use tests::raw::{self, Tpm as _};
use tests::{Options, ResourceManager, Swtpm};

use crate::machine::Machine;

#[test]
fn a_policy_that_fails_leaves_nothing_behind() {
    let swtpm = Swtpm::start();
    let manager = ResourceManager::start(&swtpm, Options::default());
    for machine in [Machine::new(), Machine::managed(swtpm, &manager)] {
        machine.key("key", "-e P-256 -x 16 -k secret");
        let mut signer = machine.signer();
        signer.ok("load a key secret");
        signer.ok("sign a 3");
        machine
            .tpm
            .raw(raw::PCR_EXTEND, &[16], &[b""], &[&[0, 0, 0, 1, 0, 0x0b][..], &[1; 32]].concat())
            .ok();
        let handles = || {
            let tpm = &machine.tpm;
            (tpm.transient().len(), tpm.loaded_sessions().len(), tpm.saved_sessions().len())
        };
        let mut before = None;
        for _ in 0..10 {
            let answer = signer.ask("sign a");
            assert!(answer.contains("PCR 16 (sha256) has changed"), "{answer}");
            assert_eq!(*before.get_or_insert_with(handles), handles());
        }
        machine.others("tpm2_pcrreset 16");
        signer.ok("sign a");
        signer.end("quit");
        machine.tpm.assert_empty();
    }
    assert!(manager.refused().is_empty());
}

#[test]
fn threads_and_children_share_one_bound_key() {
    for options in ["-e P-256 -x 16", "-e P-256 -x 16 -k secret"] {
        let machine = Machine::new();
        machine.key("key", options);
        machine.key("other", "-e P-256 -n sha384 --locality 1");
        let mut signer = machine.signer();
        signer.ok(if options.contains("-k") { "load a key secret" } else { "load a key" });
        signer.ok("load b other");
        signer.ok("threads 4 5 a b");
        // Two processes share a TPM without a resource manager: it needs slots for both.
        signer.ok("free b");
        signer.ok("forks 1 4 a");
        signer.ok("sign a");
        signer.end("quit");
        machine.tpm.assert_empty();
    }
}
