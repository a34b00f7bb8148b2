//! The transport that injects faults.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tests::raw;
use tpm::{Deadline, Error, ErrorKind, Opener, Transport};

use super::fault::{Fault, flip, shorten};

/// The traffic of all connections of one process.
#[derive(Clone, Default)]
pub(super) struct Bus(Arc<Mutex<Traffic>>);

#[derive(Default)]
struct Traffic {
    /// Commands and answers before they were damaged.
    exchanges: Vec<(Vec<u8>, Vec<u8>)>,
    armed: Option<(usize, Fault)>,
    /// The commands that were damaged.
    damaged: Vec<u32>,
}

/// One connection.
struct Wire {
    inner: Box<dyn Transport>,
    bus: Bus,
    broken: bool,
    /// True if each command uses its own connection.
    shared: bool,
}

impl Bus {
    /// Returns an opener for connections that `open` opens.
    pub(super) fn opener(
        &self,
        shared: bool,
        open: impl Fn(Deadline) -> Result<Box<dyn Transport>, Error> + Send + Sync + 'static,
    ) -> Opener {
        let bus = self.clone();
        Box::new(move |deadline| {
            Ok(Box::new(Wire { inner: open(deadline)?, bus: bus.clone(), broken: false, shared }))
        })
    }

    /// Damages the answer to a command, counted from now.
    pub(super) fn arm(&self, at: usize, fault: Fault) {
        let mut traffic = self.lock();
        traffic.armed = Some((traffic.exchanges.len() + at, fault));
        traffic.damaged.clear();
    }

    /// Stops the fault; returns the commands that were damaged.
    pub(super) fn disarm(&self) -> Vec<u32> {
        let mut traffic = self.lock();
        traffic.armed = None;
        std::mem::take(&mut traffic.damaged)
    }

    /// The same if the fault has happened already.
    pub(super) fn disarm_if_damaged(&self) -> Vec<u32> {
        let has_happened = !self.lock().damaged.is_empty();
        if has_happened { self.disarm() } else { Vec::new() }
    }

    /// A poisoned lock is ignored: the first panic explains the failure.
    fn lock(&self) -> MutexGuard<'_, Traffic> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the number of commands so far.
    pub(super) fn len(&self) -> usize {
        self.lock().exchanges.len()
    }

    /// Returns the commands since then as text, with their answers.
    pub(super) fn text(&self, since: usize) -> String {
        let traffic = self.lock();
        let one = |(command, answer): &(Vec<u8>, Vec<u8>)| {
            let name = keyfile::CommandCode(raw::code(command));
            let handles: String = tests::layout::handles(command).iter().map(|h| format!(" {h:x}")).collect();
            format!("  {name}{handles}: {:x}", raw::code(answer))
        };
        traffic.exchanges.iter().skip(since).map(one).collect::<Vec<_>>().join("\n")
    }
}

impl Traffic {
    /// Returns the fault for this command, if any.
    fn due(&mut self, command: &[u8]) -> Option<Fault> {
        let (at, fault) = self.armed?;
        let here = self.exchanges.len().checked_sub(at)?;
        if here >= fault.times() {
            return None;
        }
        self.damaged.push(raw::code(command));
        Some(fault)
    }

    fn earlier(&self, command: &[u8], which: usize, same: bool) -> Option<Vec<u8>> {
        let answered = |same: bool| {
            let fits = |sent: &[u8]| !same || raw::code(sent) == raw::code(command);
            let all = self.exchanges.iter().filter(|(sent, answer)| !answer.is_empty() && fits(sent));
            all.map(|(_, answer)| answer.clone()).collect::<Vec<_>>()
        };
        let found = [answered(same), answered(false)].into_iter().find(|found| !found.is_empty())?;
        found.get(which % found.len()).cloned()
    }
}

impl Transport for Wire {
    fn transact(&mut self, command: &[u8], response: &mut Vec<u8>) -> Result<(), Error> {
        if self.broken && !self.shared {
            return Err(cut());
        }
        let bus = self.bus.clone();
        let mut traffic = bus.lock();
        let fault = traffic.due(command);
        let mut sent = command.to_vec();
        match fault {
            Some(Fault::Code(code, _) | Fault::CodeForGood(code)) => *response = raw::answer(code),
            Some(Fault::CutBefore | Fault::CutForGood) => {
                traffic.exchanges.push((sent, Vec::new()));
                self.broken = true;
                return Err(cut());
            }
            Some(Fault::FlippedCommand(bit)) => {
                flip(sent.get_mut(10..).unwrap(), bit);
                self.inner.transact(&sent, response)?;
            }
            _ => self.inner.transact(&sent, response)?,
        }
        let earlier = match fault {
            Some(Fault::Replayed(which)) => traffic.earlier(command, which, true),
            Some(Fault::Swapped(which)) => traffic.earlier(command, which, false),
            _ => None,
        };
        traffic.exchanges.push((command.to_vec(), response.clone()));
        match fault {
            Some(Fault::CutAfter) => {
                self.broken = true;
                return Err(cut());
            }
            Some(Fault::Truncated(size)) => response.truncate(size % response.len()),
            Some(Fault::Short(size)) => shorten(response, size),
            Some(Fault::Flipped(bit)) => flip(response, bit),
            Some(Fault::Replayed(_) | Fault::Swapped(_)) => {
                response.clone_from(&earlier.unwrap_or_else(|| response.clone()));
            }
            _ => {}
        }
        Ok(())
    }

    fn wait_until(&mut self, deadline: Deadline) {
        self.inner.wait_until(deadline);
    }

    fn is_managed_by_kernel(&self) -> bool {
        self.inner.is_managed_by_kernel()
    }

    fn is_shared(&self) -> bool {
        self.shared
    }

    fn forget(self: Box<Self>) {}
}

fn cut() -> Error {
    Error::new(ErrorKind::Io, "the connection was cut")
}
