//! A wrong setting stops only the commands that need it: an unreadable file, or a password for another parent.
use tests::raw::{self, Tpm as _};
use tests::{Openssl, Tool};

use crate::machine::Machine;
use crate::store::{certificate, nv};

/// The key tool with the settings of this `openssl`.
fn tool(openssl: &Openssl) -> Tool {
    Tool::configured(openssl.shell())
}

/// A machine with a persistent parent, its public key in `srk.pem`, a key file and a software key.
fn machine() -> Machine {
    let machine = Machine::new();
    machine.provision();
    machine.openssl.ok("pkey -in handle:81000001 -pubout -out srk.pem");
    machine.openssl.without_tpm2().ok("genpkey -algorithm EC -pkeyopt group:P-256 -out vendor.pem");
    machine.openssl.without_tpm2().ok("pkey -in vendor.pem -pubout -out vendor.pub");
    machine.key("key.tpm", "-e P-256");
    machine
}

/// Runs commands that need no TPM.
fn without_a_tpm(tool: &Tool) {
    tool.ok("show key.tpm");
    tool.ok("create -e P-256 -i srk.pem -p 81000001 --signed-policy vendor.pub far.tpm");
    tool.ok("policy add --locality 1 far.tpm vendor.pem");
    tool.pipe("seal -i srk.pem -p 81000001 data.tpm", "data").ok();
    tool.ok("show data.tpm").says("sealed data");
}

#[test]
fn an_unreadable_pin_source_stops_only_commands_that_need_the_password() {
    let machine = machine();
    machine.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    let tool = tool(&machine.openssl.clone().set("pin-source", "file:/nonexistent"));
    without_a_tpm(&tool);
    for line in ["status", "show 81000001", "reference --force 81000001 ref", "create -l", "attest -E"] {
        tool.ok(line);
    }
    tool.failed("create --force -e P-256 new.tpm")
        .says("pin-source")
        .says("check the path and its permissions");
    tool.ok("create --force -e P-256 -b owner new.tpm");
    tool.ok("load new.tpm 81000100 -b owner");
    tool.pipe("seal --force -b owner data.tpm", "data").ok();
    assert_eq!(tool.ok("unseal -b owner data.tpm").out(), "data");
}

#[test]
fn an_empty_password_by_option_overrides_the_setting() {
    let machine = Machine::new();
    for setting in [("pin", "other"), ("pin-source", "file:/nonexistent")] {
        let tool = tool(&machine.openssl.clone().set(setting.0, setting.1));
        tool.failed("create --force -e P-256 new.tpm");
        for option in ["-b ''", "--passparent pass:"] {
            tool.ok(&format!("create --force -e P-256 {option} new.tpm"));
        }
    }
}

#[test]
fn the_owners_password_in_the_settings_reads_an_index_and_certifies_a_key() {
    let machine = machine();
    let der = certificate(&machine.openssl, "host");
    nv(&machine, "0x1500001", "-a 'ownerread|ownerwrite'", &der);
    machine.tpm.set_hierarchy_auth(raw::OWNER, b"", b"owner");
    let with = |pin: &str| tool(&machine.openssl.clone().set("pin", pin));
    let (show, attest) = ("show 0x1500001", "attest -C owner -o");
    with("owner").ok(show).says("a certificate of CN=host");
    with("owner").ok(attest);
    with("other").ok(show).says("unknown: a password is needed to read it");
    with("other").failed(attest);
    with("other").ok(&format!("{attest} -b owner"));
    // An option gives the empty password.
    with("owner").failed(&format!("{attest} -b ''"));
    let unreadable = tool(&machine.openssl.clone().set("pin-source", "file:/nonexistent"));
    unreadable.ok(show).says("\n  holds         cannot be read: ").says("pin-source");
    unreadable.failed(attest).says("pin-source");
    unreadable.ok("attest -C null -o");
}

#[test]
fn an_unreadable_salt_name_stops_only_commands_that_use_the_tpm() {
    let machine = machine();
    let openssl = machine.openssl.clone().set("salt-name", "/nonexistent");
    without_a_tpm(&tool(&openssl.clone().set("tcti", "nowhere:")));
    let tool = tool(&openssl);
    for line in [
        "status",
        "create --force -e P-256 new.tpm",
        "create --force -i srk.pem -p 81000001 -x sha256:7 new.tpm",
    ] {
        tool.failed(line).says("salt-name").says("/nonexistent");
    }
    tool.failed("show 81000001").says("salt-name");
    machine.key("bound.tpm", "-e P-256 -x sha256:7");
    tool.ok("show bound.tpm").says("unknown: ").says("salt-name");
}
