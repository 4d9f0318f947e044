//! A peer's bytes, made harmless before a terminal sees them.
//!
//! A terminal obeys what it is sent: ESC can recolour it, rename its window or answer for the
//! user; CR and backspace overwrite what is there; bidirectional controls show text in another
//! order than it has. Other characters can't be seen at all, so two different names look alike.
//! So bytes from a peer pass through here first. They come out as text in which each such
//! character is visibly escaped and what isn't UTF-8 is U+FFFD.
//!
//! A terminal also goes on at its left edge when a line is longer than the terminal is wide, and
//! there our own lines begin. So a line of a peer's is folded before that.

use std::mem;
use std::str;

use unicode_properties::{
    GeneralCategory, GeneralCategoryGroup, UnicodeEmoji, UnicodeGeneralCategory,
};

/// The text with every character escaped that a terminal would obey, or that can't be seen:
/// `"\u{1b}[31m"` becomes `\u{1b}[31m`, a line end becomes `\n`.
///
/// The characters that join others, ZWJ and ZWNJ, stay where writing needs them: between letters
/// (Hindi and Persian, among others) and inside an emoji. A variation selector stays behind an
/// emoji.
///
/// The result is one line. To show text of several lines, escape [`str::lines`] one by one. For
/// text that arrives in pieces, use an [`Escaper`].
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaper = Escaper::default();
    escaper.add(text) + &escaper.finish()
}

/// Escapes text that arrives in pieces, as [`escape`] does it for all of it at once.
///
/// Whether a joiner may stay depends on the next character, so a joiner is held back until that
/// has come.
#[derive(Debug, Default)]
pub struct Escaper {
    /// The character before, if it wasn't escaped.
    before: Option<char>,
    /// A joiner that waits for the next character.
    held: Option<char>,
}

impl Escaper {
    /// The next piece of the text, escaped.
    pub fn add(&mut self, piece: &str) -> String {
        let mut escaped = String::with_capacity(piece.len());
        for character in piece.chars() {
            if let Some(joiner) = self.held.take() {
                let joins = self.before.is_some_and(|before| joins(before, character));
                self.push(joiner, joins, &mut escaped);
            }
            if is_joiner(character) {
                self.held = Some(character);
            } else {
                let varies = is_emoji_selector(character) && self.before.is_some_and(is_emoji);
                self.push(character, varies || is_harmless(character), &mut escaped);
            }
        }
        escaped
    }

    /// What was held back. No more text comes, or a new line begins.
    pub fn finish(&mut self) -> String {
        let mut escaped = String::new();
        if let Some(joiner) = self.held.take() {
            self.push(joiner, false, &mut escaped);
        }
        self.before = None;
        escaped
    }

    fn push(&mut self, character: char, stays: bool, escaped: &mut String) {
        if stays {
            escaped.push(character);
        } else {
            escaped.extend(character.escape_default());
        }
        self.before = stays.then_some(character);
    }
}

/// Whether a terminal shows the character where it is, visibly, and does nothing else.
///
/// These don't: controls, format characters (among them those that change the direction of text),
/// line and paragraph separators, and the characters that Unicode calls default ignorable, because
/// they are invisible unless a program supports them (Unicode Standard Annex 44, `General_Category`
/// and `Default_Ignorable_Code_Point`).
#[must_use]
pub fn is_harmless(character: char) -> bool {
    // Most characters are ASCII, and to look one up in Unicode's tables takes longer.
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    let category = character.general_category();
    let obeyed = matches!(
        category,
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    );
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
    !obeyed && !ignorable
}

fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

fn joins(before: char, after: char) -> bool {
    let is_letter = |character: char| {
        let group = character.general_category_group();
        let part_of_word = [GeneralCategoryGroup::Letter, GeneralCategoryGroup::Mark];
        part_of_word.contains(&group) && is_harmless(character)
    };
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

/// What begins each row of a peer's words, and never a line of ours.
pub const MARGIN: &str = "| ";

/// Folds a line, made harmless by [`escape`], into the rows that it takes on a terminal of `width`
/// columns. The first row begins as the line does, the others with the (ASCII) margin.
///
/// Without a width (in a file, in a pipe) the line stays whole.
///
/// Terminals don't agree on how many columns a character takes. So one of ASCII counts as one
/// column and any other as two, the most that there is. The last column stays free, as some
/// terminals go on at the left edge as soon as it is taken.
///
/// A terminal with fewer than ten columns beside the margin is taken for one with ten, and wraps
/// the rows as it likes: nobody can read there anyway.
#[must_use]
pub fn fold(line: &str, margin: &str, width: Option<usize>) -> String {
    fold_part(line, &mut 0, margin, width)
}

/// The same for the next part of a line that arrives in parts: `column` tells how many columns of
/// the row are taken, before and after.
#[must_use]
pub fn fold_part(part: &str, column: &mut usize, margin: &str, width: Option<usize>) -> String {
    let Some(width) = width else {
        return part.to_owned();
    };
    let width = width.max(margin.len() + 10);
    let mut folded = String::with_capacity(part.len());
    for character in part.chars() {
        let columns = if character.is_ascii() { 1 } else { 2 };
        if *column + columns >= width {
            folded.push('\n');
            folded.push_str(margin);
            *column = margin.len();
        }
        folded.push(character);
        *column += columns;
    }
    folded
}

/// Decodes UTF-8 that arrives in pieces, cut anywhere.
///
/// A `read` ends where the network happened to cut the stream, often inside a character. The
/// decoder holds back those first bytes (three at most) until the rest has come.
///
/// The pieces put together give what [`String::from_utf8_lossy`] gives for all bytes at once.
#[derive(Debug, Default)]
pub struct Decoder {
    held: Vec<u8>,
}

impl Decoder {
    /// The text that these bytes complete.
    pub fn decode(&mut self, bytes: &[u8]) -> String {
        self.held.extend_from_slice(bytes);
        let mut text = String::with_capacity(self.held.len());
        let mut rest = self.held.as_slice();
        loop {
            match str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    rest = &[];
                    break;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(valid));
                    rest = after;
                    match error.error_len() {
                        Some(length) => {
                            text.push(char::REPLACEMENT_CHARACTER);
                            rest = rest.split_at(length).1;
                        }
                        // Only the beginning of a character: wait for its rest.
                        None => break,
                    }
                }
            }
        }
        self.held = rest.to_vec();
        text
    }

    /// What is left when no more bytes will come: nothing, or U+FFFD for half a character.
    pub fn finish(&mut self) -> String {
        String::from_utf8_lossy(&mem::take(&mut self.held)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Bytes as they come from peers: text, controls, and pieces of characters.
    fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            any::<char>().prop_map(|character| character.to_string().into_bytes()),
            vec(any::<u8>(), 0..6),
            Just("\u{202e}汉字\u{1f600}\x1b[2J\r\n\u{9b}".into()),
        ];
        vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_character_that_a_terminal_obeys_gets_through(bytes in hostile_bytes()) {
            let shown = escape(&String::from_utf8_lossy(&bytes));
            let mut rest = shown.chars().filter(|&it| !is_joiner(it) && !is_emoji_selector(it));
            prop_assert!(rest.all(is_harmless), "{shown:?}");
        }

        #[test]
        fn it_makes_no_difference_where_the_bytes_are_cut(
            bytes in hostile_bytes(),
            cuts in vec(any::<prop::sample::Index>(), 0..10),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();

            let mut decoder = Decoder::default();
            let mut text = String::new();
            for ends in cuts.windows(2) {
                text += &decoder.decode(&bytes[ends[0]..ends[1]]);
                prop_assert!(decoder.held.len() <= 3);
            }
            text += &decoder.finish();
            prop_assert_eq!(text, String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn harmless_text_stays_as_it_is(text in "[ -~äöü汉字😀]*") {
            prop_assert_eq!(escape(&text), text);
        }

        #[test]
        fn rows_are_the_line_behind_margins_and_as_wide_as_they_can_be(
            text in "[ -~äöü汉字😀]{0,200}",
            width in 14_usize..100,
        ) {
            const MARGIN: &str = "  | ";
            let folded = fold(&format!("{MARGIN}{text}"), MARGIN, Some(width));
            let mut together = String::new();
            let mut rows = folded.split('\n').peekable();
            while let Some(row) = rows.next() {
                let Some(words) = row.strip_prefix(MARGIN) else {
                    panic!("no margin before {row:?}");
                };
                together += words;
                prop_assert!(columns(row) < width, "{row:?}");
                if let Some(next) = rows.peek() {
                    let next = next.chars().nth(MARGIN.len()).map(String::from);
                    prop_assert!(columns(row) + columns(&next.unwrap()) >= width, "{row:?}");
                }
            }
            prop_assert_eq!(together, text);
        }

        #[test]
        fn without_a_width_a_line_stays_whole(text in "[ -~äöü汉字😀]{0,200}") {
            prop_assert_eq!(fold(&text, "| ", None), text);
        }

        #[test]
        fn parts_are_folded_as_the_whole_line_is(
            parts in vec("[ -~汉字]{0,9}", 0..20),
            width in prop::option::of(0_usize..60),
        ) {
            let mut column = 0;
            let folded: String = parts
                .iter()
                .map(|part| fold_part(part, &mut column, "| ", width))
                .collect();
            prop_assert_eq!(folded, fold(&parts.concat(), "| ", width));
        }
    }

    /// The most columns that a terminal may give to the text.
    fn columns(text: &str) -> usize {
        text.chars()
            .map(|it| if it.is_ascii() { 1 } else { 2 })
            .sum()
    }

    #[test]
    fn a_line_goes_on_behind_the_margin() {
        let lies = format!("| {:-<18}The host has ended the chat.", "hello");
        insta::assert_snapshot!(fold(&lies, "| ", Some(20)), @"
        | hello------------
        | -The host has end
        | ed the chat.
        ");
        insta::assert_snapshot!(fold("| 一二三四五六七八九十", "| ", Some(15)), @"
        | 一二三四五六
        | 七八九十
        ");
        // As for twelve columns: ten and the margin.
        insta::assert_snapshot!(fold("| one two three", "| ", Some(3)), @"
        | one two t
        | hree
        ");
    }

    /// The specification, by another implementation of Unicode's tables.
    #[test]
    fn what_is_obeyed_or_can_not_be_seen_is_escaped_and_nothing_else() {
        let class = regex_syntax::parse(r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}]").unwrap();
        let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) =
            class.into_kind()
        else {
            panic!("not a class of characters");
        };
        let unseen = |character| {
            class
                .iter()
                .any(|range| (range.start()..=range.end()).contains(&character))
        };
        for character in '\0'..=char::MAX {
            let text = format!("a{character} ");
            let shown = escape(&text);
            if unseen(character) {
                assert_eq!(shown, format!("a{} ", character.escape_default()));
            } else {
                assert_eq!(shown, text, "U+{:04X}", character as u32);
            }
        }
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

    proptest! {
        #[test]
        fn it_makes_no_difference_where_the_text_is_cut(
            text in "[a \u{200c}\u{200d}\u{fe0f}\u{2764}\u{1f525}ی\u{3164}]{0,12}",
            cut: prop::sample::Index,
        ) {
            let ends: Vec<usize> = text.char_indices().map(|(start, _)| start).collect();
            let cut = if ends.is_empty() { 0 } else { ends[cut.index(ends.len())] };
            let (first, second) = text.split_at(cut);
            let mut escaper = Escaper::default();
            let pieces = [escaper.add(first), escaper.add(second), escaper.finish()];
            prop_assert_eq!(pieces.concat(), escape(&text));
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
}
