//! The bare command: the same operation in a password session, prepared octets through the same TCTI, and nothing else.

use std::sync::Mutex;

use keyfile::wire::Marshal as _;
use keyfile::{Curve, Handle};
use tests::raw;
use tpm::Transport;
use tpm::template::Template;

use crate::contender::Algorithm;
use crate::worker::Operation;

const CREATE_PRIMARY: u32 = 0x131;
const RSA_DECRYPT: u32 = 0x159;
const SIGN: u32 = 0x15D;

pub(crate) struct Floor {
    command: Vec<u8>,
    connection: Mutex<(Box<dyn Transport>, Vec<u8>)>,
}

impl Floor {
    pub(crate) fn new(algorithm: Algorithm, tcti: &str) -> Self {
        let mut transport = tpm::open(Some(tcti)).expect("a TPM");
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
            Algorithm::Rsa2048 => {
                let null_and_label = [0x00, 0x10, 0x00, 0x00];
                raw::command(
                    RSA_DECRYPT,
                    &[key],
                    &[b""],
                    &[&raw::sized(&[7; 256])[..], &null_and_label].concat(),
                )
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
        Algorithm::EcdsaP256 => Template::ecc(Curve::P256),
        Algorithm::Rsa2048 => Template::rsa(2048),
    };
    let public = template.public().to_octets().expect("a public area");
    let sensitive = raw::sized(&[raw::sized(b""), raw::sized(b"")].concat());
    let parameters = [sensitive, raw::sized(&public), raw::sized(b""), vec![0; 4]].concat();
    raw::command(CREATE_PRIMARY, &[Handle::OWNER.0], &[b""], &parameters)
}
