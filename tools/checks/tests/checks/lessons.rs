//! What a failure sends its reader to is there.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use checks::check::{Check, Level, Role};

fn read(page: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(page)).unwrap_or_default()
}

fn all_checks() -> impl Iterator<Item = &'static Check> {
    Role::ALL.iter().flat_map(|role| role.checks())
}

/// The English part of a heading: a dot and the Chinese part may follow it.
fn english(heading: &str) -> &str {
    heading.split(" · ").next().unwrap_or(heading).trim()
}

/// The text under a heading, up to the next heading or its anchor, if the page has it.
fn section<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let is_heading = |line: &&str| {
        let title = line.trim_start_matches('#');
        title.len() < line.len() && english(title) == heading
    };
    let start = page.lines().find(is_heading)?;
    let (_, after) = page.split_once(start)?;
    after.split("\n#").next()
}

#[test]
fn every_lesson_has_its_page_and_heading() {
    let mut missing = Vec::new();
    for check in all_checks() {
        let page = read(check.lesson.page);
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
fn every_pitfall_names_its_checks_and_no_others() {
    let page = read("docs/pitfalls.md");
    let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
    for heading in headings.map(english) {
        let section = section(&page, heading).unwrap();
        let (_, list) = section.split_once("\nCheck: ").unwrap_or_default();
        // Behind the list is the anchor of the next section.
        let is_check = |word: &&str| word.contains('/') && !word.contains('<');
        let named: BTreeSet<&str> = list.split('`').filter(is_check).collect();
        let its_own: BTreeSet<&str> = all_checks()
            .filter(|check| check.lesson.heading == Some(heading))
            .map(|check| check.id)
            .collect();
        assert_eq!(named, its_own, "{heading}");
        assert!(!named.is_empty(), "{heading} has no check");
    }
}

#[test]
fn a_section_ends_where_the_next_begins() {
    let page = "# Page\n\n## One\n\nfirst\n\n<a id=\"x\"></a>\n\nmore\n\n## Two · 二\n\nsecond\n";
    assert_eq!(
        section(page, "One"),
        Some("\n\nfirst\n\n<a id=\"x\"></a>\n\nmore\n")
    );
    assert_eq!(section(page, "Two"), Some("\n\nsecond\n"));
    assert_eq!(section(page, "first"), None);
}

/// `docs/roles.md` quotes this.
#[test]
fn each_role_has_its_checks_by_level() {
    for role in Role::ALL {
        let mut text = String::new();
        for level in Level::ALL {
            let of_level = role.checks().iter().filter(|check| check.level == level);
            for check in of_level {
                writeln!(text, "{level:<6} {:<29} {}", check.id, check.title).unwrap();
            }
        }
        insta::assert_snapshot!(role.to_string(), text);
    }
}
