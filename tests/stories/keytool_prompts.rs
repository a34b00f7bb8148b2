//! Prompts of the key tool: typed passwords never appear on the screen, and input typed before the prompt is not an answer.

use tests::Pty;
use tests::module;

use crate::keytool::Desk;

#[test]
fn input_typed_before_the_prompt_is_not_an_answer() {
    let desk = Desk::new();
    let tool = module::keytool().display().to_string();
    desk.shell.write(
        "slow",
        format!("echo begun; read -r line; sleep 0.5; exec {tool} create -e P-256 -a key.tpm"),
    );
    let mut terminal = Pty::start(desk.shell.command("sh slow"));
    // The second line is in the terminal's buffer when the tool starts.
    terminal.expect("begun").answer("start").answer("typedearly");
    terminal.expect("password").type_line("swordfish").expect("again").type_line("swordfish");
    let (success, screen) = terminal.end();
    assert!(success && !screen.contains("swordfish"), "{screen}");
    desk.load("key.tpm", "o");
    desk.sign("-s ecdsa -p swordfish").ok();
}

#[test]
fn the_echo_is_off_before_the_prompt_appears() {
    let desk = Desk::new();
    let tool = module::keytool().display().to_string();
    let traced = format!("strace -f -e trace=ioctl,write -o trace {tool} create -e P-256 -a key.tpm");
    let mut terminal = Pty::start(desk.shell.command(&traced));
    terminal.expect("password").type_line("swordfish").expect("again").type_line("swordfish");
    assert!(terminal.end().0);
    let trace = desk.shell.text("trace");
    let at = |words: &[&str]| {
        let found = trace.lines().position(|line| words.iter().all(|word| line.contains(word)));
        found.unwrap_or_else(|| panic!("{words:?} not in\n{trace}"))
    };
    // strace lists the flags that are set: ECHO would be listed between ICANON and ECHOE.
    assert!(at(&["TCSETSF", "c_lflag=ICANON|ECHOE|"]) < at(&["write(", "Enter password"]), "{trace}");
}
