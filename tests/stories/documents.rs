//! The commands of every page are run as its reader would run them, and print what the page says.
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use tests::{Shell, module};

mod block;
mod page;

use block::{Block, Kind, blocks, indented};

use crate::house::pages;

/// The pages whose configurations `make programs` writes and tries.
const TRIED_ELSEWHERE: &str = "docs/programs";

#[test]
fn the_commands_of_every_page_run_and_print_what_it_says() {
    let waiting = Mutex::new(pages());
    let next = || waiting.lock().unwrap().pop();
    let work = || {
        let run = |page: PathBuf| {
            let ran = page::run(&page, &blocks(&page));
            (page, ran)
        };
        std::iter::from_fn(next).map(run).collect::<Vec<_>>()
    };
    let ran: BTreeMap<PathBuf, usize> = thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let expected = |page: PathBuf| {
        let count = blocks(&page).iter().filter(|block| block.is_run()).count();
        (page, count)
    };
    assert_eq!(ran, pages().into_iter().map(expected).collect());
    for page in ["docs/migrate.md", "docs/how-to.md"] {
        assert!(ran[&module::workspace().join(page)] > 0, "no block of {page} ran");
    }
}

#[test]
fn a_block_that_fails_is_followed_by_its_message() {
    let mut failing = 0;
    for page in pages() {
        let blocks = blocks(&page);
        for (at, block) in blocks.iter().enumerate().filter(|(_, block)| block.kind == Kind::Failing) {
            failing += 1;
            let printed = blocks.get(at + 1).is_some_and(|next| next.kind == Kind::Printed);
            assert!(printed, "{}:{}: any failure passes", page.display(), block.line);
        }
    }
    assert!(failing > 0);
}

#[test]
fn a_block_that_is_not_run_says_what_it_needs() {
    let (mut run, mut not_run) = (0, Vec::new());
    for page in pages() {
        for block in blocks(&page) {
            run += usize::from(block.is_run());
            if let Kind::NotRun(reason) = block.kind {
                not_run.push((format!("{}:{}", page.display(), block.line), reason));
            }
        }
    }
    for (place, reason) in &not_run {
        eprintln!("{place}: {reason}");
        assert!(reason.starts_with("needs ") && (9..80).contains(&reason.len()), "{place}: {reason:?}");
    }
    assert!(!not_run.is_empty() && not_run.len() < run, "{} are not run, and {run} are", not_run.len());
}

#[test]
fn code_on_pages_is_fenced_and_says_what_it_is() {
    for page in pages() {
        if page.starts_with(module::workspace().join(TRIED_ELSEWHERE)) {
            continue;
        }
        let indented = indented(&page);
        assert!(indented.is_empty(), "{}: {indented:#?}", page.display());
    }
}

/// `make systems` runs the first page by this script, on minimal systems.
#[test]
fn scripts_commands_prints_the_commands_that_run() {
    let shell = Shell::new("commands");
    let every_kind = "<!-- sh\nhidden\n-->\n```sh\nshown \\\n    more\n```\n```text\nprinted\n```\n\
        ```console\n$ typed\n$not typed\n```\n```sh not-run=\"needs a TPM\"\nleft out\n```\n```sh fails\nfalse\n```\n\
        ```ini\nsetting\n```\n";
    shell.write("page.md", every_kind);
    for (page, first) in
        [(module::workspace().join("README.md"), "tpm2-keytool "), (shell.file("page.md"), "hidden\n")]
    {
        let commands: String = blocks(&page).iter().map(Block::commands).collect();
        assert!(commands.starts_with(first) && commands.lines().count() > 3, "{commands}");
        let script = module::workspace().join("scripts/commands");
        assert_eq!(shell.ok(&format!("{} {}", script.display(), page.display())).out(), commands);
    }
}
