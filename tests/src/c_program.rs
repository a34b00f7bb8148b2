//! C programs for tests, for what the `openssl` command cannot do (threads, forks, callbacks).
use std::collections::HashMap;
use std::fs::{self, File};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use crate::Shell;

/// Compiles the program `source` against the system's OpenSSL, puts it into the shell's folder, and returns the line that starts it:
/// `./NAME`. Many tests use the same program, so it is compiled once for all of them.
///
/// # Panics
/// If the compiler prints anything.
#[must_use]
#[track_caller]
pub fn build(shell: &Shell, source: &Path) -> String {
    let name = source.file_stem().expect("the name of a C file").to_string_lossy().into_owned();
    let program = compiled(shell, source, &name);
    let compiled = program.get().expect("it was compiled").as_raw_fd();
    shell.program(&name, fs::read(format!("/proc/self/fd/{compiled}")).expect("the compiled program"));
    format!("./{name}")
}

/// The compiled program. The open file outlives the folder in which it was compiled.
type Program = Arc<OnceLock<File>>;

#[track_caller]
fn compiled(shell: &Shell, source: &Path, name: &str) -> Program {
    static PROGRAMS: OnceLock<Mutex<HashMap<PathBuf, Program>>> = OnceLock::new();
    let mut programs = PROGRAMS.get_or_init(Mutex::default).lock().expect("the programs");
    let program = Arc::clone(programs.entry(source.to_owned()).or_default());
    drop(programs);
    program.get_or_init(|| {
        let flags = "-std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter";
        let output = format!("{name}.compiled");
        shell.ok(&format!("cc {flags} -o {output} '{}' -lssl -lcrypto -ldl -lpthread", source.display()));
        File::open(shell.file(output)).expect("the program")
    });
    program
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn program_is_built_and_run() {
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
