//! Replaces /dev/tpm0: a pseudo-terminal, which programs open, read, write and poll like the kernel's device.
//!
//! It differs from the device in three ways: a read without data returns EAGAIN instead of an end of file, closing it never waits, and any
//! number of programs may open it.
use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::{Swtpm, ffi, raw, upstream};

/// A device with a TPM; one program may use it at a time.
pub struct TerminalDevice {
    path: PathBuf,
    paused: Arc<AtomicBool>,
    commands: Arc<AtomicUsize>,
    // Kept open, so that the terminal outlives each program.
    _theirs: OwnedFd,
}

impl TerminalDevice {
    /// Starts a device for the TPM.
    ///
    /// # Panics
    /// If the system has no pseudo-terminals.
    #[must_use]
    pub fn start(tpm: &Swtpm) -> Self {
        let (ours, theirs) = ffi::open_terminal().expect("a pseudo-terminal");
        ffi::make_raw(&theirs).expect("a terminal that changes no byte");
        let path = std::fs::read_link(format!("/proc/self/fd/{}", theirs.as_raw_fd())).expect("its name");
        let port = tpm.port();
        let paused = Arc::<AtomicBool>::default();
        let commands = Arc::<AtomicUsize>::default();
        let (pauses, count) = (Arc::clone(&paused), Arc::clone(&commands));
        std::thread::spawn(move || serve(ours, port, &pauses, &count));
        Self { path, paused, commands, _theirs: theirs }
    }

    /// Returns the TCTI for `TPM2_TCTI` and programs that use tpm2-tss: `device:/dev/pts/N`.
    #[must_use]
    pub fn tcti(&self) -> String {
        format!("device:{}", self.path.display())
    }

    /// Holds back commands from now on, or lets them pass.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::SeqCst);
    }

    /// Returns how many commands have arrived, including those held back.
    #[must_use]
    pub fn commands(&self) -> usize {
        self.commands.load(Ordering::SeqCst)
    }
}

/// Serves the device until the last program that has it open closes it.
fn serve(mut terminal: File, port: u16, paused: &AtomicBool, commands: &AtomicUsize) {
    while let Ok(command) = raw::read_message(&mut terminal) {
        commands.fetch_add(1, Ordering::SeqCst);
        while paused.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let Ok(response) = upstream::transact(port, &command) else { return };
        if terminal.write_all(&response).and_then(|()| terminal.flush()).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tpm2_tools_work_with_the_device() {
        let tpm = Swtpm::start();
        let device = TerminalDevice::start(&tpm);
        let mut command = std::process::Command::new("tpm2_getrandom");
        command.args(["-T", &device.tcti(), "8", "-o", "/dev/null"]);
        crate::process::run(command, b"", crate::process::LIMIT).ok();
    }
}
