//! Many handshakes of one server with asynchronous jobs, without tickets and session cache: each one is a signature in a job. Memory,
//! threads and descriptors of the server must not grow. HAProxy 2.6 or later must be installed.

use std::path::Path;
use std::time::{Duration, Instant};

use tests::{Openssl, Order, Shell, Swtpm, Tool, c_program, port};

use crate::event_loop::{entries, memory};

/// The clients that connect at the same time, so that jobs wait for each other.
const CLIENTS: u32 = 8;

const CONFIGURATION: &str = "\
global
    nbthread 1
    ssl-mode-async
    tune.ssl.cachesize 0
    ssl-default-bind-options no-tls-tickets
defaults
    mode http
    timeout connect 10s
    timeout client 10s
    timeout server 10s
frontend site
    bind 127.0.0.1:PORT ssl crt site.pem
    http-request return status 200
";

pub(crate) fn print(handshakes: u32) {
    println!(
        "\nHAProxy with one thread and asynchronous jobs, ECDSA P-256, {CLIENTS} clients, every handshake full"
    );
    println!(
        "{:>10} {:>12} {:>10} {:>8} {:>12}",
        "handshakes", "resident KiB", "threads", "fds", "handshakes/s"
    );
    let tpm = Swtpm::start();
    let shell = Shell::new("soak").limit(Duration::from_secs(7_200));
    Tool::new(&shell, &tpm.tcti()).ok("create --ecc P-256 site.key");
    let openssl = Openssl::in_shell(shell, &tpm.tcti(), Order::DefaultFirst).env("TPM2_ASYNC", "yes");
    openssl.ok("req -x509 -key site.key -subj /CN=localhost -out site.crt");
    openssl.write("site.pem", [openssl.read("site.crt"), openssl.read("site.key")].concat());
    let (port, server) = port::serve(1, |port| {
        openssl.write("haproxy.cfg", CONFIGURATION.replace("PORT", &port.to_string()));
        openssl.shell().spawn("/usr/sbin/haproxy -db -f haproxy.cfg", "haproxy.log")
    });
    let client =
        c_program::build(openssl.shell(), &Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/client.c"));
    let stock = openssl.without_tpm2();
    let mut done = 0;
    // The first hundredth fills the server's pools.
    for until in [handshakes / 100, handshakes / 10, handshakes / 2, handshakes] {
        let start = Instant::now();
        stock.shell().ok(&format!("{client} {port} {} 1 {CLIENTS}", until - done));
        let rate = f64::from(until - done) / start.elapsed().as_secs_f64();
        done = until;
        // Connections that clients have closed.
        std::thread::sleep(Duration::from_secs(2));
        let process = server.id();
        let (memory, threads, fds) = (memory(process), entries(process, "task"), entries(process, "fd"));
        println!("{done:>10} {memory:>12.0} {threads:>10} {fds:>8} {rate:>12.1}");
    }
}
