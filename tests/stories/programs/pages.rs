//! Each program has a page in docs/programs, with the sections of one template.
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use tests::module;

/// The sections of a page, in this order.
const SECTIONS: [&str; 6] =
    ["What to write", "Who opens what", "Password", "Reload", "Service unit", "What fails"];

/// Fails if the program's page is missing, has other sections, or a section without text.
#[track_caller]
pub(super) fn check(name: &str) {
    let text = page(name);
    let found: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(found, SECTIONS, "the sections of docs/programs/{name}.md");
    for section in SECTIONS {
        assert!(!body(&text, section).is_empty(), "docs/programs/{name}.md has nothing under {section}");
    }
    assert!(text.lines().nth(2).is_some_and(|line| line.starts_with("Tried: ")), "docs/programs/{name}.md");
}

/// Fails if the page does not have the sentence.
#[track_caller]
pub(super) fn says(name: &str, sentence: &str) {
    let text = page(name).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(sentence), "docs/programs/{name}.md does not say: {sentence}");
}

/// Returns the text of a section.
fn body<'t>(page: &'t str, section: &str) -> &'t str {
    let (_, rest) = page.split_once(&format!("\n## {section}\n")).unwrap_or_default();
    rest.split("\n## ").next().unwrap_or_default().trim()
}

#[track_caller]
fn page(name: &str) -> String {
    let path = folder().join(format!("{name}.md"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn folder() -> PathBuf {
    module::workspace().join("docs/programs")
}

#[test]
fn the_table_of_programs_has_a_row_for_each_page() {
    let table = page("README");
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name != "README.md");
    for name in &names {
        assert!(table.contains(&format!("({name}) |")), "docs/programs/README.md has no row for {name}");
        check(name.trim_end_matches(".md"));
    }
    // No page was copied from another program.
    let mut seen = BTreeMap::new();
    for name in &names {
        let text = page(name.trim_end_matches(".md"));
        for section in ["What to write", "Who opens what"] {
            let lines =
                body(&text, section).lines().filter(|line| line.starts_with("    ")).collect::<Vec<_>>();
            let other = if lines.is_empty() { None } else { seen.insert((section, lines.join("\n")), name) };
            assert_eq!(other, None, "docs/programs/{name} has the configuration of another program");
        }
    }
    let rows = table.lines().filter(|line| line.starts_with("| [")).count();
    assert_eq!(rows, names.len(), "a row without a page");
}
