//! What a failure sends its reader to is there.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use checks::check::{Level, Role};

#[test]
fn every_pitfall_names_its_checks_and_no_others() {
    let pitfalls = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pitfalls.md");
    let page = fs::read_to_string(pitfalls).unwrap();
    for section in page.split("\n## ").skip(1) {
        // A dot and the Chinese part may follow the English one.
        let heading = section
            .lines()
            .next()
            .and_then(|line| line.split(" · ").next());
        let (_, list) = section.split_once("\nCheck: ").unwrap_or_default();
        // Behind the list is the anchor of the next section.
        let is_check = |word: &&str| word.contains('/') && !word.contains('<');
        let named: BTreeSet<&str> = list.split('`').filter(is_check).collect();
        let checks = Role::ALL.iter().flat_map(|role| role.checks());
        let its_own = checks.filter(|check| check.lesson.heading == heading);
        let its_own: BTreeSet<&str> = its_own.map(|check| check.id).collect();
        assert_eq!(
            named, its_own,
            "docs/pitfalls.md, {heading:?}: what \"Check:\" names, and should"
        );
        assert!(!named.is_empty(), "{heading:?} has no check");
    }
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
