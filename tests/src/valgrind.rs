//! Runs a command under valgrind and reports errors in the provider's own frames.
use std::path::PathBuf;

use crate::Shell;
use crate::process::Output;

/// Valgrind's results for one run.
pub struct Report {
    /// The run.
    pub output: Output,
    /// The errors and leaks that have a frame of the module on their stack, as valgrind's XML.
    pub ours: Vec<String>,
}

/// Runs the line under valgrind (memcheck, definite leaks).
///
/// # Panics
/// If valgrind wrote no report.
#[must_use]
#[track_caller]
pub fn run(shell: &Shell, line: &str, module: &str) -> Report {
    let report = shell.file(format!("valgrind-{}.xml", std::process::id()));
    let options =
        "--leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --num-callers=40";
    let wrapper = format!("valgrind --xml=yes '--xml-file={}' {options}", report.display());
    let slow = shell.clone().limit(std::time::Duration::from_secs(300)).under(&wrapper);
    let output = slow.run(line);
    Report { ours: ours(&report, module), output }
}

/// Runs the line under valgrind. Valgrind must find nothing in the provider's frames, and the line must succeed.
///
/// # Panics
/// If valgrind finds something, or if the line fails.
#[track_caller]
pub fn clean(shell: &Shell, line: &str) {
    let report = run(shell, line, "tpm2.so");
    assert!(report.output.success(), "{}", report.output);
    assert!(report.ours.is_empty(), "{line}:\n{}", report.ours.join("\n"));
}

/// Returns true if longer runs are wanted: `make valgrind` sets this.
#[must_use]
pub fn thorough() -> bool {
    std::env::var_os("TPM2_VALGRIND").is_some_and(|word| word == "thorough")
}

fn ours(report: &PathBuf, module: &str) -> Vec<String> {
    let text = std::fs::read_to_string(report).expect("valgrind's report");
    let object = format!("{module}</obj>");
    text.split("<error>")
        .skip(1)
        .filter_map(|error| error.split("</error>").next())
        .filter(|error| error.contains(&object))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_is_reported_for_the_module_that_has_it() {
        let shell = Shell::new("valgrind");
        shell.write(
            "bad.c",
            "#include <stdlib.h>\nint bad(void) { int *p = malloc(4); int r = p[0] ? 1 : 2; return r; }",
        );
        shell.write("main.c", "int bad(void);\nint main(void) { return bad() == 3; }");
        shell.ok("cc -g -O0 -shared -fPIC -o libbad.so bad.c");
        shell.ok("cc -g -O0 -o main main.c -L. -lbad -Wl,-rpath,.");
        let report = run(&shell, "./main", "libbad.so");
        assert_eq!(report.ours.len(), 2, "an uninitialised read and a leak: {:?}", report.ours);
        assert!(run(&shell, "./main", "tpm2.so").ours.is_empty());
    }
}
