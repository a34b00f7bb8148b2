//! Counts the commands that the chip executes for one operation of a contender: sent directly, and through a resource manager with the
//! kernel's rules, whose own commands count, too.

use std::fmt;

use tests::log::Log;
use tests::{Options, Proxy, ResourceManager, Swtpm};

use crate::contender::{Algorithm, Contender, Kind};

/// The number of commands of one operation. `None` if the contender fails.
#[derive(Clone, Copy)]
pub(crate) struct Traffic {
    pub(crate) direct: Option<f64>,
    pub(crate) managed: Option<f64>,
}

impl Traffic {
    /// Counts in processes that are not timed, because a proxy takes time, too.
    pub(crate) fn of(kind: Kind, algorithm: Algorithm, threads: u32) -> Self {
        let tpm = Swtpm::start();
        let proxy = Proxy::start(&tpm);
        let contender = Contender::at(kind, algorithm, &tpm, &proxy.swtpm_tcti(), false);
        let direct = each(contender, threads, proxy.log());
        let tpm = Swtpm::start();
        let manager = ResourceManager::start(&tpm, Options::default());
        let contender = Contender::at(kind, algorithm, &tpm, &manager.tcti(), true);
        Self { direct, managed: each(contender, threads, manager.chip()) }
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let figure = |count: Option<f64>| count.map_or("fails".to_owned(), |count| format!("{count:.1}"));
        write!(f, "{:>8} {:>8}", figure(self.direct), figure(self.managed))
    }
}

fn each(mut contender: Contender, threads: u32, log: &Log) -> Option<f64> {
    // The second operation puts away what only the first one needed.
    contender.batch(threads, threads)?;
    log.clear();
    let operations = 4 * threads;
    contender.batch(operations, threads)?;
    Some(f64::from(u32::try_from(log.len()).expect("a short log")) / f64::from(operations))
}
