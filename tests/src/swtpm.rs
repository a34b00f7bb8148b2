//! One TPM 2.0 simulator per test: a swtpm process with a state folder of its own.
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::{LIMIT, Process, command_line, run};
use crate::raw::Tpm as _;
use crate::{Scratch, port, raw, upstream};

/// A running swtpm; it is ended by pid on drop.
///
/// tcti-swtpm and tcti-mssim of tpm2-tss 3.2 require TCP, with the command port P and the control port P + 1.
pub struct Swtpm {
    // Before the folder: fields are dropped in order, and the process writes into the folder.
    process: Option<Process>,
    port: u16,
    scratch: Scratch,
    profile: Option<String>,
}

impl Swtpm {
    /// Starts a new TPM and sends TPM2_Startup(CLEAR).
    ///
    /// # Panics
    /// If swtpm is not installed or does not come up.
    #[must_use]
    pub fn start() -> Self {
        Self::launched(None)
    }

    /// Starts a TPM with a swtpm profile, as in the option `--profile`; requires swtpm 0.10 ([`Self::has_profiles`]).
    ///
    /// # Panics
    /// If swtpm does not come up with it.
    #[must_use]
    pub fn with_profile(profile: &str) -> Self {
        Self::launched(Some(profile.to_owned()))
    }

    /// Returns true if this swtpm knows profiles.
    ///
    /// # Panics
    /// If swtpm is not installed.
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

    /// Returns the TCTI for `TPM2_TCTI` and programs that use tpm2-tss: `swtpm:host=127.0.0.1,port=N`.
    #[must_use]
    pub fn tcti(&self) -> String {
        format!("swtpm:host=127.0.0.1,port={}", self.port)
    }

    /// Returns the command port; the control channel is the next port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the folder with its state and log.
    #[must_use]
    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// Sends one command directly, without any library, and returns the response.
    ///
    /// # Panics
    /// If the TPM does not answer.
    #[must_use]
    pub fn transact(&self, command: &[u8]) -> Vec<u8> {
        upstream::transact(self.port, command).expect("a response of swtpm")
    }

    /// Switches the power off and on: all transient objects and sessions are gone, and every command fails with TPM_RC_INITIALIZE (0x100)
    /// until Startup is sent.
    ///
    /// Sends Shutdown(CLEAR) first, as a machine does. Without it, a TPM counts a wrong password if a key with dictionary-attack protection
    /// was used (Part 1 §19.8.5): see `stop` for a power cut.
    pub fn reset(&self) {
        // A TPM that was not started up since the last reset refuses it.
        let _ = self.raw(raw::SHUTDOWN, &[], &[], &[0, 0]);
        // swtpm_ioctls.h: CMD_INIT = 2, with the flags of ptm_init.
        self.control(&[0, 0, 0, 2, 0, 0, 0, 0]);
    }

    /// Resets the TPM and sends TPM2_Startup(CLEAR), as the firmware of a machine does.
    pub fn reset_and_startup(&self) {
        self.reset();
        self.raw(raw::STARTUP, &[], &[], &[0, 0]).ok();
    }

    /// Makes later commands come from this locality, 0 to 4. The TCTI for swtpm sets its own when it connects; the TCTI for mssim, which
    /// works through a proxy, does not.
    pub fn set_locality(&self, locality: u8) {
        // CMD_SET_LOCALITY = 5, with ptm_loc.
        self.control(&[0, 0, 0, 5, locality]);
    }

    /// Kills the process, like a power cut; connections break. The state stays for `restart`.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Starts a new process on the same ports with the same state, and sends TPM2_Startup.
    ///
    /// # Panics
    /// If it does not come up within ten seconds.
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

    /// Sends a request to the control channel and checks the result.
    ///
    /// # Panics
    /// If swtpm refuses it.
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
    fn tpm_answers_and_is_gone_after_drop() {
        let tpm = Swtpm::start();
        assert_eq!(tpm.raw(raw::GET_RANDOM, &[], &[], &[0, 8]).ok().len(), 10);
        let (pid, folder) = (tpm.process.as_ref().unwrap().id(), tpm.scratch.path().to_owned());
        drop(tpm);
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
        assert!(!folder.exists());
    }

    #[test]
    fn many_tpms_start_at_once() {
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
    fn reset_flushes_objects_and_requires_startup() {
        let tpm = Swtpm::start();
        let handle = tpm.create_primary();
        assert_eq!(tpm.transient(), [handle]);
        tpm.reset();
        assert_eq!(tpm.raw(raw::GET_RANDOM, &[], &[], &[0, 8]).code(), 0x100);
        tpm.reset_and_startup();
        assert_eq!(tpm.transient(), []);
    }

    #[test]
    fn power_cut_keeps_persistent_objects() {
        let mut tpm = Swtpm::start();
        let handle = tpm.create_primary();
        tpm.persist(handle, 0x8100_0001);
        tpm.stop();
        tpm.restart();
        assert_eq!((tpm.persistent(), tpm.transient()), (vec![0x8100_0001], vec![]));
    }

    #[test]
    fn hierarchy_password_and_lockout_counter_work() {
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
