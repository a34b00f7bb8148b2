//! `unseal`: writes the data of a sealed file to stdout.

use std::path::PathBuf;

use clap::Args;
use keyfile::policy::Condition;
use keyfile::{Attributes, KeyFile, Kind, PublicKey};
use tpm::{Auth, Key};
use zeroize::Zeroizing;

use crate::cli::Common;
use crate::error::Error;
use crate::interrupt::Deferred;
use crate::key_file;
use crate::key_password::{KeyPassword, described};
use crate::parent_password::ParentPassword;
use crate::password::Passwords;
use crate::terminal;

/// Write the data of a sealed file to stdout
///
/// The output is exactly the data that was sealed. The data is encrypted on the bus; without --salt-name an attacker who controls the bus can read it.
#[derive(Args)]
#[command(
    after_help = "Example: tpm2-keytool unseal disk.tpm | cryptsetup open …",
    mut_arg("password", |arg| described(arg, "The password of the data, or of the object that its policy names"))
)]
pub(crate) struct Unseal {
    /// The sealed file; an importable one is imported first
    file: PathBuf,

    #[command(flatten)]
    password: KeyPassword,

    #[command(flatten)]
    parent: ParentPassword,
}

impl Unseal {
    /// Unseals the data.
    pub(crate) fn run(self, common: &Common) -> Result<(), Error> {
        let file = key_file::read(&self.file)?;
        if !holds_data(&file) {
            return Err(Error::request(
                format!("{} contains {}, not sealed data", self.file.display(), kind(&file)),
                "name a file that `tpm2-keytool seal` wrote; `tpm2-keytool show` shows what a file contains",
            ));
        }
        let mut passwords = Passwords::default();
        let auth = self.auth(&file, &mut passwords)?;
        let tpm = common.tpm_by(self.parent.given(&mut passwords)?.as_ref())?;

        let deferred = Deferred::start();
        let unsealed = Key::from_file(&tpm, file, auth).and_then(|data| data.unseal());
        tpm.close();
        let data: Zeroizing<Vec<u8>> = unsealed?.value;
        deferred.check()?;
        terminal::data(&data)
    }

    fn auth(&self, file: &KeyFile, passwords: &mut Passwords) -> Result<Option<Auth>, Error> {
        let what = whose(file);
        let given = self.password.given(passwords, &what)?;
        let secret = if given.is_some() || !file.asks_for_password() {
            given
        } else {
            match passwords.ask(&what) {
                // The file says that there is no password, so unsealing works without a terminal, as at boot. The last attempt before a
                // lockout is not used.
                Err(Error::Password { .. }) if !file.needs_password() => None,
                asked => Some(asked?),
            }
        };
        Ok(secret.map(|secret| Auth::new(secret.bytes())))
    }
}

/// Returns true if the file contains sealed data. This depends on the public area, because other tools write the type of a loadable key for
/// every object.
fn holds_data(file: &KeyFile) -> bool {
    let uses = Attributes::SIGN | Attributes::DECRYPT;
    matches!(file.public.key, PublicKey::KeyedHash { .. }) && !file.public.attributes.intersects(uses)
}

fn kind(file: &KeyFile) -> &'static str {
    match (file.kind, &file.public.key) {
        (_, PublicKey::SymCipher { .. }) => "a symmetric key",
        (_, PublicKey::KeyedHash { .. }) => "an HMAC key",
        (Kind::Importable, _) => "a key to be imported",
        _ => "a key",
    }
}

/// Returns the name of the password to ask for: the data's, unless the policy needs the password of another object.
fn whose(file: &KeyFile) -> String {
    let signed = file.auth_policies.iter().flat_map(|signed| &signed.statements);
    let conditions: Vec<Condition> =
        file.policy.iter().flatten().chain(signed).filter_map(|one| one.condition().ok()).collect();
    let other = conditions.iter().find_map(|condition| match condition {
        Condition::Secret(secret) => secret.entity(),
        _ => None,
    });
    match other.filter(|_| !conditions.contains(&Condition::AuthValue)) {
        None => "password of the data".to_owned(),
        Some(handle) => match handle.hierarchy_name() {
            Some(name) => format!("password of the {name} hierarchy"),
            None => format!("password of the object at {handle}"),
        },
    }
}
