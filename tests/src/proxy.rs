//! A man in the middle: it logs the traffic of the bus, and changes it by the rules of a test.
use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::chips::Chip;
use crate::log::Log;
use crate::server::Server;
use crate::tamper::{Fate, Tamper};
use crate::{Swtpm, mssim, port, raw, upstream};

/// A proxy between clients and a TPM. It speaks both framings, each on its own pair of ports.
///
/// It passes commands to the TPM one at a time, in the order in which they arrive.
pub struct Proxy {
    mssim: Server,
    swtpm: Server,
    _platform: Server,
    _control: Server,
    ports: (u16, u16),
    bus: Arc<Bus>,
}

struct Bus {
    tpm: u16,
    log: Log,
    tamper: Mutex<Tamper>,
}

impl Proxy {
    /// Starts a proxy in front of the TPM.
    ///
    /// # Panics
    /// If the system has no free ports.
    #[must_use]
    pub fn start(tpm: &Swtpm) -> Self {
        let bus = Arc::new(Bus { tpm: tpm.port(), log: Log::default(), tamper: Mutex::default() });
        let (mssim_port, [commands, platform]) = port::listen_pair();
        let (swtpm_port, [plain, control]) = port::listen_pair();
        let (of_mssim, of_swtpm, control_port) = (bus.clone(), bus.clone(), tpm.port() + 1);
        Self {
            mssim: Server::start(commands, move |number, stream| of_mssim.serve_mssim(number, stream)),
            // A plain connection carries one command of tcti-swtpm. Numbers from 1000 distinguish these connections in the log.
            swtpm: Server::start(plain, move |number, stream| of_swtpm.serve_swtpm(number + 1000, stream)),
            _platform: Server::start(platform, |_, stream| mssim::platform(stream)),
            _control: Server::start(control, move |_, stream| join(stream, control_port)),
            ports: (mssim_port, swtpm_port),
            bus,
        }
    }

    /// Returns the TCTI for tcti-mssim, which keeps its connection: `mssim:host=127.0.0.1,port=N`.
    #[must_use]
    pub fn tcti(&self) -> String {
        format!("mssim:host=127.0.0.1,port={}", self.ports.0)
    }

    /// Returns the TCTI for tcti-swtpm, which connects for each command: `swtpm:host=127.0.0.1,port=N`.
    #[must_use]
    pub fn swtpm_tcti(&self) -> String {
        format!("swtpm:host=127.0.0.1,port={}", self.ports.1)
    }

    /// Returns the port with swtpm's plain framing.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.ports.1
    }

    /// Returns the traffic, as the clients saw it.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.bus.log
    }

    /// Sets the rule for commands. It runs before the TPM receives a command, and may change the command in place.
    pub fn on_command(&self, rule: impl FnMut(&mut Vec<u8>) -> Fate + Send + 'static) {
        self.tamper().on_command = Some(Box::new(rule));
    }

    /// Adds a rule before the existing one, which then receives what passes.
    ///
    /// # Panics
    /// If a rule has panicked before.
    pub fn also_on_command(&self, mut rule: impl FnMut(&mut Vec<u8>) -> Fate + Send + 'static) {
        let mut tamper = self.tamper();
        let mut before = tamper.on_command.take();
        tamper.on_command = Some(Box::new(move |command| match (rule(command), &mut before) {
            (Fate::Pass, Some(before)) => before(command),
            (fate, _) => fate,
        }));
    }

    /// Sets the rule for responses. It runs before the client receives a response, and may change the response in place.
    pub fn on_response(&self, rule: impl FnMut(&[u8], &mut Vec<u8>) -> Fate + Send + 'static) {
        self.tamper().on_response = Some(Box::new(rule));
    }

    /// Adds a rule before the existing one, which then receives what passes.
    ///
    /// # Panics
    /// If a rule has panicked before.
    pub fn also_on_response(&self, mut rule: impl FnMut(&[u8], &mut Vec<u8>) -> Fate + Send + 'static) {
        let mut tamper = self.tamper();
        let mut before = tamper.on_response.take();
        tamper.on_response =
            Some(Box::new(move |sent, response| match (rule(sent, response), &mut before) {
                (Fate::Pass, Some(before)) => before(sent, response),
                (fate, _) => fate,
            }));
    }

    /// Emulates another chip from now on.
    pub fn become_chip(&self, chip: &Chip) {
        let rules = Arc::new(Mutex::new(chip.rules(self.bus.tpm)));
        let of_commands = rules.clone();
        self.on_command(move |command| {
            of_commands.lock().expect("the rules of the chip").on_command(command)
        });
        self.on_response(move |command, response| {
            rules.lock().expect("the rules of the chip").on_response(command, response)
        });
    }

    /// Removes all rules.
    pub fn remove_rules(&self) {
        *self.tamper() = Tamper::default();
    }

    /// Breaks every open connection.
    pub fn hang_up(&self) {
        self.mssim.hang_up();
        self.swtpm.hang_up();
    }

    /// Returns how many connections for commands there have been, including those without a command.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.mssim.seen() + self.swtpm.seen()
    }

    /// Returns how many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.mssim.connections() + self.swtpm.connections()
    }

    fn tamper(&self) -> MutexGuard<'_, Tamper> {
        self.bus.tamper.lock().expect("the rules of the proxy")
    }
}

impl Bus {
    fn serve_mssim(&self, number: usize, mut stream: TcpStream) {
        while let Ok(Some(command)) = mssim::read_command(&mut stream) {
            let Some(response) = self.exchange(number, command) else { break };
            if mssim::write_response(&mut stream, &response).is_err() {
                break;
            }
        }
    }

    fn serve_swtpm(&self, number: usize, mut stream: TcpStream) {
        while let Ok(command) = raw::read_message(&mut stream) {
            let Some(response) = self.exchange(number, command) else { break };
            if stream.write_all(&response).is_err() {
                break;
            }
        }
    }

    /// Passes one command through the rules; `None` closes the connection.
    fn exchange(&self, number: usize, command: Vec<u8>) -> Option<Vec<u8>> {
        // One command at a time: the rules are locked for the whole exchange.
        let mut tamper = self.tamper.lock().expect("the rules of the proxy");
        let response = tamper.exchange(&command, |bytes| upstream::transact(self.tpm, bytes).ok());
        self.log.add(number, command, response.clone().unwrap_or_default());
        response
    }
}

/// Copies bytes in both directions, for swtpm's control channel.
fn join(client: TcpStream, port: u16) {
    let Ok(server) = upstream::connect(port) else { return };
    let (Ok(mut from_client), Ok(mut to_server)) = (client.try_clone(), server.try_clone()) else { return };
    let forth = std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_client, &mut to_server);
        let _ = to_server.shutdown(Shutdown::Write);
    });
    let (mut from_server, mut to_client) = (server, client);
    let _ = std::io::copy(&mut from_server, &mut to_client);
    let _ = to_client.shutdown(Shutdown::Both);
    let _ = forth.join();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::Tpm as _;
    use crate::tamper;

    #[test]
    fn both_framings_are_passed_and_logged() {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let client = mssim::Client::connect(&proxy.tcti());
        let handle = client.create_primary_with(b"swordfish", raw::STORAGE);
        let random = raw::command(raw::GET_RANDOM, &[], &[], &[0, 8]);
        assert_eq!(upstream::transact(proxy.port(), &random).unwrap().len(), 20);
        assert_eq!(proxy.log().codes(), [raw::CREATE_PRIMARY, raw::GET_RANDOM]);
        assert!(proxy.log().contains(b"swordfish") && !proxy.log().contains(b"trout"));
        assert_eq!(tpm.transient(), [handle]);
    }

    #[test]
    fn tpm2_tools_work_through_both_framings() {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        for tcti in [proxy.tcti(), proxy.swtpm_tcti()] {
            let mut command = std::process::Command::new("tpm2_getrandom");
            command.args(["-T", &tcti, "8", "-o", "/dev/null"]);
            crate::process::run(command, b"", crate::process::LIMIT).ok();
        }
        assert_eq!(proxy.log().count(raw::GET_RANDOM), 2, "{}", proxy.log().text());
    }

    #[test]
    fn one_bit_of_one_response_is_flipped() {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let client = mssim::Client::connect(&proxy.tcti());
        let honest = client.property(0x20F);
        proxy.on_response(tamper::flip_bit(raw::GET_CAPABILITY, 0, 19 * 8 + 11));
        assert_ne!(client.capability(6, 0x20F), tpm.capability(6, 0x20F));
        assert_eq!(client.property(0x20F), honest);
    }

    #[test]
    fn proxy_answers_a_command_a_few_times() {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let client = mssim::Client::connect(&proxy.tcti());
        proxy.on_command(tamper::answer(raw::GET_RANDOM, 0x98E, 2));
        let code = || client.raw(raw::GET_RANDOM, &[], &[], &[0, 8]).code();
        assert_eq!([code(), code(), code()], [0x98E, 0x98E, 0]);
    }

    #[test]
    fn nonce_is_replaced() {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let client = mssim::Client::connect(&proxy.tcti());
        proxy.on_response(tamper::replace_nonces(raw::START_AUTH_SESSION));
        client.start_session();
        let exchange = proxy.log().all().remove(0);
        assert_eq!(exchange.response[16..32], [0xA5; 16]);
    }

    #[test]
    fn connection_is_dropped_during_a_command() {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let client = mssim::Client::connect(&proxy.tcti());
        proxy.on_response(tamper::hang_up(raw::GET_RANDOM, 1));
        let random = raw::command(raw::GET_RANDOM, &[], &[], &[0, 8]);
        assert!(client.try_transact(&random).is_err());
        let again = mssim::Client::connect(&proxy.tcti());
        assert!(again.try_transact(&random).is_ok());
    }
}
