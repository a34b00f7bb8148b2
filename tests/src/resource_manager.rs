//! Replaces /dev/tpmrm0: many connections, each with slots of its own, by the rules of Linux (drivers/char/tpm/tpm2-space.c; this describes
//! its behaviour, not its code).
//!
//! - A connection has three slots for objects and three for sessions. They are loaded before each of its commands, and saved and flushed
//!   after it: between commands the TPM is empty.
//! - Object handles are virtual: 0x80FFFFFF, 0x80FFFFFE, 0x80FFFFFD. Session handles are the TPM's.
//! - A fourth object or session makes the *system call* fail (ENOMEM): the client receives no TPM response code. The connection's sessions
//!   are flushed; its objects stay.
//! - A session that cannot be saved or loaded also makes the system call fail (EFAULT), with the same consequence.
//! - When a connection is closed, its objects and sessions are removed.
//! - The kernel does not handle context gaps: see `gap`.
//!
//! The framing is that of mssim, which has no errno. [`Refusal`] defines what the client receives for a failed system call.
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::gap::Gap;
use crate::log::Log;
use crate::server::Server;
use crate::space::{Device, Errno, Space};
use crate::{Proxy, Swtpm, mssim, port};

/// What a client receives for a system call that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refusal {
    /// The connection is closed: an I/O error of the TCTI. This is harsher than the kernel, whose descriptor stays usable, but tcti-mssim
    /// reports nothing else as an I/O error.
    #[default]
    HangUp,
    /// An empty response. The connection and its objects continue to exist, as in the kernel.
    Empty,
}

/// The options of a resource manager.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many session saves a saved session may lag behind (TPM_PT_CONTEXT_GAP_MAX): 65,535 in libtpms, 255 in some chips.
    pub context_gap: u64,
    /// What the client receives for a failed system call.
    pub refusal: Refusal,
}

impl Default for Options {
    fn default() -> Self {
        Self { context_gap: 65_535, refusal: Refusal::default() }
    }
}

/// A running resource manager in front of one TPM.
pub struct ResourceManager {
    commands: Server,
    _platform: Server,
    port: u16,
    log: Log,
    chip: Log,
    refused: Arc<Mutex<Vec<Errno>>>,
}

impl ResourceManager {
    /// Starts a resource manager, which must be the TPM's only user.
    ///
    /// # Panics
    /// If the system has no free ports.
    #[must_use]
    pub fn start(tpm: &Swtpm, options: Options) -> Self {
        Self::in_front_of(tpm.port(), options)
    }

    /// Starts a resource manager in front of a TPM behind a proxy.
    ///
    /// # Panics
    /// If the system has no free ports.
    #[must_use]
    pub fn before(proxy: &Proxy, options: Options) -> Self {
        Self::in_front_of(proxy.port(), options)
    }

    fn in_front_of(tpm: u16, options: Options) -> Self {
        let (log, chip, refused) = (Log::default(), Log::default(), Arc::<Mutex<Vec<Errno>>>::default());
        let gap = Gap::new(options.context_gap);
        let device = Arc::new(Mutex::new(Device { port: tpm, gap, log: chip.clone() }));
        let (port, [commands, platform]) = port::listen_pair();
        let (written, errors) = (log.clone(), refused.clone());
        let serve = move |number, stream| {
            let connection = Connection { number, log: &written, refused: &errors, refusal: options.refusal };
            connection.serve(&device, stream);
        };
        Self {
            commands: Server::start(commands, serve),
            _platform: Server::start(platform, |_, stream| mssim::platform(stream)),
            port,
            log,
            chip,
            refused,
        }
    }

    /// Returns the TCTI for tcti-mssim: `mssim:host=127.0.0.1,port=N`.
    #[must_use]
    pub fn tcti(&self) -> String {
        format!("mssim:host=127.0.0.1,port={}", self.port)
    }

    /// Returns the port for commands.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the traffic of the clients, with virtual handles, without the manager's own commands.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Returns the traffic at the TPM: the commands of the clients with the TPM's handles, and the manager's own.
    #[must_use]
    pub fn chip(&self) -> &Log {
        &self.chip
    }

    /// Returns the errors of the system calls that have failed.
    ///
    /// # Panics
    /// If a connection's thread panicked.
    #[must_use]
    pub fn refused(&self) -> Vec<Errno> {
        self.refused.lock().expect("the errors").clone()
    }

    /// Returns how many connections are open.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.commands.connections()
    }

    /// Waits until this many connections are open and the closed ones are cleaned up.
    ///
    /// # Panics
    /// If this takes longer than ten seconds.
    #[track_caller]
    pub fn wait_for_connections(&self, count: usize) {
        let start = Instant::now();
        while self.connections() != count {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "{} connections, not {count}",
                self.connections()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Breaks all connections, as a restarted manager would; each is cleaned up.
    pub fn hang_up(&self) {
        self.commands.hang_up();
    }
}

/// One client.
struct Connection<'a> {
    number: usize,
    log: &'a Log,
    refused: &'a Mutex<Vec<Errno>>,
    refusal: Refusal,
}

impl Connection<'_> {
    fn serve(&self, device: &Mutex<Device>, mut stream: TcpStream) {
        let mut space = Space::default();
        while let Ok(Some(command)) = mssim::read_command(&mut stream) {
            let result = space.transact(&mut device.lock().expect("the TPM"), &command);
            let response = result.unwrap_or_else(|errno| {
                self.refused.lock().expect("the errors").push(errno);
                Vec::new()
            });
            self.log.add(self.number, command, response.clone());
            if response.is_empty() && self.refusal == Refusal::HangUp {
                break;
            }
            if mssim::write_response(&mut stream, &response).is_err() {
                break;
            }
        }
        space.close(&mut device.lock().expect("the TPM"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::{self, Tpm as _};

    fn open(manager: &ResourceManager) -> mssim::Client {
        mssim::Client::connect(&manager.tcti())
    }

    fn primary() -> Vec<u8> {
        raw::command(raw::CREATE_PRIMARY, &[raw::OWNER], &[b""], &raw::primary_parameters(b"", raw::STORAGE))
    }

    #[test]
    fn each_connection_has_three_slots_and_virtual_handles() {
        let tpm = Swtpm::start();
        let manager = ResourceManager::start(&tpm, Options::default());
        let clients = [open(&manager), open(&manager)];
        for client in &clients {
            let handles: Vec<u32> = (0..3).map(|_| client.create_primary()).collect();
            assert_eq!(handles, [0x80FF_FFFF, 0x80FF_FFFE, 0x80FF_FFFD]);
            assert_eq!(client.transient(), handles);
            let session = client.start_session();
            assert!(client.loaded_sessions().contains(&session));
        }
        // Between commands nothing is loaded in the TPM; the sessions are saved there.
        assert_eq!((tpm.transient(), tpm.loaded_sessions(), tpm.saved_sessions().len()), (vec![], vec![], 2));
        clients[0].flush(0x80FF_FFFE);
        assert_eq!(clients[0].transient(), [0x80FF_FFFF, 0x80FF_FFFD]);
        assert_eq!(clients[0].create_primary(), 0x80FF_FFFE);
        assert_eq!(clients[1].raw(raw::READ_PUBLIC, &[0x80FF_FFFF], &[], &[]).code(), 0);
        drop(clients);
        manager.wait_for_connections(0);
        tpm.assert_empty();
    }

    #[test]
    fn fourth_object_fails_the_system_call_and_flushes_the_sessions() {
        let tpm = Swtpm::start();
        let manager = ResourceManager::start(&tpm, Options { refusal: Refusal::Empty, ..Options::default() });
        let (client, other) = (open(&manager), open(&manager));
        other.start_session();
        let session = client.start_session();
        for _ in 0..3 {
            client.create_primary();
        }
        assert_eq!(client.try_transact(&primary()).unwrap(), b"");
        assert_eq!(manager.refused(), [Errno::NoMemory]);
        assert_eq!(client.transient().len(), 3);
        assert!(!client.loaded_sessions().contains(&session));
        assert_eq!(tpm.saved_sessions().len(), 1, "the other's session lives");
        client.flush(0x80FF_FFFF);
        client.create_primary();
    }

    #[test]
    fn failed_system_call_closes_the_connection_by_default() {
        let tpm = Swtpm::start();
        let manager = ResourceManager::start(&tpm, Options::default());
        let client = open(&manager);
        for _ in 0..3 {
            client.create_primary();
        }
        assert!(client.try_transact(&primary()).is_err());
        manager.wait_for_connections(0);
        tpm.assert_empty();
    }

    #[test]
    fn fourth_session_fails_the_system_call() {
        let tpm = Swtpm::start();
        let manager = ResourceManager::start(&tpm, Options { refusal: Refusal::Empty, ..Options::default() });
        let client = open(&manager);
        for _ in 0..3 {
            client.start_session();
        }
        let start =
            raw::command(raw::START_AUTH_SESSION, &[raw::NULL, raw::NULL], &[], &raw::session_parameters());
        assert_eq!(client.try_transact(&start).unwrap(), b"");
        tpm.assert_empty();
        client.start_session();
    }

    #[test]
    fn idle_session_blocks_all_sessions_at_the_gap() {
        let tpm = Swtpm::start();
        let manager = ResourceManager::start(&tpm, Options { context_gap: 255, refusal: Refusal::Empty });
        let (idle, busy, third) = (open(&manager), open(&manager), open(&manager));
        idle.start_session();
        busy.start_session();
        let random = raw::command(raw::GET_RANDOM, &[], &[], &[0, 4]);
        let answered = (0..400).take_while(|_| !busy.try_transact(&random).unwrap().is_empty()).count();
        assert!((250..=255).contains(&answered), "{answered}");
        let start =
            raw::command(raw::START_AUTH_SESSION, &[raw::NULL, raw::NULL], &[], &raw::session_parameters());
        assert_eq!(raw::code(&third.try_transact(&start).unwrap()), raw::CONTEXT_GAP);
        // Connections without a session are not affected. When the idle session is gone, all work again.
        assert_eq!(third.try_transact(&random).unwrap().len(), 16);
        drop(idle);
        manager.wait_for_connections(2);
        third.start_session();
    }

    #[test]
    fn tpm2_tools_work_through_the_manager() {
        let tpm = Swtpm::start();
        let manager = ResourceManager::start(&tpm, Options::default());
        let folder = crate::Scratch::new("manager");
        for arguments in [
            "tpm2_createprimary -c p.ctx",
            "tpm2_create -C p.ctx -u k.pub -r k.priv -c k.ctx",
            "tpm2_readpublic -c k.ctx",
        ] {
            let mut words = arguments.split(' ');
            let mut command = std::process::Command::new(words.next().unwrap());
            command.args(words).args(["-T", &manager.tcti()]).current_dir(folder.path());
            crate::process::run(command, b"", crate::process::LIMIT).ok();
        }
        manager.wait_for_connections(0);
        tpm.assert_empty();
    }
}
