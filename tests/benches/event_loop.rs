//! A server with one thread and a slow TPM: what plain HTTP on the same thread and honest clients get, with and without asynchronous jobs, and
//! while other clients send a ClientHello and vanish. HAProxy 2.6 or later must be installed.

use std::path::Path;
use std::time::Duration;

use tests::{Openssl, Order, Proxy, Shell, Swtpm, Tool, c_program, port, raw, tamper};

/// The time of a signature.
const SIGNATURE: Duration = Duration::from_millis(50);

const HONEST: u32 = 8;
/// Vanishing clients per second: ten times as many as the TPM can sign for.
const VANISHING: u32 = 200;

const CONFIGURATION: &str = "\
global
    nbthread 1
    maxconn 4000
    MODE
defaults
    mode http
    timeout connect 10s
    timeout client 10s
    timeout server 10s
frontend site
    bind 127.0.0.1:PORT0 ssl crt site.pem
    http-request return status 200 content-type text/plain string \"encrypted\\n\"
frontend plain
    bind 127.0.0.1:PORT1
    http-request return status 200 content-type text/plain string \"plain\\n\"
";

pub(crate) fn print(seconds: u32) {
    println!(
        "\nHAProxy with one thread, ECDSA P-256, {} ms per signature, {HONEST} clients, {seconds} seconds",
        SIGNATURE.as_millis()
    );
    println!(
        "{:<13} {:>11} {:>12} {:>7} {:>7} {:>10} {:>9} {:>9} {:>8} {:>8} {:>10}",
        "jobs",
        "vanished/s",
        "handshakes/s",
        "failed",
        "median",
        "HTTP p50",
        "HTTP p99",
        "HTTP max",
        "threads",
        "fds",
        "MiB grown"
    );
    for vanishing in [0, VANISHING] {
        for asynchronous in [false, true] {
            row(asynchronous, vanishing, seconds);
        }
    }
}

fn row(asynchronous: bool, vanishing: u32, seconds: u32) {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    let shell = Shell::new("event-loop");
    Tool::new(&shell, &tpm.tcti()).ok("create --ecc P-256 site.key");
    let setting = if asynchronous { "yes" } else { "no" };
    let openssl = Openssl::in_shell(shell, &proxy.tcti(), Order::DefaultFirst).env("TPM2_ASYNC", setting);
    openssl.ok("req -x509 -key site.key -subj /CN=localhost -out site.crt");
    openssl.write("site.pem", [openssl.read("site.crt"), openssl.read("site.key")].concat());
    proxy.on_command(tamper::delay(raw::SIGN, SIGNATURE));
    let text = CONFIGURATION.replace("MODE", if asynchronous { "ssl-mode-async" } else { "" });
    let (first, server) = port::serve(2, |first| {
        let text = (0..2)
            .fold(text.clone(), |text, at| text.replace(&format!("PORT{at}"), &(first + at).to_string()));
        openssl.write("haproxy.cfg", text);
        openssl.shell().spawn("/usr/sbin/haproxy -db -f haproxy.cfg", "haproxy.log")
    });
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/clients.c");
    let clients = c_program::build(openssl.shell(), &source);
    let stock = openssl.without_tpm2();
    let run = |seconds: u32, vanishing: u32| {
        let line = format!("{clients} {seconds} {first} {HONEST} {vanishing} {}", first + 1);
        stock.shell().clone().limit(Duration::from_secs(600)).ok(&line).out()
    };
    // The first handshakes connect to the TPM.
    run(1, 0);
    let before = memory(server.id());
    let output = run(seconds, vanishing);
    let figures: Vec<f64> = output.split_whitespace().map(|word| word.parse().expect("a number")).collect();
    let [vanished, handshakes, failed, median, p50, p99, max] = figures[..] else { panic!("{output}") };
    let grown = (memory(server.id()) - before) / 1024.0;
    let (threads, fds) = (entries(server.id(), "task"), entries(server.id(), "fd"));
    let mode = if asynchronous { "asynchronous" } else { "none" };
    println!(
        "{mode:<13} {vanished:>11.1} {handshakes:>12.1} {failed:>7.0} {median:>7.0} {p50:>10.2} {p99:>9.2} {max:>9.2} {threads:>8} {fds:>8} {grown:>10.1}"
    );
}

/// The resident memory of a process in KiB.
pub(crate) fn memory(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the server runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Returns the number of entries in a folder of a process (proc(5)).
pub(crate) fn entries(process: u32, folder: &str) -> usize {
    std::fs::read_dir(format!("/proc/{process}/{folder}")).expect("the server runs").count()
}
