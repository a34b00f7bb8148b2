//! Looks up users and groups, and changes the user of this process: getpwnam_r(3), getgrnam_r(3), getgrouplist(3), setgroups(2),
//! setresuid(2).

use std::ffi::{CStr, CString, c_char};
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// The largest size of a record in the user or group database.
const ROOM: usize = 1 << 16;
/// NGROUPS_MAX (limits.h).
const GROUPS: usize = 1 << 16;

/// The numbers of a user and of the user's groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) uid: libc::uid_t,
    pub(crate) gid: libc::gid_t,
    pub(crate) groups: Vec<libc::gid_t>,
}

/// Returns true if this process may change to any user.
pub(crate) fn is_root() -> bool {
    // SAFETY: geteuid(2) takes nothing and never fails.
    unsafe { libc::geteuid() == 0 }
}

impl User {
    /// Returns the user with this name, or none if there is none.
    ///
    /// # Errors
    /// The user database cannot be read.
    pub(crate) fn named(name: &str) -> io::Result<Option<Self>> {
        let name = CString::new(name)?;
        let mut record = MaybeUninit::<libc::passwd>::uninit();
        let mut room = vec![0; ROOM];
        let mut found = ptr::null_mut();
        // SAFETY: getpwnam_r(3): a C string, memory for the record, memory for its texts with its length, and memory for a pointer.
        let failed = unsafe {
            libc::getpwnam_r(
                name.as_ptr(),
                record.as_mut_ptr(),
                room.as_mut_ptr(),
                room.len(),
                &raw mut found,
            )
        };
        if found.is_null() {
            return absent(failed);
        }
        // SAFETY: it was found, so the record was written.
        let record = unsafe { record.assume_init() };
        let groups = groups_of(&name, record.pw_gid)?;
        Ok(Some(Self { uid: record.pw_uid, gid: record.pw_gid, groups }))
    }

    /// Changes this process permanently to this user and these groups, in all threads. No capability is left. Returns what the system
    /// reports afterwards.
    ///
    /// # Errors
    /// The process is not root, or lacks the permission.
    pub(crate) fn become_permanently(mut self) -> io::Result<Self> {
        self.groups.sort_unstable();
        self.groups.dedup();
        // SAFETY: setgroups(2) reads as many numbers as the slice has.
        done(unsafe { libc::setgroups(self.groups.len(), self.groups.as_ptr()) })?;
        // SAFETY: setresgid(2) takes numbers.
        done(unsafe { libc::setresgid(self.gid, self.gid, self.gid) })?;
        // SAFETY: setresuid(2) takes numbers.
        done(unsafe { libc::setresuid(self.uid, self.uid, self.uid) })?;
        let now = Self::now()?;
        match now == self {
            true => Ok(now),
            false => Err(io::Error::other("the system did not set the requested user and groups")),
        }
    }

    /// Returns the user of this process, from getresuid(2), getresgid(2) and getgroups(2). The groups are in ascending order.
    ///
    /// # Errors
    /// The real, effective and saved numbers differ.
    pub(crate) fn now() -> io::Result<Self> {
        let (mut users, mut own) = ([0; 3], [0; 3]);
        let [real, effective, saved] = &mut users;
        // SAFETY: getresuid(2) writes three numbers.
        done(unsafe { libc::getresuid(real, effective, saved) })?;
        let [real, effective, saved] = &mut own;
        // SAFETY: getresgid(2) writes three numbers.
        done(unsafe { libc::getresgid(real, effective, saved) })?;
        let (uid, gid) = (users[0], own[0]);
        if users != [uid; 3] || own != [gid; 3] {
            return Err(io::Error::other(
                "the real, effective and saved user or group of this process differ",
            ));
        }
        let mut groups = vec![0; GROUPS];
        let room = libc::c_int::try_from(groups.len()).unwrap_or(libc::c_int::MAX);
        // SAFETY: getgroups(2) writes as many numbers as there is room for, at most.
        let count = unsafe { libc::getgroups(room, groups.as_mut_ptr()) };
        groups.truncate(usize::try_from(count).map_err(|_| io::Error::last_os_error())?);
        groups.sort_unstable();
        Ok(Self { uid, gid, groups })
    }
}

/// Returns the number of a group, or none if there is no such name.
///
/// # Errors
/// The group database cannot be read.
pub(crate) fn group(name: &str) -> io::Result<Option<libc::gid_t>> {
    let name = CString::new(name)?;
    let mut record = MaybeUninit::<libc::group>::uninit();
    let mut room = vec![0; ROOM];
    let mut found = ptr::null_mut();
    // SAFETY: getgrnam_r(3): as getpwnam_r(3).
    let failed = unsafe {
        libc::getgrnam_r(name.as_ptr(), record.as_mut_ptr(), room.as_mut_ptr(), room.len(), &raw mut found)
    };
    if found.is_null() {
        return absent(failed);
    }
    // SAFETY: it was found, so the record was written.
    Ok(Some(unsafe { record.assume_init() }.gr_gid))
}

/// Returns the name of a group, or its number if it has no name.
pub(crate) fn group_name(gid: libc::gid_t) -> String {
    let mut record = MaybeUninit::<libc::group>::uninit();
    let mut room: Vec<c_char> = vec![0; ROOM];
    let mut found = ptr::null_mut();
    // SAFETY: getgrgid_r(3): as getgrnam_r(3).
    unsafe { libc::getgrgid_r(gid, record.as_mut_ptr(), room.as_mut_ptr(), room.len(), &raw mut found) };
    if found.is_null() {
        return gid.to_string();
    }
    // SAFETY: it was found, so the record was written.
    let name = unsafe { record.assume_init() }.gr_name;
    // SAFETY: a C string in `room`, which is copied.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}

fn groups_of(name: &CStr, gid: libc::gid_t) -> io::Result<Vec<libc::gid_t>> {
    let mut groups = vec![0; GROUPS];
    let mut count = libc::c_int::try_from(groups.len()).unwrap_or(libc::c_int::MAX);
    // SAFETY: getgrouplist(3): a C string, a number, room for `count` numbers, and their count.
    let answer = unsafe { libc::getgrouplist(name.as_ptr(), gid, groups.as_mut_ptr(), &raw mut count) };
    if answer < 0 {
        return Err(io::Error::other("the user is in too many groups"));
    }
    groups.truncate(usize::try_from(count).unwrap_or(0));
    Ok(groups)
}

/// Converts the result of getpwnam_r(3) and similar functions if nothing was found. These error codes also mean "not found".
fn absent<T>(code: libc::c_int) -> io::Result<Option<T>> {
    match code {
        0 | libc::ENOENT | libc::ESRCH | libc::EBADF | libc::EPERM => Ok(None),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

fn done(answer: libc::c_int) -> io::Result<()> {
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_groups_are_found_by_name() {
        let root = User::named("root").unwrap().unwrap();
        assert_eq!((root.uid, root.gid), (0, 0));
        assert!(root.groups.contains(&0));
        assert_eq!(group("root").unwrap(), Some(0));
        assert_eq!(group_name(0), "root");
        assert_eq!(User::named("no-such-user").unwrap(), None);
        assert_eq!(group("no-such-group").unwrap(), None);
        assert!(User::named("a\0b").is_err());
    }

    #[test]
    fn user_of_this_process_is_read() {
        let now = User::now().unwrap();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = |name: &str| -> Vec<u32> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().map(|number| number.parse().unwrap()).collect()
        };
        assert_eq!((line("Uid:"), line("Gid:")), (vec![now.uid; 4], vec![now.gid; 4]));
        assert_eq!(line("Groups:"), now.groups);
    }
}
