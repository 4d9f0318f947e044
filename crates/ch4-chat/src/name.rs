//! Names of guests: cleaned, short, and unique.

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

/// The name itself if nobody has it, else with the first number that makes it unique: `Li-2`.
///
/// Capital letters make no difference: `li` would be taken for `Li`.
pub fn unique(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(name) {
        return name.to_owned();
    }
    let numbered = |number: u32| {
        let suffix = format!("-{number}");
        let kept = MAX_CHARACTERS.saturating_sub(suffix.len());
        name.chars()
            .take(kept)
            .chain(suffix.chars())
            .collect::<String>()
    };
    // There are more numbers than guests, so one of them is free.
    let mut numbers = 2..=u32::MAX;
    numbers
        .find_map(|number| Some(numbered(number)).filter(|name| !is_taken(name)))
        .unwrap_or_default()
}

/// Whether two names would be taken for the same.
pub fn alike(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
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
        let taken = ["host", "Li", "Li-2"];
        let is_taken = |name: &str| taken.iter().any(|other| alike(name, other));
        assert_eq!(unique("Han", is_taken), "Han");
        assert_eq!(unique("li", is_taken), "li-3");
        assert_eq!(unique("HOST", is_taken), "HOST-2");
    }

    proptest! {
        #[test]
        fn any_name_comes_out_short_and_harmless(wanted: String, others: [bool; 3]) {
            if let Some(name) = clean(&wanted) {
                let is_taken = |name: &str| others.iter().enumerate().any(|(number, taken)| {
                    *taken && name.ends_with(&format!("-{}", number + 2))
                });
                for name in [unique(&name, is_taken), unique(&name, |other| other == name)] {
                    prop_assert!(name.chars().count() <= MAX_CHARACTERS);
                    let misleading = name.contains([':', '*', '\n', '\r', '\u{1b}']);
                    prop_assert!(!misleading, "{name:?}");
                }
            }
        }
    }
}
