//! Each program has a page in docs/programs, with the sections of one template.
use std::fs;
use std::path::PathBuf;

use tests::module;

/// The sections of a page, in this order.
const SECTIONS: [&str; 6] =
    ["What to write", "Who opens what", "Password", "Reload", "Service unit", "What fails"];

/// Fails if the program's page is missing, or has other sections.
#[track_caller]
pub(super) fn check(name: &str) {
    let text = page(name);
    let found: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(found, SECTIONS, "the sections of docs/programs/{name}.md");
    assert!(text.lines().nth(2).is_some_and(|line| line.starts_with("Tried: ")), "docs/programs/{name}.md");
}

/// Fails if the page does not have the sentence.
#[track_caller]
pub(super) fn says(name: &str, sentence: &str) {
    let text = page(name).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains(sentence), "docs/programs/{name}.md does not say: {sentence}");
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
    let rows = table.lines().filter(|line| line.starts_with("| [")).count();
    assert_eq!(rows, names.len(), "a row without a page");
}
