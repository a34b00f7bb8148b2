//! The chip: a swtpm, and a proxy that adds the times of a chip and counts its commands.

use std::fmt;
use std::time::{Duration, Instant};

use tests::{Options, Pace, Proxy, ResourceManager, Swtpm};

/// How the servers reach the chip.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Like /dev/tpm0.
    Direct,
    /// Like /dev/tpmrm0.
    Managed,
}

impl Way {
    pub(crate) const ALL: [Way; 2] = [Way::Managed, Way::Direct];
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Way::Direct => "without a resource manager",
            Way::Managed => "through a resource manager",
        })
    }
}

/// A running chip.
pub(crate) struct Chip {
    // Dropped in this order: the clients of the TPM first.
    manager: Option<ResourceManager>,
    proxy: Proxy,
    tpm: Swtpm,
}

/// What a step has cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// The number of commands that the chip executed.
    pub(crate) commands: f64,
    pub(crate) millis: f64,
}

impl Chip {
    pub(crate) fn start(way: Way) -> Self {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        proxy.on_response(Pace::CHIP.rule());
        let manager = (way == Way::Managed).then(|| ResourceManager::before(&proxy, Options::default()));
        Self { manager, proxy, tpm }
    }

    /// Gives the chip another pace.
    pub(crate) fn slow_down(&self, pace: Pace) {
        self.proxy.on_response(pace.rule());
    }

    /// Returns the TCTI of the servers.
    pub(crate) fn tcti(&self) -> String {
        match &self.manager {
            Some(manager) => manager.tcti(),
            None => self.proxy.swtpm_tcti(),
        }
    }

    /// Returns the TCTI past the proxy, for what is prepared before the measurements.
    pub(crate) fn bypass(&self) -> String {
        self.tpm.tcti()
    }

    /// Returns true if a resource manager is in front of the chip.
    pub(crate) fn is_managed(&self) -> bool {
        self.manager.is_some()
    }

    /// Resets the TPM: the processes of an earlier step may have left something in it when they were killed.
    pub(crate) fn reset(&self) {
        // A process that was killed may have left the chip busy for good.
        let _ = self.settle();
        self.tpm.reset_and_startup();
    }

    /// Returns the cost of each of `operations` equal operations that `work` does. `None` if it fails.
    pub(crate) fn cost(&self, operations: u32, work: impl FnOnce() -> Option<()>) -> Option<Cost> {
        self.settle()?;
        self.proxy.log().clear();
        let start = Instant::now();
        work()?;
        let took = start.elapsed();
        self.settle()?;
        let commands = u32::try_from(self.proxy.log().len()).expect("a short log");
        let each = f64::from(operations);
        Some(Cost { commands: f64::from(commands) / each, millis: took.as_secs_f64() * 1e3 / each })
    }

    /// Waits until the chip is idle: a process that ends may still flush its objects. `None` if some process never ends to use it.
    fn settle(&self) -> Option<()> {
        let (start, mut before) = (Instant::now(), usize::MAX);
        while std::mem::replace(&mut before, self.proxy.log().len()) != self.proxy.log().len() {
            if start.elapsed() > Duration::from_secs(30) {
                return None;
            }
            std::thread::sleep(Duration::from_millis(300));
        }
        Some(())
    }
}
