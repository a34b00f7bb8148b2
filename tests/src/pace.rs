//! The pace of a chip: swtpm answers in a millisecond, a chip takes up to two hundred. A proxy adds the rest.
use std::time::Duration;

use crate::parameters::{Asked, Parameters};
use crate::raw::{
    self, CONTEXT_LOAD, CONTEXT_SAVE, CREATE, CREATE_LOADED, CREATE_PRIMARY, ECC, ECDH_ZGEN, EVICT_CONTROL,
    IMPORT, LOAD, LOAD_EXTERNAL, RSA_DECRYPT, SIGN, START_AUTH_SESSION, code, u32_at,
};
use crate::tamper::Fate;

/// The times of a chip in milliseconds. The defaults are those of a common discrete TPM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// A new P-256 key: CreatePrimary, Create.
    pub ec_key: u64,
    /// A new RSA-2048 key.
    pub rsa_key: u64,
    /// An operation with a private P-256 key: Sign, ECDH_ZGen, and a session that is salted to such a key.
    pub ec: u64,
    /// An operation with a private RSA-2048 key.
    pub rsa: u64,
    /// Load and LoadExternal.
    pub load: u64,
    /// ContextLoad and ContextSave.
    pub context: u64,
    /// EvictControl, which writes NV memory.
    pub persist: u64,
    /// Every other command: the transfer.
    pub other: u64,
}

impl Pace {
    /// The pace of a discrete TPM.
    pub const CHIP: Self =
        Self { ec_key: 200, rsa_key: 10_000, ec: 40, rsa: 150, load: 15, context: 5, persist: 50, other: 1 };

    /// Returns a rule for responses that waits for the time of each command.
    pub fn rule(self) -> impl FnMut(&[u8], &mut Vec<u8>) -> Fate + Send + use<> {
        move |command, response| {
            std::thread::sleep(Duration::from_millis(self.of(command, response)));
            Fate::Pass
        }
    }

    /// Returns the time of a command in milliseconds.
    fn of(self, command: &[u8], response: &[u8]) -> u64 {
        if code(response) != 0 {
            return self.other;
        }
        match code(command) {
            CREATE_PRIMARY | CREATE | CREATE_LOADED if makes_ec(command) => self.ec_key,
            CREATE_PRIMARY | CREATE | CREATE_LOADED => self.rsa_key,
            SIGN if is_ecdsa(response) => self.ec,
            SIGN | RSA_DECRYPT => self.rsa,
            ECDH_ZGEN => self.ec,
            START_AUTH_SESSION => self.of_salt(command),
            IMPORT => self.ec + self.load,
            LOAD | LOAD_EXTERNAL => self.load,
            CONTEXT_LOAD | CONTEXT_SAVE => self.context,
            EVICT_CONTROL => self.persist,
            _ => self.other,
        }
    }

    /// The TPM decrypts the salt with the salt key (Part 1 §19.6.13): a point for an EC key, a block of 256 bytes for RSA-2048.
    fn of_salt(self, command: &[u8]) -> u64 {
        let mut parameters = Parameters::of(command);
        let _nonce = parameters.sized();
        match parameters.u16() {
            _ if u32_at(command, 10) == raw::NULL => self.other,
            256.. => self.rsa,
            _ => self.ec,
        }
    }
}

/// Returns true if the template is that of an EC key.
fn makes_ec(command: &[u8]) -> bool {
    Asked::by(command).is_some_and(|asked| asked.kind == ECC)
}

/// Returns true if the signature is ECDSA (TPM_ALG_ECDSA: Part 2 §6.3).
fn is_ecdsa(response: &[u8]) -> bool {
    let mut parameters = Parameters::from(response.get(10..).unwrap_or_default());
    // The tag TPM_ST_SESSIONS means that the size of the parameters comes first.
    if response.starts_with(&[0x80, 0x02]) {
        parameters.u32();
    }
    parameters.u16() == 0x0018
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::raw::Tpm as _;
    use crate::{Openssl, Order, Proxy, Shell, Swtpm, Tool, mssim};

    #[test]
    fn commands_take_the_time_of_the_chip() {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let client = mssim::Client::connect(&proxy.tcti());
        proxy.on_response(Pace::CHIP.rule());
        let start = Instant::now();
        client.create_primary();
        assert!(start.elapsed() >= Duration::from_millis(200));
    }

    #[test]
    fn the_key_type_decides() {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let shell = Shell::new("pace");
        let tool = Tool::new(&shell, &proxy.swtpm_tcti());
        let openssl = Openssl::in_shell(shell.clone(), &proxy.swtpm_tcti(), Order::DefaultFirst);
        shell.write("file", "a file");
        let pace = Pace { ec_key: 1, rsa_key: 2, ec: 3, rsa: 4, load: 5, context: 6, persist: 7, other: 8 };
        let cost = |command| {
            let all = proxy.log().all();
            let found = all.iter().find(|exchange| exchange.code() == command).expect("the command");
            pace.of(&found.command, &found.response)
        };
        tool.ok("create -e P-256 ec.tpm");
        assert_eq!((cost(CREATE_PRIMARY), cost(CREATE), cost(START_AUTH_SESSION)), (1, 1, 3));
        proxy.log().clear();
        tool.ok("create -s 2048 rsa.tpm");
        assert_eq!((cost(CREATE_PRIMARY), cost(CREATE)), (1, 2));
        openssl.ok("dgst -sha256 -sign ec.tpm -out sig file");
        assert_eq!((cost(SIGN), cost(LOAD)), (3, 5));
        openssl.ok("dgst -sha256 -sign rsa.tpm -out sig file");
        assert_eq!(cost(RSA_DECRYPT), 4);
    }
}
