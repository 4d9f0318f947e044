//! Names of guests: cleaned, short, and unique.
//!
//! Unicode Technical Standard 39, "Unicode Security Mechanisms", decides what a name may contain,
//! and which names look alike.

use std::collections::HashSet;
use std::iter;

use console::Log;
use console::safe::MAX_MARKS;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::UnicodeScript;
use unicode_security::{GeneralSecurityProfile, skeleton};

use super::event::PeerId;

/// A guest whose first line begins with this gives its name.
pub const COMMAND: &str = "/name ";

/// Maximum length of a name in characters.
pub const MAX_CHARACTERS: usize = 32;

/// Removes what could mislead. Returns the name in the form NFC and with single spaces, or `None`
/// if nothing is left, or if it looks like a name that the room gives out: `guest-7`.
///
/// Only what Unicode allows in identifiers stays: letters, marks and digits of the scripts in
/// common use, and `' - . _` and a few similar characters. So no name contains a line end, a colon,
/// or an invisible character. No word ends with a full stop, or `Li has left. Han` could join.
pub fn clean(wanted: &str) -> Option<String> {
    let mut kept = String::new();
    // Unicode may allow a letter in one piece, but not each of its parts.
    for character in wanted.nfc() {
        let may_stay = !is_combining_mark(character) || fits(&kept, character);
        if character.is_whitespace() || (is_allowed(character) && may_stay) {
            kept.push(character);
        }
    }
    let words = kept.split_whitespace();
    let words = words.map(|word| word.trim_end_matches('.'));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let short: String = words.join(" ").nfc().take(MAX_CHARACTERS).collect();
    let name = short.trim_end_matches([' ', '.']);
    let is_reserved = keys(name).iter().any(|key| key.starts_with("guest-"));
    (!name.is_empty() && !is_reserved).then(|| name.to_owned())
}

/// The user's own name, cleaned ([`clean`]). If that isn't what the user chose, the log says so.
pub fn own(chosen: Option<&str>, log: &Log) -> Option<String> {
    let name = chosen.and_then(clean)?;
    if chosen != Some(&name) {
        log.event(format_args!("Your name is {name}."));
    }
    Some(name)
}

/// Whether Unicode allows the character in identifiers (UTS 39, section 3.1). If Unicode replaces a
/// letter by others (its form NFKC), those count: for a full-width letter of a Chinese keyboard, or
/// the last letter of น้ำ. A colon isn't allowed: it ends a name.
fn is_allowed(character: char) -> bool {
    let allowed = |character: char| character.identifier_allowed() && character != ':';
    let stands_for = || iter::once(character).nfkc().all(allowed);
    allowed(character) || (character.is_alphanumeric() && stands_for())
}

/// Whether the mark may come after the text `before`: once, and on a letter of the same script.
/// Elsewhere it may look like anything, such as a colon.
fn fits(before: &str, mark: char) -> bool {
    let letters = before.trim_end_matches(is_combining_mark);
    let Some(letter) = letters.chars().next_back() else {
        return false;
    };
    // Its marks, those too that are part of it, as in é.
    let (_, marked) = before.split_at(letters.len() - letter.len_utf8());
    let marks: Vec<char> = marked.nfd().filter(|it| is_combining_mark(*it)).collect();
    let both = letter.script_extension();
    let own_script = !both.intersection(mark.script_extension()).is_empty();
    letter.is_alphabetic() && own_script && marks.len() < MAX_MARKS && !marks.contains(&mark)
}

/// The names in use.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The keys of each.
    taken: HashSet<String>,
}

impl Names {
    /// Gives a guest the [clean] name that it wants if no taken name looks like it. If one does, it
    /// gets `Li-7`, with its number, and if even that is taken, `guest-7`, which nobody else can
    /// have.
    pub fn take(&mut self, wanted: &str, number: PeerId) -> String {
        let suffix = format!("-{number}");
        let kept = MAX_CHARACTERS.saturating_sub(suffix.len());
        let short: String = wanted.chars().take(kept).collect();
        let numbered = short.trim_end().to_owned() + &suffix;
        let is_free = |name: &String| !keys(name).iter().any(|key| self.taken.contains(key));
        let mut names = [wanted.to_owned(), numbered].into_iter();
        let name = names.find(is_free).unwrap_or_else(|| guest(number));
        self.taken.extend(keys(&name));
        name
    }

    /// Makes a name available again.
    pub fn free(&mut self, name: &str) {
        for key in keys(name) {
            self.taken.remove(&key);
        }
    }
}

/// The name of a guest that hasn't chosen one.
pub fn guest(number: PeerId) -> String {
    format!("guest-{number}")
}

/// What the name looks like (its skeleton: UTS 39, section 4), in lower case, and what it looks
/// like when it is in lower case: `AIice` looks like `Alice`, and `aiice` doesn't. Names that share
/// one of these could be mistaken for each other.
fn keys(name: &str) -> [String; 2] {
    let looks: String = skeleton(name).collect();
    let lower_looks = skeleton(&name.to_lowercase()).collect();
    [looks.to_lowercase(), lower_looks]
}

#[cfg(test)]
mod tests {
    use console::safe;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_lose_what_could_mislead() {
        for (wanted, name) in [
            ("  Li   Lei\t", "Li Lei"),
            ("a:b\u{1b}[2J\u{200b}c\u{202e}", "ab2Jc"),
            ("* Bob has left.", "Bob has left"),
            ("Li has left. . Han...", "Li has left Han"),
            // Characters that can't be seen.
            ("Li\u{3164}", "Li"),
            ("\u{17b4}L\u{200d}i\u{e0041}\u{fe0f}\u{034f}", "Li"),
            // Colons of other scripts, and of none.
            ("host\u{a4fd} bye", "host bye"),
            ("Li\u{2d0} \u{ff1a}x\u{fe30}", "Li x"),
            ("Li\u{903}\u{a83}", "Li"),
            ("1\u{903}", "1"),
            // Marks without a letter, on letters of another script, on each other.
            ("\u{301}Li \u{301}", "Li"),
            ("host\u{5b0}\u{5b0}\u{64b}", "host"),
            ("x\u{301}\u{301}\u{301}", "x\u{301}"),
            (
                "x\u{302}\u{303}\u{304}\u{306}\u{308}y",
                "x\u{302}\u{303}\u{304}\u{306}y",
            ),
            // A form that isn't for identifiers.
            ("\u{1f600} \u{2f} \u{24d7}i\u{2460}", "\u{24d7}i\u{2460}"),
            ("\u{2105}x", "x"),
        ] {
            assert_eq!(clean(wanted).as_deref(), Some(name), "{wanted:?}");
        }
        for nothing in [
            "",
            " ",
            "\u{1b}\r\n",
            "\u{3164}",
            "\u{301}",
            ":",
            "\u{ff1a}",
            "...",
        ] {
            assert_eq!(clean(nothing), None, "{nothing:?}");
        }
        assert_eq!(clean(&"x".repeat(100)), Some("x".repeat(32)));
        for cut_after in [' ', '.'] {
            let long = format!("{}{cut_after}y", "x".repeat(31));
            assert_eq!(clean(&long), Some("x".repeat(31)));
        }
    }

    #[test]
    fn honest_names_keep_their_marks() {
        for name in [
            "\u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947}", // Hindi, with vowel signs
            "\u{926}\u{941}\u{903}\u{916}",               // Hindi, with a visarga
            "\u{e19}\u{e49}\u{e33}",                      // Thai, with a tone mark
            "Zo\u{eb}",
            "Nguy\u{1ec5}n",
            "M\u{300}ba",
            "李雷",
            "ジョン\u{30fb}スミス",
            "佐々木",
            "김철수",
            "\u{645}\u{62d}\u{645}\u{64e}\u{651}\u{62f}", // Arabic, with shadda and fatha
            "\u{1019}\u{103c}\u{103d}\u{1031}\u{1038}",   // Burmese: four marks on a letter
            "O'Brien",
            "O\u{2019}Brien",
            "Hawai\u{2bb}i",
            "Marcel\u{b7}lí",
            "R2-D2_v1.0",
        ] {
            assert_eq!(clean(name).as_deref(), Some(name), "{name}");
        }
        assert_eq!(clean("Zoe\u{308}").as_deref(), Some("Zo\u{eb}"));
        assert_eq!(clean("Zoe\u{200b}\u{308}").as_deref(), Some("Zo\u{eb}"));
        // Unicode allows the syllables in identifiers, but not each of their parts.
        let parts = "\u{1100}\u{1175}\u{11b7}\u{110e}\u{1165}\u{11af}\u{304b}\u{3099}";
        assert_eq!(clean(parts).as_deref(), Some("\u{ae40}\u{cca0}\u{304c}"));
        // Once is enough.
        assert_eq!(clean("a\u{308}\u{308}").as_deref(), Some("\u{e4}"));
    }

    /// The names that guests 1, 2, 3 and so on get.
    fn given<'n>(names: &mut Names, wanted: impl IntoIterator<Item = &'n str>) -> Vec<String> {
        let guests = wanted.into_iter().zip(1..);
        guests.map(|(name, id)| names.take(name, id)).collect()
    }

    #[test]
    fn a_name_that_is_taken_gets_the_guests_number() {
        let mut names = Names::default();
        assert_eq!(
            given(&mut names, ["Li", "Li", "Han", "li", "LI", "host", "HOST"]),
            ["Li", "Li-2", "Han", "li-4", "LI-5", "host", "HOST-7"]
        );
    }

    /// However many names others have taken in advance.
    #[test]
    fn there_is_a_name_that_nobody_can_take_from_a_guest() {
        let mut names = Names::default();
        names.take("Li", 1);
        assert_eq!(names.take("Li-3", 2), "Li-3");
        assert_eq!(names.take("Li", 3), "guest-3");
        for other in [
            "guest-4",
            "Guest-4",
            "guest-",
            "gu\u{435}st\u{2010}l",
            "guest-house",
        ] {
            assert_eq!(clean(other), None, "{other}");
        }
        for other in ["guest", "guest 4", "my guest-4"] {
            assert_eq!(clean(other).as_deref(), Some(other));
        }
    }

    #[test]
    fn a_name_that_looks_like_another_is_taken() {
        for (name, other) in [
            ("Li", "L\u{456}"), // Cyrillic
            ("Ace", "\u{410}\u{441}\u{435}"),
            ("Alice", "AIice"),
            ("alice", "AIice"),
            ("O'Brien", "o\u{2019}brien"),
            ("Li", "\u{ff2c}\u{ff49}"), // full width
            ("Zo\u{eb}", "ZO\u{cb}"),
            ("\u{412}asya", "\u{432}ASYA"), // Cyrillic, capital and small
            ("Li-2", "Li\u{2010}2"),
        ] {
            for pair in [[name, other], [other, name]] {
                let given = given(&mut Names::default(), pair);
                assert_eq!(given, [pair[0].to_owned(), format!("{}-2", pair[1])]);
            }
        }
    }

    #[test]
    fn a_name_that_is_given_back_is_free_for_all_that_look_like_it() {
        let mut names = Names::default();
        names.take("Alice", 1);
        names.free("Alice");
        assert!(names.taken.is_empty());
        assert_eq!(names.take("AIice", 2), "AIice");
    }

    #[test]
    fn a_long_name_is_cut_to_make_room_for_the_number() {
        let mut names = Names::default();
        let long = "x".repeat(28) + " yy";
        assert_eq!(names.take(&long, 1), long);
        assert_eq!(names.take(&long, 2), "x".repeat(28) + " y-2");
        assert_eq!(names.take(&long, 34), "x".repeat(28) + "-34");
        assert_eq!(names.take(&long, 1000), "x".repeat(27) + "-1000");
    }

    /// What people and attackers call themselves.
    fn wanted() -> impl Strategy<Value = String> {
        prop_oneof![
            "([LlIi1|\u{456}]{1,2}|guest)(-[2-5])?",
            "[Li. ]{1,40}",
            "\\PC{0,40}",
            any::<String>()
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn any_name_comes_out_short_and_harmless(wanted in wanted()) {
            if let Some(name) = clean(&wanted) {
                prop_assert!(name.chars().count() <= MAX_CHARACTERS);
                prop_assert!(name.chars().all(safe::is_harmless), "{name:?}");
                let misleading = name.nfkc().any(|it| ":*|\n\r\u{1b}".contains(it));
                prop_assert!(!misleading, "{name:?}");
                prop_assert!(name.nfc().eq(name.chars()), "{name:?}");
                prop_assert_eq!(name.trim(), &name);
                prop_assert!(!name.contains(". ") && !name.ends_with('.'), "{name:?}");
            }
        }

        /// Against a room that compares each with each.
        #[test]
        fn no_two_names_in_a_room_look_alike(
            steps in vec((wanted(), any::<Option<prop::sample::Index>>()), 0..20),
        ) {
            let mut names = Names::default();
            let mut room: Vec<String> = Vec::new();
            let alike = |one: &str, other: &str| {
                keys(one).iter().any(|key| keys(other).contains(key))
            };
            for ((wanted, leaves), id) in steps.into_iter().zip(1..) {
                if let Some(leaves) = leaves && !room.is_empty() {
                    names.free(&room.swap_remove(leaves.index(room.len())));
                } else if let Some(wanted) = clean(&wanted) {
                    let name = names.take(&wanted, id);
                    let taken = room.iter().any(|other| alike(other, &wanted));
                    prop_assert_eq!(name != wanted, taken);
                    prop_assert!(!room.iter().any(|other| alike(other, &name)));
                    prop_assert!(name.chars().count() <= MAX_CHARACTERS);
                    room.push(name);
                }
            }
            for name in room {
                names.free(&name);
            }
            prop_assert!(names.taken.is_empty());
        }
    }
}
