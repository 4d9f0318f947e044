use unicode_properties::GeneralCategory::{
    Control, EnclosingMark, Format, LineSeparator, NonspacingMark, ParagraphSeparator,
};
use unicode_properties::GeneralCategoryGroup::{Letter, Mark};
use unicode_properties::{UnicodeEmoji, UnicodeGeneralCategory};

/// Escapes every character that a terminal would obey, or that can't be seen: `"\u{1b}[31m"`
/// becomes `\u{1b}[31m`, a line end becomes `\n`.
///
/// The characters that join others, ZWJ and ZWNJ, stay where writing needs them: between letters
/// (Hindi and Persian, among others) and inside an emoji. A variation selector stays after an
/// emoji. Of the marks on one character, as in é, [`MAX_MARKS`] stay.
///
/// The result is one line. To show text of several lines, escape [`str::lines`] one by one. For
/// text that arrives in pieces, use a [`PeerText`](super::PeerText).
pub fn escape(text: &str) -> String {
    Escaper::default().add(text)
}

/// The bytes as text with Rust's escapes, without quotes:
/// [Rust reference, "Tokens"](https://doc.rust-lang.org/reference/tokens.html).
///
/// A terminal shows it as one line and obeys none of it. Unlike the result of [`escape`], it shows
/// exactly which bytes they are: `"`, `\` and each byte that isn't UTF-8 are escaped, too.
pub fn escape_bytes(bytes: &[u8]) -> String {
    let mut escaped = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_harmless(character) && !['"', '\\'].contains(&character) {
                escaped.push(character);
            } else if character.is_ascii() {
                escaped.extend((character as u8).escape_ascii().map(char::from));
            } else {
                escaped.extend(character.escape_unicode());
            }
        }
        escaped.extend(chunk.invalid().escape_ascii().map(char::from));
    }
    escaped
}

/// Maximum number of marks on one character (Unicode Technical Standard 39, section 5.4). More would
/// cover the lines around it.
pub const MAX_MARKS: usize = 4;

/// ZWNJ and ZWJ.
pub(super) const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// Escapes a line that arrives in pieces, as [`escape`] would escape the whole line.
///
/// Whether a joiner may stay depends on the next character, so a piece that ends with a joiner must
/// be the last one.
#[derive(Debug, Default)]
pub(super) struct Escaper {
    /// The character before, if it wasn't escaped.
    before: Option<char>,
    /// How many marks in a row came last.
    marks: usize,
}

impl Escaper {
    /// The next piece of the line, escaped.
    pub(super) fn add(&mut self, piece: &str) -> String {
        // Most text is ASCII that stays as it is. Looking at each character takes far longer.
        if piece.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            *self = Self::default();
            self.before = piece.chars().next_back();
            return piece.to_owned();
        }
        let mut escaped = String::with_capacity(piece.len());
        let mut characters = piece.chars().peekable();
        while let Some(character) = characters.next() {
            let joiner = JOINERS.contains(&character);
            let fits = match (self.before, characters.peek()) {
                (Some(before), Some(&after)) if joiner => joins(before, after),
                (Some(before), _) => is_emoji_selector(character) && is_emoji(before),
                (None, _) => false,
            };
            if is_mark(character) {
                self.marks += 1;
            } else if !joiner {
                self.marks = 0;
            }
            let stays = (fits || is_harmless(character)) && self.marks <= MAX_MARKS;
            if stays {
                escaped.push(character);
            } else {
                escaped.extend(character.escape_default());
            }
            self.before = stays.then_some(character);
        }
        escaped
    }
}

/// Whether a terminal shows the character where it is, visibly, and does nothing else.
///
/// These don't: controls, format characters (among them those that change the direction of text),
/// line and paragraph separators, and the characters that Unicode calls default ignorable, because
/// they are invisible unless a program supports them (Unicode Standard Annex 44, `General_Category`
/// and `Default_Ignorable_Code_Point`).
pub fn is_harmless(character: char) -> bool {
    // Most characters are ASCII, and looking one up in Unicode's tables takes longer.
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    let obeyed = [Control, Format, LineSeparator, ParagraphSeparator];
    // The default ignorable code points that aren't format characters: DerivedCoreProperties.txt
    // of the Unicode Character Database.
    let ignorable = matches!(
        character,
        '\u{34f}' // combining grapheme joiner
            | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' // Hangul fillers
            | '\u{17b4}' | '\u{17b5}' // Khmer inherent vowels
            | '\u{180b}'..='\u{180f}' | '\u{fe00}'..='\u{fe0f}' // variation selectors
            | '\u{2065}' | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}' // unassigned, tags
    );
    !obeyed.contains(&character.general_category()) && !ignorable
}

/// Whether the character is drawn over or under the one before.
fn is_mark(character: char) -> bool {
    !character.is_ascii() && [NonspacingMark, EnclosingMark].contains(&character.general_category())
}

fn joins(before: char, after: char) -> bool {
    let is_letter =
        |it: char| [Letter, Mark].contains(&it.general_category_group()) && is_harmless(it);
    let emoji_before = is_emoji(before) || is_emoji_selector(before);
    is_letter(before) && is_letter(after) || emoji_before && is_emoji(after)
}

/// Digits, `#` and `*` are emoji too, to Unicode, but look like themselves.
fn is_emoji(character: char) -> bool {
    character.is_emoji_char() && !character.is_ascii()
}

/// The variation selectors that choose between text and picture.
fn is_emoji_selector(character: char) -> bool {
    matches!(character, '\u{fe0e}' | '\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_character_that_a_terminal_obeys_gets_through(text in "(\\PC|\\pC){0,100}") {
            let shown = escape(&text);
            let mut rest = shown.chars().filter(|&it| !JOINERS.contains(&it) && !is_emoji_selector(it));
            prop_assert!(rest.all(is_harmless), "{shown:?}");
        }

        #[test]
        fn of_marks_on_one_character_only_four_stay(marks in vec("[\u{300}-\u{36f}\u{200d}]", 5..40)) {
            let shown = escape(&format!("a{}", marks.concat())).replace('\u{200d}', "");
            let most = shown.split(|it| !is_mark(it)).map(|marks| marks.chars().count()).max();
            prop_assert!(most <= Some(MAX_MARKS), "{shown}");
        }

        #[test]
        fn harmless_text_stays_as_it_is(text in "[ -~äöü汉字😀]*") {
            prop_assert_eq!(escape(&text), text);
        }
    }

    /// The specification, by another implementation of Unicode's tables.
    #[test]
    fn what_is_obeyed_or_can_not_be_seen_is_escaped_and_nothing_else() {
        let class = regex_syntax::parse(r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}]").unwrap();
        let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(mut class)) =
            class.into_kind()
        else {
            panic!("not a class of characters");
        };
        let unseen = class.iter().flat_map(|range| range.start()..=range.end());
        for character in unseen {
            let shown = format!("a{} ", character.escape_default());
            assert_eq!(escape(&format!("a{character} ")), shown);
        }
        // An ASCII letter after each, as only so many marks may follow one another. In the last
        // planes, all assigned characters are in the class, so 1 of 64 is enough.
        class.negate();
        let seen = class.iter().flat_map(|range| range.start()..=range.end());
        let seen = seen.filter(|it| *it < '\u{40000}' || u32::from(*it).is_multiple_of(64));
        let seen: String = seen.flat_map(|character| [character, 'a']).collect();
        let shown = escape(&seen);
        let first_wrong = seen.chars().zip(shown.chars()).find(|(is, was)| is != was);
        assert_eq!(first_wrong, None);
        assert_eq!(shown.len(), seen.len());
    }

    #[test]
    fn a_mark_that_encloses_its_character_is_one_too() {
        let circle = "\u{20dd}";
        let shown = format!("a{}\\u{{20dd}}", circle.repeat(4));
        assert_eq!(escape(&format!("a{}", circle.repeat(5))), shown);
    }

    #[test]
    fn joiners_stay_in_words_and_emoji_and_nowhere_else() {
        for stays in [
            "می\u{200c}خواهم",                             // Persian: I want
            "क्\u{200d}ष",                                  // Hindi: a half letter
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", // a family
            "\u{1f469}\u{1f3fd}\u{200d}\u{1f680}",         // an astronaut with a skin tone
            "\u{2764}\u{fe0f}\u{200d}\u{1f525}",           // a heart on fire
            "\u{2764}\u{fe0f}",                            // a red heart
        ] {
            assert_eq!(escape(stays), stays);
        }
        for (text, shown) in [
            ("Li\u{200d}", r"Li\u{200d}"),
            ("\u{200c}Li", r"\u{200c}Li"),
            ("a\u{200d} b", r"a\u{200d} b"),
            ("a\u{200d}\u{200d}b", r"a\u{200d}\u{200d}b"),
            ("1\u{200d}2", r"1\u{200d}2"),
            ("a\u{200d}\u{3164}", r"a\u{200d}\u{3164}"),
            ("a\u{200d}\u{1f525}", "a\\u{200d}\u{1f525}"),
            ("a\u{fe0f}", r"a\u{fe0f}"),
            ("1\u{fe0f}", r"1\u{fe0f}"),
            ("a\u{fe0f}\u{200d}\u{1f525}", "a\\u{fe0f}\\u{200d}\u{1f525}"),
            ("\u{2764}\u{fe0f}\u{fe0f}", "\u{2764}\u{fe0f}\\u{fe0f}"),
        ] {
            assert_eq!(escape(text), shown);
        }
    }

    #[test]
    fn what_a_terminal_would_obey_can_be_read() {
        let hostile = "\u{1b}[31mred\u{7} back\u{8} \u{9b}2J a\rb\tc\n \u{202e}abc\0";
        insta::assert_snapshot!(
            escape(hostile),
            @r"\u{1b}[31mred\u{7} back\u{8} \u{9b}2J a\rb\tc\n \u{202e}abc\u{0}"
        );
    }

    #[test]
    fn bytes_keep_their_values() {
        let bytes = "你好 '\"\\\r\n\t\0\x1b[2J\u{202e}\u{200d}\u{9b}".as_bytes();
        insta::assert_snapshot!(
            escape_bytes(&[bytes, b"\xff\xe4\xbd"].concat()),
            @r#"你好 '\"\\\r\n\t\x00\x1b[2J\u{202e}\u{200d}\u{9b}\xff\xe4\xbd"#
        );
    }
}
