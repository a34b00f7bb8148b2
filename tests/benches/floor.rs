//! The bare command: only the same operation in a password session, prepared bytes through the same TCTI.

use std::sync::Mutex;

use keyfile::wire::Marshal as _;
use keyfile::{Curve, Handle};
use tests::raw;
use tpm::Transport;
use tpm::template::Template;

use crate::contender::Algorithm;
use crate::worker::Operation;

const CREATE_PRIMARY: u32 = 0x131;
const ECDH_ZGEN: u32 = 0x154;
const RSA_DECRYPT: u32 = 0x159;
const SIGN: u32 = 0x15D;

/// The base point of P-256 (FIPS 186-5, SP 800-186 §3.2.1.3). Any point would do.
const GENERATOR: [[u64; 4]; 2] = [
    [0x6b17_d1f2_e12c_4247, 0xf8bc_e6e5_63a4_40f2, 0x7703_7d81_2deb_33a0, 0xf4a1_3945_d898_c296],
    [0x4fe3_42e2_fe1a_7f9b, 0x8ee7_eb4a_7c0f_9e16, 0x2bce_3357_6b31_5ece, 0xcbb6_4068_37bf_51f5],
];

pub(crate) struct Floor {
    command: Vec<u8>,
    connection: Mutex<(Box<dyn Transport>, Vec<u8>)>,
}

impl Floor {
    pub(crate) fn new(algorithm: Algorithm, tcti: &str) -> Self {
        let mut transport = tpm::open(Some(tcti), tpm::Deadline::NEVER).expect("a TPM");
        let mut response = Vec::new();
        transport.transact(&create(algorithm), &mut response).expect("a key");
        let key = raw::u32_at(&response, 10);
        let command = match algorithm {
            // A SHA-256 digest, scheme ECDSA with SHA-256, a NULL ticket (Part 3 §20.2).
            Algorithm::EcdsaP256 => {
                let scheme_and_ticket =
                    [0x00, 0x18, 0x00, 0x0B, 0x80, 0x24, 0x40, 0x00, 0x00, 0x07, 0x00, 0x00];
                raw::command(SIGN, &[key], &[b""], &[&raw::sized(&[7; 32])[..], &scheme_and_ticket].concat())
            }
            // A block of the modulus's size, scheme NULL, no label (Part 3 §14.3).
            Algorithm::Rsa2048 | Algorithm::Rsaes2048 | Algorithm::Oaep2048 => {
                let null_and_label = [0x00, 0x10, 0x00, 0x00];
                raw::command(
                    RSA_DECRYPT,
                    &[key],
                    &[b""],
                    &[&raw::sized(&[7; 256])[..], &null_and_label].concat(),
                )
            }
            // A point (Part 3 §14.5).
            Algorithm::EcdhP256 | Algorithm::EcdhUnchecked => {
                let point = GENERATOR.map(|half| raw::sized(&half.map(u64::to_be_bytes).concat())).concat();
                raw::command(ECDH_ZGEN, &[key], &[b""], &raw::sized(&point))
            }
        };
        Floor { command, connection: Mutex::new((transport, response)) }
    }
}

impl Operation for Floor {
    fn run(&self) {
        let (transport, response) = &mut *self.connection.lock().expect("the connection");
        transport.transact(&self.command, response).expect("an answer");
        assert_eq!(raw::code(response), 0);
    }
}

fn create(algorithm: Algorithm) -> Vec<u8> {
    let template = match algorithm {
        Algorithm::EcdsaP256 | Algorithm::EcdhP256 | Algorithm::EcdhUnchecked => Template::ecc(Curve::P256),
        Algorithm::Rsa2048 | Algorithm::Rsaes2048 | Algorithm::Oaep2048 => Template::rsa(2048),
    };
    let public = template.public().to_bytes().expect("a public area");
    let sensitive = raw::sized(&[raw::sized(b""), raw::sized(b"")].concat());
    let parameters = [sensitive, raw::sized(&public), raw::sized(b""), vec![0; 4]].concat();
    raw::command(CREATE_PRIMARY, &[Handle::OWNER.0], &[b""], &parameters)
}
