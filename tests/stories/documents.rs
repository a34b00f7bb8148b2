//! The commands of every page are run as its reader would run them, and print what the page says.
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{fs, thread};

use tests::module;

mod block;
mod page;

use block::{Kind, blocks, indented};

/// The pages whose configurations `make programs` writes and tries.
const TRIED_ELSEWHERE: &str = "docs/programs";

/// README.md, its sisters, and every page below docs.
fn pages() -> Vec<PathBuf> {
    let root = module::workspace();
    let mut pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "provider/provider-tpm2.md"]
        .map(|page| root.join(page))
        .to_vec();
    below(&root.join("docs"), &mut pages);
    pages
}

fn below(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, pages);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
}

#[test]
fn the_commands_of_every_page_run_and_print_what_it_says() {
    let pages = Mutex::new(pages());
    let next = || pages.lock().unwrap().pop();
    let work = || std::iter::from_fn(next).map(|page| page::run(&page, &blocks(&page))).sum::<usize>();
    let ran = thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum::<usize>()
    });
    assert!(ran > 30, "{ran} blocks ran");
}

#[test]
fn a_block_that_is_not_run_says_what_it_needs() {
    let (mut run, mut not_run) = (0, Vec::new());
    for page in pages() {
        for block in blocks(&page) {
            match block.kind {
                Kind::NotRun(reason) => not_run.push((format!("{}:{}", page.display(), block.line), reason)),
                Kind::Script | Kind::Failing | Kind::Console => run += 1,
                Kind::Printed | Kind::Shown => {}
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
