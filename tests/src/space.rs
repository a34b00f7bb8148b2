//! The slots of one connection of the resource manager, and the actions before and after each of its commands.
use crate::gap::Gap;
use crate::layout::{command_handles, returns_handle};
use crate::log::Log;
use crate::raw::{
    self, CONTEXT_GAP, CONTEXT_LOAD, CONTEXT_SAVE, FLUSH_CONTEXT, GET_CAPABILITY, OBJECT_MEMORY,
    SESSION_MEMORY, START_AUTH_SESSION, code, u32_at,
};
use crate::upstream;

/// How many objects and how many sessions a connection can have.
const PLACES: usize = 3;

/// Why a system call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errno {
    /// ENOMEM: a fourth object or session.
    NoMemory,
    /// EFAULT: a context could not be saved or loaded.
    Fault,
    /// EINVAL: a virtual handle that does not belong to this connection.
    Invalid,
}

/// The TPM, used by one connection at a time.
pub(crate) struct Device {
    pub(crate) port: u16,
    pub(crate) gap: Gap,
    /// Every command that the TPM receives, of the clients and of the manager itself.
    pub(crate) log: Log,
}

/// The objects and sessions of one connection. Copied before each command, and written back if the command succeeded.
#[derive(Clone, Default)]
pub(crate) struct Space {
    objects: [Option<Object>; PLACES],
    sessions: [Option<Session>; PLACES],
}

#[derive(Clone)]
struct Object {
    /// The TPM's handle while a command runs; 0 between commands.
    handle: u32,
    context: Vec<u8>,
}

#[derive(Clone)]
struct Session {
    handle: u32,
    context: Vec<u8>,
}

impl Space {
    /// Runs one command of the connection.
    pub(crate) fn transact(&mut self, tpm: &mut Device, command: &[u8]) -> Result<Vec<u8>, Errno> {
        let mut work = self.clone();
        let result = work.around(tpm, command);
        match result {
            Ok(_) => *self = work,
            // The saved contexts of objects stay valid; the sessions are gone.
            Err(_) => work.flush(tpm),
        }
        result
    }

    /// Closes the connection. Saved objects are only bytes here; saved sessions occupy memory in the TPM.
    pub(crate) fn close(&mut self, tpm: &mut Device) {
        self.flush(tpm);
    }

    fn around(&mut self, tpm: &mut Device, command: &[u8]) -> Result<Vec<u8>, Errno> {
        self.load(tpm)?;
        let response = if code(command) == START_AUTH_SESSION && tpm.gap.reached() {
            raw::answer(CONTEXT_GAP)
        } else {
            tpm.send(&self.map_command(command)?)?
        };
        let response = self.map_response(tpm, command, response)?;
        self.save(tpm)?;
        Ok(response)
    }

    fn load(&mut self, tpm: &mut Device) -> Result<(), Errno> {
        for slot in &mut self.objects {
            let Some(object) = slot else { continue };
            match tpm.load(&object.context)? {
                Some(handle) => object.handle = handle,
                None => *slot = None,
            }
        }
        for slot in &mut self.sessions {
            let Some(session) = slot else { continue };
            tpm.gap.forget(session.handle);
            if tpm.load(&session.context)?.is_none() {
                *slot = None;
            }
        }
        Ok(())
    }

    /// Replaces virtual handles with real ones. FlushContext and ContextSave count as commands with one handle.
    fn map_command(&self, command: &[u8]) -> Result<Vec<u8>, Errno> {
        let count = match code(command) {
            FLUSH_CONTEXT | CONTEXT_SAVE => 1,
            other => command_handles(other),
        };
        let mut mapped = command.to_vec();
        for at in (0..count).map(|i| 10 + 4 * i) {
            let handle = u32_at(command, at);
            if handle >> 24 == 0x80 {
                let slot = usize::try_from(0x80FF_FFFF - handle).ok().and_then(|i| self.objects.get(i));
                let object = slot.and_then(Option::as_ref).ok_or(Errno::Invalid)?;
                mapped
                    .get_mut(at..at + 4)
                    .ok_or(Errno::Invalid)?
                    .copy_from_slice(&object.handle.to_be_bytes());
            }
        }
        Ok(mapped)
    }

    /// Finds a slot for a new object or session, and replaces real handles with virtual ones.
    fn map_response(
        &mut self,
        tpm: &mut Device,
        command: &[u8],
        mut response: Vec<u8>,
    ) -> Result<Vec<u8>, Errno> {
        if self.lacks_slot(code(command), code(&response)) {
            return Err(Errno::NoMemory);
        }
        if code(&response) != 0 {
            return Ok(response);
        }
        if returns_handle(code(command)) {
            let handle = u32_at(&response, 10);
            if handle >> 24 == 0x80 {
                let Some(i) = self.objects.iter().position(Option::is_none) else {
                    tpm.flush(handle);
                    return Err(Errno::NoMemory);
                };
                self.objects[i] = Some(Object { handle, context: Vec::new() });
                response[10..14].copy_from_slice(&virtual_handle(i).to_be_bytes());
            } else {
                let Some(slot) = self.sessions.iter_mut().find(|s| s.is_none()) else {
                    tpm.flush(handle);
                    return Err(Errno::NoMemory);
                };
                *slot = Some(Session { handle, context: Vec::new() });
            }
        }
        if code(command) == GET_CAPABILITY && u32_at(&response, 11) == 1 {
            response = self.map_list(&response);
        }
        Ok(response)
    }

    /// Returns true if swtpm, which itself has only three slots, refused a fourth object. A TPM with more slots would have created it, and
    /// the kernel would have failed. This behaves as with such a TPM.
    fn lacks_slot(&self, command: u32, answer: u32) -> bool {
        let full = match answer {
            OBJECT_MEMORY => self.objects.iter().all(Option::is_some),
            SESSION_MEMORY => self.sessions.iter().all(Option::is_some),
            _ => false,
        };
        full && returns_handle(command)
    }

    /// Filters a list of handles: this connection's objects by their virtual handles, and no other objects.
    fn map_list(&self, response: &[u8]) -> Vec<u8> {
        let handles = response[19..].chunks_exact(4).map(|bytes| u32_at(bytes, 0));
        let seen: Vec<u32> = handles
            .filter_map(|handle| {
                if handle >> 24 != 0x80 {
                    return Some(handle);
                }
                let ours = |object: &Option<Object>| object.as_ref().is_some_and(|o| o.handle == handle);
                self.objects.iter().position(ours).map(virtual_handle)
            })
            .collect();
        let count = u32::try_from(seen.len()).expect("a short list");
        let mut body = [&response[10..15], &count.to_be_bytes()].concat();
        body.extend(seen.iter().flat_map(|handle| handle.to_be_bytes()));
        let size = u32::try_from(body.len() + 10).expect("a short response");
        [&response[..2], &size.to_be_bytes(), &response[6..10], &body].concat()
    }

    fn save(&mut self, tpm: &mut Device) -> Result<(), Errno> {
        for slot in &mut self.objects {
            let Some(object) = slot else { continue };
            match tpm.save(object.handle)? {
                Some(context) => {
                    tpm.flush(object.handle);
                    *object = Object { handle: 0, context };
                }
                None => *slot = None,
            }
        }
        for slot in &mut self.sessions {
            let Some(session) = slot else { continue };
            if tpm.gap.reached() {
                return Err(Errno::Fault);
            }
            match tpm.save(session.handle)? {
                Some(context) => {
                    session.context = context;
                    tpm.gap.save(session.handle);
                }
                None => *slot = None,
            }
        }
        Ok(())
    }

    fn flush(&mut self, tpm: &mut Device) {
        for object in self.objects.iter().flatten().filter(|o| o.handle != 0) {
            tpm.flush(object.handle);
        }
        for session in self.sessions.iter_mut().filter_map(Option::take) {
            tpm.flush(session.handle);
            tpm.gap.forget(session.handle);
        }
    }
}

impl Device {
    fn send(&self, command: &[u8]) -> Result<Vec<u8>, Errno> {
        let response = upstream::transact(self.port, command).map_err(|_| Errno::Fault)?;
        self.log.add(0, command.to_vec(), response.clone());
        Ok(response)
    }

    /// Sends TPM2_ContextLoad. Returns `None` if the TPM no longer knows the context.
    fn load(&self, context: &[u8]) -> Result<Option<u32>, Errno> {
        let response = self.send(&raw::command(CONTEXT_LOAD, &[], &[], context))?;
        match code(&response) {
            0 => Ok(Some(u32_at(&response, 10))),
            // TPM_RC_HANDLE (with any parameter number) and TPM_RC_REFERENCE_H0
            rc if rc & 0xBF == 0x8B || rc == 0x910 => Ok(None),
            _ => Err(Errno::Fault),
        }
    }

    /// Sends TPM2_ContextSave. Returns `None` if the handle is no longer loaded.
    fn save(&self, handle: u32) -> Result<Option<Vec<u8>>, Errno> {
        let response = self.send(&raw::command(CONTEXT_SAVE, &[handle], &[], &[]))?;
        match code(&response) {
            0 => Ok(Some(response[10..].to_vec())),
            0x910 => Ok(None),
            _ => Err(Errno::Fault),
        }
    }

    fn flush(&self, handle: u32) {
        let _ = self.send(&raw::command(FLUSH_CONTEXT, &[], &[], &handle.to_be_bytes()));
    }
}

fn virtual_handle(slot: usize) -> u32 {
    0x80FF_FFFF - u32::try_from(slot).expect("one of three slots")
}
