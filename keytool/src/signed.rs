//! `policy add`, `ls` and `rm`: the signed policies of a key file.

use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use keyfile::KeyFile;
use keyfile::policy::AuthPolicy;

use crate::cli::Common;
use crate::error::Error;
use crate::output::{IfThere, Target};
use crate::policy::PolicyOptions;
use crate::source::Source;
use crate::{key_file, terminal};

mod adding;
mod signing;

use adding::Adding;

/// Keep the signed policies of a key file: add, list, remove
///
/// A key that was made with --signed-policy may be used when one of them holds: they are tried in the order of `ls`, and what the key demands besides
/// must hold as well. Whoever has the private key can allow another state of the machine later, and the key stays the same.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SignedPolicies {
    /// What to do
    action: Action,

    /// The key file, or the file of sealed data; but for the signed policies it stays as it is
    #[arg(value_name = "KEYFILE")]
    file: PathBuf,

    /// add: the file of the private key that signs, PEM or DER; rm: the number that ls prints
    #[arg(value_name = "PRIVATE-KEY|NUMBER")]
    subject: Option<PathBuf>,

    /// What people are to call the policy
    #[arg(short = 'n', long, value_name = "NAME", value_parser = name)]
    policy_name: Option<String>,

    /// The policy demands the password of the key, too
    #[arg(short, long)]
    auth: bool,

    /// Where the password of the private key comes from: pass:WORD, env:NAME, file:PATH, fd:NUMBER, stdin or prompt; without it you are asked
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse))]
    passin: Option<Source>,

    #[command(flatten)]
    conditions: PolicyOptions,
}

/// The first word.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Action {
    /// Sign a policy and put it first: `add [options] KEYFILE PRIVATE-KEY`
    Add,
    /// List them, numbered from 1: ls KEYFILE
    Ls,
    /// Remove one: rm KEYFILE NUMBER
    Rm,
}

const EXAMPLES: &str = "\
Examples:
  tpm2-keytool create --signed-policy vendor.pub key.tpm
  tpm2-keytool policy add -x sha256:7 -n 'kernel 6.1' key.tpm vendor.pem
  tpm2-keytool policy ls key.tpm
  tpm2-keytool policy rm key.tpm 1";

impl SignedPolicies {
    /// Does it.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        let describes = self.policy_name.is_some() || self.auth || self.passin.is_some();
        if self.action != Action::Add && (describes || !self.conditions.read()?.is_empty()) {
            return Err(Error::request("only add takes options of a policy", "leave them out"));
        }
        match (self.action, self.subject.as_deref()) {
            (Action::Add, Some(key)) => self.add(key, common),
            (Action::Add, None) => {
                Err(Error::request("add needs a private key that signs", "name its file behind the key file"))
            }
            (Action::Ls, None) => self.ls(),
            (Action::Ls, Some(_)) => {
                Err(Error::request("ls takes a key file and nothing else", "leave the last word out"))
            }
            (Action::Rm, Some(number)) => self.rm(number),
            (Action::Rm, None) => Err(Error::request(
                "rm needs the number of a signed policy",
                "`policy ls KEYFILE` lists them",
            )),
        }
    }

    fn add(&self, key: &Path, common: &Common) -> Result<(), Error> {
        let target = Target::new(&self.file, IfThere::Replace)?;
        let mut file = key_file::read(&self.file)?;
        let adding = Adding {
            path: &self.file,
            name: self.policy_name.as_deref(),
            auth: self.auth,
            conditions: &self.conditions,
        };
        adding.to(&mut file, key, self.passin.as_ref(), &common.tpm_if_asked()?)?;
        write(&target, &file)
    }

    fn ls(&self) -> Result<(), Error> {
        let file = key_file::read(&self.file)?;
        if file.auth_policies.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = (1..).zip(&file.auth_policies).map(line).collect();
        terminal::result(lines.join("\n"))
    }

    fn rm(&self, number: &Path) -> Result<(), Error> {
        let target = Target::new(&self.file, IfThere::Replace)?;
        let mut file = key_file::read(&self.file)?;
        let count = file.auth_policies.len();
        let number = number.to_string_lossy();
        let place = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        match place.filter(|&place| place < count) {
            Some(place) => drop(file.auth_policies.remove(place)),
            None => {
                let has = match count {
                    0 => "there is none".to_owned(),
                    _ => format!("they are numbered from 1 to {count}; `policy ls KEYFILE` lists them"),
                };
                return Err(Error::request(
                    format!("{} has no signed policy {number:?}", self.file.display()),
                    has,
                ));
            }
        }
        write(&target, &file)
    }
}

fn write(target: &Target, file: &KeyFile) -> Result<(), Error> {
    target.rewrite(&file.to_file().map_err(Error::Encode)?)
}

/// Number, two spaces, name.
fn line((number, policy): (usize, &AuthPolicy)) -> String {
    let name = policy.name.as_deref().unwrap_or_default();
    let plain: String = name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    format!("{number}  {plain}")
}

/// A name that fits its line.
fn name(text: &str) -> Result<String, String> {
    match text.chars().any(char::is_control) {
        true => Err("a name is one line of text".to_owned()),
        false => Ok(text.to_owned()),
    }
}
