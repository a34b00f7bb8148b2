//! The user of the service, whom this process becomes before it opens anything.

use std::collections::BTreeSet;

use super::report::Report;
use crate::error::Error;
use crate::ffi::user::{self, User};

/// Becomes the user `name`, with its own groups and `more`, and with nothing of the caller's environment but PATH.
///
/// # Errors
/// There is no such user or group, or this process is not root's.
pub(super) fn become_user(report: &mut Report, name: &str, more: &[String]) -> Result<(), Error> {
    if !user::is_root() {
        return Err(Error::request(
            "only root can check as another user",
            "run it with sudo, or as that user without --as",
        ));
    }
    let failed = |error| Error::request(format!("cannot become {name}: {error}"), "check the user database");
    let found = User::named(name).map_err(failed)?;
    let mut user = found.ok_or_else(|| {
        Error::request(
            format!("there is no user {name}"),
            "give the name that User= of the unit, or the program's own configuration, names",
        )
    })?;
    for name in more {
        let gid = user::group(name).map_err(failed)?.ok_or_else(|| {
            Error::request(
                format!("there is no group {name}"),
                "give the groups of SupplementaryGroups= in the unit",
            )
        })?;
        user.groups.push(gid);
    }
    let groups: BTreeSet<u32> = user.groups.iter().copied().collect();
    user.groups = groups.into_iter().collect();
    user.become_for_good().map_err(failed)?;
    // What the system says, not what was asked for.
    let user = User::now().map_err(failed)?;
    let names: Vec<String> = user.groups.iter().map(|gid| user::group_name(*gid)).collect();
    report.ok("user", format_args!("{name} (number {}), in the groups {}", user.uid, names.join(" ")));
    Ok(())
}
