//! A private tpm2-abrmd on a private D-Bus, in front of a TPM.
use std::time::{Duration, Instant};

use crate::process::Process;
use crate::{Shell, Swtpm};

/// The running daemons; they are ended on drop, the resource manager first.
pub struct Tabrmd {
    _abrmd: Process,
    _bus: Process,
    address: String,
    // Last: the folder contains the socket of the bus.
    _shell: Shell,
}

impl Tabrmd {
    /// Starts both daemons and waits until a command succeeds.
    ///
    /// # Panics
    /// If they do not come up within 20 seconds; the message contains their output.
    #[must_use]
    pub fn start(tpm: &Swtpm) -> Self {
        let shell = Shell::new("tabrmd");
        let address = format!("unix:path={}", shell.file("bus").display());
        let line = format!("dbus-daemon --session --nofork --nopidfile --nosyslog '--address={address}'");
        let bus = shell.spawn(&line, "bus.log");
        let client = shell.beside().env("DBUS_SESSION_BUS_ADDRESS", &address);
        wait(&client, "bus", |shell| shell.file("bus").exists());
        // --allow-root: containers run tests as root, which it otherwise refuses.
        let abrmd =
            client.spawn(&format!("tpm2-abrmd --session --allow-root --tcti={}", tpm.tcti()), "abrmd.log");
        let random = "tpm2_getrandom -T tabrmd:bus_type=session -o /dev/null 4";
        wait(&client, "abrmd", |shell| shell.run(random).success());
        Self { _abrmd: abrmd, _bus: bus, address, _shell: shell }
    }

    /// Returns the TCTI for TPM2_TCTI, to use with the address in DBUS_SESSION_BUS_ADDRESS.
    #[must_use]
    pub fn tcti(&self) -> &'static str {
        "tabrmd:bus_type=session"
    }

    /// Returns the address of the bus, for DBUS_SESSION_BUS_ADDRESS.
    #[must_use]
    pub fn bus_address(&self) -> &str {
        &self.address
    }
}

fn wait(shell: &Shell, what: &str, mut ready: impl FnMut(&Shell) -> bool) {
    let start = Instant::now();
    while !ready(shell) {
        let printed = shell.text(&format!("{what}.log"));
        assert!(start.elapsed() < Duration::from_secs(20), "{what} did not come up:\n{printed}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw::Tpm as _;

    #[test]
    fn tpm2_tools_work_through_the_daemon() {
        let tpm = Swtpm::start();
        let tabrmd = Tabrmd::start(&tpm);
        let shell = Shell::new("tools").env("DBUS_SESSION_BUS_ADDRESS", tabrmd.bus_address());
        shell.ok(&format!("tpm2_createprimary -T {} -c primary.ctx", tabrmd.tcti()));
        assert_eq!(tpm.transient(), []);
    }
}
