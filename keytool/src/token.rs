//! `token`: lists and checks the keys and certificates that a program sees through the PKCS#11 module.

use std::path::{Path, PathBuf};

use clap::Args;
use tokens::Configuration;

use crate::cli::Common;
use crate::error::Error;
use crate::exit::Exit;
use crate::interrupt::Deferred;
use crate::{json, terminal};

mod document;
mod module;
mod problems;

use document::Document;

/// List the tokens of the PKCS#11 module with their keys and certificates, and check their files
///
/// Shows what a program sees that loads the module: each token with its serial number, and each key and certificate with its label, its id and its file. Then
/// prints what is wrong, with a hint: files that cannot be read, a certificate that does not belong to the key of its section, certificates without a key, keys
/// with the same id, and key files or a configuration with a password that other users can read. The exit code is 1 then. No password is used, and the TPM is used only for a
/// handle for which the configuration names no public key.
#[derive(Args)]
#[command(after_help = "Example: tpm2-keytool token --conf pkcs11.conf")]
pub(crate) struct ListTokens {
    /// The configuration of the module [default: TPM2_PKCS11_CONF, OPENSSL_PKCS11_CONF, ~/.config/tpm2-keyfiles/pkcs11.conf, /etc/tpm2-keyfiles/pkcs11.conf;
    /// without any of them, the folder ~/.local/share/tpm2-keys is the only token]
    #[arg(long, value_name = "FILE")]
    conf: Option<PathBuf>,

    /// Print JSON (docs/json.md)
    #[arg(long)]
    json: bool,
}

impl ListTokens {
    /// Reads the configuration and prints what it offers.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        if common.tcti.is_some() || common.salt_name.is_some() {
            return Err(Error::request(
                "token does not accept --tcti and --salt-name, because a program does not use the options of this tool",
                "set them in the configuration: tcti = … and salt-name = … before the first section",
            ));
        }
        report(self.conf.as_deref(), self.json)
    }
}

/// Prints what this configuration offers, or the default one.
///
/// # Errors
/// The configuration is wrong. Also if something was found wrong, and printed.
pub(crate) fn report(path: Option<&Path>, as_json: bool) -> Result<(), Error> {
    let configuration = path.map_or_else(Configuration::load, Configuration::read)?;
    let tpm = configuration.tpm();
    let deferred = Deferred::start();
    let document = Document::of(&configuration, &tpm);
    tpm.close();
    deferred.check()?;
    drop(deferred);
    match as_json {
        true => json::print(&document)?,
        false => terminal::result(&document)?,
    }
    match document.is_good() {
        true => Ok(()),
        false => Err(Error::Reported(Exit::FAILURE)),
    }
}

impl From<tokens::Error> for Error {
    fn from(source: tokens::Error) -> Self {
        match source {
            tokens::Error::Tpm(source) => Error::Tpm(source),
            tokens::Error::Io { path, source, .. } => Error::Read { path, source },
            other => Error::request(other.to_string(), other.advice().unwrap_or_default().to_owned()),
        }
    }
}
