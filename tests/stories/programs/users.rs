//! The users whose processes talk to the TPM: they must be in the group of /dev/tpmrm0.
use std::collections::BTreeSet;
use std::fs;

/// Returns `www-data (tss, www-data)` for each user, with its groups, that has a connection to this port of 127.0.0.1.
pub(super) fn of_port(port: u16) -> Vec<String> {
    let sockets = sockets(port);
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let users: BTreeSet<String> = ids.filter(|pid| has(*pid, &sockets)).filter_map(user).collect();
    users.into_iter().collect()
}

/// Returns true if this process may become another user.
pub(super) fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").expect("/proc/self/status");
    status.lines().any(|line| line.split_whitespace().take(3).eq(["Uid:", "0", "0"]))
}

/// The established connections to the port, as named in /proc/PID/fd (proc(5): /proc/net/tcp).
fn sockets(port: u16) -> Vec<String> {
    let remote = format!(":{port:04X}");
    let table = fs::read_to_string("/proc/net/tcp").expect("/proc/net/tcp");
    let inode = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let connected = columns.get(2)?.ends_with(&remote) && *columns.get(3)? == "01";
        connected.then(|| format!("socket:[{}]", columns[9]))
    };
    table.lines().filter_map(inode).collect()
}

fn has(pid: u32, sockets: &[String]) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    let targets = descriptors.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
    targets.into_iter().any(|target| sockets.iter().any(|socket| target.as_os_str() == socket.as_str()))
}

/// Returns the effective user of a process, and in parentheses its effective and supplementary groups.
fn user(pid: u32) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = |key: &str| status.lines().find_map(|line| line.strip_prefix(key));
    let user = name("/etc/passwd", line("Uid:")?.split_whitespace().nth(1)?);
    let group = line("Gid:")?.split_whitespace().nth(1)?;
    let others = line("Groups:")?.split_whitespace();
    let groups: BTreeSet<String> = others.chain([group]).map(|id| name("/etc/group", id)).collect();
    Some(format!("{user} ({})", groups.into_iter().collect::<Vec<_>>().join(", ")))
}

/// Returns the name of an id in passwd(5) or group(5).
fn name(table: &str, id: &str) -> String {
    let text = fs::read_to_string(table).unwrap_or_default();
    let found = text.lines().find(|line| line.split(':').nth(2) == Some(id));
    found.and_then(|line| line.split(':').next()).unwrap_or(id).to_owned()
}
