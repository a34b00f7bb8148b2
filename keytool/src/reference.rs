//! `reference`: a file that leads to a persistent key, for programs that can only open a file.

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
use crate::output::{IfThere, Target};
use crate::{input, terminal};

/// Write a file that leads to a key in the TPM
///
/// Programs that open a private key by its path, and take no URI (curl, HAProxy, Node.js, mosquitto …), use a persistent key through such a file. It
/// holds the URI and the public half of the key: a key that is exchanged in the TPM later is noticed, and the file has to be made again. An attacker
/// who controls the bus can put another key of this TPM in its place; without --salt-name, any other: make it on a machine that you trust.
#[derive(Args)]
#[command(after_help = "Example: tpm2-keytool reference handle:0x81000100 server.ref")]
pub(crate) struct Reference {
    /// The key: handle:0x81000100, //nvkey:81000100, tpm2:handle=0x81000100, object:FILE of tpm2_evictcontrol -o, or the bare handle
    ///
    /// ?pin-source=file:PATH behind it names a file with the password; ?pin-value=WORD is the password itself, and stands in the file then.
    uri: String,

    /// Where to write the reference
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The key has a password; whoever uses the file is asked for it
    ///
    /// Without this the TPM is asked whether the empty password opens the key. Where wrong passwords count, that is one of them if it does not.
    #[arg(short, long)]
    auth: bool,
}

impl Reference {
    /// Writes the file.
    pub(crate) fn run(self, common: &Common, if_there: IfThere) -> Result<(), Error> {
        // A bare handle is what people type.
        let bare = self.uri.parse::<Handle>().ok().filter(|handle| handle.is_persistent());
        let text = bare.map_or_else(|| self.uri.clone(), |handle| format!("handle:{handle}"));
        // The programs that read the file may know nothing of the setting.
        let text = match common.nv_prefix()?.and_then(|prefix| text.strip_prefix(&prefix).map(str::to_owned))
        {
            Some(rest) => format!("//nvkey:{rest}"),
            None => text,
        };
        let uri = Uri::parse(&text, None).map_err(|source| {
            Error::request(
                format!("the URI names no key: {source}"),
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
                    "a reference leads to a persistent key, and to nothing else",
                    "give its URI, such as handle:0x81000100; a key file needs no reference",
                ));
            }
        };
        let target = Target::new(&self.file, if_there)?;
        let tpm = common.tpm()?;
        let deferred = Deferred::start();
        let made = make(&tpm, handle, text, &uri.password, self.auth);
        tpm.close();
        let reference = made?;
        let pem = reference.to_pem().map_err(|source| Error::request(source.to_string(), "try again"))?;
        deferred.check()?;
        target.write(pem.as_bytes())?;
        match &uri.password {
            Password::Value(_) => terminal::notice(format_args!(
                "{} holds the password in clear: keep it as a password, or name a file with ?pin-source=file:",
                self.file.display()
            )),
            Password::Source(path) => {
                if let Err(error) = readable(path) {
                    terminal::notice(format_args!(
                        "the password in {} cannot be read: {error}; whoever uses {} needs it",
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
            "`tpm2-keytool status` lists the persistent keys of this TPM; `tpm2-keytool load` makes one",
        ),
        _ => Error::Tpm(error),
    })?;
    if !matches!(public.key, PublicKey::Rsa { .. } | PublicKey::Ecc { .. }) {
        return Err(Error::request(
            format!("what is at {handle} is no RSA or EC key"),
            "name a key; `tpm2-keytool show` tells what is there",
        ));
    }
    if !public.attributes.contains(Attributes::USER_WITH_AUTH) {
        return Err(Error::request(
            format!("the key at {handle} is used by a policy only, and nothing there tells its statements"),
            "use the key's own file, which holds them",
        ));
    }
    let said = auth || !matches!(password, Password::Unspecified | Password::Unmarked);
    let empty_auth = !said && is_open(tpm, handle, &public)?;
    Ok(KeyReference { uri: Zeroizing::new(uri), empty_auth, public })
}

/// Whether the key has no password.
pub(crate) fn is_open(tpm: &Tpm, handle: Handle, public: &Public) -> Result<bool, Error> {
    if !public.attributes.contains(Attributes::NO_DA) {
        let lockout = tpm.lockout()?;
        if !tpm.config().allow_last_try && lockout.failures.saturating_add(1) >= lockout.max_failures {
            let error = tpm::Error::new(
                ErrorKind::Lockout,
                "one more wrong password would lock the TPM, so the key is not tried without one",
            );
            return Err(error
                .advise(format!("say with -a that it has one; or wait: {lockout}; or set last-try = allow"))
                .into());
        }
    }
    Ok(tpm.accepts_empty_auth(handle, public)?)
}

/// Whether there is a file, and whether it opens. A pipe is left alone, which would wait for its writer.
fn readable(path: &Path) -> io::Result<()> {
    if fs::metadata(path)?.is_file() { File::open(path).map(drop) } else { Ok(()) }
}

/// The handle in a serialized object.
fn serialized(path: &Path) -> Result<Handle, Error> {
    const WRITER: &str = "name what `tpm2_evictcontrol -o` wrote";
    let bytes = input::read(path, WRITER)?;
    match Serialized::from_bytes(&bytes) {
        Ok(Serialized::Key { handle, .. }) if handle.is_persistent() => Ok(handle),
        Ok(_) => Err(Error::request(format!("{} leads to no persistent key", path.display()), WRITER)),
        Err(source) => Err(Error::request(
            format!("{} is no serialized object of tpm2-tss: {source}", path.display()),
            WRITER,
        )),
    }
}

/// The URI of the handle itself, with what the other one says about the password.
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
    fn the_password_of_a_uri_stays_with_it() {
        let handle = Handle(0x8100_0101);
        assert_eq!(canonical(handle, "object:what?.obj"), "handle:0x81000101");
        assert_eq!(canonical(handle, "object:a?pass"), "handle:0x81000101?pass");
        assert_eq!(canonical(handle, "object:a??pin-value=x"), "handle:0x81000101?pin-value=x");
    }
}
