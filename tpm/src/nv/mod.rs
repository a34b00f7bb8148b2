//! NV indexes: their public areas and contents.

use keyfile::{Handle, Name, NvAttributes, NvPublic};
use zeroize::Zeroizing;

use crate::auth::Auth;
use crate::authorization::Attempt;
use crate::command;
use crate::command::capability::{Capability, capability};
use crate::command::{Entity, Guarded, Protect};
use crate::connection::Connection;
use crate::error::{Error, ErrorKind};
use crate::tpm::Tpm;

/// TPM_PT_NV_BUFFER_MAX (Part 2 §6.13): the most bytes that one command reads.
const BUFFER_MAX: u32 = 0x12c;
/// The bytes that every TPM reads with one command, so that its limit need not be read.
const ALWAYS_READABLE: u16 = 512;

/// The entity whose password authorizes the read.
#[derive(Clone)]
pub enum NvReader {
    /// The owner hierarchy.
    Owner(Option<Auth>),
    /// The platform hierarchy.
    Platform(Option<Auth>),
    /// The index itself.
    Index(Option<Auth>),
}

impl Tpm {
    /// Returns the public area of an NV index, read in a session that authenticates the answer.
    ///
    /// # Errors
    /// There is no such index, the answer is not authentic, or there is no TPM.
    pub fn nv_public(&self, index: Handle) -> Result<(NvPublic, Name), Error> {
        self.operate(|connection| connection.authentic_index(index))
    }

    /// Returns the public area for a caller that reads the index next ([`Tpm::nv_read`]) and trusts nothing before: that read proves
    /// the public area.
    ///
    /// # Errors
    /// As [`Tpm::nv_public`].
    pub fn nv_public_before_read(&self, index: Handle) -> Result<(NvPublic, Name), Error> {
        self.operate(|connection| connection.index_to_read(index))
    }

    /// Returns all bytes of an index, including padding; they may be secret.
    ///
    /// # Errors
    /// The index was never written or cannot be read now, the password is wrong, or there is no TPM.
    pub fn nv_read(&self, public: &NvPublic, reader: &NvReader) -> Result<Zeroizing<Vec<u8>>, Error> {
        let index = public.index;
        check_readable(public)?;
        let name = public.name()?;
        let (reader_handle, auth) = match reader {
            NvReader::Owner(auth) => (Entity::plain(Handle::OWNER), hierarchy_value(auth.as_ref())),
            NvReader::Platform(auth) => (Entity::plain(Handle::PLATFORM), hierarchy_value(auth.as_ref())),
            NvReader::Index(auth) => {
                let value = auth.as_ref().map(|auth| auth.as_value(public.name_alg)).unwrap_or_default();
                (Entity::named(index, &name), value)
            }
        };
        let on = Guarded { entity: reader_handle, auth: &auth };
        let attempt = match reader {
            NvReader::Index(_) => Attempt::of_named(self.id(), &name, &auth)?
                .counting_failures(!public.attributes.contains(NvAttributes::NO_DA)),
            NvReader::Owner(_) | NvReader::Platform(_) => {
                Attempt::of_hierarchy(self.id(), reader_handle.handle, &auth)?
            }
        };
        let with_empty_password = matches!(reader, NvReader::Index(_)) && auth.is_empty();
        self.operate(|connection| {
            let result = connection.prove(&attempt, |connection| {
                let read = connection.read_all(&on, Entity::named(index, &name), public.size);
                read.or_else(|error| connection.explain_read_error(error, public, with_empty_password))
            });
            result.map_err(|error| error.on(format_args!("NV index {index}")))
        })
    }
}

impl Connection {
    /// Reads in the session, with any password, so that a public key read here can be trusted.
    fn read_all(
        &mut self,
        reader: &Guarded<'_>,
        index: Entity<'_>,
        size: u16,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.open_session(None)?;
        let at_once = if size <= ALWAYS_READABLE { size } else { self.nv_buffer()?.max(1) };
        // The capacity is the final size, so that no copy is left.
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::from(size)));
        while let Some(left) = remaining(size, bytes.len()) {
            let part = left.min(at_once);
            let protect = if part == left { Protect::SESSION.last() } else { Protect::SESSION };
            let read = command::nv::nv_read(self, reader, index, (size.saturating_sub(left), part), protect)?;
            if read.len() != usize::from(part) {
                return Err(Error::new(ErrorKind::Integrity, "the TPM returned fewer bytes than requested"));
            }
            bytes.extend_from_slice(&read);
        }
        Ok(bytes)
    }

    /// Explains a refused password. It was not wrong if another index is there, or if this one has no password.
    fn explain_read_error<T>(
        &mut self,
        error: Error,
        public: &NvPublic,
        with_empty_password: bool,
    ) -> Result<T, Error> {
        if error.kind() != ErrorKind::Authorization {
            return Err(error);
        }
        if with_empty_password && has_no_password(public) {
            return Err(error.empty_password_refused(format_args!("NV index {}", public.index)));
        }
        let (found, _) = self.authentic_index(public.index)?;
        // A write to the index changes its attributes, and so its Name.
        match found == *public {
            true => Err(error),
            false => Err(Error::integrity(
                "the NV index differs from the earlier answer of the TPM, or was written meanwhile",
            )
            .because(error)),
        }
    }

    fn nv_buffer(&mut self) -> Result<u16, Error> {
        let found = capability(self, Capability::Properties, BUFFER_MAX, 1)?;
        let value = found.iter().find(|(id, _)| *id == BUFFER_MAX).map_or(0, |(_, value)| *value);
        // A TPM that does not report a limit reads what every TPM reads.
        Ok(u16::try_from(value).unwrap_or(u16::MAX).max(ALWAYS_READABLE))
    }
}

/// Returns true for indexes in which TPM manufacturers store data about endorsement keys: their password is empty (TCG EK credential
/// profile §2.2.1.4).
fn has_no_password(public: &NvPublic) -> bool {
    (0x01c0_0000..=0x01c0_7fff).contains(&public.index.0)
        && public.attributes.contains(NvAttributes::PLATFORM_CREATE)
}

/// Returns the number of bytes still to read; None at the end.
fn remaining(size: u16, read: usize) -> Option<u16> {
    u16::try_from(usize::from(size).checked_sub(read)?).ok().filter(|left| *left > 0)
}

/// Returns an error if the public area shows that the index cannot be read, without a command.
fn check_readable(public: &NvPublic) -> Result<(), Error> {
    let NvPublic { index, attributes, .. } = public;
    let refused = |kind, text| Err(Error::new(kind, text).on(format_args!("NV index {index}")));
    if !attributes.contains(NvAttributes::WRITTEN) {
        return refused(
            ErrorKind::NotWritten,
            "the NV index is defined but was never written: write it first, for instance with tpm2_nvwrite",
        );
    }
    if attributes.contains(NvAttributes::READ_LOCKED) {
        return refused(
            ErrorKind::Unsupported,
            "the NV index is locked against reading until the next restart",
        );
    }
    Ok(())
}

fn hierarchy_value(auth: Option<&Auth>) -> Zeroizing<Vec<u8>> {
    auth.map(Auth::as_hierarchy_value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use keyfile::HashAlg;

    use super::*;

    #[test]
    fn reading_ends_at_the_size_of_the_index() {
        assert_eq!(
            (remaining(7, 0), remaining(7, 6), remaining(7, 7), remaining(7, 8)),
            (Some(7), Some(1), None, None)
        );
    }

    #[test]
    fn an_unreadable_index_is_refused_without_a_command() {
        let index = |attributes| NvPublic {
            index: Handle(0x01c0_0002),
            name_alg: HashAlg::Sha256,
            attributes,
            auth_policy: Vec::new(),
            size: 9,
        };
        let written = NvAttributes::WRITTEN.0;
        assert!(check_readable(&index(NvAttributes(written))).is_ok());
        let error = check_readable(&index(NvAttributes(0))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotWritten);
        assert!(error.to_string().contains("0x01c00002"), "{error}");
        assert!(check_readable(&index(NvAttributes(written | NvAttributes::READ_LOCKED.0))).is_err());
    }
}
