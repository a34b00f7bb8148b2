//! `policy add`, `ls` and `rm`: adds, lists and removes the signed policies of a key file.

use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use keyfile::KeyFile;
use keyfile::policy::AuthPolicy;

use crate::cli::Common;
use crate::error::Error;
use crate::output::{IfExists, Target};
use crate::policy::PolicyOptions;
use crate::source::Source;
use crate::{key_file, terminal};

mod adding;
mod signing;

use adding::Adding;

/// Add, list or remove the signed policies of a key file
///
/// A key made with --signed-policy can be used if one of its signed policies holds. They are tried in the order of `ls`. The other conditions of the key
/// must hold, too. With the signer's private key you can allow another state of the machine later, without a new key.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SignedPolicies {
    /// What to do
    action: Action,

    /// The key file, or the file of sealed data; only its signed policies are changed
    #[arg(value_name = "KEYFILE")]
    file: PathBuf,

    /// add: the file of the signer's private key, PEM or DER; rm: the number that ls prints
    #[arg(value_name = "PRIVATE-KEY|NUMBER")]
    subject: Option<PathBuf>,

    /// A name for the policy
    #[arg(short = 'n', long, value_name = "NAME", value_parser = name)]
    policy_name: Option<String>,

    /// Demand the password of the key, too
    #[arg(short, long)]
    auth: bool,

    /// The source of the private key's password: pass:PASSWORD, env:NAME, file:PATH, fd:NUMBER, stdin or prompt; without it you are asked
    #[arg(long, value_name = "SOURCE", value_parser = OsStringValueParser::new().try_map(Source::parse))]
    passin: Option<Source>,

    #[command(flatten)]
    conditions: PolicyOptions,
}

/// The action: the first argument.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Action {
    /// Sign a policy and put it first: `add [options] KEYFILE PRIVATE-KEY`
    Add,
    /// List the policies, numbered from 1: ls KEYFILE
    Ls,
    /// Remove a policy: rm KEYFILE NUMBER
    Rm,
}

const EXAMPLES: &str = "\
Examples:
  tpm2-keytool create --signed-policy vendor.pub key.tpm
  tpm2-keytool policy add -x sha256:7 -n 'kernel 6.1' key.tpm vendor.pem
  tpm2-keytool policy ls key.tpm
  tpm2-keytool policy rm key.tpm 1";

impl SignedPolicies {
    /// Runs the action.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        let describes = self.policy_name.is_some() || self.auth || self.passin.is_some();
        if self.action != Action::Add && (describes || !self.conditions.read()?.is_empty()) {
            return Err(Error::request("only add accepts policy options", "omit them"));
        }
        match (self.action, self.subject.as_deref()) {
            (Action::Add, Some(key)) => self.add(key, common),
            (Action::Add, None) => {
                Err(Error::request("add needs the signer's private key", "give its file after the key file"))
            }
            (Action::Ls, None) => self.ls(),
            (Action::Ls, Some(_)) => {
                Err(Error::request("ls accepts a key file only", "omit the last argument"))
            }
            (Action::Rm, Some(number)) => self.rm(number),
            (Action::Rm, None) => Err(Error::request(
                "rm needs the number of a signed policy",
                "give the number; `policy ls KEYFILE` lists them",
            )),
        }
    }

    fn add(&self, key: &Path, common: &Common) -> Result<(), Error> {
        let target = Target::new(&self.file, IfExists::Replace)?;
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
        let target = Target::new(&self.file, IfExists::Replace)?;
        let mut file = key_file::read(&self.file)?;
        let count = file.auth_policies.len();
        let number = number.to_string_lossy();
        let index = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        match index.filter(|&index| index < count) {
            Some(index) => drop(file.auth_policies.remove(index)),
            None => {
                let advice = match count {
                    0 => "the file has no signed policies".to_owned(),
                    _ => format!("give a number from 1 to {count}; `policy ls KEYFILE` lists the policies"),
                };
                return Err(Error::request(
                    format!("{} has no signed policy {number:?}", self.file.display()),
                    advice,
                ));
            }
        }
        write(&target, &file)
    }
}

fn write(target: &Target, file: &KeyFile) -> Result<(), Error> {
    target.rewrite(&file.to_file().map_err(Error::Encode)?)
}

/// Returns the line of `ls`: number, two spaces, name.
fn line((number, policy): (usize, &AuthPolicy)) -> String {
    let name = policy.name.as_deref().unwrap_or_default();
    let plain: String = name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    format!("{number}  {plain}")
}

/// Parses the name of a policy, which must fit on one line.
fn name(text: &str) -> Result<String, String> {
    match text.chars().any(char::is_control) {
        true => Err("a name must be one line of text".to_owned()),
        false => Ok(text.to_owned()),
    }
}
