//! Runs the blocks of a page as its reader would: in order, in one folder, beside one TPM.
use std::env;
use std::path::Path;

use tests::{Order, Shell, module};

use super::block::{Block, Kind};
use crate::machine::Machine;

/// Runs the blocks of a page, on a machine whose openssl.cnf is as `tpm2.cnf`. Returns how many ran.
pub(super) fn run(page: &Path, blocks: &[Block]) -> usize {
    if !blocks.iter().any(Block::is_run) {
        return 0;
    }
    let mut ran = 0;
    let machine = Machine::new();
    let openssl = machine.openssl.clone().ordered(Order::DefaultFirst);
    let path = format!("{}:{}", module::folder().display(), env::var("PATH").unwrap());
    let shell = openssl.shell().clone().env("PATH", path).env("TPM2TOOLS_TCTI", machine.tpm.tcti());
    let mut printed = String::new();
    for block in blocks {
        let place = format!("{}:{}", page.display(), block.line);
        match block.kind {
            Kind::Script => printed = script(&shell, &place, &block.text, true),
            Kind::Failing => printed = script(&shell, &place, &block.text, false),
            Kind::Printed => {
                let mut rest = printed.as_str();
                for line in block.text.lines() {
                    let found = rest.split_once(line);
                    (_, rest) =
                        found.unwrap_or_else(|| panic!("{place}: {line:?} is not printed, but {printed}"));
                }
                continue;
            }
            Kind::Console => console(&shell, &place, &block.text),
            Kind::NotRun(_) | Kind::Shown => continue,
        }
        ran += 1;
    }
    ran
}

/// Runs a script to the end that is expected of it, and gives what it printed.
fn script(shell: &Shell, place: &str, text: &str, succeeds: bool) -> String {
    shell.write("block.sh", text);
    let output = shell.run("bash -eu -o pipefail block.sh");
    let printed = output.out() + &output.err();
    let ended = output.status.is_some_and(|status| status.success() == succeeds && status.code().is_some());
    assert!(ended, "{place}: {text}\nended with {output}");
    printed
}

/// Runs each command of a dialog, and compares all that it prints.
fn console(shell: &Shell, place: &str, text: &str) {
    assert!(text.starts_with("$ "), "{place}: no command");
    for turn in format!("\n{text}").split("\n$ ").skip(1) {
        let (command, expected) = turn.split_once('\n').unwrap_or((turn, ""));
        let printed = script(shell, place, command, true);
        assert!(
            fits(expected.trim_end(), printed.trim_end()),
            "{place}: {command}\nprints\n{printed}\nand not\n{expected}"
        );
    }
}

/// Compares a text with a pattern in which `…` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        (rest, last) = (after, Some(part));
    }
    rest.is_empty() || last.is_some_and(|last| last.is_empty() || rest.ends_with(last))
}

#[test]
fn an_ellipsis_matches_anything() {
    assert!(fits("Verified OK", "Verified OK"));
    assert!(!fits("Verified", "Verified OK"));
    assert!(!fits("", "a warning"));
    assert!(fits("name …\nhandle 0x…", "name 000b\nhandle 0x81"));
    assert!(fits("a … b", "a 1 b 2 b"));
    assert!(!fits("a … b", "a 1 b 2"));
}
