//! Processes: runs a test alone in one, and forks children.

/// Runs a test in its own process: forked children would inherit the connections of other tests and keep them open.
pub(crate) fn alone(test: &str, story: impl FnOnce()) {
    if std::env::var_os("ALONE").is_some() {
        return story();
    }
    let mut process = std::process::Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", test, "--nocapture"]).env("ALONE", "1");
    let output = process.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs `child` in a forked process. The returned function waits for it and checks its result.
pub(crate) fn in_child(child: impl FnOnce() -> bool) -> impl FnOnce() {
    // SAFETY: the child calls only code that takes no lock of the test harness, and exits by _exit.
    match unsafe { libc::fork() } {
        0 => {
            let good = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child)).unwrap_or(false);
            // SAFETY: _exit(2) ends the process without its parent's exit handlers.
            unsafe { libc::_exit(i32::from(!good)) }
        }
        pid => move || {
            let mut status = 0;
            // SAFETY: waitpid(2) writes one int.
            unsafe { libc::waitpid(pid, &raw mut status, 0) };
            assert_eq!(status, 0, "the child failed");
        },
    }
}
