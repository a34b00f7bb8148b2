//! The pages lead to each other, are all listed, and state what is true of the tree.
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use tests::module;

use super::{files, pages};

/// The targets of a page's links.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).filter(|link| !link.contains("://"))
}

/// The anchors of a page, as GitHub and mdBook make them of headings.
fn anchors(page: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(page).unwrap();
    let anchor = |heading: &str| {
        let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    text.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect()
}

#[test]
fn every_page_and_command_that_the_documents_name_is_there() {
    let makefile = fs::read_to_string(module::workspace().join("Makefile")).unwrap();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(target.exists(), "{} links to {link}", page.display());
            assert!(
                anchor.is_empty() || anchors(&target).contains(anchor),
                "{} links to {link}, and there is no such heading: {:?}",
                page.display(),
                anchors(&target)
            );
        }
        for target in text.split("`make ").skip(1).filter_map(|rest| rest.split([' ', '`']).next()) {
            assert!(makefile.contains(&format!("\n{target}:")), "{} names make {target}", page.display());
        }
    }
}

#[test]
fn the_summary_lists_every_page() {
    let root = module::workspace();
    let docs = root.join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md")).unwrap();
    let listed: BTreeSet<PathBuf> =
        links(&summary).map(|link| docs.join(link).canonicalize().unwrap()).collect();
    // Beside and below docs: the manual page of the provider and the page of the fuzz targets are no pages of the book.
    let there = pages().into_iter().filter(|page| page.starts_with(&docs) || page.parent() == Some(&*root));
    let there = there.filter(|page| !page.ends_with("SUMMARY.md"));
    assert_eq!(listed, there.map(|page| page.canonicalize().unwrap()).collect());
}

#[test]
fn the_first_page_is_short() {
    let readme = fs::read_to_string(module::workspace().join("README.md")).unwrap();
    let words = readme.split_whitespace().count();
    assert!(words <= 700, "README.md has {words} words");
}

#[test]
fn the_page_about_security_counts_the_unsafe_blocks() {
    let root = module::workspace();
    let page = fs::read_to_string(root.join("docs/security.md")).unwrap();
    for folder in ["provider/src/ffi", "pkcs11/src/ffi", "tpm/src/ffi", "keytool/src/ffi"] {
        let sources = files(&root.join(folder)).into_iter().map(|file| fs::read_to_string(file).unwrap());
        // A block is opened outside of comments only.
        let code = |text: String| {
            text.lines()
                .map(|line| line.split("//").next().unwrap().matches("unsafe {").count())
                .sum::<usize>()
        };
        let blocks: usize = sources.map(code).sum();
        assert!(page.contains(&format!("| `{folder}` | {blocks} |")), "{folder} has {blocks} unsafe blocks");
    }
}
