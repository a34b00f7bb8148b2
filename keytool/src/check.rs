//! `check`: tests whether a service can use a key, as the service's user and with its configuration.

use std::path::{Path, PathBuf, absolute};

use clap::Args;
use tokens::Configuration;

use crate::cli::Common;
use crate::error::Error;
use crate::exit::Exit;
use crate::ffi::environment;
use crate::interrupt::Deferred;
use crate::key_password::{KeyPassword, Role};
use crate::password::{Passwords, Secret};
use crate::{input, json, terminal, token};

mod access;
mod certificate;
mod configuration;
mod identity;
mod readable;
mod report;
mod signature;
pub(crate) mod subject;

use access::Access;
use configuration::Given;
use report::Report;
use signature::Provider;
use subject::Subject;

/// Check whether a service can use a key
///
/// Checks everything that the service needs to use KEY, as the service's user and with its configuration: the file, openssl.cnf with the providers tpm2 and
/// default, the module, the TPM, the password, the policy, a signature, and whether CERT belongs to KEY. Prints a line for each check, with a hint if it
/// fails. A wrong password is sent at most once, and never if it would lock the TPM. A warning reports that the key at 81000001 is not the storage key of a key
/// file of the owner hierarchy: each process then tries it in vain, before it derives the parent.
#[derive(Args)]
#[command(after_help = EXAMPLES, after_long_help = examples(), mut_arg("passin", |arg| arg.long_help(PASSIN)))]
pub(crate) struct Check {
    /// The key as the service names it: a key file, a reference, or a URI such as handle:0x81000100
    ///
    /// A configuration of the PKCS#11 module is checked as by `tpm2-keytool token --conf KEY`.
    key: PathBuf,

    /// The certificate of the service, in PEM or DER; a PEM file may contain its chain, too
    #[arg(value_name = "CERT")]
    certificate: Option<PathBuf>,

    /// Check as this user, with its groups and an empty environment; root only
    #[arg(long = "as", value_name = "USER")]
    user: Option<String>,

    /// Additional groups for USER, as in SupplementaryGroups= of its unit
    ///
    /// Programs that change their user themselves, such as the workers of nginx, do not get these groups: check them without this option.
    #[arg(long, value_name = "GROUP", value_delimiter = ',', requires = "user")]
    groups: Vec<String>,

    /// A variable of the service's environment, as in Environment= of its unit
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable)]
    env: Vec<(String, String)>,

    /// The openssl.cnf of the service [default: OpenSSL's default file; without --as, OPENSSL_CONF applies]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    password: KeyPassword,

    /// Print JSON (docs/json.md)
    #[arg(long)]
    json: bool,
}

const PASSIN: &str = "\
The source of that password: pass:PASSWORD, env:NAME, file:PATH, fd:NUMBER, stdin or prompt

A file is opened as USER, so this also checks its permissions. A variable (env:) is one of the caller, not of --env.";

const EXAMPLES: &str = "\
Examples:
  tpm2-keytool check server.tpm server.pem
  sudo tpm2-keytool check --as www-data /etc/ssl/private/server.tpm /etc/ssl/server.pem
  sudo tpm2-keytool check --as postgres --groups tss --config /etc/postgresql/openssl.cnf handle:0x81000100
In a unit, ExecStartPre=tpm2-keytool check … checks what the unit forbids (DeviceAllow=, PrivateDevices=, ProtectHome=).";

fn examples() -> String {
    format!("{EXAMPLES}\n\n{}", Exit::table())
}

impl Check {
    /// Runs all checks and prints the report.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        if common.tcti.is_some() || common.salt_name.is_some() {
            return Err(Error::request(
                "check does not accept --tcti and --salt-name, because a service does not use the options of this tool",
                "omit them: set the service's TPM in its openssl.cnf (--config) or its environment (--env)",
            ));
        }
        let mut report = Report::new();
        let mut passwords = Passwords::default();
        // A descriptor and a variable belong to the caller and are read now. A file is read later, as the service's user.
        let given = (!self.password.is_in_file()).then(|| self.given(&mut passwords));
        if let Some(user) = &self.user {
            identity::become_user(&mut report, user, &self.groups)?;
            environment::clear();
        }
        self.env.iter().for_each(|(name, value)| environment::set(name, value));
        if let Some(path) = &self.config {
            let path = absolute(path).map_err(|source| Error::read(path, source))?;
            environment::set("OPENSSL_CONF", path);
        }
        if is_configuration_of_tokens(&self.key) {
            return self.tokens();
        }
        let given = given.unwrap_or_else(|| self.given(&mut passwords));
        self.look(&mut report, common, (given, &mut passwords))?;
        match self.json {
            true => json::print(&report)?,
            false => terminal::result(&report)?,
        }
        report.end()
    }

    /// Checks the configuration of the PKCS#11 module, as `token` does.
    fn tokens(&self) -> Result<(), Error> {
        if self.certificate.is_some() || self.password.is_given() {
            return Err(Error::request(
                format!(
                    "{} is a configuration of the PKCS#11 module, which needs no certificate and no password",
                    self.key.display()
                ),
                "give it alone: the certificates of the tokens are checked, too",
            ));
        }
        token::report(Some(&self.key), self.json)
    }

    fn given(&self, passwords: &mut Passwords) -> Result<Option<Secret>, Error> {
        self.password.given(passwords, &Role::KEY.password())
    }

    fn look(
        &self,
        report: &mut Report,
        common: &Common,
        (option, passwords): (Result<Option<Secret>, Error>, &mut Passwords),
    ) -> Result<(), Error> {
        let given = configuration::check(report);
        let prefix = given.as_ref().and_then(|_| report.pass("settings", common.nv_prefix()).flatten());
        let subject = report.pass("key", Subject::read(&self.key, prefix.as_deref()));
        if let Some(subject) = &subject {
            report.ok("key", &subject.text);
        }
        let password = subject.as_ref().and_then(|subject| {
            let password = option.and_then(|given| subject.password(given, passwords, Role::KEY));
            report.pass("password", password)
        });
        // From here on this process, or libcrypto in it, has objects in the TPM.
        let deferred = Deferred::start();
        let access = match &given {
            Some(_) => Access::open(report, common),
            None => {
                report.skip("tpm", "openssl.cnf has no section for tpm2, so the TPM's settings are unknown");
                None
            }
        };
        let known = match (access, &subject, &password) {
            (Some(access), Some(subject), Some(password)) => {
                let known = access.check(report, subject, password.as_ref());
                known.map(|known| (subject, password.as_ref(), known))
            }
            _ => None,
        };
        deferred.check()?;
        let half = match (given, known) {
            (Some(Given { name, context: Some(context) }), Some((subject, password, known))) => {
                let provider = Provider { context: &context, name: &name };
                signature::check(report, provider, subject, known.public.as_ref(), password)
            }
            _ => {
                report.skip("signature", "not possible, because a check above failed");
                None
            }
        };
        // The library context is gone, so the module has flushed its objects.
        deferred.check()?;
        drop(deferred);
        if let Some(path) = &self.certificate {
            certificate::check(report, path, half.as_deref());
        }
        Ok(())
    }
}

/// Returns true if the argument is a configuration of the PKCS#11 module.
fn is_configuration_of_tokens(path: &Path) -> bool {
    path.is_file() && input::read(path, "").is_ok_and(|bytes| Configuration::is_like(&bytes))
}

/// Parses `NAME=VALUE`.
fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !text.contains('\0') => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("give the variable as NAME=VALUE".to_owned()),
    }
}
