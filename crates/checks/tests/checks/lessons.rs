//! What a failure sends its reader to is there.

use std::fs;
use std::path::{Path, PathBuf};

use checks::check::{Check, Role};

/// The docs' folder, or `None`, with the reason, as long as it has no page of pitfalls.
fn docs() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if root.join("docs/pitfalls.md").exists() {
        return Some(root);
    }
    eprintln!("skipped: docs/pitfalls.md isn't written yet, so no lesson can be found in it");
    None
}

fn all_checks() -> impl Iterator<Item = &'static Check> {
    Role::ALL.iter().flat_map(|role| role.checks())
}

/// The text under a heading, up to the next heading, if the page has it.
fn section<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let is_heading = |line: &&str| {
        let title = line.trim_start_matches('#');
        title.len() < line.len() && title.trim() == heading
    };
    let start = page.lines().find(is_heading)?;
    let (_, after) = page.split_once(start)?;
    Some(after.split("\n#").next().unwrap_or(after))
}

#[test]
fn every_lesson_has_its_page_and_heading() {
    let Some(root) = docs() else { return };
    let mut missing = Vec::new();
    for check in all_checks() {
        let page = fs::read_to_string(root.join(check.lesson.page)).unwrap_or_default();
        let there = match check.lesson.heading {
            Some(heading) => section(&page, heading).is_some(),
            None => !page.is_empty(),
        };
        if !there {
            missing.push(format!("{}: {}", check.id, check.lesson));
        }
    }
    assert!(missing.is_empty(), "not in the docs: {missing:#?}");
}

#[test]
fn every_pitfall_names_a_check_that_sends_its_readers_there() {
    let Some(root) = docs() else { return };
    let page = fs::read_to_string(root.join("docs/pitfalls.md")).unwrap();
    let mut nameless = Vec::new();
    for check in all_checks() {
        let Some(heading) = check.lesson.heading else {
            continue;
        };
        let section = section(&page, heading).unwrap_or_default();
        let names_one = all_checks()
            .filter(|other| other.lesson == check.lesson)
            .any(|other| section.contains(other.id));
        if !names_one && !nameless.contains(&heading) {
            nameless.push(heading);
        }
    }
    assert!(
        nameless.is_empty(),
        "these pitfalls name none of their checks: {nameless:#?}"
    );
}

#[test]
fn a_section_ends_where_the_next_begins() {
    let page = "# Page\n\n## One\n\nfirst\n\n## Two\n\nsecond\n";
    assert_eq!(section(page, "One"), Some("\n\nfirst\n"));
    assert_eq!(section(page, "Two"), Some("\n\nsecond\n"));
    assert_eq!(section(page, "first"), None);
}
