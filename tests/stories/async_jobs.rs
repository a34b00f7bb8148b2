//! OpenSSL's asynchronous jobs: with `async = yes` a thread goes on with other work during an operation of the TPM.
use std::fs::File;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tests::process::{Output, Process};
use tests::raw::{self, Tpm as _};
use tests::{Openssl, Options, Proxy, ResourceManager, Swtpm, peers, port, tamper, valgrind};

use crate::machine::{Machine, program};

/// The time of a signature on a slow chip.
const SLOW: Duration = Duration::from_millis(50);

/// What the program `c/jobs.c` printed.
#[derive(Debug, PartialEq, Eq)]
struct Counted {
    done: u32,
    failed: u32,
    pauses: u32,
    threads: u32,
    errors: String,
}

/// Runs `jobs LINE`.
#[track_caller]
fn jobs(openssl: &Openssl, line: &str) -> Counted {
    let jobs = program(openssl.shell(), "jobs");
    counted(&openssl.shell().ok(&format!("{jobs} {line}")))
}

#[track_caller]
fn counted(output: &Output) -> Counted {
    let text = output.out();
    let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start));
    let (failed, errors) = line("failed ").and_then(|line| line.split_once(' ')).unwrap_or(("0", ""));
    let ok = line("ok ").unwrap_or_else(|| panic!("{output}"));
    let numbers: Vec<u32> = ok.split(' ').map(|number| number.parse().unwrap()).collect();
    let &[done, pauses, threads] = numbers.as_slice() else { panic!("{output}") };
    Counted { done, failed: failed.parse().unwrap(), pauses, threads, errors: errors.to_owned() }
}

/// A machine with an EC key and an RSA key. Its provider has the setting.
fn machine() -> Machine {
    with_keys(Machine::new())
}

/// The same, and its TPM is behind a proxy.
fn behind_proxy() -> (Machine, Proxy) {
    let tpm = Swtpm::start();
    let proxy = Proxy::start(&tpm);
    (with_keys(Machine::reached_by(tpm, &proxy.tcti())), proxy)
}

/// The same, and each signature takes longer.
fn slow(time: Duration) -> (Machine, Proxy) {
    let (machine, proxy) = behind_proxy();
    proxy.on_command(tamper::delay(raw::SIGN, time));
    (machine, proxy)
}

fn with_keys(machine: Machine) -> Machine {
    machine.key("ec", "-e P-256");
    machine.key("rsa", "-r");
    Machine { openssl: machine.openssl.env("TPM2_ASYNC", "yes"), ..machine }
}

#[test]
fn every_operation_pauses_its_job() {
    let machine = machine();
    for (operation, key) in [
        ("sign", "ec"),
        ("digest", "ec"),
        ("sign", "rsa"),
        ("pss", "rsa"),
        ("digest", "rsa"),
        ("decrypt", "rsa"),
        ("derive", "ec"),
    ] {
        let found = jobs(&machine.openssl, &format!("together {operation} {key} 8 3"));
        assert_eq!((found.done, found.failed, found.threads), (24, 0, 2), "{operation} {key}: {found:?}");
        assert!(found.pauses >= 24, "{operation} {key}: {found:?}");
    }
    machine.tpm.assert_empty();
}

#[test]
fn programs_may_wait_in_any_way() {
    let machine = machine();
    for mode in ["early", "shared", "callback"] {
        for (operation, key) in [("sign", "ec"), ("decrypt", "rsa")] {
            let found = jobs(&machine.openssl, &format!("{mode} {operation} {key} 8 5"));
            assert_eq!((found.done, found.failed, found.threads), (40, 0, 2), "{mode}: {found:?}");
            assert!(found.pauses >= 40, "{mode}: {found:?}");
        }
    }
    let found = jobs(&machine.openssl, "blocked sign ec 4 5");
    assert_eq!((found.done, found.failed, found.pauses), (20, 0, 0), "{found:?}");
    machine.tpm.assert_empty();
}

#[test]
fn a_program_that_never_waits_does_not_use_the_whole_processor() {
    let (machine, _proxy) = slow(Duration::from_millis(500));
    let found = jobs(&machine.openssl, "early sign ec 1 1");
    // The thread sleeps a millisecond for each pause, once it has tried some.
    assert!((100..2_000).contains(&found.pauses), "{found:?}");
}

#[test]
fn nothing_pauses_and_no_thread_exists_without_the_setting_or_outside_of_jobs() {
    let machine = machine();
    for (setting, mode) in [("no", "together"), ("no", "outside"), ("yes", "outside")] {
        let openssl = machine.openssl.clone().env("TPM2_ASYNC", setting);
        let expected = Counted { done: 3, failed: 0, pauses: 0, threads: 1, errors: String::new() };
        assert_eq!(jobs(&openssl, &format!("{mode} sign ec 1 3")), expected, "{setting} {mode}");
    }
}

#[test]
fn errors_reach_the_job_that_they_belong_to() {
    let (machine, proxy) = behind_proxy();
    // One wrong password for all: the TPM is asked once.
    machine.key("locked", "-e P-256 -k secret");
    let lazy = machine.openssl.clone().env("TPM2_PROVE_PASSWORD", "use");
    let found = jobs(&lazy, "together sign locked 4 2 wrong");
    assert_eq!((found.done, found.failed), (0, 8), "{found:?}");
    assert!(found.errors.contains("the TPM refused the password"), "{found:?}");
    assert_eq!(jobs(&lazy, "together sign locked 4 2 secret").done, 8);

    // A policy that is not satisfied, and one that is.
    machine.openssl.write("policy", "0000016b\n");
    machine.key("protected", "-e P-256 -c policy -k secret");
    let found = jobs(&machine.openssl, "together sign protected 4 2 secret");
    assert_eq!((found.done, found.failed), (8, 0), "{found:?}");

    // A TPM that does not answer.
    proxy.on_command(tamper::delay(raw::SIGN, Duration::from_secs(5)));
    let impatient = machine.openssl.clone().env("TPM2_TIMEOUT", "1");
    let found = jobs(&impatient, "together sign ec 1 1");
    assert_eq!((found.done, found.failed), (0, 1), "{found:?}");
    assert!(found.errors.contains("the TPM did not answer in time"), "{found:?}");
    proxy.remove_rules();

    // No TPM.
    let nowhere = machine.openssl.clone().set("tcti", "mssim:host=127.0.0.1,port=1");
    let found = jobs(&nowhere, "together sign ec 2 1");
    assert_eq!((found.done, found.failed), (0, 2), "{found:?}");
    assert!(found.errors.contains("no TPM can be reached"), "{found:?}");
}

#[test]
fn abandoned_jobs_cost_nothing_but_the_operation_that_runs() {
    let (machine, proxy) = slow(SLOW);
    let found = jobs(&machine.openssl, "abandon sign ec 8 1");
    assert_eq!((found.done, found.failed, found.threads), (8, 0, 2), "{found:?}");
    // The operations of abandoned jobs that had not begun are never sent.
    let signed = proxy.log().count(raw::SIGN);
    assert!((8..=10).contains(&signed), "{signed} signatures");
    machine.tpm.assert_empty();
}

#[test]
fn a_child_starts_anew_and_never_waits_for_its_parent() {
    // A resource manager serves parent and child at once.
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = with_keys(Machine::managed(tpm, &manager));
    for round in 0..5 {
        let found = jobs(&machine.openssl, "fork sign ec 4 2");
        assert_eq!((found.done, found.failed), (8, 0), "{round}: {found:?}");
    }
}

#[test]
fn the_provider_is_unloaded_while_its_thread_works() {
    let (machine, proxy) = slow(SLOW);
    let openssl = machine.openssl.clone().env("TPM2_TCTI", &proxy.tcti());
    let found = jobs(&openssl, "unload digest ec 4 20");
    assert_eq!(found.pauses, 80, "{found:?}");
    assert!(found.threads <= 3, "{found:?}");

    // A TPM that answers much later does not hold up unloading, and its thread does no harm afterwards.
    let (machine, proxy) = slow(Duration::from_secs(6));
    let openssl = machine.openssl.clone().env("TPM2_TCTI", &proxy.tcti());
    let start = Instant::now();
    let found = jobs(&openssl, "unload digest ec 2 1");
    assert_eq!(found.pauses, 2, "{found:?}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(proxy.log().count(raw::SIGN), 0, "the TPM has answered");
}

#[test]
fn a_process_exits_while_its_thread_works() {
    let (machine, _proxy) = slow(SLOW);
    let found = jobs(&machine.openssl, "exit sign ec 8 1");
    assert_eq!((found.pauses, found.threads), (8, 2), "{found:?}");
    machine.tpm.assert_empty();
}

#[test]
fn more_jobs_than_places_wait_in_their_thread() {
    let (machine, proxy) = slow(Duration::from_millis(10));
    let found = jobs(&machine.openssl, "together sign ec 200 1");
    assert_eq!((found.done, found.failed, found.pauses, found.threads), (200, 0, 200, 2), "{found:?}");
    assert_eq!(proxy.log().count(raw::SIGN), 200);
    machine.tpm.assert_empty();
}

#[test]
fn jobs_fail_at_once_if_the_queue_is_full_and_the_tpm_is_stuck() {
    let (machine, proxy) = behind_proxy();
    let mut first = true;
    proxy.on_command(move |command| {
        if raw::code(command) == raw::SIGN && std::mem::take(&mut first) {
            std::thread::sleep(Duration::from_secs(12));
        }
        tests::Fate::Pass
    });
    let start = Instant::now();
    let found = jobs(&machine.openssl, "together sign ec 100 1");
    // So many may wait at first, and one is being run.
    assert_eq!((found.done, found.failed), (17, 83), "{found:?}");
    assert!(found.errors.contains("too many operations wait for the TPM: 16 operations"), "{found:?}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    machine.tpm.assert_empty();
}

/// The bytes of a job's stack that an operation may use: a job has 32 KiB without a guard page.
const STACK: u32 = 12 * 1024;

#[test]
fn an_operation_leaves_most_of_a_jobs_stack_free() {
    let machine = with_keys(Machine::new());
    machine.key("locked", "-e P-256 -k secret");
    machine.openssl.write("policy", "0000016f08\n");
    machine.key("local", "-e P-256 -c policy");
    use_little_stack(&machine, "sign ec sign rsa pss rsa decrypt rsa derive ec !sign locked !sign local", 7);
}

/// The session is salted to the parent, which takes the provider's own mathematics on the larger curve.
#[test]
fn keys_and_parents_on_p_384_leave_most_of_a_jobs_stack_free() {
    let machine = Machine::new();
    let tools = peers::tpm2_tools(machine.openssl.shell(), &machine.tpm.tcti());
    tools.ok("tpm2_createprimary -Q -C o -G ecc384 -c parent.ctx");
    tools.ok("tpm2_evictcontrol -Q -C o -c parent.ctx 0x81000002");
    tools.ok("tpm2_flushcontext -t");
    machine.openssl.write("policy", "0000016b\n");
    for (name, options) in [
        ("ec", "-e P-384"),
        ("under", "-e P-384 -p 81000002"),
        ("rsa", "-r -p 81000002"),
        ("locked", "-e P-384 -p 81000002 -k secret"),
        ("policy384", "-e P-384 -p 81000002 -c policy -k secret"),
    ] {
        machine.key(name, options);
    }
    let cases = "sign ec derive ec sign under derive under decrypt rsa !sign locked !sign policy384";
    use_little_stack(&machine, cases, 7);
}

/// Runs these cases of the program job_stack.
#[track_caller]
fn use_little_stack(machine: &Machine, cases: &str, count: usize) {
    let program = program(machine.openssl.shell(), "job_stack");
    for (setting, session) in [("no", "hmac"), ("yes", "hmac"), ("no", "password")] {
        let openssl = machine.openssl.clone().env("TPM2_ASYNC", setting).env("TPM2_SESSION", session);
        let openssl = openssl.env("TPM2_PROVE_PASSWORD", "use");
        let output = openssl.shell().ok(&format!("{program} {cases}"));
        let text = output.out();
        assert_eq!(text.lines().count(), count, "{output}");
        for line in text.lines() {
            let used = line.split(' ').skip(2).map(|bytes| bytes.parse::<u32>().unwrap());
            assert!(used.max().unwrap() <= STACK, "async = {setting}, session = {session}: {line}\n{text}");
        }
    }
}

/// Checks that a server, whose first of two ports encrypts, makes handshakes at once and has one more thread than without jobs.
#[track_caller]
fn serves(machine: &Machine, port: u16, server: &Process, version: &str) {
    let client =
        format!("openssl s_client -connect 127.0.0.1:{port} -CAfile site.crt -verify_return_error {version}");
    let stock = machine.openssl.without_tpm2();
    let mut clients: Vec<_> =
        (0..8).map(|n| stock.shell().spawn(&client, &format!("client{n}.log"))).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        let status = client.wait(Duration::from_secs(60));
        assert!(status.success(), "{}", stock.text(&format!("client{n}.log")));
    }
    let threads = std::fs::read_dir(format!("/proc/{}/task", server.id())).unwrap().count();
    assert_eq!(threads, 2, "{version}");
}

#[test]
fn s_server_and_haproxy_make_handshakes_in_jobs() {
    // The servers are killed, and a resource manager flushes what they have loaded.
    let tpm = Swtpm::start();
    let manager = ResourceManager::start(&tpm, Options::default());
    let machine = with_keys(Machine::managed(tpm, &manager));
    let openssl = &machine.openssl;
    for key in ["ec", "rsa"] {
        openssl
            .clone()
            .env("TPM2_ASYNC", "no")
            .ok(&format!("req -x509 -key {key} -subj /CN=localhost -out site.crt"));
        openssl.write("site.pem", [openssl.read("site.crt"), openssl.read(key)].concat());
        let (port, server) = port::serve(1, |port| {
            let line = format!("openssl s_server -async -accept 127.0.0.1:{port} -cert site.crt -key {key}");
            let mut command = openssl.shell().command(&line);
            let log = File::create(openssl.file("s_server.log")).unwrap();
            // It ends at the end of its standard input.
            command.stdin(Stdio::piped()).stdout(log.try_clone().unwrap()).stderr(log);
            Process::spawn(command)
        });
        for version in ["-tls1_2", "-tls1_3"] {
            serves(&machine, port, &server, version);
        }
        drop(server);
        let (port, server) = port::serve(1, |port| {
            openssl.write("haproxy.cfg", HAPROXY.replace("PORT", &port.to_string()));
            openssl.shell().spawn("/usr/sbin/haproxy -db -f haproxy.cfg", "haproxy.log")
        });
        for version in ["-tls1_2", "-tls1_3"] {
            serves(&machine, port, &server, version);
        }
        drop(server);
    }
}

const HAPROXY: &str = "\
global
    nbthread 1
    ssl-mode-async
defaults
    mode http
    timeout connect 10s
    timeout client 10s
    timeout server 10s
frontend site
    bind 127.0.0.1:PORT ssl crt site.pem
    http-request return status 200
";

#[test]
fn valgrind_finds_nothing_in_jobs() {
    let machine = machine();
    let jobs = program(machine.openssl.shell(), "jobs");
    let modes: &[&str] = if valgrind::thorough() {
        &["together", "callback", "shared", "abandon", "exit"]
    } else {
        &["together", "abandon"]
    };
    for mode in modes {
        valgrind::clean(machine.openssl.shell(), &format!("{jobs} {mode} sign ec 4 2"));
    }
}
