//! `reference`: writes a file that refers to a persistent key, for programs that open keys only by path.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use keyfile::uri::{Location, Password, Uri};
use keyfile::{Attributes, Handle, KeyReference, Public, PublicKey, Serialized};
use tpm::{ErrorKind, Tpm};
use zeroize::Zeroizing;

use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::output::{IfExists, Target};
use crate::{input, terminal};

/// Write a file that refers to a persistent key
///
/// Programs that open a private key by path only, and accept no URI (curl, HAProxy, Node.js, mosquitto …), use a persistent key through such a file. The
/// file contains the URI and the public half of the key. If another key is at that handle later, the file is refused and must be written again.
/// An attacker who controls the bus can substitute another key of this TPM; without --salt-name, any key. Write the file on a machine that you trust.
#[derive(Args)]
#[command(after_help = "Example: tpm2-keytool reference handle:0x81000100 server.ref")]
pub(crate) struct Reference {
    /// The key: handle:0x81000100, //nvkey:81000100, tpm2:handle=0x81000100, object:FILE of tpm2_evictcontrol -o, or the handle alone
    ///
    /// Append ?pin-source=file:PATH to name a file with the password. With ?pin-value=PASSWORD the password itself is written to the file.
    uri: String,

    /// Where to write the reference
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The key has a password; programs that use the file ask for it
    ///
    /// Without this option the empty password is tried. If it is wrong and the key is under dictionary-attack protection, that counts as a failure.
    #[arg(short, long)]
    auth: bool,
}

impl Reference {
    /// Writes the file.
    pub(crate) fn run(self, common: &Common, if_exists: IfExists) -> Result<(), Error> {
        // Users often type the handle alone.
        let bare = self.uri.parse::<Handle>().ok().filter(|handle| handle.is_persistent());
        let text = bare.map_or_else(|| self.uri.clone(), |handle| format!("handle:{handle}"));
        // The programs that read the file may not have this setting.
        let text = match common.nv_prefix()?.and_then(|prefix| text.strip_prefix(&prefix).map(str::to_owned))
        {
            Some(rest) => format!("//nvkey:{rest}"),
            None => text,
        };
        let uri = Uri::parse(&text, None).map_err(|source| {
            Error::request(
                format!("the URI does not name a key: {source}"),
                "give the URI of a persistent key, such as handle:0x81000100",
            )
        })?;
        let (handle, text) = match &uri.location {
            Location::Key(handle) => (*handle, text),
            Location::Serialized(path) => {
                let handle = serialized(path)?;
                (handle, canonical(handle, &text))
            }
            Location::Transient(_)
            | Location::Nv(_)
            | Location::File(_)
            | Location::All
            | Location::Unread(_) => {
                return Err(Error::request(
                    "a reference can only refer to a persistent key",
                    "give the key's URI, such as handle:0x81000100; a key file needs no reference",
                ));
            }
        };
        let target = Target::new(&self.file, if_exists)?;
        let tpm = common.tpm()?;
        let deferred = Deferred::start();
        let made = make(&tpm, handle, text, &uri.password, self.auth);
        tpm.close();
        let reference = made?;
        let pem = reference
            .to_pem()
            .map_err(|source| Error::request(source.to_string(), "name the key with a shorter URI"))?;
        deferred.check()?;
        target.write(pem.as_bytes())?;
        match &uri.password {
            Password::Value(_) => terminal::notice(format_args!(
                "warning: {} contains the password in the clear: protect it, or name a file with ?pin-source=file:",
                self.file.display()
            )),
            Password::Source(path) => {
                if let Err(error) = readable(path) {
                    terminal::notice(format_args!(
                        "warning: cannot read the password in {}: {error}; programs that use {} need it",
                        path.display(),
                        self.file.display()
                    ));
                }
            }
            Password::Unspecified | Password::Unmarked | Password::Asked => {}
        }
        Ok(())
    }
}

fn make(
    tpm: &Tpm,
    handle: Handle,
    uri: String,
    password: &Password,
    auth: bool,
) -> Result<KeyReference, Error> {
    let (public, _) = tpm.read_public(handle).map_err(|error| match error.kind() {
        ErrorKind::NoObject => Error::request(
            format!("there is no key at {handle}"),
            "`tpm2-keytool status` lists the persistent keys of this TPM; `tpm2-keytool load` makes a key persistent",
        ),
        _ => Error::Tpm(error),
    })?;
    if !matches!(public.key, PublicKey::Rsa { .. } | PublicKey::Ecc { .. }) {
        return Err(Error::request(
            format!("the object at {handle} is not an RSA or EC key"),
            "name a key; `tpm2-keytool show` shows what is there",
        ));
    }
    if !public.attributes.contains(Attributes::USER_WITH_AUTH) {
        return Err(Error::request(
            format!(
                "the key at {handle} can only be used with a policy, and the TPM does not store the policy's statements"
            ),
            "use the key file, which contains them",
        ));
    }
    let has_password = auth || !matches!(password, Password::Unspecified | Password::Unmarked);
    let empty_auth = !has_password && has_no_password(tpm, handle, &public)?;
    Ok(KeyReference { uri: Zeroizing::new(uri), empty_auth, public })
}

/// Returns true if the key has no password: the empty one is tried.
///
/// # Errors
/// One more failure would lock the TPM, or the TPM cannot be used.
pub(crate) fn has_no_password(tpm: &Tpm, handle: Handle, public: &Public) -> Result<bool, Error> {
    if !public.attributes.contains(Attributes::NO_DA) {
        let lockout = tpm.lockout()?;
        if !tpm.config().allow_last_try && lockout.failures.saturating_add(1) >= lockout.max_failures {
            let error = tpm::Error::new(
                ErrorKind::Lockout,
                "one more wrong password would lock the TPM, so the empty password is not tried",
            );
            return Err(error.advise(format!("give -a if the key has a password; {lockout}")).into());
        }
    }
    Ok(tpm.accepts_empty_auth(handle, public)?)
}

/// Checks that the file exists and can be opened. A pipe is not opened, because that would wait for its writer.
fn readable(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() { File::open(path).map(drop) } else { Ok(()) }
}

/// Returns the handle in a serialized object.
fn serialized(path: &Path) -> Result<Handle, Error> {
    const WRITER: &str = "name a file that `tpm2_evictcontrol -o` wrote";
    let bytes = input::read(path, WRITER)?;
    match Serialized::from_bytes(&bytes) {
        Ok(Serialized::Key { handle, .. }) if handle.is_persistent() => Ok(handle),
        Ok(_) => {
            Err(Error::request(format!("{} does not refer to a persistent key", path.display()), WRITER))
        }
        Err(source) => Err(Error::request(
            format!("{} is not a serialized object of tpm2-tss: {source}", path.display()),
            WRITER,
        )),
    }
}

/// Returns the URI of the handle, with the password part of the URI `text`.
fn canonical(handle: Handle, text: &str) -> String {
    let query = text.rsplit_once('?').map(|(_, query)| query);
    match query.filter(|query| *query == "pass" || query.starts_with("pin-")) {
        Some(query) => format!("handle:{handle}?{query}"),
        None => format!("handle:{handle}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_part_of_the_uri_is_kept() {
        let handle = Handle(0x8100_0101);
        assert_eq!(canonical(handle, "object:what?.obj"), "handle:0x81000101");
        assert_eq!(canonical(handle, "object:a?pass"), "handle:0x81000101?pass");
        assert_eq!(canonical(handle, "object:a??pin-value=x"), "handle:0x81000101?pin-value=x");
    }
}
