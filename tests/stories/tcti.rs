//! The TPM is reached with every kind of TCTI string, from every place that may name it.
use tests::raw::{self, Tpm as _};
use tests::{Openssl, Proxy, TerminalDevice};

use crate::machine::Machine;

/// Signs with this line, which may begin with anything before `openssl`, and verifies with a stock openssl.
#[track_caller]
fn signs(openssl: &Openssl, before: &str) {
    openssl.shell().ok(&format!("{before} openssl dgst -sha256 -sign key -out sig key"));
    openssl.without_tpm2().ok("dgst -sha256 -verify key.pub -signature sig key").says("Verified OK");
}

fn machine() -> Machine {
    let machine = Machine::new();
    machine.key("key", "-e P-256");
    machine.openssl.ok("pkey -in key -pubout -out key.pub");
    machine
}

#[test]
fn simulators_devices_and_commands_are_reached() {
    let machine = machine();
    let proxy = Proxy::start(&machine.tpm);
    let terminal = TerminalDevice::start(&machine.tpm);
    let (direct, device) = (machine.tpm.tcti(), terminal.tcti());
    let by_library = device.replace("device:", "libtss2-tcti-device.so.0:");
    let command = format!("cmd:tpm2_send -T {direct}");
    for tcti in [&direct, &proxy.tcti(), &proxy.swtpm_tcti(), &device, &by_library, &command] {
        let openssl = machine.openssl.clone().env("TPM2_TCTI", tcti);
        signs(&openssl, "env");
        machine.tpm.assert_empty();
    }
}

#[test]
fn the_section_precedes_our_variables_and_those_of_other_tools() {
    let machine = machine();
    let (tcti, nowhere) = (machine.tpm.tcti(), "swtpm:host=127.0.0.1,port=9");
    let variables = ["TPM2_TCTI", "TPM2OPENSSL_TCTI", "TPM2TOOLS_TCTI", "TCTI"];
    for (i, variable) in variables.iter().enumerate() {
        let later: Vec<String> = variables[i + 1..].iter().map(|name| format!("{name}={nowhere}")).collect();
        signs(&machine.openssl, &format!("env -u TPM2_TCTI {variable}={tcti} {}", later.join(" ")));
    }
    let proxy = Proxy::start(&machine.tpm);
    let port = proxy.tcti().rsplit('=').next().unwrap().to_owned();
    let simulator = "TPM_INTERFACE_TYPE=socsim TPM_SERVER_NAME=127.0.0.1";
    signs(&machine.openssl, &format!("env -u TPM2_TCTI {simulator} TPM_COMMAND_PORT={port}"));
    assert!(proxy.log().count(raw::SIGN) > 0);
    signs(&machine.openssl.clone().set("tcti", &tcti), &format!("env TPM2_TCTI={nowhere}"));
}
