//! The pages that a check refers to, as this program carries them, so that it works anywhere.

use std::fmt::Write;

use checks::check::Check;

macro_rules! page {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../../", $name)))
    };
}

/// Each page that a check refers to: its file, and its text.
const PAGES: [(&str, &str); 6] = [
    page!("docs/4.1-tcp-server.md"),
    page!("docs/4.2-tcp-client.md"),
    page!("docs/4.3-chat.md"),
    page!("docs/5.1-udp-server.md"),
    page!("docs/5.2-udp-client.md"),
    page!("docs/pitfalls.md"),
];

/// What each program must do.
const ROLES: &str = include_str!("../../../../docs/roles.md");

/// All about one check.
pub(crate) fn explain(check: &Check) -> String {
    format!(
        "{} ({})\n{}\n\nWhat it does: {}\n\nWhat to change if it fails: {}\n\n{}",
        check.id,
        check.level,
        check.title,
        check.about,
        check.advice,
        lesson(check),
    )
}

/// What the check's lesson says, as plain text. Where that is all of a section's page, it is what
/// the program must do, and the section's idea.
fn lesson(check: &Check) -> String {
    let page = PAGES.iter().find(|(name, _)| *name == check.lesson.page);
    let page = page.map_or("", |(_, text)| text);
    if let Some(heading) = check.lesson.heading {
        return format!("From {}:\n\n{}", check.lesson, section(page, heading));
    }
    let role = check.id.split('/').next().unwrap_or_default();
    let (must_do, idea) = (section(ROLES, role), section(page, "The idea"));
    let page = check.lesson.page;
    format!("From docs/roles.md:\n\n{must_do}\nFrom {page}:\n\n{idea}")
}

/// The text under a heading of the second level (which may have a Chinese part, too), up to the
/// next heading, without comments, tags and the targets of links.
fn section(page: &str, heading: &str) -> String {
    let lines = page
        .lines()
        .skip_while(|line| english(line) != Some(heading));
    let lines = lines.skip(1).take_while(|line| !line.starts_with("##"));
    let lines = lines.filter(|line| !line.starts_with('<'));
    let mut text: Vec<&str> = lines.collect();
    // Tags leave gaps.
    text.dedup_by(|line, before| line.is_empty() && before.is_empty());
    without_targets(text.join("\n").trim()) + "\n"
}

fn english(heading: &str) -> Option<&str> {
    heading.strip_prefix("## ")?.split(" · ").next()
}

/// `[words](target)` becomes `words`, or `words (target)` if the target is an address.
fn without_targets(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("](") {
        let Some((target, after)) = link.split_once(')') else {
            break;
        };
        match before.rsplit_once('[') {
            Some((before, words)) => {
                plain.push_str(before);
                plain.push_str(words);
            }
            None => plain.push_str(before),
        }
        if target.contains("://") {
            let _ = write!(plain, " ({target})");
        }
        rest = after;
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use checks::check::Role;

    use super::*;

    #[test]
    fn a_link_becomes_its_words() {
        let text = "see [`receive`](../a.rs#receive), [RFC](https://x.y/z#1), a[0](b";
        assert_eq!(
            without_targets(text),
            "see `receive`, RFC (https://x.y/z#1), a[0](b"
        );
    }

    /// What the command carries is what each check refers to, so its page and heading are there.
    #[test]
    fn each_check_can_be_explained() {
        for check in Role::ALL.iter().flat_map(|role| role.checks()) {
            let names = PAGES.map(|(name, _)| name);
            assert!(names.contains(&check.lesson.page), "{}", check.id);
            let page = lesson(check);
            assert!(page.starts_with("From docs/"), "{}: {page}", check.id);
            assert!(page.lines().count() > 20, "{}: {page}", check.id);
        }
    }
}
