//! Checks the TPM of the service: that it answers, that the password is right, and that the policy passes. A wrong password is sent at most
//! once, and never if it would lock the TPM.

use keyfile::{Attributes, Handle, KeyFile, Public};
use tpm::location::Kind as Way;
use tpm::template::{Storage, matches_template};
use tpm::{Auth, CheckedPath, Config, ErrorKind, Key, Lockout, Outcome, Parent, Tpm};

use super::report::Report;
use super::signature::signs;
use super::subject::{Kind, Subject};
use crate::cli::Common;
use crate::error::Error;
use crate::key_password::Role;
use crate::manager;
use crate::password::Secret;
use crate::persistent::{SRK, password_missing};
use crate::reference;

/// The name of a check, and its error.
type Failed = (&'static str, Error);

/// The TPM of the service's settings, and its lockout counters.
pub(super) struct Access {
    tpm: Tpm,
    lockout: Lockout,
    /// True if it is reached through a resource manager.
    managed: bool,
}

/// The result of the checks of a key.
pub(super) struct Known {
    /// Its public area. None for a key in an NV index.
    pub(super) public: Option<Public>,
}

impl Access {
    /// Opens the TPM and reads its lockout counters.
    pub(super) fn open(report: &mut Report, common: &Common) -> Option<Self> {
        let tpm = report.pass("settings", without_last_try(common))?;
        let lockout = report.pass("tpm", tpm.lockout().map_err(Error::from))?;
        let location = report.pass("tpm", tpm.location().map_err(Error::from))?;
        report.ok("tpm", format_args!("{} answers (given by {})", location.string, location.source));
        let managed = manager::is_between(&tpm);
        Some(Self { tpm, lockout, managed })
    }

    /// Checks password and policy. Then the connection is closed and no object is left in the TPM, which may serve only one program at a
    /// time.
    pub(super) fn check(
        self,
        report: &mut Report,
        subject: &Subject,
        password: Option<&Secret>,
    ) -> Option<Known> {
        let found = ask(report, &self, subject, password);
        self.tpm.close();
        found.map_err(|(check, error)| report.fail(check, &error)).ok()
    }
}

/// Returns the TPM. The setting last-try does not apply to the checks: they never use the last attempt before a lockout.
fn without_last_try(common: &Common) -> Result<Tpm, Error> {
    let tpm = common.tpm_by(None)?;
    Ok(Tpm::new(Config { allow_last_try: false, ..tpm.config().clone() }))
}

fn ask(
    report: &mut Report,
    Access { tpm, lockout, managed }: &Access,
    subject: &Subject,
    password: Option<&Secret>,
) -> Result<Known, Failed> {
    let (public, proven) = match &subject.kind {
        Kind::File(file) => {
            let key = loaded(tpm, file, password)?;
            let proven = of_file(report, tpm, (file, &key), password)?;
            if has_other_storage_key(tpm, file, &key) {
                report.warn("parent", OTHER_STORAGE_KEY, REPLACE_IT);
            }
            if *managed && signs(&file.public) && !file.uses_policy() && !file.needs_password() {
                report.ok("tpm", traffic());
            }
            (Some(file.public.clone()), proven)
        }
        Kind::Handle(handle, expected) => {
            let (public, _) = tpm.read_public(*handle).map_err(|error| ("key", absent(*handle, error)))?;
            if expected.as_deref().is_some_and(|expected| *expected != public) {
                let problem = format!("the key at {handle} is not the one in the file");
                return Err(("key", Error::request(problem, "write the file again")));
            }
            if password.is_some() && subject.is_unmarked() && counts(&public) {
                return Err(("password", unmarked()));
            }
            let proven = at_handle(report, tpm, (*handle, &public), password)?;
            (Some(public), proven)
        }
        Kind::Nv(index) => {
            report.skip("password", format_args!("only OpenSSL opens the content of the NV index {index}"));
            (None, password.is_none())
        }
    };
    if public.as_ref().is_none_or(counts) && !proven {
        spare_last_try(*lockout).map_err(|error| ("password", error))?;
    }
    Ok(Known { public })
}

/// Describes what a signature costs behind a resource manager, and what would be faster.
fn traffic() -> String {
    format!(
        "through the resource manager, each signature takes {} commands at the chip; with a persistent key, 1 (`tpm2-keytool load`)",
        manager::COMMANDS
    )
}

const OTHER_STORAGE_KEY: &str = "the key at 0x81000001 has the template of the storage key, but is another key: each process tries it once, in up to \
     five commands, and then derives the parent of this file";

const REPLACE_IT: &str =
    "if no file needs that key, replace it: `tpm2-keytool evict 81000001`, then `tpm2-keytool srk`";

/// Returns true if the key at 0x81000001 has the template of the file's parent, but is another key. The key must be loaded: then it is known
/// which of them loads it.
fn has_other_storage_key(tpm: &Tpm, file: &KeyFile, key: &Key) -> bool {
    let (handle, storage) = (file.parent, Storage::of(file));
    if handle != Handle::OWNER || key.has_persistent_parent().unwrap_or(true) {
        return false;
    }
    let derived = Parent { handle, storage, auth: tpm.config().auth_of_parent(handle) };
    tpm.read_public(SRK).is_ok_and(|(found, name)| {
        matches_template(&found, &storage.template())
            && tpm.parent_public(&derived).is_ok_and(|(_, derived)| derived != name)
    })
}

fn counts(public: &Public) -> bool {
    !public.attributes.contains(Attributes::NO_DA)
}

fn unmarked() -> Error {
    Error::Password {
        what: "password of the key".to_owned(),
        problem:
            "OpenSSL does not ask for one after handle: and object: without ?pass, and the empty one would count"
                .to_owned(),
        advice: "add ?pass to the URI, or ?pin-source=file:PATH".to_owned(),
    }
}

/// Loads the key. The parent's password is tried here first, because this connection never uses the last attempt, whatever the service's
/// settings are.
fn loaded(tpm: &Tpm, file: &KeyFile, password: Option<&Secret>) -> Result<Key, Failed> {
    let auth = password.map(|password| Auth::new(password.bytes()));
    let key = Key::from_file(tpm, file.clone(), auth).map_err(|error| ("key", error.into()))?;
    key.load().map_err(|error| (which(&error), error.into()))?;
    Ok(key)
}

/// Returns true if the TPM has accepted the password, or there is none.
fn of_file(
    report: &mut Report,
    tpm: &Tpm,
    (file, key): (&KeyFile, &Key),
    password: Option<&Secret>,
) -> Result<bool, Failed> {
    if file.uses_policy() {
        let text = match password {
            Some(_) => "the policy decides whether it is used; the signature check tries it",
            None => "none is given; the policy decides whether one is needed",
        };
        report.skip("password", text);
        policy(report, tpm, file)?;
        return Ok(password.is_none());
    }
    let proven = prove(report, tpm, key, password)?;
    report.skip("policy", "the key has none");
    Ok(proven)
}

fn at_handle(
    report: &mut Report,
    tpm: &Tpm,
    (handle, public): (Handle, &Public),
    password: Option<&Secret>,
) -> Result<bool, Failed> {
    if !public.attributes.contains(Attributes::USER_WITH_AUTH) {
        let problem = format!(
            "the key at {handle} can only be used with a policy, and the TPM does not store its statements"
        );
        return Err(("policy", Error::request(problem, "use the key file, which contains the policy")));
    }
    if password.is_none() {
        return match reference::has_no_password(tpm, handle, public).map_err(|error| ("password", error))? {
            true => {
                report.ok("password", "the key has none");
                Ok(true)
            }
            false => Err(("password", password_missing(Role::KEY, handle))),
        };
    }
    let auth = password.map(|password| Auth::new(password.bytes()));
    let key = Key::persistent_with_public(tpm, handle, public.clone(), auth)
        .map_err(|error| ("key", error.into()))?;
    prove(report, tpm, &key, password)
}

/// Tests the password with one TPM2_PolicySecret in a trial session. Returns true if it is right, or the key has none.
fn prove(report: &mut Report, tpm: &Tpm, key: &Key, password: Option<&Secret>) -> Result<bool, Failed> {
    if password.is_some() && tpm.location().is_ok_and(|location| location.kind == Way::Tabrmd) {
        report.skip("password", "not checked separately through tpm2-abrmd; the signature check tries it");
        return Ok(false);
    }
    key.prove().map_err(|error| (which(&error), error.into()))?;
    match password {
        Some(_) => report.ok("password", "the TPM accepts it"),
        None => report.ok("password", "the key has none"),
    }
    Ok(true)
}

/// Returns the name of the check to which an error belongs.
fn which(error: &tpm::Error) -> &'static str {
    match error.kind() {
        ErrorKind::Authorization | ErrorKind::PasswordMissing | ErrorKind::Lockout => "password",
        ErrorKind::ParentAuthorization | ErrorKind::ParentPasswordMissing => "parent",
        ErrorKind::NoTpm | ErrorKind::Io | ErrorKind::Timeout => "tpm",
        _ => "key",
    }
}

fn policy(report: &mut Report, tpm: &Tpm, file: &KeyFile) -> Result<(), Failed> {
    let ways = tpm.check_policy(file).map_err(|error| ("policy", error.into()))?;
    let passing = |way: &&CheckedPath| !matches!(way.outcome(), Outcome::Refused(_));
    let reasons = ways.iter().filter_map(|way| match way.outcome() {
        Outcome::Refused(reason) => Some(reason),
        _ => None,
    });
    match ways.iter().find(passing).map(CheckedPath::outcome) {
        Some(Outcome::Passes) => report.ok("policy", "it passes now"),
        Some(Outcome::WithPassword) => report.ok("policy", "it passes with the right password"),
        Some(_) => report.ok("policy", "it depends on the operation; the signature check tries it"),
        None => {
            let reasons: Vec<String> = reasons.collect();
            let error =
                tpm::Error::new(ErrorKind::Policy, format!("it does not pass: {}", reasons.join("; ")));
            let advice = "sign a policy for this state (policy add), or make a new key; `tpm2-keytool show` lists the statements";
            return Err(("policy", error.advise(advice).into()));
        }
    }
    Ok(())
}

fn absent(handle: Handle, error: tpm::Error) -> Error {
    match error.kind() {
        ErrorKind::NoObject => Error::request(
            format!("there is no key at {handle}"),
            "`tpm2-keytool list` shows the persistent keys of this TPM",
        ),
        _ => Error::Tpm(error),
    }
}

/// Refuses to try an unverified password if one more failure would lock the TPM, whatever the setting last-try is.
fn spare_last_try(lockout: Lockout) -> Result<(), Error> {
    if lockout.failures.saturating_add(1) < lockout.max_failures {
        return Ok(());
    }
    let error = tpm::Error::new(
        ErrorKind::Lockout,
        "the password is not tried, because a wrong one would lock the TPM",
    );
    Err(error.advise(lockout.to_string()).into())
}
