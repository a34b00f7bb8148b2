//! A machine for programs that use several keys at once.
use tests::Authority;

use crate::machine::Machine;
use crate::store::{LOCKED, PLAIN, persist};

/// Adds a persistent EC key and a persistent RSA key with a password, references to both, and certificates.
pub(super) fn referenced(machine: Machine) -> Machine {
    let authority = Authority::new(&machine.openssl, "authority");
    let word = machine.openssl.write("word", "secret\n");
    let uri = format!("handle:0x{LOCKED}?pin-source=file:{}", word.display());
    for (handle, kind, uri) in [(PLAIN, "-e P-256", PLAIN), (LOCKED, "-r -k secret", &uri)] {
        persist(&machine, handle, kind);
        machine.tool.ok(&format!("reference {uri} {handle}.ref"));
        authority.certify(&format!("{handle}.pub"), &format!("{handle}.crt"));
        let both = ["ref", "crt"].map(|kind| machine.openssl.text(format!("{handle}.{kind}").as_str()));
        machine.openssl.write(format!("{handle}.pem"), both.concat());
    }
    machine
}
