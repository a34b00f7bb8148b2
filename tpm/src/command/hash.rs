//! Hash, HashSequenceStart, SequenceUpdate, SequenceComplete (TPM 2.0 Part 3 §15.4, §17): a digest with a ticket that says the
//! TPM made it of a message that does not pretend to be the TPM's own. Restricted signing keys sign nothing else.

use keyfile::wire::{Marshal, Reader, Unmarshal, Writer};
use keyfile::{CommandCode, Handle, HashAlg, Ticket};

use super::frame::{Command, Entity};
use super::{Guarded, Protect, Run};
use crate::error::Error;

/// MAX_DIGEST_BUFFER (Part 2 Annex A): what every TPM takes in one command.
const MAX_PART: usize = 1024;

/// The digest of a message, and its ticket. In the clear, for neither is secret; but somebody on the bus may have the TPM hash a
/// message of his own, and a key would sign that as willingly. So the digest must be the one that is computed here.
pub(crate) fn hash(run: &mut dyn Run, message: &[u8], hash: HashAlg) -> Result<(Vec<u8>, Ticket), Error> {
    let (digest, ticket) = match message.len() > MAX_PART {
        true => hash_in_parts(run, message, hash)?,
        false => hash_at_once(run, message, hash)?,
    };
    match digest == hash.digest(&[message]) {
        true => Ok((digest, ticket)),
        false => Err(Error::integrity("the TPM has hashed another message than the one to be signed")),
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
        // What went wrong counts; a sequence that is gone already cannot be flushed.
        let _ = run.flush(handle);
    }
    result
}

fn hash_rest(run: &mut dyn Run, handle: Handle, message: &[u8]) -> Result<(Vec<u8>, Ticket), Error> {
    // Part 1 §32.4: the Name of a sequence is empty, its authorization is what it was started with.
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
