//! The number of TPM commands that a program sends: none to load a key, few for the first signature, one for each later one.
use tests::{Options, Proxy, ResourceManager, Swtpm, peers, raw};

use crate::machine::{Machine, SRK};

#[test]
fn loading_sends_nothing_and_each_later_signature_is_one_command() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    let persistent = format!("-p {SRK:x}");
    let parents = [("-p owner", 5), (persistent.as_str(), 4), ("-p owner", 4)];
    for (number, (parent, first)) in parents.into_iter().enumerate() {
        if number == 1 {
            machine.provision();
        }
        for (kind, password) in [("-e P-256", ""), ("-e P-256", "-k secret"), ("-r", ""), ("-r", "-k secret")]
        {
            machine.key("key", &format!("{kind} {password} {parent}"));
            let mut signer = machine.signer();
            proxy.log().clear();
            signer.ok("load a key secret");
            // wrong_password.rs measures the commands that prove a password.
            assert!(!password.is_empty() || proxy.log().is_empty(), "{}", proxy.log().text());
            proxy.log().clear();
            signer.ok("sign a");
            assert!((1..=first).contains(&proxy.log().len()), "{kind} {parent}:\n{}", proxy.log().text());
            assert!(number == 0 || proxy.log().count(raw::CREATE_PRIMARY) == 0, "{}", proxy.log().text());
            proxy.log().clear();
            signer.ok("sign a 10");
            assert_eq!(proxy.log().len(), 10, "{kind} {parent}:\n{}", proxy.log().text());
            signer.end("quit");
        }
    }
}

#[test]
fn a_forked_worker_takes_four_commands_with_the_storage_key_in_place() {
    // ReadPublic, Load, the signature, and it frees the key; with a password a session, too. The server keeps the key until it ends, and
    // has loaded it already to prove a password.
    for (options, server, child) in [("-e P-256", 3, 4), ("-r", 3, 4), ("-e P-256 -k secret", 2, 5)] {
        let tpm = Swtpm::start();
        let manager = ResourceManager::start(&tpm, Options::default());
        let machine = Machine::managed(tpm, &manager);
        machine.provision();
        machine.key("key", options);
        let mut signer = machine.signer();
        // The server opens the key; each connection is served by a process of its own, as in PostgreSQL.
        signer.ok("load a key secret");
        manager.log().clear();
        // The server and three children.
        signer.ok("forks 3 1 a");
        assert_eq!(manager.log().connections(), 4);
        assert_eq!(manager.log().len(), server + 3 * child, "{options}:\n{}", manager.log().text());
        assert_eq!(manager.log().count(raw::CREATE_PRIMARY), 0, "{}", manager.log().text());
        signer.end("quit");
    }
}

#[test]
fn the_first_pss_certificate_takes_one_more_signature() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    machine.key("key", "-r");
    // The additional signature shows whether the TPM does raw RSA, and so which salt length the certificate must name.
    for (options, signatures) in [("-sigopt rsa_padding_mode:pss", 2), ("", 1)] {
        proxy.log().clear();
        machine.openssl.ok(&format!("req -x509 -key key -subj /CN=x {options} -out crt"));
        assert_eq!(proxy.log().count(raw::RSA_DECRYPT), signatures, "{}", proxy.log().text());
    }
}

#[test]
fn a_key_with_the_rsaes_scheme_decrypts_with_one_command() {
    const DECRYPT: &str = "decrypt|fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda";
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    machine.provision();
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    tools.ok(&format!("tpm2_create -Q -C {SRK:#x} -G rsa2048:rsaes:null -a '{DECRYPT}' -u key.u -r key.r"));
    tools.ok("tpm2_flushcontext -t");
    tools.ok(&format!("tpm2_load -Q -C {SRK:#x} -u key.u -r key.r -c key.ctx"));
    tools.ok("tpm2_evictcontrol -Q -C o -c key.ctx 0x81000011");
    tools.ok("tpm2_flushcontext -t");
    machine.tool.ok("reference handle:0x81000011 key");
    let mut program = machine.decrypter();
    program.ok("load key key");
    program.ok("decrypting key");
    let sealed = program.ok("seal key 0102");
    program.ok(&format!("run {sealed}"));
    proxy.log().clear();
    for _ in 0..5 {
        assert_eq!(program.ok(&format!("run {sealed}")), "0102");
    }
    assert_eq!(proxy.log().codes(), [raw::RSA_DECRYPT; 5], "{}", proxy.log().text());
    program.end("quit");
}

#[test]
fn a_policy_takes_its_statements_and_one_session_that_is_kept() {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let machine = Machine::reached_by(tpm, &proxy.tcti());
    machine.provision();
    for (options, statements) in [("-x 16", 1), ("-x 16 -k secret", 2), ("-x 16 --locality 1 -k secret", 3)] {
        machine.key("key", &format!("-e P-256 -p {SRK:x} {options}"));
        let mut signer = machine.signer();
        proxy.log().clear();
        signer.ok("load a key secret");
        signer.ok("sign a");
        // Three commands load the key.
        assert_eq!(proxy.log().len(), 3 + statements + 2, "{options}:\n{}", proxy.log().text());
        proxy.log().clear();
        signer.ok("sign a 10");
        assert_eq!(proxy.log().len(), 10 * (statements + 1), "{options}:\n{}", proxy.log().text());
        signer.end("quit");
    }
}
