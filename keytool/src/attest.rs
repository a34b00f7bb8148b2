//! `attest`: proves with the EK certificate which TPM this is, and with the TPM's signature which keys it holds.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use keyfile::{Handle, Name, PublicKey};
use tpm::Auth;

use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::output::{IfExists, Target};
use crate::password::{Passwords, Secret};
use crate::source::Source;
use crate::terminal;

pub(crate) mod certificate;
mod help;
pub(crate) mod name;
mod nv;
mod prover;
pub(crate) mod verdict;

use help::PROOFS;
pub(crate) use nv::{read as read_index, readers};
use prover::{Certified, Prover};

/// Prove that an EK certificate belongs to this TPM, and that a primary key is in it
///
/// A restricted signing key of the endorsement hierarchy, which is the same each time, certifies the other keys of its TPM. All data from the TPM and the
/// bus is verified in software. The exit code is 0 only if every requested proof succeeds.
#[derive(Args)]
#[command(arg_required_else_help = true, after_long_help = PROOFS, after_help = "See --help for what is proven and what is not.")]
pub(crate) struct Attest {
    /// Print the Name of the signing key in hexadecimal
    ///
    /// With -A it is printed only after the proof. Save it for -n.
    #[arg(short = 'E', long)]
    eksign: bool,

    /// Prove that the signing key is in the TPM of this EK certificate
    ///
    /// DER or PEM, RSA or EC. All templates of the TCG EK credential profile are supported: RSA 2048 and P-256 of the low and the high range, RSA 3072 and
    /// 4096, P-384 and P-521.
    #[arg(short = 'A', long, value_name = "CERT")]
    attest: Option<PathBuf>,

    /// Certify the primary storage key of a hierarchy with the signing key: owner, null, endorsement or platform
    ///
    /// Key files with this parent are made under this storage key, and the Linux kernel salts its sessions to the one of null. With -o, -f or NAMEFILE the
    /// default is null.
    #[arg(short = 'C', long, value_name = "HIERARCHY")]
    certify: Option<Hierarchy>,

    /// Prove that the signing key is the one with the Name in this file
    ///
    /// Without -A the key signs a random nonce; without -C it does so in a certification of the null hierarchy's storage key. With -A, which also proves that
    /// the key is present now, only the Names are compared.
    #[arg(short, long, value_name = "FILE")]
    name: Option<PathBuf>,

    /// Print the Name of the certified key in hexadecimal
    #[arg(short, long)]
    outname: bool,

    /// Write the public key of the certified key to this file, in PEM
    #[arg(short, long, value_name = "PEM")]
    file: Option<PathBuf>,

    /// Ask for the password of the endorsement hierarchy
    #[arg(short, long)]
    auth: bool,

    /// The password of the endorsement hierarchy
    ///
    /// It is visible in the process list while the command runs, and may be saved in the shell's history. Prefer --passin.
    #[arg(short = 'k', long, value_name = "PWD", value_parser = OsStringValueParser::new().map(Secret::from))]
    password: Option<Secret>,

    /// The source of that password: pass:PASSWORD, env:NAME, file:PATH, fd:NUMBER, stdin or prompt
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), conflicts_with = "password")]
    passin: Option<Source>,

    /// The password of the hierarchy that -C names, if it has its own
    ///
    /// It is visible in the process list while the command runs, and may be saved in the shell's history. Prefer --passparent.
    #[arg(short = 'b', long, value_name = "PWD", value_parser = OsStringValueParser::new().map(Secret::from))]
    auth_parent: Option<Secret>,

    /// The source of that password, as for --passin
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse), conflicts_with = "auth_parent")]
    passparent: Option<Source>,

    /// Compare the Name of the certified key with the one in this file, such as /sys/class/tpm/tpm0/null_name
    #[arg(value_name = "NAMEFILE")]
    expected: Option<PathBuf>,
}

/// A hierarchy that has a primary storage key.
#[derive(Clone, Copy)]
struct Hierarchy(Handle);

impl FromStr for Hierarchy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let handle = text
            .parse::<Handle>()
            .ok()
            .filter(|handle| handle.is_hierarchy() && !handle.is_firmware_limited());
        handle.map(Self).ok_or_else(|| "a hierarchy is owner, null, endorsement or platform".to_owned())
    }
}

/// The results of the proofs.
struct Findings {
    signer: Name,
    certified: Option<Certified>,
}

impl Attest {
    /// Runs the requested proofs, and prints and writes the requested results.
    pub(crate) fn run(self, common: &Common, if_exists: IfExists) -> Result<(), Error> {
        let known = self.attest.is_some() || self.name.is_some();
        if self.expected.is_some() && !known {
            return Err(Error::request(
                "the signing key is not verified: an attacker on the bus can sign with another key",
                "give the EK certificate (-A), or the Name that `-A CERT -E` printed earlier (-n)",
            ));
        }
        // Everything that can fail without the TPM is done first.
        let target = self.file.as_deref().map(|file| Target::new(file, if_exists)).transpose()?;
        let key = self.attest.as_deref().map(certificate::key_in).transpose()?;
        let recorded = self.name.as_deref().map(name::read).transpose()?;
        let expected = self.expected.as_deref().map(name::read).transpose()?;
        let mut passwords = Passwords::default();
        let endorsement = self.endorsement_password(&mut passwords)?;
        let certified = self.parent_password(&mut passwords, endorsement.as_ref(), common)?;
        // If the password cannot be read, no index is read with it. The indexes are only hints for the template.
        let owner = self.attest.as_ref().and_then(|_| common.parent_auth().ok()?);

        let tpm = common.tpm()?;
        let deferred = Deferred::start();
        let found = Prover::new(&tpm, endorsement, owner)
            .and_then(|prover| self.ask(&prover, key.as_ref(), recorded.as_ref(), certified, &deferred));
        // In every case, no object of this process is left in the TPM.
        tpm.close();
        let found = found?;
        deferred.check()?;
        if let (Some(path), Some(expected), Some(certified)) = (&self.expected, &expected, &found.certified) {
            same("certified key", &certified.name, expected, path)?;
        }
        if let (Some(target), Some(certified)) = (target, &found.certified) {
            target.write(&certified.pem)?;
        }
        if !known {
            terminal::notice(
                "warning: the signing key is not verified: -A proves that it is in a TPM, -n that it is the key recorded earlier",
            );
        }
        self.report(&found)
    }

    fn ask(
        &self,
        prover: &Prover<'_>,
        key: Option<&PublicKey>,
        recorded: Option<&Name>,
        parent: Option<Auth>,
        deferred: &Deferred,
    ) -> Result<Findings, Error> {
        let is_recorded = |signer: &Name| match (&self.name, recorded) {
            (Some(path), Some(recorded)) => same("signing key of this TPM", signer, recorded, path),
            _ => Ok(()),
        };
        let proven = match (&self.attest, key) {
            (Some(path), Some(key)) => Some(prover.prove_same_tpm(key, path)?),
            _ => None,
        };
        proven.as_ref().map(is_recorded).transpose()?;
        deferred.check()?;
        let is_signer = |signer: &Name| match &proven {
            Some(proven) => prover::same(signer, proven),
            None => is_recorded(signer),
        };
        // A public area proves nothing, because it can be replayed. A key that is known by its Name only must sign.
        let challenge = recorded.filter(|_| proven.is_none()).map(|_| (Handle::NULL, None));
        match self.hierarchy().map(|Hierarchy(hierarchy)| (hierarchy, parent)).or(challenge) {
            Some((hierarchy, auth)) => {
                let (signer, certified) = prover.certified(hierarchy, auth, is_signer)?;
                Ok(Findings { signer, certified: Some(certified) })
            }
            None => Ok(Findings { signer: proven.map_or_else(|| prover.signer(), Ok)?, certified: None }),
        }
    }

    /// Prints the requested Names, one per line. If none is requested, prints what was proven.
    fn report(&self, found: &Findings) -> Result<(), Error> {
        let signer = &found.signer;
        let certified = found.certified.as_ref().map(|certified| &certified.name);
        let mut lines = Vec::new();
        if self.eksign {
            lines.push(signer.to_string());
        }
        if let Some(name) = certified.filter(|_| self.outname) {
            lines.push(name.to_string());
        }
        if lines.is_empty() && self.file.is_none() {
            if let Some(path) = &self.attest {
                lines.push(format!(
                    "{}: its key and the signing key {signer} are in the same TPM",
                    path.display()
                ));
            }
            if let Some(path) = &self.name {
                lines.push(format!("{}: it is the signing key of this TPM", path.display()));
            }
            if let (Some(Hierarchy(hierarchy)), Some(name)) = (self.hierarchy(), certified) {
                let hierarchy = hierarchy.hierarchy_name().unwrap_or_default();
                lines.push(format!("{hierarchy}: its storage key {name} is in the TPM of the signing key"));
            }
            if let Some(path) = &self.expected {
                lines.push(format!("{}: it is that key", path.display()));
            }
        }
        lines.into_iter().try_for_each(terminal::result)
    }

    /// Returns the hierarchy whose key is certified, if one is requested.
    fn hierarchy(&self) -> Option<Hierarchy> {
        let wanted = self.outname || self.file.is_some() || self.expected.is_some();
        self.certify.or_else(|| wanted.then_some(Hierarchy(Handle::NULL)))
    }

    fn endorsement_password(&self, passwords: &mut Passwords) -> Result<Option<Auth>, Error> {
        const WHAT: &str = "password of the endorsement hierarchy";
        let secret = match passwords.given(self.password.as_ref(), self.passin.as_ref(), WHAT)? {
            None if self.auth => Some(passwords.ask(WHAT)?),
            given => given,
        };
        Ok(auth(secret))
    }

    /// Returns the password of the hierarchy whose key is certified. The setting applies to the owner hierarchy only.
    fn parent_password(
        &self,
        passwords: &mut Passwords,
        endorsement: Option<&Auth>,
        common: &Common,
    ) -> Result<Option<Auth>, Error> {
        const WHAT: &str = "password of the hierarchy";
        let given = passwords.given(self.auth_parent.as_ref(), self.passparent.as_ref(), WHAT)?;
        match (given, self.hierarchy()) {
            (None, Some(Hierarchy(Handle::ENDORSEMENT))) => Ok(endorsement.cloned()),
            (None, Some(Hierarchy(Handle::OWNER))) => common.parent_auth(),
            (given, _) => Ok(auth(given)),
        }
    }
}

fn auth(secret: Option<Secret>) -> Option<Auth> {
    secret.filter(|secret| !secret.is_empty()).map(|secret| Auth::new(secret.bytes()))
}

/// Compares a Name with the one in a file.
fn same(what: &str, found: &Name, expected: &Name, path: &Path) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::request(
        format!("the {what} is {found}, but {} contains {expected}", path.display()),
        "check that the file is from this TPM, after its last reset and change of seed; if it is, an attacker may control the bus",
    ))
}
