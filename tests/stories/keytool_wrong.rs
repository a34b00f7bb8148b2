//! Wrong uses: each ends with an exit code other than 0, a cause line and an advice line, no file, and nothing left in the TPM.

use std::io::{BufRead, BufReader, Lines};
use std::os::unix::fs::PermissionsExt;
use std::process::{ChildStderr, Stdio};
use std::sync::mpsc;

use tests::process::{LIMIT, Process};
use tests::raw::{self, Tpm as _};
use tests::{Fate, Proxy};

use crate::keytool::{Desk, full};

#[test]
fn each_error_has_a_cause_and_advice() {
    let desk = Desk::new();
    let signing = desk.tpm.create_primary_with(b"", raw::STORAGE);
    desk.tpm.persist(signing, 0x8100_0001);
    desk.tpm.flush(signing);
    desk.run("create_tpm2_key -e P-256 -p 81000001 key.tpm").ok();
    // A key that cannot be a parent, made persistent.
    desk.load("key.tpm", "0x81000001");
    desk.others("tpm2_evictcontrol -Q -c key.ctx 0x81000003; tpm2_flushcontext -t");
    // An endorsement key, which can be used by its policy only.
    desk.others("tpm2_createek -Q -G ecc -c 0x81010001 -u ek.pub; tpm2_readpublic -Q -c 0x81010001 -o ek.area; tpm2_flushcontext -t");
    desk.shell.write("text", "hello");
    for (line, cause) in [
        ("create_tpm2_key -p 81000009 no.tpm", "81000009"),
        ("create_tpm2_key -p 81000003 no.tpm", "81000003"),
        ("create_tpm2_key -p 81010001 no.tpm", "only be used with a policy"),
        ("create_tpm2_key -i ek.area -p 81010001 no.tpm", "only be used with a policy"),
        ("create_tpm2_key -s 2047 no.tpm", "no RSA keys of 2047 bits"),
        ("create_tpm2_key no/such/folder/no.tpm", "cannot write"),
        ("create_tpm2_key .", "not a regular file"),
        ("create_tpm2_key /dev/null", "not a regular file"),
        ("create_tpm2_key -w text no.tpm", "cannot wrap text"),
        ("create_tpm2_key -w key.tpm no.tpm", "already a TPM key file"),
        ("create_tpm2_key --tcti swtpm:host=127.0.0.1,port=1 no.tpm", "port=1"),
        ("create_tpm2_key --tcti device:/dev/no-such-tpm no.tpm", "/dev/no-such-tpm"),
        ("create_tpm2_key --tcti nonsense no.tpm", "nonsense"),
        ("tpm2-keytool show text", "text"),
        ("tpm2-keytool show no-such-file", "No such file"),
        ("tpm2-keytool show 81000009", "81000009"),
        ("tpm2-keytool status --tcti swtpm:host=127.0.0.1,port=1", "port=1"),
    ] {
        let output = desk.run(line).failed().says(cause);
        let error = output.err();
        let lines: Vec<&str> = error.lines().collect();
        let name = line.split(' ').next().unwrap_or_default();
        assert!(lines[0].starts_with(&format!("{name}: ")) && lines.len() == 2, "{output}");
        assert!(lines[1].starts_with("  hint: "), "{output}");
        assert!(output.out().is_empty(), "{output}");
        desk.assert_absent("no.tpm");
    }
    desk.assert_tidy();
}

#[test]
fn a_wrong_command_line_gives_exit_code_2() {
    let desk = Desk::new();
    for line in [
        "create_tpm2_key",
        "create_tpm2_key -p 80000000 no.tpm",
        "create_tpm2_key -p 01800001 no.tpm",
        "create_tpm2_key -e P-257 no.tpm",
        "tpm2-keytool create -e P-256 -s 2048 no.tpm",
        "tpm2-keytool create -w key.pem -e P-256 no.tpm",
        "create_tpm2_key -s many no.tpm",
        "create_tpm2_key --no-such-option no.tpm",
        "tpm2-keytool no-such-command",
        "tpm2-keytool",
    ] {
        assert_eq!(desk.run(line).failed().code(), Some(2), "{line}");
    }
    desk.assert_absent("no.tpm");
}

#[test]
fn missing_permissions_are_reported() {
    let desk = Desk::new();
    desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem; mkdir folder; chmod 555 folder; chmod 0 ec.pem");
    // Permissions do not apply to root: the tool runs as nobody if we are root.
    std::fs::set_permissions(desk.shell.folder(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let as_nobody = |line: &str| {
        let command = desk.command(line);
        let words: Vec<String> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
        desk.shell.program("tool", std::fs::read(command.get_program()).unwrap());
        desk.shell
            .run(&format!("setpriv --reuid 65534 --regid 65534 --clear-groups ./tool {}", words.join(" ")))
    };
    as_nobody("tpm2-keytool create -w ec.pem no.tpm").failed().says("Permission denied");
    as_nobody("tpm2-keytool create folder/no.tpm").failed().says("Permission denied");
    desk.assert_absent("folder/no.tpm");
    desk.assert_tidy();
}

#[test]
fn an_existing_file_is_kept_when_the_new_one_fails() {
    let desk = Desk::new();
    desk.shell.write("key.tpm", "the only copy");
    desk.run("create_tpm2_key -p 81000009 key.tpm").failed();
    desk.run("create_tpm2_key -s 2047 key.tpm").failed();
    assert_eq!(desk.shell.read("key.tpm"), b"the only copy");
    desk.assert_tidy();
}

/// A tool that waits for the TPM's response to one command.
struct Waiting {
    process: Process,
    printed: Lines<BufReader<ChildStderr>>,
    /// Dropping this makes the TPM respond.
    answer: Option<mpsc::Sender<()>>,
    desk: Desk,
    _proxy: Proxy,
}

impl Waiting {
    #[track_caller]
    fn at(command: u32, line: &str) -> Self {
        let (desk, proxy) = Desk::behind_proxy();
        desk.others("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
        desk.shell.write("key.tpm", "the only copy");
        let (came, comes) = mpsc::channel();
        let (answer, answers) = mpsc::channel::<()>();
        proxy.on_command(move |sent| {
            if raw::code(sent) == command && came.send(()).is_ok() {
                let _ = answers.recv_timeout(LIMIT);
            }
            Fate::Pass
        });
        let mut tool = desk.command(line);
        tool.stderr(Stdio::piped());
        let mut process = Process::spawn(tool);
        comes.recv_timeout(LIMIT).expect("the command");
        let printed = BufReader::new(process.child().stderr.take().unwrap()).lines();
        Self { process, printed, answer: Some(answer), desk, _proxy: proxy }
    }

    /// Sends a signal, which the tool handles and reports.
    #[track_caller]
    fn signal(&mut self, signal: i32) {
        self.process.signal(signal);
        assert!(self.says().contains("stopping when the TPM has answered"));
    }

    fn says(&mut self) -> String {
        self.printed.next().expect("a line").unwrap()
    }
}

/// Sends SIGINT (or another signal) while the TPM executes a command.
fn interrupted(command: u32, line: &str, signal: i32) {
    let mut tool = Waiting::at(command, line);
    tool.signal(signal);
    drop(tool.answer.take());
    assert_eq!(tool.process.wait(LIMIT).code(), Some(128 + signal), "{line}");
    assert_eq!(tool.says(), "create_tpm2_key: interrupted; nothing was written");
    assert_eq!(tool.desk.shell.read("key.tpm"), b"the only copy");
    tool.desk.assert_tidy();
}

#[test]
fn an_interruption_leaves_nothing_in_the_tpm_and_no_file() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        interrupted(raw::CREATE_PRIMARY, "create_tpm2_key -e P-256 key.tpm", signal);
    }
    interrupted(raw::CREATE, "create_tpm2_key -e P-256 key.tpm", libc::SIGINT);
    interrupted(raw::IMPORT, "create_tpm2_key -w ec.pem key.tpm", libc::SIGINT);
    interrupted(raw::PCR_READ, "create_tpm2_key -e P-256 -x 16 key.tpm", libc::SIGINT);
}

#[test]
fn a_second_interruption_does_not_wait_for_the_tpm() {
    let mut tool = Waiting::at(raw::CREATE, "create_tpm2_key -e P-256 key.tpm");
    tool.signal(libc::SIGINT);
    tool.process.signal(libc::SIGINT);
    // The TPM has not responded yet.
    assert_eq!(tool.process.wait(LIMIT).code(), Some(130));
    assert_eq!(tool.desk.shell.read("key.tpm"), b"the only copy");
}

#[test]
fn a_lockout_error_says_how_long_it_lasts() {
    let desk = Desk::new();
    desk.tpm.set_dictionary_attack(2, 1000);
    let parent = desk.tpm.create_primary_with(b"parent", raw::DA_PROTECTED);
    desk.tpm.persist(parent, 0x8100_0001);
    desk.tpm.flush(parent);
    let bold = desk.shell.clone().env("TPM2_LAST_TRY", "allow");
    for _ in 0..2 {
        bold.run(&full("create_tpm2_key -e P-256 -p 81000001 -b wrong no.tpm")).failed();
    }
    desk.run("create_tpm2_key -e P-256 -p 81000001 -b parent no.tpm").failed().says("lockout").says("1000 s");
    desk.run("tpm2-keytool status").ok().says("LOCKED").says("tpm2_dictionarylockout");
    desk.assert_tidy();
}
