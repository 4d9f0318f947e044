//! Names of guests: cleaned, short, and unique.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use console::safe;

/// The most characters that a name may have.
pub const MAX_CHARACTERS: usize = 32;

/// The name with what could mislead taken out: only letters, digits, and `- _ .` and single spaces
/// between them stay, so that no name can hold a line end, a colon or an invisible character.
///
/// Returns `None` if nothing is left.
pub fn clean(wanted: &str) -> Option<String> {
    let allowed = |c: char| (c.is_alphanumeric() || "-_. ".contains(c)) && safe::is_harmless(c);
    let kept: String = wanted.chars().filter(|&c| allowed(c)).collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    let short: String = words.join(" ").chars().take(MAX_CHARACTERS).collect();
    let name = short.trim_end();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The names that somebody has.
#[derive(Debug, Default)]
pub struct Names {
    taken: HashSet<String>,
    /// For each name that somebody who is here has asked for, by its [`key`].
    wanted: HashMap<String, Wanted>,
}

#[derive(Debug, Default)]
struct Wanted {
    /// How many who are here asked for it.
    count: usize,
    /// The last number that was given. So nobody searches the numbers from the beginning.
    number: u32,
}

/// A name that somebody has: give it back with [`Names::free`].
#[derive(Debug)]
pub struct Name {
    /// The name as everybody sees it.
    pub shown: Arc<str>,
    wanted: String,
}

impl Names {
    /// Gives somebody the name itself if nobody has it, else with a number that makes it unique:
    /// `Li-2`.
    pub fn take(&mut self, name: &str) -> Name {
        let wanted = key(name);
        let entry = self.wanted.entry(wanted.clone()).or_default();
        entry.count += 1;
        let mut shown = name.to_owned();
        // There are more numbers than guests, so one of them is free.
        while !self.taken.insert(key(&shown)) {
            entry.number = entry.number.max(1).wrapping_add(1);
            shown = numbered(name, entry.number);
        }
        Name {
            shown: shown.into(),
            wanted,
        }
    }

    /// Somebody doesn't need the name any more.
    pub fn free(&mut self, name: &Name) {
        self.taken.remove(&key(&name.shown));
        if let Some(entry) = self.wanted.get_mut(&name.wanted) {
            entry.count -= 1;
            if entry.count == 0 {
                self.wanted.remove(&name.wanted);
            }
        }
    }
}

/// Two names with the same key would be taken for the same: `li` and `Li`.
fn key(name: &str) -> String {
    name.to_lowercase()
}

/// The name with the number, cut where it would be too long.
fn numbered(name: &str, number: u32) -> String {
    let suffix = format!("-{number}");
    let kept = MAX_CHARACTERS.saturating_sub(suffix.len());
    name.chars().take(kept).chain(suffix.chars()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_lose_what_could_mislead() {
        for (wanted, name) in [
            ("Li Lei", Some("Li Lei")),
            ("  李  雷\t", Some("李 雷")),
            ("a:b\u{1b}[2J\n\u{200b}c\u{202e}", Some("ab2Jc")),
            ("* Bob has left.", Some("Bob has left.")),
            ("\u{1b}\r\n", None),
            ("Li\u{3164}", Some("Li")),
            ("\u{3164}", None),
            ("", None),
        ] {
            assert_eq!(clean(wanted).as_deref(), name, "{wanted:?}");
        }
        assert_eq!(clean(&"x".repeat(100)), Some("x".repeat(32)));
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let mut names = Names::default();
        let mut take = |wanted| names.take(wanted);
        let given = ["host", "Li", "Li-2", "Han", "li", "LI", "HOST"].map(&mut take);
        let shown = given.each_ref().map(|name| &*name.shown);
        assert_eq!(
            shown,
            ["host", "Li", "Li-2", "Han", "li-3", "LI-4", "HOST-2"]
        );
        // Who leaves makes room, and nothing of them is kept.
        names.free(&given[1]);
        let li = names.take("li");
        assert_eq!(&*li.shown, "li");
        let [host, _, li_2, han, li_3, li_4, host_2] = given;
        for name in [host, li_2, han, li, li_3, li_4, host_2] {
            names.free(&name);
        }
        assert!(names.taken.is_empty() && names.wanted.is_empty());
    }

    proptest! {
        #[test]
        fn any_name_comes_out_short_harmless_and_unique(wanted: String) {
            if let Some(name) = clean(&wanted) {
                let mut names = Names::default();
                let given = [(); 12].map(|()| names.take(&name).shown);
                for (index, name) in given.iter().enumerate() {
                    prop_assert!(name.chars().count() <= MAX_CHARACTERS);
                    let misleading = name.contains([':', '*', '\n', '\r', '\u{1b}']);
                    prop_assert!(!misleading, "{name:?}");
                    prop_assert!(!given[..index].contains(name), "{name:?}");
                }
            }
        }
    }
}
