//! Hash, HashSequenceStart, SequenceUpdate, SequenceComplete (TPM 2.0 Part 3 §15.4, §17). They return a digest with a ticket: the TPM
//! hashed the message itself, and it does not imitate a structure of the TPM. Restricted signing keys sign nothing else.

use keyfile::wire::{Marshal, Reader, Unmarshal, Writer};
use keyfile::{CommandCode, Handle, HashAlg, Ticket};

use super::frame::{Command, Entity};
use super::{Guarded, Protect, Run};
use crate::error::Error;

/// MAX_DIGEST_BUFFER (Part 2 Annex A): the size that every TPM accepts in one command.
const MAX_PART: usize = 1024;

/// Returns the digest of a message and its ticket. Both are sent in the clear, because neither is secret. But a bus attacker could
/// have the TPM hash another message, and a key would sign it. So the digest is compared with one computed here.
pub(crate) fn hash(run: &mut dyn Run, message: &[u8], hash: HashAlg) -> Result<(Vec<u8>, Ticket), Error> {
    let (digest, ticket) = match message.len() > MAX_PART {
        true => hash_in_parts(run, message, hash)?,
        false => hash_at_once(run, message, hash)?,
    };
    match digest == hash.digest(&[message]) {
        true => Ok((digest, ticket)),
        false => Err(Error::integrity("the TPM hashed another message than the one to sign")),
    }
}

fn hash_at_once(run: &mut dyn Run, message: &[u8], hash: HashAlg) -> Result<(Vec<u8>, Ticket), Error> {
    let mut w = Writer::new();
    w.sized(message);
    hash.marshal(&mut w);
    Handle::OWNER.marshal(&mut w);
    let parameters = w.finish()?;
    let command =
        Command { code: CommandCode::HASH, handles: &[], parameters: &parameters, makes_handle: false };
    digest_and_ticket(run.bare(&command)?.parameters)
}

fn hash_in_parts(run: &mut dyn Run, message: &[u8], hash: HashAlg) -> Result<(Vec<u8>, Ticket), Error> {
    let mut w = Writer::new();
    w.sized(&[]);
    hash.marshal(&mut w);
    let parameters = w.finish()?;
    let command = Command {
        code: CommandCode::HASH_SEQUENCE_START,
        handles: &[],
        parameters: &parameters,
        makes_handle: true,
    };
    let handle = run.bare(&command)?.handle;
    let result = hash_rest(run, handle, message);
    if result.is_err() {
        // The first error is reported. The sequence may be gone already, so the flush may fail.
        let _ = run.flush(handle);
    }
    result
}

fn hash_rest(run: &mut dyn Run, handle: Handle, message: &[u8]) -> Result<(Vec<u8>, Ticket), Error> {
    // Part 1 §32.4: the Name of a sequence is empty, and its authorization is the one it was started with.
    let sequence = Guarded { entity: Entity::plain(handle), auth: &[] };
    let mut parts = message.chunks(MAX_PART).peekable();
    while let Some(part) = parts.next() {
        let mut w = Writer::new();
        w.sized(part);
        if parts.peek().is_some() {
            run.guarded(CommandCode::SEQUENCE_UPDATE, &sequence, &w.finish()?, Protect::NONE)?;
            continue;
        }
        Handle::OWNER.marshal(&mut w);
        let parameters = w.finish()?;
        let response = run.guarded(CommandCode::SEQUENCE_COMPLETE, &sequence, &parameters, Protect::NONE)?;
        return digest_and_ticket(response);
    }
    Err(Error::integrity("a sequence without parts"))
}

fn digest_and_ticket(response: &[u8]) -> Result<(Vec<u8>, Ticket), Error> {
    let mut r = Reader::new(response);
    let digest = r.sized()?.to_vec();
    let ticket = Ticket::unmarshal(&mut r)?;
    r.finish()?;
    Ok((digest, ticket))
}
