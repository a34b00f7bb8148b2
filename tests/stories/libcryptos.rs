//! One module file works with every libcrypto: one linked into the program, or several in a process. A hidden libcrypto is refused.
use std::fs;
use std::path::PathBuf;

use tests::raw::Tpm as _;
use tests::{Shell, module};

use crate::machine::Machine;

/// Compiles the program `c/libcryptos.c` with these options in a machine's folder.
#[track_caller]
fn program(machine: &Machine, name: &str, options: &str) -> String {
    let source = module::workspace().join("tests/stories/c/libcryptos.c");
    let flags = "-std=gnu11 -O1 -g -Wall -Wextra -Werror";
    machine.openssl.shell().ok(&format!("cc {flags} -o {name} '{}' {options} -ldl", source.display()));
    format!("./{name}")
}

/// Returns the options that link in all of libcrypto, as in Node.js.
fn whole(shell: &Shell) -> String {
    let needs = shell.ok("pkg-config --static --libs libcrypto").out().replace("-lcrypto", "");
    format!("-DLINKED -Wl,--whole-archive -l:libcrypto.a -Wl,--no-whole-archive {}", needs.trim())
}

/// The shared libcrypto that programs are linked with here.
fn libcrypto(shell: &Shell) -> PathBuf {
    let path = shell.ok("cc -print-file-name=libcrypto.so").out();
    fs::canonicalize(path.trim()).expect("libcrypto.so")
}

/// A machine with a key; the program's library contexts read no openssl.cnf.
fn machine() -> Machine {
    let machine = Machine::new();
    machine.key("key.tpm", "-e P-256");
    machine
}

fn unconfigured(machine: &Machine) -> Shell {
    machine.openssl.shell().clone().env("OPENSSL_CONF", "/dev/null")
}

#[test]
fn two_libcryptos_of_one_process_both_sign() {
    let machine = machine();
    let shell = unconfigured(&machine);
    let (program, first) = (program(&machine, "libcryptos", ""), libcrypto(&shell));
    // Another version, if the system has one; otherwise a copy, which is another library to the loader.
    let versions = ["libcrypto.so.3", "libcrypto.so.4"].map(|name| first.with_file_name(name));
    let is_another = |path: &PathBuf| fs::canonicalize(path).is_ok_and(|path| path != first);
    let second = versions.into_iter().find(is_another).unwrap_or_else(|| {
        fs::copy(&first, shell.file("copy.so")).expect("a copy of libcrypto");
        shell.file("copy.so")
    });
    let (first, second) = (first.display(), second.display());
    for shell in [shell.clone(), shell.env("GLOBAL", "1")] {
        for order in [format!("{first} {second}"), format!("{second} {first}")] {
            let printed = shell.ok(&format!("{program} key.tpm {order}")).out();
            assert_eq!(printed.matches(" signed\n").count(), 2, "{printed}");
        }
    }
    machine.tpm.assert_empty();
}

#[test]
fn a_libcrypto_linked_into_the_program_signs_beside_a_shared_one() {
    let machine = machine();
    let shell = unconfigured(&machine);
    let program = program(&machine, "shown", &format!("-Wl,--export-dynamic {}", whole(&shell)));
    shell.ok(&format!("{program} key.tpm linked")).says(" signed\n");
    let first = libcrypto(&shell);
    let first = first.display();
    for shell in [shell.clone(), shell.env("GLOBAL", "1")] {
        let printed = shell.ok(&format!("{program} key.tpm {first} linked")).out();
        assert_eq!(printed.matches(" signed\n").count(), 2, "{printed}");
    }
    machine.tpm.assert_empty();
}

/// dlsym(3) finds the functions of another libcrypto there, or none.
#[test]
fn a_hidden_libcrypto_is_refused_and_not_confused_with_another_one() {
    let machine = machine();
    let shell = unconfigured(&machine).env("GLOBAL", "1");
    let program = program(&machine, "hidden", &whole(&shell));
    for others in [String::new(), libcrypto(&shell).display().to_string()] {
        shell
            .run(&format!("{program} key.tpm {others} linked"))
            .failed()
            .says("tpm2 failed")
            .says("cannot use the OpenSSL in ")
            .says("it does not export OPENSSL_init_crypto")
            .says("-Wl,--export-dynamic");
    }
}
