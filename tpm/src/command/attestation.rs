//! Certify (TPM 2.0 Part 3 §18.2).

use keyfile::wire::{Marshal, Reader, Unmarshal, Writer};
use keyfile::{AlgId, CommandCode, Signature};

use super::frame::{Command, Entity};
use super::{By, Run};
use crate::error::Error;

/// Certify: returns the statement of `signer` about `object` as bytes, and its signature.
pub(crate) fn certify(
    run: &mut dyn Run,
    [(object, by_object), (signer, by_signer)]: [(Entity<'_>, By<'_>); 2],
    nonce: &[u8],
) -> Result<(Vec<u8>, Signature), Error> {
    let mut w = Writer::new();
    w.sized(nonce);
    AlgId::NULL.marshal(&mut w);
    let parameters = w.finish()?;
    let command = Command {
        code: CommandCode::CERTIFY,
        handles: &[object, signer],
        parameters: &parameters,
        makes_handle: false,
    };
    let response = run.with_two_objects(&command, [by_object, by_signer])?;
    let mut r = Reader::new(response.parameters);
    let statement = r.sized()?.to_vec();
    let signature = Signature::unmarshal(&mut r)?;
    r.finish()?;
    Ok((statement, signature))
}
