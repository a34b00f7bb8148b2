//! The command line: the names and subcommands of this binary, and the options that all of them share.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::error::{ContextKind, ContextValue};
use clap::{ArgAction, Args, Command, CommandFactory, FromArgMatches as _, Parser, Subcommand};
use keyfile::Handle;
use tpm::config::Setting;
use tpm::{Auth, Config, Tpm};

use crate::activate::Activate;
use crate::ak::Ak;
use crate::attest::Attest;
use crate::bench::Bench;
use crate::certify::Certify;
use crate::challenge::Challenge;
use crate::check::Check;
use crate::create::Create;
use crate::drop_in;
use crate::ek::Ek;
use crate::enrol::Enrol;
use crate::error::{Error, PASSWORD};
use crate::evict::Evict;
use crate::exit::Exit;
use crate::generate::{Completions, Manual};
use crate::leaf::IssueLeaf;
use crate::list::List;
use crate::load::Load;
use crate::output::IfExists;
use crate::parent::ParentHandle;
use crate::password::Secret;
use crate::reference::Reference;
use crate::request::Request;
use crate::seal::Seal;
use crate::settings::Settings;
use crate::show::Show;
use crate::signed::SignedPolicies;
use crate::srk::Srk;
use crate::status::Status;
use crate::token::ListTokens;
use crate::unseal::Unseal;
use crate::verify::Verify;

/// The name of the binary itself.
pub(crate) const NAME: &str = "tpm2-keytool";

/// The name of the help subcommand, which clap adds.
pub(crate) const HELP: &str = "help";

/// The names of this binary. The name it is called by selects the tool, as in busybox.
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
    /// Prove that an EK certificate belongs to this TPM, and that a primary key is in it.
    #[command(name = "attest_tpm2_primary")]
    AttestTpm2Primary(Box<DropIn<Attest>>),
    /// Seal data from stdin in a file that only this TPM can open.
    #[command(name = "seal_tpm2_data")]
    SealTpm2Data(Box<DropIn<Seal>>),
    /// Add, list or remove the signed policies of a key file.
    #[command(name = "signed_tpm2_policy")]
    SignedTpm2Policy(Box<DropIn<SignedPolicies>>),
    /// Write the data of a sealed file to stdout.
    #[command(name = "unseal_tpm2_data")]
    UnsealTpm2Data(Box<DropIn<Unseal>>),
}

impl Applet {
    /// Runs the selected tool or subcommand.
    pub(crate) fn run(self) -> Result<(), Error> {
        match self {
            Applet::Keytool(Keytool { common, verb }) => match verb {
                Verb::Create(create) => create.run(|create, if_exists| create.run(&common, if_exists)),
                Verb::Load(load) => load.run(&common),
                Verb::Attest(attest) => attest.run(|attest, if_exists| attest.run(&common, if_exists)),
                Verb::Ak(ak) => ak.run(|ak, if_exists| ak.run(&common, if_exists)),
                Verb::Ek(ek) => ek.run(|ek, if_exists| ek.run(&common, if_exists)),
                Verb::Certify(certify) => certify.run(|certify, if_exists| certify.run(&common, if_exists)),
                Verb::Request(request) => request.run(|request, if_exists| request.run(&common, if_exists)),
                Verb::Challenge(challenge) => challenge.run(|challenge, if_exists| challenge.run(if_exists)),
                Verb::Activate(activate) => {
                    activate.run(|activate, if_exists| activate.run(&common, if_exists))
                }
                Verb::Verify(verify) => verify.run(),
                Verb::Seal(seal) => seal.run(|seal, if_exists| seal.run(&common, if_exists)),
                Verb::Unseal(unseal) => unseal.run(&common),
                Verb::Policy(policies) => policies.run(&common),
                Verb::Reference(reference) => {
                    reference.run(|reference, if_exists| reference.run(&common, if_exists))
                }
                Verb::Srk(srk) => srk.run(&common),
                Verb::List(list) => list.run(&common),
                Verb::Evict(evict) => evict.run(&common),
                Verb::Leaf(leaf) => leaf.run(&common),
                Verb::Enrol(enrol) => enrol.run(&common),
                Verb::Check(check) => check.run(&common),
                Verb::Token(tokens) => tokens.run(&common),
                Verb::Show(show) => show.run(&common),
                Verb::Status(status) => status.run(&common),
                Verb::Bench(bench) => bench.run(&common),
                Verb::Completions(completions) => completions.run(),
                Verb::Man(manual) => manual.run(),
            },
            Applet::AttestTpm2Primary(tool) => tool.options.run(&tool.common, IfExists::Replace),
            Applet::CreateTpm2Key(tool) => tool.options.run(&tool.common, IfExists::Replace),
            Applet::LoadTpm2Key(tool) => tool.options.run(&tool.common),
            Applet::SealTpm2Data(tool) => tool.options.run(&tool.common, IfExists::Replace),
            Applet::SignedTpm2Policy(tool) => tool.options.run(&tool.common),
            Applet::UnsealTpm2Data(tool) => tool.options.run(&tool.common),
        }
    }
}

/// Make, wrap and inspect TPM keys for OpenSSL.
///
/// A key file (TSS2 PRIVATE KEY) holds a private key that only one TPM can use. With the provider tpm2, OpenSSL accepts it wherever it accepts a
/// private key. Called as create_tpm2_key, this program accepts that tool's options.
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
    Ak(Box<Writing<Ak>>),
    Ek(Writing<Ek>),
    Certify(Box<Writing<Certify>>),
    Request(Box<Writing<Request>>),
    Challenge(Writing<Challenge>),
    Activate(Box<Writing<Activate>>),
    Verify(Box<Verify>),
    Seal(Box<Writing<Seal>>),
    Unseal(Box<Unseal>),
    Policy(Box<SignedPolicies>),
    Reference(Writing<Reference>),
    Srk(Srk),
    List(List),
    Evict(Evict),
    Leaf(Box<IssueLeaf>),
    Enrol(Box<Enrol>),
    Check(Box<Check>),
    Token(ListTokens),
    Show(Show),
    Status(Status),
    Bench(Bench),
    Completions(Completions),
    Man(Manual),
}

// A subcommand that writes a file. The drop-in names always replace an existing file, so they lack the option --force. This is not a doc
// comment, because clap would show it instead of the subcommand's own.
#[derive(Args)]
struct Writing<A: Args> {
    #[command(flatten)]
    options: A,

    /// Replace the file if it exists
    ///
    /// Without this option an existing file is kept, and the command fails before it contacts the TPM.
    #[arg(long)]
    force: bool,
}

impl<A: Args> Writing<A> {
    fn run(self, run: impl FnOnce(A, IfExists) -> Result<(), Error>) -> Result<(), Error> {
        run(self.options, if self.force { IfExists::Replace } else { IfExists::Refuse })
    }
}

/// A subcommand called by its drop-in name.
#[derive(Args)]
#[command(disable_version_flag = true)]
pub(crate) struct DropIn<A: Args> {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    options: A,
}

/// The options of every subcommand.
#[derive(Args)]
pub(crate) struct Common {
    /// The TPM to use, as a TCTI string of tpm2-tss
    ///
    /// For example device:/dev/tpmrm0, swtpm:host=127.0.0.1,port=2321, tabrmd: or cmd:… The default is the first of these that is set: tcti in
    /// openssl.cnf, TPM2_TCTI, TPM2OPENSSL_TCTI, TPM2TOOLS_TCTI, TCTI, TPM_INTERFACE_TYPE; then /dev/tpmrm0 and /dev/tpm0. `tpm2-keytool status` shows
    /// which one is used.
    #[arg(long, value_name = "TCTI", global = true, display_order = 900)]
    pub(crate) tcti: Option<String>,

    /// The Name of the key to which sessions are salted: hexadecimal, or a file that holds it
    ///
    /// The same as salt-name in openssl.cnf; on Linux 6.10 and later give /sys/class/tpm/tpm0/null_name. Without it an attacker who controls the bus can
    /// pose as the TPM.
    #[arg(long, value_name = "NAME", global = true, display_order = 901)]
    pub(crate) salt_name: Option<String>,

    /// Print the version
    #[arg(short = 'v', long, short_alias = 'V', action = ArgAction::Version, global = true, display_order = 902)]
    version: Option<bool>,
}

impl Common {
    /// Returns the settings from these options, openssl.cnf and the environment.
    ///
    /// # Errors
    /// openssl.cnf cannot be read.
    pub(crate) fn settings(&self) -> Result<Settings<'_>, Error> {
        self.settings_with(None)
    }

    /// Returns the settings, with a password for a parent or hierarchy. It has precedence over `pin` and `pin-source`, which is then not
    /// opened.
    fn settings_with<'a>(&'a self, pin: Option<&'a Secret>) -> Result<Settings<'a>, Error> {
        Settings::with(&[
            (Setting::TCTI, self.tcti.as_deref().map(str::as_bytes)),
            (Setting::SALT_NAME, self.salt_name.as_deref().map(str::as_bytes)),
            (Setting::PIN, pin.map(Secret::bytes)),
        ])
    }

    /// Returns a TPM for work that needs no parent password. Sends nothing to it yet.
    ///
    /// # Errors
    /// A setting has an unknown value.
    pub(crate) fn tpm(&self) -> Result<Tpm, Error> {
        Ok(Tpm::new(Config::read_without_password(&self.settings()?)?))
    }

    /// Returns a TPM for work that may not need one. A wrong setting is reported only when the TPM is used.
    ///
    /// # Errors
    /// openssl.cnf cannot be read.
    pub(crate) fn tpm_if_asked(&self) -> Result<Tpm, Error> {
        let wrong = match Config::read_without_password(&self.settings()?) {
            Ok(config) => return Ok(Tpm::new(config)),
            Err(error) => error.cause().to_string(),
        };
        let refuse = move |_| Err(tpm::Error::new(tpm::ErrorKind::Configuration, wrong.clone()));
        Ok(Tpm::with_opener(Config::default(), Box::new(refuse)))
    }

    /// Returns a TPM for work under a parent. `parent` is the password of the parent or of its hierarchy; without it the settings apply.
    ///
    /// # Errors
    /// As [`Common::tpm`]; also when the file with the password cannot be read.
    pub(crate) fn tpm_by(&self, parent: Option<&Secret>) -> Result<Tpm, Error> {
        Ok(Tpm::new(Config::read(&self.settings_with(parent)?)?))
    }

    /// Returns the password of the parent or of the owner from the settings.
    ///
    /// # Errors
    /// The file with the password cannot be read.
    pub(crate) fn parent_auth(&self) -> Result<Option<Auth>, Error> {
        Ok(tpm::config::parent_auth(&self.settings()?)?)
    }

    /// Returns the parent of a new key: `named`, or the setting `parent`, or the owner hierarchy.
    ///
    /// # Errors
    /// The setting `parent` is not valid.
    pub(crate) fn parent(&self, named: Option<ParentHandle>) -> Result<Handle, Error> {
        match named {
            Some(ParentHandle(handle)) => Ok(handle),
            None => Ok(tpm::config::parent(&self.settings()?)?.unwrap_or(Handle::OWNER)),
        }
    }

    /// Returns the setting `NVPREFIX`.
    ///
    /// # Errors
    /// The setting is not a URI prefix.
    pub(crate) fn nv_prefix(&self) -> Result<Option<String>, Error> {
        Ok(tpm::config::nv_prefix(&self.settings()?)?)
    }
}

/// Parses the command line. A file name that is not a drop-in name selects the binary's own command.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Applet, clap::Error> {
    let mut arguments = arguments.into_iter();
    let called = arguments.next().unwrap_or_default();
    let base = Path::new(&called).file_name().and_then(OsStr::to_str).unwrap_or_default();
    let mut all = command();
    let known = all.get_subcommands().any(|applet| base == applet.get_name());
    let name = if known { base } else { NAME };
    let arguments = drop_in::expanded(&all, name, arguments).map_err(without_password)?;
    let matches = all
        .try_get_matches_from_mut(std::iter::once(name.into()).chain(arguments))
        .map_err(without_password)?;
    Applet::from_arg_matches(&matches).map_err(|error| without_password(error.format(&mut all)))
}

/// Returns the command lines of all names.
fn command() -> Command {
    drop_in::adapted(Applet::command())
}

/// Removes the value of a wrong password option from the error, because it may be the password itself, and a URI that contains a password.
fn without_password(mut error: clap::Error) -> clap::Error {
    if error.use_stderr() && error.to_string().contains(PASSWORD) {
        let problem = "the command line contains a URI with a password where no URI is accepted";
        let hint = "hint: ak show, check, leaf, reference and show accept a URI; `tpm2-keytool help COMMAND` shows where";
        return clap::Error::raw(error.kind(), format!("{problem}\n\n  {hint}\n"));
    }
    if error.get(ContextKind::InvalidArg).is_some_and(|option| option.to_string().starts_with("--pass")) {
        error.insert(ContextKind::InvalidValue, ContextValue::String("…".to_owned()));
    }
    error
}

/// Returns the command of each name, with the options that clap adds.
pub(crate) fn applets() -> Vec<Command> {
    let mut all = command();
    all.build();
    // clap adds `help`, which is not a name of this binary.
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
    fn binary_is_recognized_under_any_path() {
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
    fn wrong_password_source_is_not_repeated_in_the_error() {
        let Err(answer) = parsed(&["create_tpm2_key", "--passout", "hunter2", "key.tpm"]) else {
            panic!("accepted")
        };
        assert!(
            answer.to_string().contains("pass:PASSWORD") && !answer.to_string().contains("hunter2"),
            "{answer}"
        );
    }

    #[test]
    fn both_letters_print_the_version_under_each_name() {
        for line in [["tpm2-keytool", "-v"], ["tpm2-keytool", "-V"], ["create_tpm2_key", "--version"]] {
            let Err(answer) = parsed(&line) else { panic!("{line:?} ran") };
            assert_eq!(answer.kind(), clap::error::ErrorKind::DisplayVersion);
            assert!(answer.to_string().contains(env!("CARGO_PKG_VERSION")));
        }
    }
}
