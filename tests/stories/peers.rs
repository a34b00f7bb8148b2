//! Key files of other tools work here, including those with long passwords, and ours work in the other tools.
use tests::raw::Tpm as _;
use tests::{Swtpm, peers};

use crate::machine::{Machine, SRK};

/// Longer than the digest of any name hash, so its hash is the authorization value.
const LONG: &str = "0123456789012345678901234567890123456789";

/// Signs with another tool's key file, and verifies with a stock openssl.
#[track_caller]
fn signs(machine: &Machine, key: &str, password: &str) {
    let openssl = &machine.openssl;
    openssl.write("message", b"what is signed");
    openssl.ok(&format!("dgst -sha256 -sign {key} -passin pass:{password} -out message.sig message"));
    openssl.ok(&format!("pkey -in {key} -passin pass:{password} -pubout -out {key}.pub"));
    let verify = format!("dgst -sha256 -verify {key}.pub -signature message.sig message");
    openssl.without_tpm2().ok(&verify).says("Verified OK");
}

#[test]
fn key_files_of_tpm2_openssl_sign_here() {
    let machine = Machine::new();
    machine.provision();
    let theirs = peers::tpm2_openssl(machine.openssl.shell(), &machine.tpm.tcti());
    let types = ["EC -pkeyopt group:P-256", "EC -pkeyopt group:P-384", "RSA -pkeyopt bits:2048"];
    for (i, kind) in types.iter().enumerate() {
        for (j, password) in ["", "short", LONG].iter().enumerate() {
            for (k, parent) in ["", &format!("-pkeyopt parent:{SRK:#x}")].iter().enumerate() {
                let key = format!("theirs-{i}{j}{k}");
                let auth = if password.is_empty() {
                    String::new()
                } else {
                    format!("-pkeyopt user-auth:{password}")
                };
                let options = format!("-algorithm {kind} {auth} {parent} -out {key}");
                theirs.ok(&format!("openssl genpkey -provider tpm2 -provider default {options}"));
                machine.tpm.clear();
                signs(&machine, &key, password);
            }
        }
    }
    machine.tpm.assert_empty();
}

#[test]
fn our_key_files_sign_in_tpm2_openssl() {
    let machine = Machine::new();
    machine.provision();
    let theirs = peers::tpm2_openssl(machine.openssl.shell(), &machine.tpm.tcti());
    theirs.write("message", b"what is signed");
    for (key, options) in [("ec", "-e P-256"), ("rsa", "-r"), ("password", "-e P-256 -a -k secret")] {
        machine.key(key, &format!("{options} -p {SRK:x}"));
        // Without the property query, the default provider takes the public half of the key and fails.
        let query = "-provider tpm2 -provider default -propquery ?provider=tpm2";
        theirs.ok(&format!(
            "openssl dgst {query} -sha256 -sign {key} -passin pass:secret -out message.sig message"
        ));
        machine.openssl.ok(&format!("pkey -in {key} -passin pass:secret -pubout -out {key}.pub"));
        let verify = format!("dgst -sha256 -verify {key}.pub -signature message.sig message");
        machine.openssl.without_tpm2().ok(&verify).says("Verified OK");
        machine.tpm.clear();
    }
}

#[test]
fn key_files_of_tpm2_tools_sign_here() {
    let tpm = Swtpm::start();
    let tcti = tpm.tcti();
    let machine = Machine::reached_by(tpm, &tcti);
    machine.provision();
    let theirs = peers::tpm2_tools(machine.openssl.shell(), &tcti);
    for (key, options, password) in [
        ("plain", "-G ecc256", ""),
        ("long", "-G ecc256 -p 0123456789012345678901234567890123456789", LONG),
        ("rsa", "-G rsa2048 -p short", "short"),
    ] {
        theirs.ok(&format!("tpm2_create -C {SRK:#x} {options} -u {key}.pub -r {key}.priv"));
        let auth = peers::encodeobject_option(&theirs, !password.is_empty());
        theirs.ok(&format!("tpm2_encodeobject -C {SRK:#x} -u {key}.pub -r {key}.priv {auth} -o {key}"));
        machine.tpm.clear();
        signs(&machine, key, password);
    }
}

#[test]
fn our_key_files_sign_in_tpm2_tools() {
    let machine = Machine::new();
    machine.provision();
    let theirs = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    theirs.write("message", b"what is signed");
    for (key, options, scheme, password) in [
        ("ec", "-e P-256", "ecdsa", ""),
        ("rsa", "-r", "rsassa", ""),
        ("owners", "-e P-256 -p owner", "ecdsa", ""),
        ("password", "-e P-384 -k secret", "ecdsa", "-p secret"),
    ] {
        let parent = if options.contains("-p") { String::new() } else { format!("-p {SRK:x}") };
        machine.key(key, &format!("{options} {parent}"));
        theirs.ok(&format!("tpm2_print -t TSSPRIVKEY_OBJ {key}")).says("sign");
        // tpm2-tools read the parent from the file.
        theirs.ok(&format!("tpm2_load -Q -r {key} -c key.ctx"));
        machine.tpm.clear();
        let signed = format!("-c key.ctx {password} -g sha256 -s {scheme} -f plain -o message.sig message");
        theirs.ok(&format!("tpm2_sign -Q {signed}"));
        machine.openssl.ok(&format!("pkey -in {key} -passin pass:secret -pubout -out {key}.pub"));
        let verify = format!("dgst -sha256 -verify {key}.pub -signature message.sig message");
        machine.openssl.without_tpm2().ok(&verify).says("Verified OK");
        machine.tpm.clear();
    }
}
