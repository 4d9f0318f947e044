//! Names of guests: cleaned, short, and unique.
//!
//! What a name may hold, and which names look alike, is Unicode's own answer: Technical Standard
//! 39, "Unicode Security Mechanisms".

use std::collections::HashSet;
use std::iter;
use std::sync::Arc;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::UnicodeScript;
use unicode_security::{GeneralSecurityProfile, skeleton};

/// The most characters that a name may have.
pub const MAX_CHARACTERS: usize = 32;

/// The most marks on one letter (UTS 39, section 5.4). More would cover the lines around it.
const MAX_MARKS: usize = 4;

/// The name with what could mislead taken out, in the form NFC and with single spaces.
///
/// What stays is what Unicode allows in identifiers: the letters, marks and digits of the scripts
/// that are in common use today, and `' - . _` and a few of their kind. So no name holds a line end,
/// a colon, or a character that can't be seen.
///
/// Returns `None` if nothing is left.
pub fn clean(wanted: &str) -> Option<String> {
    let mut kept = String::new();
    for character in wanted.chars() {
        let stays = if is_combining_mark(character) {
            fits(&kept, character)
        } else {
            character.is_whitespace() || is_allowed(character)
        };
        if stays {
            kept.push(character);
        }
    }
    let words: Vec<&str> = kept.split_whitespace().collect();
    let short: String = words.join(" ").nfc().take(MAX_CHARACTERS).collect();
    let name = short.trim_end();
    (!name.is_empty()).then(|| name.to_owned())
}

/// Whether Unicode allows the character in identifiers (UTS 39, section 3.1). A letter or digit of
/// another form counts as what it stands for: the full-width letters of a Chinese keyboard, the
/// last letter of น้ำ. The colon is ours: it ends the name.
fn is_allowed(character: char) -> bool {
    let allowed = |character: char| character.identifier_allowed() && character != ':';
    let stands_for = || iter::once(character).nfkc().all(allowed);
    allowed(character) || (character.is_alphanumeric() && stands_for())
}

/// Whether the mark may come after what is `before` it. It stays only on a letter of its own script:
/// elsewhere it may look like anything, such as a colon. And it stays once.
fn fits(before: &str, mark: char) -> bool {
    let letters = before.trim_end_matches(is_combining_mark);
    let (_, marks) = before.split_at(letters.len());
    let own_script = letters.chars().next_back().is_some_and(|letter| {
        let both = letter.script_extension();
        letter.is_alphabetic() && !both.intersection(mark.script_extension()).is_empty()
    });
    let room = marks.chars().count() < MAX_MARKS && !marks.contains(mark);
    is_allowed(mark) && own_script && room
}

/// The names that somebody has.
#[derive(Debug, Default)]
pub struct Names {
    /// The keys of each.
    taken: HashSet<String>,
}

/// A name that somebody has: give it back with [`Names::free`].
#[derive(Debug)]
pub struct Name {
    /// The name as everybody sees it.
    pub shown: Arc<str>,
    /// What the name looks like, in small letters, and what it looks like in small letters. Those
    /// differ: `AIice` looks like `Alice`, and `aiice` doesn't. Names that have one of them in
    /// common would be taken for the same.
    keys: [String; 2],
}

impl Names {
    /// Gives somebody the name itself if no taken name looks like it, else with a number that makes
    /// it unique: `Li-2`.
    ///
    /// This takes a few look-ups, however many have the same name.
    pub fn take(&mut self, name: &str) -> Name {
        let mut given = Name::new(name);
        if self.has(&given) {
            given = self.numbered(name);
        }
        self.taken.extend(given.keys.iter().cloned());
        given
    }

    /// Somebody doesn't need the name any more.
    pub fn free(&mut self, name: &Name) {
        for key in &name.keys {
            self.taken.remove(key);
        }
    }

    fn has(&self, name: &Name) -> bool {
        name.keys.iter().any(|key| self.taken.contains(key))
    }

    /// The name with a number that nobody has: the lowest one, unless guests have left.
    ///
    /// Great steps find a free number, and halving the way back finds the first one behind a taken
    /// one. (The numbers wrap around, so the steps end even if guests call themselves `Li-2`,
    /// `Li-6`, `Li-18` and so on.)
    fn numbered(&self, name: &str) -> Name {
        let (mut taken, mut free) = (1, 2_u64);
        let mut given = Name::with_number(name, free);
        while self.has(&given) {
            taken = free;
            free = free.wrapping_mul(3);
            given = Name::with_number(name, free);
        }
        while free.abs_diff(taken) > 1 {
            let middle = free.midpoint(taken);
            let between = Name::with_number(name, middle);
            if self.has(&between) {
                taken = middle;
            } else {
                (free, given) = (middle, between);
            }
        }
        given
    }
}

impl Name {
    /// A name, and what it looks like by its skeleton (UTS 39, section 4).
    fn new(shown: &str) -> Self {
        let looks: String = skeleton(shown).collect();
        Self {
            shown: shown.into(),
            keys: [
                looks.to_lowercase(),
                skeleton(&shown.to_lowercase()).collect(),
            ],
        }
    }

    /// The name with a number, cut where it would be too long.
    fn with_number(name: &str, number: u64) -> Self {
        let suffix = format!("-{number}");
        let kept = MAX_CHARACTERS.saturating_sub(suffix.len());
        let short: String = name.chars().take(kept).collect();
        Self::new(&(short.trim_end().to_owned() + &suffix))
    }
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
            ("* Bob has left.", "Bob has left."),
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
        ] {
            assert_eq!(clean(nothing), None, "{nothing:?}");
        }
        assert_eq!(clean(&"x".repeat(100)), Some("x".repeat(32)));
        assert_eq!(
            clean(&format!("{} y", "x".repeat(31))),
            Some("x".repeat(31))
        );
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
    }

    /// The names that are given, one after the other.
    fn given<'n>(names: &mut Names, wanted: impl IntoIterator<Item = &'n str>) -> Vec<String> {
        let shown = wanted
            .into_iter()
            .map(|it| names.take(it).shown.to_string());
        shown.collect()
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let mut names = Names::default();
        assert_eq!(
            given(
                &mut names,
                ["host", "Li", "Li-2", "Han", "li", "LI", "HOST"]
            ),
            ["host", "Li", "Li-2", "Han", "li-3", "LI-4", "HOST-2"]
        );
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
        let alice = names.take("Alice");
        names.free(&alice);
        assert!(names.taken.is_empty());
        assert_eq!(*names.take("AIice").shown, *"AIice");
    }

    #[test]
    fn a_thousand_of_the_same_name_are_numbered_in_order_and_cut() {
        let mut names = Names::default();
        let long = "x".repeat(28) + " y";
        names.take(&long);
        for number in 2..1000 {
            let name = names.take(&long);
            let suffix = format!("-{number}");
            assert!(name.shown.ends_with(&suffix), "{}", name.shown);
            assert!(name.shown.chars().count() <= MAX_CHARACTERS);
            assert!(!name.shown.contains(" -"), "{}", name.shown);
        }
        assert_eq!(*names.take(&long).shown, *("x".repeat(27) + "-1000"));
    }

    /// They take the numbers that are tried first.
    #[test]
    fn nobody_can_keep_others_from_a_number() {
        let mut names = Names::default();
        names.take("Li");
        let mut number = 2_u64;
        for _ in 0..200 {
            names.take(&format!("Li-{number}"));
            number = number.wrapping_mul(3);
        }
        names.take(&format!("Li-{}", u64::MAX));
        let name = names.take("Li").shown;
        assert!(name.starts_with("Li-"), "{name}");
        assert!(name.chars().count() <= MAX_CHARACTERS);
    }

    /// What people and attackers call themselves.
    fn wanted() -> impl Strategy<Value = String> {
        prop_oneof![
            "[LlIi1|\u{456}]{1,2}(-[2-5])?",
            "\\PC{0,40}",
            any::<String>()
        ]
    }

    proptest! {
        #[test]
        fn any_name_comes_out_short_and_harmless(wanted in wanted()) {
            if let Some(name) = clean(&wanted) {
                prop_assert!(name.chars().count() <= MAX_CHARACTERS);
                prop_assert!(name.chars().all(safe::is_harmless), "{name:?}");
                let misleading = name.nfkc().any(|it| ":*|\n\r\u{1b}".contains(it));
                prop_assert!(!misleading, "{name:?}");
                prop_assert!(name.nfc().eq(name.chars()), "{name:?}");
                prop_assert_eq!(name.trim(), &name);
            }
        }

        /// Against a room that compares each with each.
        #[test]
        fn no_two_names_in_a_room_look_alike(
            steps in vec((wanted(), any::<Option<prop::sample::Index>>()), 0..20),
        ) {
            let mut names = Names::default();
            let mut room: Vec<Name> = Vec::new();
            for (wanted, leaves) in steps {
                if let Some(leaves) = leaves && !room.is_empty() {
                    names.free(&room.swap_remove(leaves.index(room.len())));
                } else if let Some(wanted) = clean(&wanted) {
                    let alike = |one: &Name, other: &Name| {
                        one.keys.iter().any(|key| other.keys.contains(key))
                    };
                    let plain = Name::new(&wanted);
                    let name = names.take(&wanted);
                    let taken = room.iter().any(|other| alike(other, &plain));
                    prop_assert_eq!(*name.shown != *wanted, taken);
                    prop_assert!(!room.iter().any(|other| alike(other, &name)));
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
