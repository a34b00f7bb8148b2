//! ActivateCredential and Certify (TPM 2.0 Part 3 §12.5, §18.2).

use keyfile::wire::{Marshal, Reader, Unmarshal, Writer};
use keyfile::{AlgId, CommandCode, Signature};
use zeroize::Zeroizing;

use super::{Command, Entity};
use crate::connection::Connection;
use crate::crypto::credential::Credential;
use crate::error::Error;

impl Connection {
    /// ActivateCredential: what is in it, if `object` has the Name that it was made for. Neither key has a password; that of `key` is
    /// used by its policy.
    pub(crate) fn activate_credential(
        &mut self,
        (object, key): (Entity<'_>, Entity<'_>),
        credential: &Credential,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut w = Writer::new();
        w.sized(&credential.blob);
        w.sized(&credential.secret);
        let parameters = w.finish()?;
        let command = Command {
            code: CommandCode::ACTIVATE_CREDENTIAL,
            handles: &[object, key],
            parameters: &parameters,
            makes_handle: false,
        };
        let response = self.on_both(&command, true)?;
        let secret = Zeroizing::new(Reader::new(response.parameters).sized()?.to_vec());
        Ok(secret)
    }

    /// Certify: the statement of `signer` that `object` is loaded, as octets, and its signature. Neither has a password.
    pub(crate) fn certify(
        &mut self,
        (object, signer): (Entity<'_>, Entity<'_>),
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
        let response = self.on_both(&command, false)?;
        let mut r = Reader::new(response.parameters);
        let statement = r.sized()?.to_vec();
        let signature = Signature::unmarshal(&mut r)?;
        r.finish()?;
        Ok((statement, signature))
    }
}
