//! Each program has a page in docs/programs, with the sections of one template.
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use tests::module;

/// The sections of a page, in this order.
const SECTIONS: [&str; 6] =
    ["What to write", "Who opens what", "Password", "Reload", "Service unit", "What fails"];

/// Directives and paths that only nginx has: elsewhere they are left from a copied page.
const OF_NGINX: [&str; 4] = ["/etc/nginx", "nginx -s", "ssl_certificate_key ", "ssl_password_file"];

/// The number of characters from which two equal sections are a copy, and not the same short fact.
const COPIED: usize = 120;

/// Fails if the program's page is missing, has other sections or an empty one, or shows the configuration of nginx.
#[track_caller]
pub(super) fn check(name: &str) {
    let text = page(name);
    let sections = sections(&text);
    let titles: Vec<&str> = sections.iter().map(|(title, _)| *title).collect();
    assert_eq!(titles, SECTIONS, "the sections of docs/programs/{name}.md");
    assert!(text.lines().nth(2).is_some_and(|line| line.starts_with("Tried: ")), "docs/programs/{name}.md");
    for (title, body) in sections {
        assert!(!body.is_empty(), "docs/programs/{name}.md has nothing under {title}");
    }
    let foreign = OF_NGINX.iter().find(|word| name != "nginx" && text.contains(**word));
    assert_eq!(foreign, None, "docs/programs/{name}.md has a line of nginx");
}

/// The title of each section, and its text in one line.
fn sections(text: &str) -> Vec<(&str, String)> {
    let parts = text.split("\n## ").skip(1).map(|part| part.split_once('\n').unwrap_or((part, "")));
    parts.map(|(title, body)| (title, in_one_line(body))).collect()
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Fails if the page does not have the sentence.
#[track_caller]
pub(super) fn says(name: &str, sentence: &str) {
    let text = in_one_line(&page(name));
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
    let names = names();
    for name in &names {
        assert!(table.contains(&format!("({name}.md) |")), "docs/programs/README.md has no row for {name}");
    }
    let rows = table.lines().filter(|line| line.starts_with("| [")).count();
    assert_eq!(rows, names.len(), "a row without a page");
}

#[test]
fn each_page_has_every_section_and_no_line_of_nginx() {
    for name in names() {
        check(&name);
    }
}

#[test]
fn no_section_of_a_page_is_a_copy_of_another_page() {
    let mut pages_by_body: HashMap<String, String> = HashMap::new();
    for name in names() {
        let text = page(&name);
        for (title, body) in sections(&text).into_iter().filter(|(_, body)| body.len() >= COPIED) {
            let here = format!("{title} of docs/programs/{name}.md");
            if let Some(there) = pages_by_body.insert(body, here.clone()) {
                panic!("{here} is a copy of {there}");
            }
        }
    }
}

/// The names of the pages, without that of the table.
fn names() -> Vec<String> {
    let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let files = entries.map(|name| name.into_string().unwrap()).filter(|name| name != "README.md");
    files.map(|name| name.trim_end_matches(".md").to_owned()).collect()
}
