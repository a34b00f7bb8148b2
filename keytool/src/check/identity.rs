//! Changes this process to the user of the service, before it opens anything.

use super::report::Report;
use crate::error::Error;
use crate::ffi::user::{self, User};

/// Changes this process to the user `name`, with the user's own groups and `more`.
///
/// # Errors
/// There is no such user or group, or this process is not root.
pub(super) fn become_user(report: &mut Report, name: &str, more: &[String]) -> Result<(), Error> {
    if !user::is_root() {
        return Err(Error::request(
            "only root can check as another user",
            "run it with sudo, or as that user without --as",
        ));
    }
    let failed = |error| {
        Error::request(format!("cannot change to the user {name}: {error}"), "check the user database")
    };
    let found = User::named(name).map_err(failed)?;
    let mut user = found.ok_or_else(|| {
        Error::request(
            format!("there is no user {name}"),
            "give the name from User= of the unit, or from the program's configuration",
        )
    })?;
    for name in more {
        let gid = user::group(name).map_err(failed)?.ok_or_else(|| {
            Error::request(
                format!("there is no group {name}"),
                "give the groups from SupplementaryGroups= of the unit",
            )
        })?;
        user.groups.push(gid);
    }
    let user = user.become_permanently().map_err(failed)?;
    let names: Vec<String> = user.groups.iter().map(|gid| user::group_name(*gid)).collect();
    report.ok("user", format_args!("{name} (number {}), in the groups {}", user.uid, names.join(" ")));
    Ok(())
}
