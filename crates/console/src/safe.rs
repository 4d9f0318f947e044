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
/// emoji. Of the marks on one character, as in é, four stay: more would cover the lines around it.
///
/// The result is one line. To show text of several lines, escape [`str::lines`] one by one. For
/// text that arrives in pieces, use a [`PeerText`].
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaper = Escaper::default();
    escaper.add(text) + &escaper.finish()
}

/// The bytes as text with Rust's escapes, without quotes:
/// [Rust reference, "Tokens"](https://doc.rust-lang.org/reference/tokens.html).
///
/// A terminal shows it as one line and obeys none of it. Unlike the result of [`escape`], it says
/// exactly which bytes they are: `"`, `\` and each byte that isn't UTF-8 are escaped, too.
#[must_use]
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

/// Maximum number of marks on one character (Unicode Technical Standard 39, section 5.4).
const MAX_MARKS: usize = 4;

/// Escapes text that arrives in pieces, as [`escape`] does it for all of it at once.
///
/// Whether a joiner may stay depends on the next character, so a joiner is held back until that
/// has come.
#[derive(Debug, Default)]
struct Escaper {
    /// The character before, if it wasn't escaped.
    before: Option<char>,
    /// How many marks came one after the other.
    marks: usize,
    /// A joiner that waits for the next character.
    held: Option<char>,
}

impl Escaper {
    /// The next piece of the text, escaped.
    fn add(&mut self, piece: &str) -> String {
        // Most text is ASCII that stays as it is. To look at each character takes far longer.
        let stays = |byte| matches!(byte, b' '..=b'~');
        if self.held.is_none() && !piece.is_empty() && piece.bytes().all(stays) {
            (self.before, self.marks) = (piece.chars().next_back(), 0);
            return piece.to_owned();
        }
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
    fn finish(&mut self) -> String {
        let mut escaped = String::new();
        if let Some(joiner) = self.held.take() {
            self.push(joiner, false, &mut escaped);
        }
        (self.before, self.marks) = (None, 0);
        escaped
    }

    fn push(&mut self, character: char, stays: bool, escaped: &mut String) {
        if is_mark(character) {
            self.marks += 1;
        } else if !is_joiner(character) {
            self.marks = 0;
        }
        let stays = stays && self.marks <= MAX_MARKS;
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

/// Whether the character is drawn over or under the one before.
fn is_mark(character: char) -> bool {
    let marks = [
        GeneralCategory::NonspacingMark,
        GeneralCategory::EnclosingMark,
    ];
    !character.is_ascii() && marks.contains(&character.general_category())
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

/// A peer's text that arrives in pieces, cut anywhere, as rows for a terminal: decoded, escaped,
/// each row after the [`MARGIN`], and folded.
///
/// A line of the peer's ends at LF or CRLF. Everything that comes is in the result at once, with
/// three exceptions that wait for what follows: the beginning of a character, a CR, which is half a
/// line end or none, and a joiner.
#[derive(Debug, Default)]
pub struct PeerText {
    decoder: Decoder,
    escaper: Escaper,
    /// A CR came last.
    held_cr: bool,
    row: Row,
}

/// How far the peer's current line is on the screen.
#[derive(Debug, Default, PartialEq, Eq)]
enum Row {
    /// Nothing of the line has come.
    #[default]
    New,
    /// The cursor is after the line's last character, in this column.
    Begun { column: usize },
    /// The line has begun, but something else ended its row.
    Broken,
}

impl PeerText {
    /// The rows that these bytes complete or continue.
    pub fn add(&mut self, bytes: &[u8], width: Option<usize>) -> String {
        let text = self.decoder.decode(bytes);
        self.lay_out(&text, width)
    }

    /// What was held back, and the end of the line, if it has begun: no more bytes will come.
    pub fn finish(&mut self, width: Option<usize>) -> String {
        let half_a_character = self.decoder.finish();
        let mut rows = self.lay_out(&half_a_character, width);
        if mem::take(&mut self.held_cr) {
            let escaped = self.escaper.add("\r");
            self.place(&mut rows, &escaped, width);
        }
        let held = self.escaper.finish();
        self.place(&mut rows, &held, width);
        if self.row != Row::New {
            self.end_line(&mut rows, width);
        }
        rows
    }

    /// Something else than the peer's text comes next on the screen: a line of ours, or what the
    /// user typed. Returns the LF that must come before it, if the peer's row hasn't ended. The
    /// rest of the line begins a new row.
    pub fn interrupt(&mut self) -> &'static str {
        if matches!(self.row, Row::Begun { .. }) {
            self.row = Row::Broken;
            return "\n";
        }
        ""
    }

    fn lay_out(&mut self, text: &str, width: Option<usize>) -> String {
        let held = if mem::take(&mut self.held_cr) {
            "\r"
        } else {
            ""
        };
        let text = format!("{held}{text}");
        let without_cr = text.strip_suffix('\r');
        self.held_cr = without_cr.is_some();

        let mut rows = String::new();
        for piece in without_cr.unwrap_or(&text).split_inclusive('\n') {
            let line = piece.strip_suffix('\n');
            let part = line.map_or(piece, |line| line.strip_suffix('\r').unwrap_or(line));
            let escaped = self.escaper.add(part);
            self.place(&mut rows, &escaped, width);
            if line.is_some() {
                self.end_line(&mut rows, width);
            }
        }
        rows
    }

    /// Adds escaped text to the line, on as many rows as it takes.
    fn place(&mut self, rows: &mut String, part: &str, width: Option<usize>) {
        if part.is_empty() {
            return;
        }
        let (margin, mut column) = match self.row {
            Row::Begun { column } => ("", column),
            Row::New | Row::Broken => (MARGIN, 0),
        };
        let part = format!("{margin}{part}");
        *rows += &fold_part(&part, &mut column, MARGIN, width);
        self.row = Row::Begun { column };
    }

    fn end_line(&mut self, rows: &mut String, width: Option<usize>) {
        let held = self.escaper.finish();
        self.place(rows, &held, width);
        match self.row {
            Row::New => *rows += "|\n",
            Row::Begun { .. } => rows.push('\n'),
            // Its row has ended; another LF would look like an empty line of the peer's.
            Row::Broken => {}
        }
        self.row = Row::New;
    }
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
        let bytes = [&self.held, bytes].concat();
        self.held.clear();
        let mut text = String::with_capacity(bytes.len());
        let mut chunks = bytes.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let invalid = chunk.invalid();
            let is_last = chunks.peek().is_none();
            if is_last && str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none()) {
                // Only the beginning of a character: wait for its rest.
                self.held = invalid.to_vec();
            } else if !invalid.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        text
    }

    /// What is left when no more bytes will come: nothing, or U+FFFD for half a character.
    pub fn finish(&mut self) -> String {
        String::from_utf8_lossy(&mem::take(&mut self.held)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

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
        fn of_marks_on_one_character_only_four_stay(marks in vec("[\u{300}-\u{36f}\u{200d}]", 5..40)) {
            let shown = escape(&format!("a{}", marks.concat())).replace('\u{200d}', "");
            let most = shown.split(|it| !is_mark(it)).map(|marks| marks.chars().count()).max();
            prop_assert!(most <= Some(MAX_MARKS), "{shown}");
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
        let unseen: HashSet<char> = class
            .iter()
            .flat_map(|range| range.start()..=range.end())
            .collect();
        for character in &unseen {
            let shown = format!("a{} ", character.escape_default());
            assert_eq!(escape(&format!("a{character} ")), shown);
        }
        // An ASCII letter after each, as only so many marks may follow one another.
        let seen: String = ('\0'..=char::MAX)
            .filter(|character| !unseen.contains(character))
            .flat_map(|character| [character, 'a'])
            .collect();
        let shown = escape(&seen);
        let first_wrong = seen.chars().zip(shown.chars()).find(|(is, was)| is != was);
        assert_eq!(first_wrong, None);
        assert_eq!(shown.len(), seen.len());
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

    #[test]
    fn bytes_keep_their_values() {
        let bytes = "你好 '\"\\\r\n\t\0\x1b[2J\u{202e}\u{200d}\u{9b}".as_bytes();
        insta::assert_snapshot!(
            escape_bytes(&[bytes, b"\xff\xe4\xbd"].concat()),
            @r#"你好 '\"\\\r\n\t\x00\x1b[2J\u{202e}\u{200d}\u{9b}\xff\xe4\xbd"#
        );
    }

    /// What happens on a screen, in any order.
    #[derive(Debug, Clone)]
    enum Happens {
        Received(Vec<u8>),
        Said,
        Typed,
    }

    /// A screen after all this, with nothing more to come. A terminal shows what is typed where the
    /// cursor is.
    fn shown(width: Option<usize>, happenings: &[Happens]) -> String {
        let mut text = PeerText::default();
        let mut screen = String::new();
        for happens in happenings {
            match happens {
                Happens::Received(bytes) => screen += &text.add(bytes, width),
                Happens::Said => {
                    screen += text.interrupt();
                    screen += "ours\n";
                }
                Happens::Typed => {
                    screen += "typed\n";
                    let _ = text.interrupt();
                }
            }
        }
        screen + &text.finish(width)
    }

    fn received(width: Option<usize>, pieces: &[&[u8]]) -> String {
        let pieces = pieces.iter().map(|piece| Happens::Received(piece.to_vec()));
        shown(width, &pieces.collect::<Vec<_>>())
    }

    /// The rows of a terminal that gives each character the most columns that it can take.
    fn rows(shown: &str, width: Option<usize>) -> Vec<String> {
        let mut rows = Vec::new();
        for line in shown.lines() {
            let mut row = String::new();
            for character in line.chars() {
                let next = columns(&row) + columns(&character.to_string());
                if width.is_some_and(|width| next > width) {
                    rows.push(mem::take(&mut row));
                }
                row.push(character);
            }
            rows.push(row);
        }
        rows
    }

    fn widths() -> impl Strategy<Value = Option<usize>> {
        prop::option::of(12_usize..40)
    }

    /// Bytes as they come from servers: text, line ends, controls, and pieces of characters.
    fn lines_from_a_peer() -> impl Strategy<Value = Vec<u8>> {
        let pieces: [&[u8]; 10] = [
            b"text",
            b"ours\n",
            b"\r",
            b"\n",
            "汉".as_bytes(),
            b"\xe6\xb1",
            b"\xff",
            b"\x1b[2J\x08\x9b",
            "\u{202e}\u{2028}\u{85}".as_bytes(),
            "\u{200d}".as_bytes(),
        ];
        let piece = prop::sample::select(pieces.to_vec());
        vec(piece, 0..20).prop_map(|pieces| pieces.concat())
    }

    fn happens() -> impl Strategy<Value = Happens> {
        prop_oneof![
            lines_from_a_peer().prop_map(Happens::Received),
            Just(Happens::Said),
            Just(Happens::Typed),
        ]
    }

    proptest! {
        #[test]
        fn rows_do_not_show_where_the_bytes_are_cut(
            bytes in lines_from_a_peer(),
            cuts in vec(any::<prop::sample::Index>(), 0..10),
            width in widths(),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
            prop_assert_eq!(received(width, &pieces), received(width, &[&bytes]));
        }

        /// The specification: each line of the text, escaped, after the margin, and folded.
        #[test]
        fn each_line_is_escaped_after_the_margin_and_folded(
            bytes in lines_from_a_peer(),
            width in widths(),
        ) {
            let text = String::from_utf8_lossy(&bytes);
            let mut expected = String::new();
            for line in text.split_inclusive('\n') {
                let line = line.strip_suffix("\r\n").or(line.strip_suffix('\n')).unwrap_or(line);
                let row = format!("{MARGIN}{}", escape(line));
                let row = if line.is_empty() { "|" } else { &row };
                expected += &(fold(row, MARGIN, width) + "\n");
            }
            prop_assert_eq!(received(width, &[&bytes]), expected);
        }

        /// What the peer sends can't be taken for what we say, whatever comes between.
        #[test]
        fn only_our_own_lines_have_no_margin(
            happenings in vec(happens(), 0..20),
            width in widths(),
        ) {
            let rows = rows(&shown(width, &happenings), width);
            let said = happenings.iter().filter(|it| matches!(it, Happens::Said)).count();
            prop_assert_eq!(rows.iter().filter(|row| *row == "ours").count(), said, "{:#?}", rows);
            for row in &rows {
                // What is typed after the peer's words may wrap. It is the user's.
                let not_the_peers = row == "ours" || "typed".ends_with(row);
                prop_assert!(row.starts_with('|') || not_the_peers, "{:#?}", rows);
            }
        }
    }

    #[test]
    fn all_is_shown_at_once_but_half_a_character_a_cr_and_a_joiner() {
        let mut text = PeerText::default();
        for (bytes, expected) in [
            (&b"no line end"[..], "| no line end"),
            (b", more\xe6", ", more"),
            (b"\xb1", ""),
            (b"\x89\r", "汉"),
            (b"\n", "\n"),
            (b"\r", ""),
            (b"x", r"| \rx"),
            ("\u{200d}".as_bytes(), ""),
            (b" ", r"\u{200d} "),
        ] {
            assert_eq!(text.add(bytes, None), expected);
        }
    }

    #[test]
    fn our_line_breaks_a_line_that_has_not_ended_and_so_does_an_enter() {
        let half = |text: &str| Happens::Received(text.into());
        let happenings = [
            half("first ha"),
            Happens::Said,
            half("lf\nwhole\r"),
            Happens::Said,
            half("\n\nName? "),
            Happens::Typed,
            half("half a line,"),
            Happens::Said,
            half("一二三四五六七八九"),
        ];
        insta::assert_snapshot!(shown(Some(20), &happenings), @"
        | first ha
        ours
        | lf
        | whole
        ours
        |
        | Name? typed
        | half a line,
        ours
        | 一二三四五六七八
        | 九
        ");
    }

    #[test]
    fn a_window_may_change_its_size() {
        let mut text = PeerText::default();
        let rows = text.add(b"made for thirty columns", Some(30))
            + &text.add(b" or twenty", Some(20))
            + &text.add(b", or more", Some(30));
        insta::assert_snapshot!(rows, @"
        | made for thirty columns
        |  or twenty, or more
        ");
    }
}
