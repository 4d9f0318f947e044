//! A peer's bytes, made harmless before a terminal sees them.
//!
//! A terminal obeys what it is sent: ESC can recolour it, rename its window or answer for the
//! user; CR and backspace overwrite what stands there; bidirectional controls show text in
//! another order than it has. So bytes from a peer pass through here first. They come out as
//! text in which each such character is visibly escaped and what isn't UTF-8 is U+FFFD.
//!
//! A terminal also goes on at its left edge when a line is longer than the terminal is wide, and
//! there our own lines begin. So a line of a peer's is folded before that.

use std::mem;
use std::str;

/// The text with every character that a terminal would obey escaped: `"\u{1b}[31m"` becomes
/// `\u{1b}[31m`, a line end becomes `\n`.
///
/// The result is one line. To show text of several lines, escape [`str::lines`] one by one.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_harmless(character) {
            escaped.push(character);
        } else {
            escaped.extend(character.escape_default());
        }
    }
    escaped
}

/// Whether a terminal shows the character where it stands, and does nothing else.
#[must_use]
pub fn is_harmless(character: char) -> bool {
    let obeyed = character.is_control() // C0, DEL and C1: Unicode's category Cc
        || matches!(
            character,
            // Bidirectional controls: Unicode Standard Annex 9, section 2.
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Line and paragraph separator: some terminals and editors break the line here.
            | '\u{2028}' | '\u{2029}'
        );
    !obeyed
}

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
            prop_assert!(shown.chars().all(is_harmless), "{shown:?}");
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

    #[test]
    fn what_a_terminal_would_obey_can_be_read() {
        let hostile = "\u{1b}[31mred\u{7} back\u{8} \u{9b}2J a\rb\tc\n \u{202e}abc\0";
        insta::assert_snapshot!(
            escape(hostile),
            @r"\u{1b}[31mred\u{7} back\u{8} \u{9b}2J a\rb\tc\n \u{202e}abc\u{0}"
        );
    }
}
