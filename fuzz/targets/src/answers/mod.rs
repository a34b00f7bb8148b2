//! Any answers of a TPM, or of an attacker on the bus, to the commands of an operation. No operation may panic or run forever.
//!
//! The first byte chooses the configuration, the next two choose the operations; the rest controls the answers (`bus`).

mod bus;
mod operations;
mod record;

use std::sync::{Arc, Mutex, PoisonError};

use tpm::{Config, Lifetime, Protection, Tpm, Transport};

use bus::{Bus, Script};
use operations::OPERATIONS;
pub use operations::{INDEX, PASSWORD, PERSISTENT};
pub use record::record;

/// Returns each operation with intact answers, without and with sessions, over a plain connection and over the kernel's.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let operations = (0_u8..).zip(OPERATIONS).map(|(number, _)| number);
    operations
        .flat_map(|number| [0, HMAC, BRIEF, KERNEL, SHARED].map(|flags| vec![flags, number, number]))
        .collect()
}

const HMAC: u8 = 0x01;
const BRIEF: u8 = 0x02;
const SIMULATOR: u8 = 0x04;
const SHARED: u8 = 0x08;
const KERNEL: u8 = 0x10;

/// Runs two operations, one after the other, on one connection.
pub fn run(data: &[u8]) {
    let Some((head, answers)) = data.split_first_chunk() else { return };
    let [flags, first, second] = *head;
    let is = move |flag: u8| flags & flag != 0;
    let script = Arc::new(Mutex::new(Script::new(answers)));
    let config = Config {
        session: if is(HMAC) { Protection::Hmac } else { Protection::Password },
        connection: if is(BRIEF) { Lifetime::Operation } else { Lifetime::Process },
        ..Config::default()
    };
    let opened = Arc::clone(&script);
    let open = move |_| {
        let script = Arc::clone(&opened);
        let bus: Box<dyn Transport> =
            Box::new(Bus { script, kernel: is(KERNEL), shared: is(SHARED), simulator: is(SIMULATOR) });
        Ok(bus)
    };
    let tpm = Tpm::with_opener(config, Box::new(open));
    for number in [first, second] {
        let (_, operation) = OPERATIONS[usize::from(number) % OPERATIONS.len()];
        if let Err(error) = operation(&tpm) {
            assert!(!error.to_string().is_empty());
        }
        script.lock().unwrap_or_else(PoisonError::into_inner).another_operation();
    }
    tpm.close();
}
