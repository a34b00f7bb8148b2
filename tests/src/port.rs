//! Free TCP ports of 127.0.0.1, proven to belong to the child that listens.
//!
//! A port cannot be reserved for another process. Therefore a random one is taken below the range that the kernel assigns to clients, and
//! afterwards its owner is checked.
use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use crate::process::Process;

/// Below net.ipv4.ip_local_port_range, so that no client's socket takes the port between our check and the child's bind.
const RANGE: std::ops::Range<u16> = 10_000..32_000;

/// Returns the first of `count` adjacent ports on which nothing was listening a moment ago.
///
/// # Panics
/// If no ports are free.
#[must_use]
pub fn free(count: u16) -> u16 {
    for _ in 0..1000 {
        let first = RANGE.start + random() % (RANGE.end - RANGE.start - count);
        if (first..first + count).all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()) {
            return first;
        }
    }
    panic!("no {count} free ports on 127.0.0.1");
}

/// Returns two adjacent ports on which this process listens.
///
/// # Panics
/// If no ports are free.
#[must_use]
pub fn listen_pair() -> (u16, [TcpListener; 2]) {
    for _ in 0..1000 {
        let first = free(2);
        let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        if let (Ok(one), Ok(two)) = (bind(first), bind(first + 1)) {
            return (first, [one, two]);
        }
    }
    panic!("no two free ports on 127.0.0.1");
}

/// Starts a server on fresh ports until one comes up; `start` receives the first of `count` ports.
///
/// # Panics
/// If the server does not come up after many attempts; the message contains the output of the last attempt.
pub fn serve(count: u16, start: impl FnMut(u16) -> Process) -> (u16, Process) {
    come_up(count, start, |pid| vec![pid])
}

/// Like `serve`, but a process that the server forks may be the one that listens.
///
/// # Panics
/// As in `serve`.
pub fn serve_forking(count: u16, start: impl FnMut(u16) -> Process) -> (u16, Process) {
    come_up(count, start, group)
}

/// Waits until the process itself listens on all the ports. Returns false if it ends or takes too long.
pub fn listening(process: &mut Process, first: u16, count: u16) -> bool {
    listen(process, first, count, |pid| vec![pid])
}

fn come_up(
    count: u16,
    mut start: impl FnMut(u16) -> Process,
    members: fn(u32) -> Vec<u32>,
) -> (u16, Process) {
    for _ in 0..20 {
        let first = free(count);
        let mut process = start(first);
        if listen(&mut process, first, count, members) {
            return (first, process);
        }
    }
    panic!("the server did not come up on any port: look at what it printed");
}

fn listen(process: &mut Process, first: u16, count: u16, members: fn(u32) -> Vec<u32>) -> bool {
    let start = Instant::now();
    while process.ended().is_none() && start.elapsed() < Duration::from_secs(20) {
        let members = members(process.id());
        if (first..first + count).all(|port| members.iter().any(|pid| owner_is(*pid, port))) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}

/// Returns the processes of a group (proc(5): the fifth column of /proc/PID/stat; the name before it may contain any bytes).
fn group(leader: u32) -> Vec<u32> {
    let is_member = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let columns = stat.rsplit_once(')').map_or("", |(_, columns)| columns);
        columns.split_whitespace().nth(2) == Some(&leader.to_string())
    };
    let all = fs::read_dir("/proc").expect("/proc").flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_member).collect()
}

/// Returns true if the process holds the listening socket of the port (proc(5): /proc/net/tcp and tcp6, /proc/PID/fd).
fn owner_is(pid: u32, port: u16) -> bool {
    let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| File::open(table).ok())
        .flat_map(|table| listeners(BufReader::new(table), port))
        .collect();
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .any(|target| inodes.iter().any(|inode| target.as_os_str() == inode.as_str()))
}

/// Returns the sockets that listen on the port, as /proc/PID/fd names them. Linux lists the listening sockets first. Thousands of closed
/// connections may follow, which take longer to read than a server takes to start.
fn listeners(table: impl BufRead, port: u16) -> Vec<String> {
    table
        .lines()
        .skip(1)
        .map_while(|line| {
            let line = line.ok()?;
            let columns: Vec<&str> = line.split_whitespace().collect();
            let (local, state, inode) = (columns.get(1)?, columns.get(3)?, columns.get(9)?);
            let listens = *state == "0A";
            listens.then(|| (local.ends_with(&format!(":{port:04X}")), format!("socket:[{inode}]")))
        })
        .filter_map(|(ours, socket)| ours.then_some(socket))
        .collect()
}

fn random() -> u16 {
    // The system seeds RandomState, so no crate is needed for a port.
    u16::try_from(RandomState::new().hash_one(std::process::id()) % 65_536).expect("a remainder of 65,536")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn listener_of_another_process_is_not_our_server() {
        let mut others = Vec::new();
        let (port, mut server) = serve_forking(1, |port| {
            let listen = format!(
                "import socket, time; server = socket.create_server(('127.0.0.1', {port})); time.sleep(60)"
            );
            // On the first attempt another process gets the port, and the server ends.
            if others.is_empty() {
                others.push(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap());
            }
            let mut command = Command::new("sh");
            command.args(["-c", "python3 -c \"$1\" 2>/dev/null & wait", "sh", &listen]);
            Process::spawn(command)
        });
        assert_ne!(port, others[0].local_addr().unwrap().port());
        assert!(group(server.id()).len() > 1 && server.ended().is_none());
        assert!(!owner_is(server.id(), port), "a child listens, not the shell");
    }
}
