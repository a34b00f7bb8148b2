//! The authorization area of a command and of its answer (TPM 2.0 Part 1 §16.3, §16.4; Part 2 §10.13).

use keyfile::CommandCode;
use keyfile::wire::Reader;

use super::CIPHER_BITS;
use super::authorization::{Authorization, CONTINUE, too_long};
use crate::command::Area;
use crate::error::{Error, ErrorKind};
use crypto::hmac::{self, Nonces};
use crypto::parameter;

impl Area for Vec<Authorization<'_>> {
    fn authorize(
        &mut self,
        command: &mut Vec<u8>,
        code: CommandCode,
        names: &[&[u8]],
        parameters: &[u8],
    ) -> Result<(), Error> {
        let size_at = command.len();
        command.extend_from_slice(&[0; 4]);
        let mut places = [0_usize; 3];
        for (place, authorization) in places.iter_mut().zip(self.iter_mut()) {
            *place = authorization.write(command)?;
        }
        let start = command.len();
        let size = start.saturating_sub(size_at).saturating_sub(4);
        let size = u32::try_from(size).map_err(|_| too_long())?;
        write_at(command, size_at, &size.to_be_bytes());
        command.extend_from_slice(parameters);

        let parameters = command.get_mut(start..).unwrap_or_default();
        for authorization in self.iter() {
            if let Authorization::Session(session, how) = authorization {
                if how.decrypt {
                    let nonces = Nonces::of_command(&session.nonce_caller, &session.nonce_tpm);
                    let data = first_parameter(parameters)?;
                    parameter::encrypt(session.hash, CIPHER_BITS, &session.secret(how.auth), nonces, data)?;
                }
            }
        }
        let others = nonces_of_others(self);
        let others: Vec<&[u8]> = others.iter().map(Vec::as_slice).collect();
        for (at, (authorization, place)) in self.iter().zip(places).enumerate() {
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
                    write_at(command, place, &proof);
                }
            }
        }
        Ok(())
    }

    fn accept(&mut self, code: CommandCode, parameters: &mut [u8], area: &[u8]) -> Result<(), Error> {
        let mut area = Reader::new(area);
        for authorization in self.iter_mut() {
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
                session.proven = true;
            }
            session.ended = attributes & CONTINUE == 0;
        }
        area.finish()?;
        // Decrypted last: the HMAC of a second session covers the encrypted parameter too.
        for authorization in self.iter() {
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

    fn traced(&self) -> String {
        let one = |authorization: &Authorization<'_>| match authorization {
            Authorization::Password(_) => " +password".to_owned(),
            Authorization::Session(session, _) => format!(" +{}", session.handle),
        };
        self.iter().map(one).collect()
    }
}

/// Returns the nonceTPM of separate decrypt and encrypt sessions, which the HMAC of the first session covers (Part 1 §19.6.5).
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

/// Returns the contents of the first parameter, which must have a size field.
fn first_parameter(parameters: &mut [u8]) -> Result<&mut [u8], Error> {
    let size = usize::from(Reader::new(parameters).u16()?);
    let end = size.saturating_add(2);
    parameters
        .get_mut(2..end)
        .ok_or_else(|| Error::new(ErrorKind::Integrity, "an encrypted parameter is truncated"))
}

fn write_at(command: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = command.get_mut(at..at.saturating_add(bytes.len())) {
        place.copy_from_slice(bytes);
    }
}
