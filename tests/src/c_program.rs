//! C programs of the tests: what no command line of `openssl` does (threads, forks, callbacks).
use std::path::Path;

use crate::Shell;

/// Compiles `source` into the shell's folder, against the system's OpenSSL, and gives the line that starts it: `./NAME`.
///
/// # Panics
/// When the compiler has anything to say.
#[must_use]
#[track_caller]
pub fn build(shell: &Shell, source: &Path) -> String {
    let name = source.file_stem().expect("the name of a C file").to_string_lossy().into_owned();
    let flags = "-std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter";
    shell.ok(&format!("cc {flags} -o {name} '{}' -lssl -lcrypto -ldl -lpthread", source.display()));
    format!("./{name}")
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
        let program = build(&shell, &source);
        assert!(shell.ok(&program).out().starts_with("OpenSSL 3"));
    }
}
