//! The authorization area of a command and of its answer (TPM 2.0 Part 1 §16.3, §16.4; Part 2 §10.13).

use keyfile::wire::Reader;
use keyfile::{CommandCode, Handle};

use super::{CIPHER_BITS, Session};
use crate::crypto::hmac::{self, Nonces};
use crate::crypto::{parameter, random};
use crate::error::{Error, ErrorKind};

/// What authorizes one handle of a command, or only protects its parameters.
pub(crate) enum Authorization<'a> {
    /// The authValue itself, in the clear.
    Password(&'a [u8]),
    /// A session.
    Session(&'a mut Session, Use<'a>),
}

/// How one command uses a session.
#[derive(Clone, Copy)]
pub(crate) struct Use<'a> {
    /// The authValue of the handle that the session authorizes; empty when it only protects.
    pub(crate) auth: &'a [u8],
    /// Encrypts the first parameter of the command.
    pub(crate) decrypt: bool,
    /// Has the TPM encrypt the first parameter of the answer.
    pub(crate) encrypt: bool,
    /// Keeps the session; otherwise the TPM drops it once the command has succeeded.
    pub(crate) keep: bool,
}

/// TPMA_SESSION (Part 2 §8.4).
const CONTINUE: u8 = 0x01;
const DECRYPT: u8 = 0x20;
const ENCRYPT: u8 = 0x40;

impl Use<'_> {
    fn attributes(self) -> u8 {
        let bit = |set: bool, bit: u8| if set { bit } else { 0 };
        bit(self.keep, CONTINUE) | bit(self.decrypt, DECRYPT) | bit(self.encrypt, ENCRYPT)
    }
}

/// Appends the authorization area and the parameters to a command that has its handles already.
pub(crate) fn authorize(
    command: &mut Vec<u8>,
    code: CommandCode,
    names: &[&[u8]],
    authorizations: &mut [Authorization<'_>],
    parameters: &[u8],
) -> Result<(), Error> {
    let size_at = command.len();
    command.extend_from_slice(&[0; 4]);
    let mut places = [0_usize; 3];
    for (place, authorization) in places.iter_mut().zip(authorizations.iter_mut()) {
        *place = head(command, authorization)?;
    }
    let start = command.len();
    let size = start.saturating_sub(size_at).saturating_sub(4);
    let size = u32::try_from(size).map_err(|_| too_long())?;
    put(command, size_at, &size.to_be_bytes());
    command.extend_from_slice(parameters);

    let parameters = command.get_mut(start..).unwrap_or_default();
    for authorization in authorizations.iter() {
        if let Authorization::Session(session, how) = authorization {
            if how.decrypt {
                let nonces = Nonces::of_command(&session.nonce_caller, &session.nonce_tpm);
                let data = first_parameter(parameters)?;
                parameter::encrypt(session.hash, CIPHER_BITS, &session.secret(how.auth), nonces, data)?;
            }
        }
    }
    let others = nonces_of_others(authorizations);
    let others: Vec<&[u8]> = others.iter().map(Vec::as_slice).collect();
    for (at, (authorization, place)) in authorizations.iter().zip(places).enumerate() {
        if let Authorization::Session(session, how) = authorization {
            if session.has_hmac(how.auth) {
                let parameters = command.get(start..).unwrap_or_default();
                let hash = hmac::cp_hash(session.hash, code.0, names, parameters);
                let proof = hmac::authorization(
                    session.hash,
                    &session.secret(how.auth),
                    &hash,
                    Nonces::of_command(&session.nonce_caller, &session.nonce_tpm),
                    if at == 0 { &others } else { &[] },
                    how.attributes(),
                );
                put(command, place, &proof);
            }
        }
    }
    Ok(())
}

/// Verifies the authorization area of an answer and decrypts its first parameter.
pub(crate) fn accept(
    code: CommandCode,
    authorizations: &mut [Authorization<'_>],
    parameters: &mut [u8],
    area: &[u8],
) -> Result<(), Error> {
    let mut area = Reader::new(area);
    for authorization in authorizations.iter_mut() {
        let (nonce, attributes, proof) = (area.sized()?, area.u8()?, area.sized()?);
        let Authorization::Session(session, how) = authorization else { continue };
        session.nonce_tpm.clear();
        session.nonce_tpm.extend_from_slice(nonce);
        let nonces = Nonces::of_response(&session.nonce_caller, &session.nonce_tpm);
        let secret = session.secret(how.auth);
        if session.has_hmac(how.auth) {
            let hash = hmac::rp_hash(session.hash, 0, code.0, parameters);
            let expected = hmac::authorization(session.hash, &secret, &hash, nonces, &[], attributes);
            if !hmac::same(&expected, proof) {
                return Err(Error::integrity(format!("the answer to {code} is not authentic")));
            }
        }
        session.ended = attributes & CONTINUE == 0;
    }
    area.finish()?;
    // Only now: a second session's HMAC is over the encrypted parameter too.
    for authorization in authorizations.iter() {
        if let Authorization::Session(session, how) = authorization {
            if how.encrypt {
                let nonces = Nonces::of_response(&session.nonce_caller, &session.nonce_tpm);
                let data = first_parameter(parameters)?;
                parameter::decrypt(session.hash, CIPHER_BITS, &session.secret(how.auth), nonces, data)?;
            }
        }
    }
    Ok(())
}

/// Writes one authorization with a place for its HMAC, and gives that place.
fn head(command: &mut Vec<u8>, authorization: &mut Authorization<'_>) -> Result<usize, Error> {
    match authorization {
        Authorization::Password(auth) => {
            command.extend_from_slice(&Handle::PW.0.to_be_bytes());
            command.extend_from_slice(&[0, 0, CONTINUE]);
            sized(command, auth)?;
            Ok(command.len())
        }
        Authorization::Session(session, how) => {
            random::fill(&mut session.nonce_caller)?;
            command.extend_from_slice(&session.handle.0.to_be_bytes());
            sized(command, &session.nonce_caller)?;
            command.push(how.attributes());
            let size = if session.has_hmac(how.auth) { session.hash.size() } else { 0 };
            sized(command, [0_u8; 64].get(..size).unwrap_or_default())?;
            Ok(command.len().saturating_sub(size))
        }
    }
}

/// The nonceTPM of separate decrypt and encrypt sessions, which the first session's HMAC binds (Part 1 §19.6.5).
fn nonces_of_others(authorizations: &[Authorization<'_>]) -> Vec<Vec<u8>> {
    let others = || {
        authorizations.iter().skip(1).filter_map(|authorization| match authorization {
            Authorization::Session(session, how) => Some((session, how)),
            Authorization::Password(_) => None,
        })
    };
    let decrypt = others().find(|(_, how)| how.decrypt);
    let encrypt = others().find(|(_, how)| how.encrypt && !how.decrypt);
    decrypt.into_iter().chain(encrypt).map(|(session, _)| session.nonce_tpm.clone()).collect()
}

/// The contents of the first parameter, which must be a sized one.
fn first_parameter(parameters: &mut [u8]) -> Result<&mut [u8], Error> {
    let size = usize::from(Reader::new(parameters).u16()?);
    let end = size.saturating_add(2);
    parameters
        .get_mut(2..end)
        .ok_or_else(|| Error::new(ErrorKind::Integrity, "an encrypted parameter is cut short"))
}

fn sized(command: &mut Vec<u8>, octets: &[u8]) -> Result<(), Error> {
    let size = u16::try_from(octets.len()).map_err(|_| too_long())?;
    command.extend_from_slice(&size.to_be_bytes());
    command.extend_from_slice(octets);
    Ok(())
}

fn put(command: &mut [u8], at: usize, octets: &[u8]) {
    if let Some(place) = command.get_mut(at..at.saturating_add(octets.len())) {
        place.copy_from_slice(octets);
    }
}

fn too_long() -> Error {
    Error::new(ErrorKind::Input, "a command would be longer than any TPM takes")
}
