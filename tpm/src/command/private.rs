//! Sign, RSA_Decrypt, ECDH_ZGen, Unseal (TPM 2.0 Part 3 §20.2, §14.3, §14.5, §12.7): what only the holder of the private half can do.

use keyfile::wire::{Marshal, Reader, Unmarshal, Writer};
use keyfile::{AlgId, CommandCode, HashAlg, Point, Signature, Ticket};
use zeroize::Zeroizing;

use crate::command::{Guarded, Protect};
use crate::connection::Connection;
use crate::error::Error;

impl Connection {
    /// Sign: a digest, with the proof that the TPM made it itself, or the null ticket.
    pub(crate) fn sign(
        &mut self,
        key: &Guarded<'_>,
        (digest, ticket): (&[u8], &Ticket),
        scheme: AlgId,
        hash: HashAlg,
        protect: Protect,
    ) -> Result<Signature, Error> {
        let mut w = Writer::new();
        w.sized(digest);
        scheme.marshal(&mut w);
        if scheme != AlgId::NULL {
            hash.marshal(&mut w);
        }
        ticket.marshal(&mut w);
        let parameters = w.finish()?;
        // The TPM refuses to encrypt a signature (0x982): its first parameter is no sized one.
        let response = self.guarded(CommandCode::SIGN, key, &parameters, protect)?;
        Ok(Signature::from_octets(response)?)
    }

    /// RSA_Decrypt without a scheme: the bare private operation, or that of the key's own scheme, which may have a label.
    pub(crate) fn rsa_decrypt(
        &mut self,
        key: &Guarded<'_>,
        block: &[u8],
        label: &[u8],
        protect: Protect,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut w = Writer::new();
        w.sized(block);
        AlgId::NULL.marshal(&mut w);
        w.sized(label);
        let parameters = w.finish()?;
        let response = self.guarded(CommandCode::RSA_DECRYPT, key, &parameters, protect.encrypted())?;
        let message = Reader::new(response).sized().map(|message| Zeroizing::new(message.to_vec()));
        self.wipe();
        Ok(message?)
    }

    /// Unseal of a key, which no key allows: the answer tells whether its password is empty.
    pub(crate) fn try_empty_auth(&mut self, key: &Guarded<'_>) -> Result<(), Error> {
        self.guarded(CommandCode::UNSEAL, key, &[], Protect::NONE).map(drop)
    }

    /// ECDH_ZGen: the private half times a point.
    pub(crate) fn ecdh_zgen(
        &mut self,
        key: &Guarded<'_>,
        point: &Point,
        protect: Protect,
    ) -> Result<Point, Error> {
        let parameters = point.to_sized()?;
        let response = self.guarded(CommandCode::ECDH_ZGEN, key, &parameters, protect.encrypted())?;
        let shared = Point::from_sized(response);
        self.wipe();
        Ok(shared?)
    }

    /// Unseal: the data.
    pub(crate) fn unseal(
        &mut self,
        object: &Guarded<'_>,
        protect: Protect,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let response = self.guarded(CommandCode::UNSEAL, object, &[], protect.encrypted())?;
        let data = Reader::new(response).sized().map(|data| Zeroizing::new(data.to_vec()));
        self.wipe();
        Ok(data?)
    }
}
