//! No padding oracle: for every fault in a padding, the result, the error queue and the TPM commands are the same.
use std::collections::BTreeSet;

use keyfile::HashAlg;
use missing::error::Failure;
use missing::{Hasher, Oaep, mgf1};
use tests::{Dialog, Proxy, Swtpm};

use crate::machine::Machine;

const SIZE: usize = 256;

struct Sha1;

impl Hasher for Sha1 {
    fn size(&self) -> usize {
        HashAlg::Sha1.size()
    }

    fn hash(&self, parts: &[&[u8]], out: &mut [u8]) -> Result<(), Failure> {
        out.copy_from_slice(&HashAlg::Sha1.digest(parts));
        Ok(())
    }
}

/// Returns a block of type 2 with a message of ten bytes, and a change in it.
fn pkcs1(change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut block = vec![0x5a; SIZE];
    block[..2].copy_from_slice(&[0, 2]);
    block[SIZE - 11] = 0;
    change(&mut block);
    block
}

/// All faults of such a block (RFC 8017 §7.2.2, step 3).
fn wrong_pkcs1() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("the first byte", pkcs1(|block| block[0] = 1)),
        ("the type", pkcs1(|block| block[1] = 1)),
        ("no type", pkcs1(|block| block[1] = 0)),
        ("a zero first in the padding", pkcs1(|block| block[2] = 0)),
        ("seven bytes of padding", pkcs1(|block| block[9] = 0)),
        ("no separator", pkcs1(|block| block[SIZE - 11] = 1)),
        ("all of it", vec![0x11; SIZE]),
    ]
}

fn oaep(label: &[u8]) -> Vec<u8> {
    let oaep = Oaep { digest: &Sha1, mgf1: &Sha1, label };
    let mut random = |bytes: &mut [u8]| {
        bytes.fill(0x77);
        Ok(())
    };
    oaep.encode(b"0123456789", SIZE, &mut random).unwrap().to_vec()
}

/// Returns a good block whose DB is changed under its masks.
fn remasked(change: impl Fn(&mut [u8])) -> Vec<u8> {
    let mut block = oaep(b"");
    let (seed, db) = block[1..].split_at_mut(Sha1.size());
    mgf1::mask(seed, db, &Sha1).unwrap();
    mgf1::mask(db, seed, &Sha1).unwrap();
    change(db);
    mgf1::mask(db, seed, &Sha1).unwrap();
    mgf1::mask(seed, db, &Sha1).unwrap();
    block
}

/// All faults of an OAEP block (RFC 8017 §7.1.2, step 3 g).
fn wrong_oaep() -> Vec<(&'static str, Vec<u8>)> {
    let separator = SIZE - 1 - Sha1.size() - 11;
    let mut high = oaep(b"");
    high[0] = 1;
    vec![
        ("the first byte", high),
        ("the label", oaep(b"label")),
        ("the separator", remasked(|db| db[separator] = 2)),
        ("no separator", remasked(|db| db[Sha1.size()..].fill(0))),
        ("before the separator", remasked(|db| db[Sha1.size() + 1] = 3)),
        ("all of it", vec![0x11; SIZE]),
    ]
}

struct Watched {
    program: Dialog,
    proxy: Proxy,
    machine: Machine,
}

impl Watched {
    fn new() -> Self {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let machine = Machine::reached_by(tpm, &proxy.tcti());
        machine.key("key", "-r");
        let mut program = machine.decrypter();
        program.ok("load key key");
        Self { program, proxy, machine }
    }

    /// Returns the ciphertext of a whole block.
    fn seal(&mut self, block: &[u8]) -> String {
        self.program.ok(&format!("seal key {} rsa_padding_mode:none", hex::encode(block)))
    }

    /// Returns the program's answer, and the TPM commands.
    fn open(&mut self, ciphertext: &str) -> (String, Vec<u32>) {
        self.proxy.log().clear();
        (self.program.ask(&format!("run {ciphertext}")), self.proxy.log().codes())
    }

    /// Checks that all blocks have the same answer, and returns it.
    fn one_answer(&mut self, blocks: Vec<(&str, Vec<u8>)>) -> (String, Vec<u32>) {
        let mut first = None;
        for (what, block) in blocks {
            let ciphertext = self.seal(&block);
            let answer = self.open(&ciphertext);
            assert_eq!(first.get_or_insert_with(|| answer.clone()), &answer, "{what}");
        }
        first.unwrap()
    }
}

#[test]
fn every_wrong_padding_gives_the_same_error() {
    for (options, good, wrong) in [
        ("implicit-rejection:0", pkcs1(|_| ()), wrong_pkcs1()),
        ("rsa_padding_mode:oaep", oaep(b""), wrong_oaep()),
    ] {
        let mut watched = Watched::new();
        watched.program.ok(&format!("decrypting key {options}"));
        let good = watched.seal(&good);
        assert!(watched.open(&good).0.starts_with("ok "), "{options}");
        let (answer, commands) = watched.one_answer(wrong);
        assert!(answer.starts_with("error 0 ") || answer.starts_with("error -1 "), "{answer}");
        assert_eq!(commands, watched.open(&good).1, "the same commands as for a good padding");
    }
}

#[test]
fn a_wrong_pkcs1_padding_is_no_error_and_sends_the_same_commands() {
    let mut watched = Watched::new();
    watched.program.ok("decrypting key");
    let good = watched.seal(&pkcs1(|_| ()));
    assert_eq!(watched.open(&good).0, format!("ok {}", "5A".repeat(10)));
    let (_, commands) = watched.open(&good);
    for (what, block) in wrong_pkcs1() {
        let ciphertext = watched.seal(&block);
        let (answer, sent) = watched.open(&ciphertext);
        assert!(answer.starts_with("ok "), "{what}: {answer}");
        assert_eq!(sent, commands, "{what}");
        assert_eq!(watched.open(&ciphertext).0, answer, "{what}: the same again");
    }
}

#[test]
fn a_synthetic_message_is_the_same_in_every_process_and_after_a_restart() {
    let mut watched = Watched::new();
    let ciphertexts: Vec<String> = wrong_pkcs1().into_iter().map(|(_, block)| watched.seal(&block)).collect();
    let synthetic = |program: &mut Dialog| -> Vec<String> {
        program.ok("decrypting key");
        ciphertexts.iter().map(|ciphertext| program.ok(&format!("run {ciphertext}"))).collect()
    };
    let first = synthetic(&mut watched.program);
    assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), first.len(), "each ciphertext has its own");
    watched.machine.tpm.reset_and_startup();
    assert_eq!(synthetic(&mut watched.program), first, "in a process that continues");
    watched.program.end("quit");
    let mut another = watched.machine.decrypter();
    another.ok("load key key");
    assert_eq!(synthetic(&mut another), first, "in another process");
    another.end("quit");
    watched.machine.tpm.reset_and_startup();
    let mut after = watched.machine.decrypter();
    after.ok("load key key");
    assert_eq!(synthetic(&mut after), first, "after a restart");
    after.end("quit");
    // Another key of the same type gives other synthetic messages.
    watched.machine.key("key", "-r");
    let mut other = watched.machine.decrypter();
    other.ok("load key key");
    other.ok("decrypting key");
    for (ciphertext, message) in ciphertexts.iter().zip(&first) {
        // Except if the ciphertext is above the other key's modulus.
        assert_ne!(other.ask(&format!("run {ciphertext}")), format!("ok {message}"));
    }
}
