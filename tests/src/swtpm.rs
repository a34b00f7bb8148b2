//! One TPM 2.0 simulator per test: a swtpm process with a state folder of its own.
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::{LIMIT, Process, command_line, run};
use crate::raw::Tpm as _;
use crate::{Scratch, port, raw, upstream};

/// A running swtpm; ended by pid when dropped.
///
/// tcti-swtpm and tcti-mssim of tpm2-tss 3.2 want TCP, the command port P and the control port P + 1.
pub struct Swtpm {
    // Before the folder: fields are dropped in order, and the process writes into the folder.
    process: Option<Process>,
    port: u16,
    scratch: Scratch,
    profile: Option<String>,
}

impl Swtpm {
    /// A new TPM, started up (TPM2_Startup CLEAR).
    ///
    /// # Panics
    /// When swtpm is not installed or does not come up.
    #[must_use]
    pub fn start() -> Self {
        Self::launched(None)
    }

    /// The same with what swtpm calls a profile, as its option `--profile` takes it; from swtpm 0.10 on ([`Self::has_profiles`]).
    ///
    /// # Panics
    /// When swtpm does not come up with it.
    #[must_use]
    pub fn with_profile(profile: &str) -> Self {
        Self::launched(Some(profile.to_owned()))
    }

    /// Returns true if this swtpm knows profiles.
    ///
    /// # Panics
    /// When swtpm is not installed.
    #[must_use]
    pub fn has_profiles() -> bool {
        let mut command = Command::new("swtpm");
        command.args(["socket", "--tpm2", "--print-capabilities"]);
        run(command, &[], LIMIT).ok().out().contains("cmdarg-profile")
    }

    fn launched(profile: Option<String>) -> Self {
        let scratch = Scratch::new("swtpm");
        let (port, process) = port::serve(2, |port| launch(&scratch, port, profile.as_deref()));
        Self { process: Some(process), port, scratch, profile }
    }

    /// For `TPM2_TCTI` and every other program of tpm2-tss: `swtpm:host=127.0.0.1,port=N`.
    #[must_use]
    pub fn tcti(&self) -> String {
        format!("swtpm:host=127.0.0.1,port={}", self.port)
    }

    /// The command port; the control channel is the next one.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder that holds its state and log.
    #[must_use]
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// Sends one command as it is, past every stack, and gives the response.
    ///
    /// # Panics
    /// When the TPM does not answer.
    #[must_use]
    pub fn transact(&self, command: &[u8]) -> Vec<u8> {
        upstream::transact(self.port, command).expect("a response of swtpm")
    }

    /// Power off and on again: all transient objects and sessions are gone, and every command answers
    /// TPM_RC_INITIALIZE (0x100) until somebody sends Startup.
    ///
    /// Shutdown(CLEAR) goes first, as a machine sends it. Without it a TPM counts a wrong password when a key under
    /// dictionary-attack protection was used (Part 1 §19.8.5): see `stop` for a power cut.
    pub fn reset(&self) {
        // A TPM that was not started up since the last reset refuses.
        let _ = self.raw(raw::SHUTDOWN, &[], &[], &[0, 0]);
        // swtpm_ioctls.h: CMD_INIT = 2, with the flags of ptm_init.
        self.control(&[0, 0, 0, 2, 0, 0, 0, 0]);
    }

    /// The same, and TPM2_Startup(CLEAR), as the firmware of a machine sends it.
    pub fn reset_and_startup(&self) {
        self.reset();
        self.raw(raw::STARTUP, &[], &[], &[0, 0]).ok();
    }

    /// From here on commands come from this locality, 0 to 4. The TCTI for swtpm sets its own when it connects; behind a proxy, the one for mssim
    /// does not.
    pub fn set_locality(&self, locality: u8) {
        // CMD_SET_LOCALITY = 5, with ptm_loc.
        self.control(&[0, 0, 0, 5, locality]);
    }

    /// Kills the process, as a power cut would; connections break. The state stays for `restart`.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// A new process on the same ports with the same state; started up.
    ///
    /// # Panics
    /// When it does not come up within ten seconds.
    pub fn restart(&mut self) {
        self.stop();
        for _ in 0..100 {
            let mut process = launch(&self.scratch, self.port, self.profile.as_deref());
            if port::listening(&mut process, self.port, 2) {
                self.process = Some(process);
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("swtpm did not come back: {}", String::from_utf8_lossy(&self.scratch.read("swtpm.log")));
    }

    /// A request to the control channel; gives what follows the result.
    ///
    /// # Panics
    /// When swtpm refuses it.
    fn control(&self, request: &[u8]) {
        let mut stream = upstream::connect(self.port + 1).expect("connect to swtpm's control channel");
        stream.write_all(request).expect("send to swtpm's control channel");
        let mut result = [0; 4];
        stream.read_exact(&mut result).expect("an answer of swtpm's control channel");
        assert_eq!(result, [0; 4], "swtpm's control channel refused {request:02x?}");
    }
}

impl raw::Tpm for Swtpm {
    fn transact(&self, command: &[u8]) -> Vec<u8> {
        Swtpm::transact(self, command)
    }
}

fn launch(scratch: &Scratch, port: u16, profile: Option<&str>) -> Process {
    let mut command = Command::new("swtpm");
    command.args(["socket", "--tpm2", "--flags", "not-need-init,startup-clear"]);
    command.arg("--tpmstate").arg(format!("dir={}", scratch.path().display()));
    command.args([
        "--server",
        &format!("type=tcp,port={port}"),
        "--ctrl",
        &format!("type=tcp,port={}", port + 1),
    ]);
    command.arg("--log").arg(format!("file={}", scratch.file("swtpm.log").display()));
    if let Some(profile) = profile {
        command.args(["--profile", profile]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    scratch.note(format!("{} &", command_line(&command)));
    Process::spawn(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tpm_answers_and_is_gone_afterwards() {
        let tpm = Swtpm::start();
        assert_eq!(tpm.raw(raw::GET_RANDOM, &[], &[], &[0, 8]).ok().len(), 10);
        let (pid, folder) = (tpm.process.as_ref().unwrap().id(), tpm.scratch.path().to_owned());
        drop(tpm);
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
        assert!(!folder.exists());
    }

    #[test]
    fn many_start_at_once() {
        let threads: Vec<_> = (0..12).map(|_| std::thread::spawn(Swtpm::start)).collect();
        let tpms: Vec<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
        let mut ports: Vec<_> = tpms.iter().map(Swtpm::port).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 12);
        for tpm in &tpms {
            tpm.raw(raw::GET_RANDOM, &[], &[], &[0, 8]).ok();
        }
    }

    #[test]
    fn a_reset_forgets_objects_and_wants_startup() {
        let tpm = Swtpm::start();
        let handle = tpm.create_primary();
        assert_eq!(tpm.transient(), [handle]);
        tpm.reset();
        assert_eq!(tpm.raw(raw::GET_RANDOM, &[], &[], &[0, 8]).code(), 0x100);
        tpm.reset_and_startup();
        assert_eq!(tpm.transient(), []);
    }

    #[test]
    fn a_power_cut_keeps_what_is_persistent() {
        let mut tpm = Swtpm::start();
        let handle = tpm.create_primary();
        tpm.persist(handle, 0x8100_0001);
        tpm.stop();
        tpm.restart();
        assert_eq!((tpm.persistent(), tpm.transient()), (vec![0x8100_0001], vec![]));
    }

    #[test]
    fn hierarchy_passwords_and_the_lockout_counter() {
        let tpm = Swtpm::start();
        tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
        tpm.set_hierarchy_auth(raw::OWNER, b"owner", b"");
        assert_eq!((tpm.failures(), tpm.max_failures() > 0), (0, true));
        let handle = tpm.create_primary_with(b"secret", raw::DA_PROTECTED);
        let answer = tpm.raw(raw::OBJECT_CHANGE_AUTH, &[handle, handle], &[b"wrong"], &[0, 0]);
        // TPM_RC_AUTH_FAIL of the first session
        assert_eq!((answer.code(), tpm.failures()), (0x98E, 1));
    }
}
