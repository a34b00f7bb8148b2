//! The command line: every name and subcommand of this binary, and the options that all of them share.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::error::{ContextKind, ContextValue};
use clap::{ArgAction, Args, Command, CommandFactory, FromArgMatches as _, Parser, Subcommand};
use keyfile::Handle;
use tpm::config::Setting;
use tpm::{Auth, Config, Tpm};

use crate::attest::Attest;
use crate::check::Check;
use crate::create::Create;
use crate::drop_in;
use crate::error::Error;
use crate::evict::Evict;
use crate::exit::Exit;
use crate::generate::{Completions, Manual};
use crate::list::List;
use crate::load::Load;
use crate::output::IfThere;
use crate::parent::ParentHandle;
use crate::password::Secret;
use crate::reference::Reference;
use crate::seal::Seal;
use crate::settings::Settings;
use crate::show::Show;
use crate::signed::SignedPolicies;
use crate::srk::Srk;
use crate::status::Status;
use crate::unseal::Unseal;

/// The name of the binary itself.
pub(crate) const NAME: &str = "tpm2-keytool";

/// The subcommand that clap adds.
pub(crate) const HELP: &str = "help";

/// What is run is chosen by the name it is called by, as busybox does.
#[derive(Parser)]
#[command(multicall = true, version, propagate_version = true, disable_version_flag = true)]
pub(crate) enum Applet {
    /// Make, wrap and inspect TPM keys for OpenSSL.
    #[command(name = NAME)]
    Keytool(Keytool),
    /// Create a TPM key, or wrap an existing private key, and write its key file.
    #[command(name = "create_tpm2_key")]
    CreateTpm2Key(Box<DropIn<Create>>),
    /// Make the key of a file persistent in the TPM.
    #[command(name = "load_tpm2_key")]
    LoadTpm2Key(Box<DropIn<Load>>),
    /// Prove that this TPM is the one of its EK certificate, and that a primary key is in it.
    #[command(name = "attest_tpm2_primary")]
    AttestTpm2Primary(Box<DropIn<Attest>>),
    /// Seal data from stdin in a file that only this TPM opens.
    #[command(name = "seal_tpm2_data")]
    SealTpm2Data(Box<DropIn<Seal>>),
    /// Keep the signed policies of a key file.
    #[command(name = "signed_tpm2_policy")]
    SignedTpm2Policy(Box<DropIn<SignedPolicies>>),
    /// Write the data of a sealed file to stdout.
    #[command(name = "unseal_tpm2_data")]
    UnsealTpm2Data(Box<DropIn<Unseal>>),
}

impl Applet {
    /// Runs what was asked for.
    pub(crate) fn run(self) -> Result<(), Error> {
        match self {
            Applet::Keytool(Keytool { common, verb }) => match verb {
                Verb::Create(create) => create.run(|create, if_there| create.run(&common, if_there)),
                Verb::Load(load) => load.run(&common),
                Verb::Attest(attest) => attest.run(|attest, if_there| attest.run(&common, if_there)),
                Verb::Seal(seal) => seal.run(|seal, if_there| seal.run(&common, if_there)),
                Verb::Unseal(unseal) => unseal.run(&common),
                Verb::Policy(policies) => policies.run(&common),
                Verb::Reference(reference) => {
                    reference.run(|reference, if_there| reference.run(&common, if_there))
                }
                Verb::Srk(srk) => srk.run(&common),
                Verb::List(list) => list.run(&common),
                Verb::Evict(evict) => evict.run(&common),
                Verb::Check(check) => check.run(&common),
                Verb::Show(show) => show.run(&common),
                Verb::Status(status) => status.run(&common),
                Verb::Completions(completions) => completions.run(),
                Verb::Man(manual) => manual.run(),
            },
            Applet::AttestTpm2Primary(tool) => tool.options.run(&tool.common, IfThere::Replace),
            Applet::CreateTpm2Key(tool) => tool.options.run(&tool.common, IfThere::Replace),
            Applet::LoadTpm2Key(tool) => tool.options.run(&tool.common),
            Applet::SealTpm2Data(tool) => tool.options.run(&tool.common, IfThere::Replace),
            Applet::SignedTpm2Policy(tool) => tool.options.run(&tool.common),
            Applet::UnsealTpm2Data(tool) => tool.options.run(&tool.common),
        }
    }
}

/// Make, wrap and inspect TPM keys for OpenSSL.
///
/// A key file (TSS2 PRIVATE KEY) holds a private key that only one TPM can use; OpenSSL reads it wherever it takes a key, through the
/// provider tpm2. Under the name create_tpm2_key this program takes that tool's options.
#[derive(Args)]
#[command(disable_version_flag = true, arg_required_else_help = true, after_help = Exit::table())]
pub(crate) struct Keytool {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    verb: Verb,
}

/// The subcommands.
#[derive(Subcommand)]
enum Verb {
    Create(Box<Writing<Create>>),
    Load(Box<Load>),
    Attest(Box<Writing<Attest>>),
    Seal(Box<Writing<Seal>>),
    Unseal(Box<Unseal>),
    Policy(Box<SignedPolicies>),
    Reference(Writing<Reference>),
    Srk(Srk),
    List(List),
    Evict(Evict),
    Check(Box<Check>),
    Show(Show),
    Status(Status),
    Completions(Completions),
    Man(Manual),
}

// A subcommand that writes a file. The tools that it stands in for replace one that is there, so this is none of their options. No doc
// comment: clap would show it instead of the subcommand's own.
#[derive(Args)]
struct Writing<A: Args> {
    #[command(flatten)]
    options: A,

    /// Replace the file if it exists
    ///
    /// Without this an existing file stays as it is, and the command fails before it asks the TPM.
    #[arg(long)]
    force: bool,
}

impl<A: Args> Writing<A> {
    fn run(self, run: impl FnOnce(A, IfThere) -> Result<(), Error>) -> Result<(), Error> {
        run(self.options, if self.force { IfThere::Replace } else { IfThere::Refuse })
    }
}

/// A subcommand under the name of the tool that it stands in for.
#[derive(Args)]
#[command(disable_version_flag = true)]
pub(crate) struct DropIn<A: Args> {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    options: A,
}

/// What every subcommand takes.
#[derive(Args)]
pub(crate) struct Common {
    /// How to reach the TPM, as tpm2-tss spells it
    ///
    /// For example device:/dev/tpmrm0, swtpm:host=127.0.0.1,port=2321, tabrmd: or cmd:… Without it the first that is set decides: tcti in openssl.cnf,
    /// TPM2_TCTI, TPM2OPENSSL_TCTI, TPM2TOOLS_TCTI, TCTI, TPM_INTERFACE_TYPE; then /dev/tpmrm0 and /dev/tpm0. `tpm2-keytool status` says which.
    #[arg(long, value_name = "TCTI", global = true, display_order = 900)]
    pub(crate) tcti: Option<String>,

    /// The Name of the key that sessions are salted to, in hexadecimal or as a file
    ///
    /// As salt-name in openssl.cnf: /sys/class/tpm/tpm0/null_name on Linux 6.10 and later. Without it whoever controls the bus can pose as the TPM.
    #[arg(long, value_name = "NAME", global = true, display_order = 901)]
    pub(crate) salt_name: Option<String>,

    /// Print the version
    #[arg(short = 'v', long, short_alias = 'V', action = ArgAction::Version, global = true, display_order = 902)]
    version: Option<bool>,
}

impl Common {
    /// The settings: these options, openssl.cnf and the environment.
    ///
    /// # Errors
    /// The openssl.cnf cannot be read.
    pub(crate) fn settings(&self) -> Result<Settings<'_>, Error> {
        self.settings_with(None)
    }

    /// The same; the password of a parent or hierarchy comes before `pin` and `pin-source`, which is not opened then.
    fn settings_with<'a>(&'a self, pin: Option<&'a Secret>) -> Result<Settings<'a>, Error> {
        Settings::with(&[
            (Setting::TCTI, self.tcti.as_deref().map(str::as_bytes)),
            (Setting::SALT_NAME, self.salt_name.as_deref().map(str::as_bytes)),
            (Setting::PIN, pin.map(Secret::bytes)),
        ])
    }

    /// A TPM for work that needs no password of a parent; nothing is sent to it yet.
    ///
    /// # Errors
    /// A setting has an unknown value.
    pub(crate) fn tpm(&self) -> Result<Tpm, Error> {
        Ok(Tpm::new(Config::read_without_password(&self.settings()?)?))
    }

    /// The same for work that mostly asks no TPM: what is wrong with a setting is said when the TPM is asked.
    ///
    /// # Errors
    /// The openssl.cnf cannot be read.
    pub(crate) fn tpm_if_asked(&self) -> Result<Tpm, Error> {
        let wrong = match Config::read_without_password(&self.settings()?) {
            Ok(config) => return Ok(Tpm::new(config)),
            Err(error) => error.cause().to_string(),
        };
        let refuse = move |_| Err(tpm::Error::new(tpm::ErrorKind::Configuration, wrong.clone()));
        Ok(Tpm::with_opener(Config::default(), Box::new(refuse)))
    }

    /// The same for work under a parent, with its password or that of its hierarchy if it is given here and not by a setting.
    ///
    /// # Errors
    /// As [`Common::tpm`], and the file with the password cannot be read.
    pub(crate) fn tpm_by(&self, parent: Option<&Secret>) -> Result<Tpm, Error> {
        Ok(Tpm::new(Config::read(&self.settings_with(parent)?)?))
    }

    /// The password of the parent or of the owner that the settings say.
    ///
    /// # Errors
    /// The file with it cannot be read.
    pub(crate) fn parent_auth(&self) -> Result<Option<Auth>, Error> {
        Ok(tpm::config::parent_auth(&self.settings()?)?)
    }

    /// The parent of a new key: the one that was named, or the one of the setting `parent`.
    ///
    /// # Errors
    /// There can be no such parent.
    pub(crate) fn parent(&self, named: Option<ParentHandle>) -> Result<Handle, Error> {
        match named {
            Some(ParentHandle(handle)) => Ok(handle),
            None => Ok(tpm::config::parent(&self.settings()?)?.unwrap_or(Handle::OWNER)),
        }
    }

    /// What the setting `NVPREFIX` says.
    ///
    /// # Errors
    /// It is no prefix of URIs.
    pub(crate) fn nv_prefix(&self) -> Result<Option<String>, Error> {
        Ok(tpm::config::nv_prefix(&self.settings()?)?)
    }
}

/// Reads the command line; a file name that is no applet's means the binary itself.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Applet, clap::Error> {
    let mut arguments = arguments.into_iter();
    let called = arguments.next().unwrap_or_default();
    let base = Path::new(&called).file_name().and_then(OsStr::to_str).unwrap_or_default();
    let mut all = command();
    let known = all.get_subcommands().any(|applet| base == applet.get_name());
    let name = if known { base } else { NAME };
    let words = drop_in::spelled_out(&all, name, arguments).map_err(discreet)?;
    let matches =
        all.try_get_matches_from_mut(std::iter::once(name.into()).chain(words)).map_err(discreet)?;
    Applet::from_arg_matches(&matches).map_err(|error| discreet(error.format(&mut all)))
}

/// The command line of every name.
fn command() -> Command {
    drop_in::adapted(Applet::command())
}

/// A wrong source of a password may be the password itself: it is not repeated.
fn discreet(mut error: clap::Error) -> clap::Error {
    if error.get(ContextKind::InvalidArg).is_some_and(|option| option.to_string().starts_with("--pass")) {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".to_owned()));
    }
    error
}

/// The command of each applet, complete with the options that clap adds.
pub(crate) fn applets() -> Vec<Command> {
    let mut all = command();
    all.build();
    // clap's own `help` is no name of this binary.
    all.get_subcommands().filter(|applet| applet.get_name() != HELP).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[&str]) -> Result<Applet, clap::Error> {
        parse(line.iter().map(OsString::from))
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn the_path_of_the_binary_does_not_matter() {
        for name in ["tpm2-keytool", "/usr/local/bin/tpm2-keytool", "./keytool-0.1"] {
            let Ok(Applet::Keytool(Keytool { verb: Verb::Show(_), common })) =
                parsed(&[name, "show", "--tcti", "swtpm:", "key.tpm"])
            else {
                panic!("{name} is not the key tool");
            };
            assert_eq!(common.tcti.as_deref(), Some("swtpm:"));
        }
    }

    #[test]
    fn create_tpm2_key_takes_the_options_of_create() {
        for name in ["create_tpm2_key", "/usr/bin/create_tpm2_key"] {
            let Ok(Applet::CreateTpm2Key(_)) =
                parsed(&[name, "-e", "prime256v1", "-p", "81000001", "key.tpm"])
            else {
                panic!("{name} is not create");
            };
        }
    }

    #[test]
    fn a_wrong_source_of_a_password_is_not_repeated() {
        let Err(answer) = parsed(&["create_tpm2_key", "--passout", "hunter2", "key.tpm"]) else {
            panic!("accepted")
        };
        assert!(
            answer.to_string().contains("pass:WORD") && !answer.to_string().contains("hunter2"),
            "{answer}"
        );
    }

    #[test]
    fn the_version_is_told_by_both_letters_and_under_each_name() {
        for line in [["tpm2-keytool", "-v"], ["tpm2-keytool", "-V"], ["create_tpm2_key", "--version"]] {
            let Err(answer) = parsed(&line) else { panic!("{line:?} ran") };
            assert_eq!(answer.kind(), clap::error::ErrorKind::DisplayVersion);
            assert!(answer.to_string().contains(env!("CARGO_PKG_VERSION")));
        }
    }
}
