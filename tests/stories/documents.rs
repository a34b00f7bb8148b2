//! The commands of a page are run as its reader would run them, and print what the page says.
use std::fs;

use tests::{Order, module};

use crate::machine::Machine;

/// A fenced block of a page.
struct Block {
    /// What stands behind the fence: `sh`, `sh fails`, `text`.
    info: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let text = fs::read_to_string(module::workspace().join(page)).unwrap();
    let fenced = text.split("\n```").skip(1).step_by(2);
    let blocks = fenced.map(|block| block.split_once('\n').unwrap());
    blocks.map(|(info, text)| Block { info: info.to_owned(), text: format!("{text}\n") }).collect()
}

/// Runs the blocks of a page from the first to the last in one folder, on a machine whose openssl.cnf is as `tpm2.cnf`.
///
/// `sh` must succeed, and `sh fails` must fail. A block `text` behind it has lines that it prints, in this order.
#[track_caller]
fn run(page: &str) {
    let machine = Machine::new();
    let openssl = machine.openssl.clone().ordered(Order::DefaultFirst);
    let path = format!("{}:{}", module::folder().display(), std::env::var("PATH").unwrap());
    let shell = openssl.shell().clone().env("PATH", path);
    let (mut printed, mut ran) = (String::new(), 0);
    for (number, block) in blocks(page).into_iter().enumerate() {
        match block.info.as_str() {
            "sh" | "sh fails" => {
                let name = format!("block-{number}.sh");
                shell.write(&name, &block.text);
                let output = shell.run(&format!("bash -eu -o pipefail {name}"));
                printed = output.out() + &output.err();
                let output = if block.info == "sh" { output.ok() } else { output.failed() };
                drop(output);
                ran += 1;
            }
            "text" => {
                let mut rest = printed.as_str();
                for line in block.text.lines() {
                    let found = rest.split_once(line);
                    (_, rest) =
                        found.unwrap_or_else(|| panic!("{page}: {line:?} is not printed, but {printed}"));
                }
            }
            other => panic!("{page}: a block of {other:?}"),
        }
    }
    assert!(ran > 0, "{page} has no commands");
}

#[test]
fn the_commands_of_the_page_about_migration() {
    run("docs/migrate.md");
}
