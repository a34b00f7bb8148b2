//! The files of docs/examples: each program and nginx.conf works with a key in the TPM, and systemd knows every setting of the units.
//! 60-tpm.rules is not checked: the udev of Debian 12 has no `udevadm verify`.
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use tests::{c_program, module, port};

use crate::machine::Machine;

fn example(name: &str) -> PathBuf {
    module::workspace().join("docs/examples").join(name)
}

/// A machine with `key.tpm`, its certificate and public key, and a message.
fn machine() -> Machine {
    let machine = Machine::new();
    machine.key("key.tpm", "--ecc P-256");
    machine.openssl.ok(
        "req -x509 -key key.tpm -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -out key.crt",
    );
    machine.openssl.ok("pkey -in key.tpm -pubout -out key.pub");
    machine.openssl.write("message", "what is signed");
    machine
}

/// Runs a program that signs the message, and has a stock openssl verify it.
fn signs(machine: &Machine, line: &str) {
    let signature = machine.openssl.shell().pipe(line, "what is signed").ok().stdout;
    machine.openssl.write("message.sig", signature);
    let verify = "dgst -sha256 -verify key.pub -signature message.sig message";
    machine.openssl.without_tpm2().ok(verify).says("Verified OK");
}

#[test]
fn the_page_lists_every_example() {
    let page = fs::read_to_string(example("README.md")).unwrap();
    let listed: BTreeSet<String> =
        page.split("| [").skip(1).map(|row| row.split(']').next().unwrap().to_owned()).collect();
    let there = fs::read_dir(example("")).unwrap();
    let there = there.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(listed, there.filter(|name| name != "README.md").collect());
}

#[test]
fn the_program_in_c_signs_with_a_file_and_a_handle() {
    let machine = machine();
    let program = c_program::build(machine.openssl.shell(), &example("sign.c"));
    signs(&machine, &format!("{program} key.tpm"));
    machine.tool.ok("load key.tpm 81000100");
    signs(&machine, &format!("{program} handle:0x81000100"));
    machine.openssl.failed("pkey -in absent");
    machine.openssl.shell().run(&format!("{program} absent")).failed().says("absent");
}

#[test]
fn the_program_in_rust_signs() {
    signs(&machine(), &format!("{} key.tpm", env!("CARGO_BIN_EXE_example-sign")));
}

#[test]
fn the_server_in_python_serves() {
    let machine = machine();
    let program = example("serve.py");
    let (port, _server) = port::serve(1, |port| {
        let line = format!("/usr/bin/python3 {} key.tpm key.crt {port}", program.display());
        machine.openssl.shell().spawn(&line, "serve.log")
    });
    fetches(&machine, port);
}

#[test]
fn nginx_serves_with_its_example() {
    // nginx clears the environment of its workers.
    let machine = machine();
    let tcti = machine.tpm.tcti();
    let machine = machine.set("tcti", &tcti);
    let folder = machine.openssl.shell().folder().display().to_string();
    let text = fs::read_to_string(example("nginx.conf")).unwrap();
    let (port, _server) = port::serve_forking(1, |port| {
        // The paths of this folder, and no user: the story need not be root.
        let text = text
            .replace("user www-data tss;", "daemon off;")
            .replace("/var/log/nginx/error.log", "stderr")
            .replace("/run/nginx.pid", "nginx.pid")
            .replace("listen 443 ssl", &format!("listen 127.0.0.1:{port} ssl"))
            .replace("/etc/nginx/site.crt", "key.crt")
            .replace("/etc/nginx/site.tpm", "key.tpm");
        machine.openssl.write("nginx.conf", text);
        machine.openssl.shell().spawn(&format!("/usr/sbin/nginx -p {folder} -c nginx.conf"), "nginx.log")
    });
    fetches(&machine, port);
}

fn fetches(machine: &Machine, port: u16) {
    let shell = machine.openssl.without_tpm2().shell().clone();
    shell
        .ok(&format!("curl -sS --cacert key.crt https://localhost:{port}/"))
        .says("served with a key in the TPM");
}

#[test]
fn the_unit_issues_a_certificate() {
    let machine = Machine::new();
    machine.key("ca.tpm", "--ecc P-256");
    machine
        .openssl
        .ok("req -x509 -key ca.tpm -subj /CN=ca -addext basicConstraints=critical,CA:TRUE -out ca.pem");
    let folder = machine.openssl.shell().folder().display().to_string();
    fs::create_dir(machine.openssl.file("run")).unwrap();
    let unit = fs::read_to_string(example("leaf.service")).unwrap();
    let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/tpm2-keytool "));
    machine
        .tool
        .ok(&line.unwrap().replace("/etc/leaf", &folder).replace("/run/leaf", &format!("{folder}/run")));
    machine.openssl.without_tpm2().ok("verify -CAfile ca.pem run/current/cert.pem").says("OK");
}

/// `systemd-analyze` knows every setting of a unit.
#[test]
fn the_units_have_no_unknown_setting() {
    let shell = tests::Shell::new("units");
    let drop_in = fs::read_to_string(example("service.conf")).unwrap();
    for name in ["agent.service", "enrol.service", "enrol.timer", "leaf.service", "leaf.timer"] {
        let unit = fs::read_to_string(example(name)).unwrap();
        // What is not installed here.
        let unit =
            unit.replace("/usr/local/bin/tpm2-keytool", "/bin/true").replace("/usr/bin/openssl", "/bin/true");
        shell.write(name, unit);
    }
    shell.write("other.service", format!("[Service]\nExecStart=/bin/true\n{drop_in}"));
    for name in
        ["agent.service", "enrol.service", "enrol.timer", "leaf.service", "leaf.timer", "other.service"]
    {
        let told = shell.ok(&format!("systemd-analyze verify --man=no --recursive-errors=no ./{name}"));
        let told = told.out() + &told.err();
        let about_it: Vec<&str> = told.lines().filter(|line| line.contains(name)).collect();
        assert!(about_it.is_empty(), "{about_it:#?}");
    }
}
