//! A pair is replaced as a whole: by a killed process, by several at the same time, on a full disk, and under a busy server.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use tests::port;

use super::{Site, USUAL};
use crate::keytool::full;
use crate::web_servers::{Clients, LIMIT};

#[test]
fn a_process_killed_at_any_step_leaves_the_old_pair() {
    let site = Site::with_ca();
    site.issue();
    let shell = site.machine.tool.shell();
    let line = full(&format!("tpm2-keytool leaf {USUAL} --out leaf"));
    // Each system call that changes the folder; the process is killed before it.
    let steps = ["mkdir:1", "mkdir:2", "fsync:1", "fsync:2", "fsync:3", "fsync:4", "symlink:1", "rename:1"];
    for step in steps {
        let before = site.serial();
        let (call, when) = step.split_once(':').unwrap();
        let killed = shell.run(&format!(
            "strace -f -qq -o trace -e trace=/^{call} -e inject=/^{call}:signal=KILL:when={when} {line}"
        ));
        assert!(!killed.success(), "{step} was not reached: {killed}");
        assert_eq!(site.serial(), before, "{step}");
        site.verified("localhost");
    }
    assert!(site.entries().len() > 4, "no step was killed after a folder was made: {:?}", site.entries());
    let before = site.serial();
    site.issue();
    assert_ne!(site.serial(), before);
    site.verified("localhost");
    // The link, and two pairs.
    assert_eq!(site.entries().len(), 3, "{:?}", site.entries());
}

#[test]
fn a_signal_during_the_check_of_the_folder_leaves_nothing() {
    let site = Site::with_ca();
    let shell = site.machine.tool.shell();
    // The folder that shows whether DIR can be written is removed two seconds late.
    let line = full(&format!("tpm2-keytool leaf {USUAL} --out leaf"));
    shell.write("issue", format!("echo $$ >tool; exec {line}"));
    let mut tool = shell.spawn(
        "strace -f -qq -o trace -e inject=/^(rmdir|unlinkat):delay_enter=2000000:when=1 sh issue",
        "leaf.log",
    );
    let start = Instant::now();
    while site.entries().is_empty() {
        assert!(start.elapsed() < LIMIT && tool.ended().is_none(), "{}", shell.text("leaf.log"));
        thread::sleep(Duration::from_millis(5));
    }
    shell.ok("sh -c 'kill -TERM $(cat tool)'");
    assert!(!tool.wait(LIMIT).success(), "{}", shell.text("leaf.log"));
    assert_eq!(site.entries(), [""; 0]);
}

#[test]
fn renewals_at_the_same_time_leave_one_complete_pair() {
    let site = Site::with_ca();
    site.issue();
    let shell = site.machine.tool.shell();
    let line = full(&format!("tpm2-keytool leaf {USUAL} --out leaf"));
    let mut renewals: Vec<_> = (0..6).map(|at| shell.spawn(&line, &format!("renewal-{at}.log"))).collect();
    // A reader that resolves the link once reads one pair.
    let folder = || fs::canonicalize(shell.file("leaf/current")).unwrap();
    let copy = shell.file("copy");
    fs::create_dir(&copy).unwrap();
    let (mut running, mut pairs) = (true, 0);
    let start = Instant::now();
    while running {
        assert!(start.elapsed() < LIMIT, "the renewals do not end");
        running = renewals.iter_mut().any(|renewal| renewal.ended().is_none());
        let current = folder();
        let copied = ["key.pem", "cert.pem"].map(|name| fs::copy(current.join(name), copy.join(name)));
        // The pair before the previous one may be removed meanwhile.
        if copied.iter().all(Result::is_ok) {
            let copy = copy.display().to_string();
            assert_eq!(site.public_half(&copy), site.certified(&copy));
            pairs += 1;
        }
    }
    assert!(pairs > 0);
    for (at, mut renewal) in renewals.into_iter().enumerate() {
        assert!(renewal.wait(LIMIT).success(), "{}", shell.text(&format!("renewal-{at}.log")));
    }
    site.verified("localhost");
    assert_eq!(site.entries().len(), 3, "{:?}", site.entries());
}

#[test]
fn the_folder_may_be_a_symbolic_link_and_a_full_one_keeps_the_old_pair() {
    let site = Site::with_ca();
    let shell = site.machine.tool.shell();
    std::os::unix::fs::symlink("leaf", shell.file("link")).unwrap();
    site.run(&format!("{USUAL} --out link")).ok();
    site.verified("localhost");
    assert!(shell.file("link").is_symlink());
    let tool = full(&format!("tpm2-keytool leaf {USUAL} --out full"));
    shell.write(
        "on-a-full-disk",
        format!(
            "set -eu
             mkdir full; mount -t tmpfs -o size=64k none full
             {tool} 2>warnings; test ! -s warnings
             readlink full/current >before
             dd if=/dev/zero of=full/filler bs=4k 2>dd.log || true
             if {tool} 2>refused; then exit 1; fi
             grep 'cannot write .*: No space left on device' refused
             readlink full/current | cmp before
             openssl pkey -in full/current/key.pem -pubout >key.pub
             openssl x509 -in full/current/cert.pem -noout -pubkey | cmp key.pub
             ls full >entries
             rm full/filler; {tool}"
        ),
    );
    let map = if shell.ok("id -u").out().trim() == "0" { "" } else { "--map-root-user" };
    site.machine
        .openssl
        .without_tpm2()
        .shell()
        .clone()
        .env("TPM2_TCTI", site.machine.tpm.tcti())
        .ok(&format!("unshare --mount {map} bash on-a-full-disk"));
    // filler, current, and the only pair.
    assert_eq!(shell.text("entries").lines().count(), 3, "{}", shell.text("entries"));
}

const NGINX: &str = "\
error_log stderr;
pid nginx.pid;
daemon off;
events { }
http {
    access_log off;
    ssl_session_tickets off;
    server {
        listen 127.0.0.1:PORT ssl;
        ssl_certificate leaf/current/cert.pem;
        ssl_certificate_key leaf/current/key.pem;
        location / { return 200 leaf; }
    }
}
";

#[test]
fn nginx_takes_five_new_pairs_under_load_without_a_failed_handshake() {
    let site = Site::with_ca();
    site.issue();
    let stock = site.machine.openssl.without_tpm2();
    let shell = stock.shell();
    fs::copy(shell.file("root.pem"), shell.file("crt")).unwrap();
    let folder = shell.folder().display().to_string();
    let (port, nginx) = port::serve_forking(1, |port| {
        shell.write("nginx.conf", NGINX.replace("PORT", &port.to_string()));
        shell.spawn(&format!("/usr/sbin/nginx -p {folder} -c nginx.conf"), "nginx.log")
    });
    let served = || {
        shell.write("get", format!("openssl s_client -connect 127.0.0.1:{port} </dev/null 2>s_client.log | openssl x509 -noout -serial"));
        shell.ok("bash -o pipefail get").out()
    };
    let clients = Clients::start(&stock, port, "nginx.log");
    for renewal in 1..=5 {
        clients.visit(renewal * 20);
        site.issue();
        nginx.signal(libc::SIGHUP);
        clients.wait_until("the old certificate is served", || served() == site.serial());
    }
    let visits = clients.stop();
    assert!(visits >= 100, "{visits}");
}
