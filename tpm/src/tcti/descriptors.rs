//! The TCTI's file descriptors and close-on-exec: a program that the host executes must not inherit loaded keys.
//!
//! tcti-device opens without O_CLOEXEC. getPollHandles names one descriptor; tcti-mssim and tcti-cmd hold others besides.

use std::collections::BTreeSet;
use std::fs;

use super::ffi;
use crate::location::{Kind, Location};

/// The descriptors that were open before a TCTI was.
pub(super) struct Watch(Option<BTreeSet<i32>>);

impl Watch {
    /// Looks, where the TCTI does not name all of its descriptors.
    pub(super) fn before(kind: &Kind) -> Self {
        Self(matches!(kind, Kind::Mssim | Kind::Command | Kind::Other).then(open_descriptors))
    }

    /// Marks those that the TCTI names, and what it opened besides.
    ///
    /// Another thread may open a descriptor in the same moment: so only pipes and sockets are taken for the TCTI's, for `mssim:`
    /// only sockets that lead to its ports.
    pub(super) fn close_on_exec(&self, named: &[i32], location: &Location) {
        close_on_exec(named);
        let Some(before) = &self.0 else { return };
        let simulator = location.kind == Kind::Mssim;
        let new = open_descriptors().into_iter().filter(|fd| !before.contains(fd));
        let ours: Vec<_> = new
            .filter(|&fd| match simulator {
                true => ffi::peer_port(fd).is_some_and(|port| ports(&location.string).contains(&port)),
                false => is_channel(fd),
            })
            .collect();
        close_on_exec(&ours);
    }
}

/// Marks each of them.
pub(super) fn close_on_exec(descriptors: &[i32]) {
    descriptors.iter().for_each(|&fd| ffi::close_on_exec(fd));
}

/// The simulator's command port and the platform port after it.
fn ports(string: &str) -> [u16; 2] {
    let port = string
        .split([':', ','])
        .find_map(|part| part.strip_prefix("port=")?.parse().ok())
        .unwrap_or(2321_u16);
    [port, port.saturating_add(1)]
}

fn is_channel(fd: i32) -> bool {
    fs::read_link(format!("/proc/self/fd/{fd}")).is_ok_and(|target| {
        ["socket:", "pipe:"].iter().any(|kind| target.to_string_lossy().starts_with(kind))
    })
}

fn open_descriptors() -> BTreeSet<i32> {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else { return BTreeSet::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simulators_ports() {
        assert_eq!(ports("mssim:host=localhost,port=4000"), [4000, 4001]);
        assert_eq!(ports("mssim:port=4000,host=::1"), [4000, 4001]);
        assert_eq!(ports("mssim"), [2321, 2322]);
    }
}
