//! How the key tool exits: with the exit codes of its table, and silently when its output has no reader.

use tests::module;
use tests::process::Output;
use tests::raw::{self, Tpm as _};

use crate::keytool::Desk;

#[track_caller]
fn ends(output: &Output, code: i32) {
    assert_eq!(output.code(), Some(code), "{output}");
}

#[test]
fn each_failure_has_its_exit_code() {
    let desk = Desk::new();
    desk.tpm.set_dictionary_attack(9, 1000);
    desk.run("tpm2-keytool create -e P-256 key.tpm").ok();
    desk.run("tpm2-keytool create -e P-256 -x sha256:16 bound.tpm").ok();
    desk.pipe("tpm2-keytool seal -k secret -d sealed.tpm", "data").ok();
    desk.pipe("tpm2-keytool seal -x sha256:16 bound-data.tpm", "data").ok();
    let run = |line: &str| desk.run(&format!("tpm2-keytool {line}"));
    ends(&run("show key.tpm"), 0);
    ends(&run("show no-such-file"), 1);
    ends(&run("show"), 2);
    ends(&run("unseal -k wrong sealed.tpm"), 3);
    ends(&run("status --tcti swtpm:host=127.0.0.1,port=1"), 4);
    desk.others(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes128 -pass pass:filesecret -out ec.pem",
    );
    ends(
        &run("create -w ec.pem --passin pass:wrong no.tpm").says("cannot wrap ec.pem: the password is wrong"),
        3,
    );
    // A missing password is not reported as wrong.
    ends(&run("unseal sealed.tpm"), 7);
    desk.others("tpm2_pcrextend 16:sha256=0000000000000000000000000000000000000000000000000000000000000001");
    ends(&run("unseal bound-data.tpm"), 6);
    desk.tpm.set_dictionary_attack(1, 1000);
    ends(&run("unseal -k secret sealed.tpm").says("would lock the TPM"), 5);
}

#[test]
fn a_missing_parent_password_is_not_reported_as_wrong() {
    let desk = Desk::new();
    desk.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    let missing =
        desk.run("tpm2-keytool create -e P-256 key.tpm").failed().says("give the parent's password");
    ends(&missing, 7);
    assert!(!missing.err().contains("wrong"), "{missing}");
    ends(&desk.run("tpm2-keytool create -e P-256 -b other key.tpm").failed().says("password is wrong"), 3);
    desk.run("tpm2-keytool create -e P-256 -b owner key.tpm").ok();
    ends(&desk.run("tpm2-keytool load key.tpm 81000100").failed(), 7);
    ends(&desk.run("tpm2-keytool load -b owner --auth-owner other key.tpm 81000100").failed(), 3);
}

#[test]
fn a_closed_pipe_ends_the_tool_silently() {
    let desk = Desk::new();
    desk.run("tpm2-keytool create -e P-256 key.tpm").ok();
    desk.pipe("tpm2-keytool seal sealed.tpm", "data").ok();
    let tool = module::keytool().display().to_string();
    for line in [
        "show key.tpm",
        "status",
        "create -l",
        "unseal sealed.tpm",
        "completions bash",
        "man",
        "help create",
        "--help",
        "--version",
    ] {
        // The reader has exited before the tool starts.
        desk.shell.write(
            "unread",
            format!("mkfifo pipe; exec 3<>pipe 4>pipe 3<&-; rm pipe; {tool} {line} >&4; echo $? >status"),
        );
        let output = desk.shell.ok("bash unread");
        assert_eq!((output.err().as_str(), desk.shell.text("status").as_str()), ("", "141\n"), "{line}");
    }
    // A closed stderr does not make it crash either.
    desk.shell.write(
        "unread",
        format!(
            "mkfifo pipe; exec 3<>pipe 4>pipe 3<&-; rm pipe; {tool} show no-such-file 2>&4; echo $? >status"
        ),
    );
    desk.shell.ok("bash unread");
    assert_eq!(desk.shell.text("status"), "1\n");
}
