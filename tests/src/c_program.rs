//! C programs of the tests: what no command line of `openssl` does (threads, forks, callbacks).
use std::collections::HashMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use crate::Shell;

/// Puts the program of `source` into the shell's folder, compiled against the system's OpenSSL, and gives the line that starts it:
/// `./NAME`. Many tests use the same program, so it is compiled once for all of them.
///
/// # Panics
/// When the compiler has anything to say.
#[must_use]
#[track_caller]
pub fn build(shell: &Shell, source: &Path) -> String {
    let name = source.file_stem().expect("the name of a C file").to_string_lossy().into_owned();
    let program = shell.write(&name, compiled(shell, source, &name));
    fs::set_permissions(program, Permissions::from_mode(0o755)).expect("make the program executable");
    format!("./{name}")
}

type Programs = HashMap<PathBuf, Arc<OnceLock<Vec<u8>>>>;

#[track_caller]
fn compiled(shell: &Shell, source: &Path, name: &str) -> Vec<u8> {
    static PROGRAMS: OnceLock<Mutex<Programs>> = OnceLock::new();
    let mut programs = PROGRAMS.get_or_init(Mutex::default).lock().expect("the programs");
    let program = Arc::clone(programs.entry(source.to_owned()).or_default());
    drop(programs);
    let compile = || {
        let flags = "-std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter";
        shell.ok(&format!("cc {flags} -o {name} '{}' -lssl -lcrypto -ldl -lpthread", source.display()));
        shell.read(name)
    };
    program.get_or_init(compile).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_built_and_run() {
        let shell = Shell::new("c");
        let source = shell.write(
            "hello.c",
            "#include <openssl/crypto.h>\n#include <stdio.h>\nint main(void) { puts(OpenSSL_version(0)); }",
        );
        let version = shell.ok("openssl version").out();
        let version = version.split(" (").next().expect("a version").trim();
        for shell in [&shell, &Shell::new("another")] {
            let program = build(shell, &source);
            assert_eq!(shell.ok(&program).out().trim(), version);
        }
    }
}
