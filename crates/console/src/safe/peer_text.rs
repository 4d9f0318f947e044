use std::mem;

use super::escape::{Escaper, JOINERS};
use super::fold::{MARGIN, fold};

/// A peer's text that arrives in pieces, cut anywhere, as rows for a terminal: decoded, escaped,
/// each row after the [`MARGIN`], and folded.
///
/// A peer's line ends at LF or CRLF. Everything that arrives is in the result at once, with three
/// exceptions that wait for the next bytes: the beginning of a character, a CR (which may be half a
/// line end), and a joiner.
#[derive(Debug, Default)]
pub struct PeerText {
    /// The bytes that wait.
    held: Vec<u8>,
    escaper: Escaper,
    /// Something of the peer's current line has come.
    in_line: bool,
    /// The column of the cursor after the line's last character; 0 if that isn't in this row.
    column: usize,
}

impl PeerText {
    /// The rows that these bytes complete or continue.
    pub fn add(&mut self, bytes: &[u8], width: Option<usize>) -> String {
        let mut bytes = [&self.held, bytes].concat();
        self.held = bytes.split_off(bytes.len() - waiting(&bytes));
        self.lay_out(&bytes, width)
    }

    /// The text held back, and the end of the line, if it has begun: no more bytes will come.
    pub fn finish(&mut self, width: Option<usize>) -> String {
        let held = mem::take(&mut self.held);
        let mut rows = self.lay_out(&held, width);
        if self.in_line {
            self.end_line(&mut rows);
        }
        rows
    }

    /// Something other than the peer's text comes next on the screen: our own line, or the user's.
    /// Returns the LF that must come before it, if the peer's row hasn't ended. The rest of the
    /// line begins a new row.
    pub fn interrupt(&mut self) -> &'static str {
        let has_begun = mem::take(&mut self.column) > 0;
        if has_begun { "\n" } else { "" }
    }

    fn lay_out(&mut self, bytes: &[u8], width: Option<usize>) -> String {
        let mut rows = String::new();
        for piece in String::from_utf8_lossy(bytes).split_inclusive('\n') {
            let line = piece.strip_suffix('\n');
            let part = line.map_or(piece, |line| line.strip_suffix('\r').unwrap_or(line));
            if !part.is_empty() {
                let margin = if self.column == 0 { MARGIN } else { "" };
                let part = format!("{margin}{}", self.escaper.add(part));
                rows += &fold(&part, &mut self.column, width);
                self.in_line = true;
            }
            if line.is_some() {
                self.end_line(&mut rows);
            }
        }
        rows
    }

    fn end_line(&mut self, rows: &mut String) {
        *rows += match (mem::take(&mut self.in_line), mem::take(&mut self.column)) {
            (false, _) => "|\n",
            // Its row has ended; another LF would look like an empty line of the peer's.
            (true, 0) => "",
            (true, _) => "\n",
        };
        self.escaper = Escaper::default();
    }
}

/// How many of the last bytes have to wait for the next ones: half a character, and before it a
/// joiner or a CR.
fn waiting(bytes: &[u8]) -> usize {
    let last = bytes.utf8_chunks().last();
    let rest = last.map_or(&[][..], |chunk| chunk.invalid());
    let is_half = str::from_utf8(rest).is_err_and(|error| error.error_len().is_none());
    let half = if is_half { rest.len() } else { 0 };
    let whole = &bytes[..bytes.len() - half];
    let ends_with = |last: &char| whole.ends_with(last.to_string().as_bytes());
    let held = JOINERS.into_iter().chain(['\r']).find(ends_with);
    half + held.map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::safe::fold::tests::columns;
    use crate::safe::{escape, fold};

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
        let pieces: [&[u8]; 14] = [
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
            "\u{200c}".as_bytes(),
            "\u{fe0f}".as_bytes(),
            "\u{2764}".as_bytes(),
            "\u{300}\u{300}".as_bytes(),
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
                expected += &(fold(row, &mut 0, width) + "\n");
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
        let marks = "\u{301}\u{301}\u{301}\u{301}";
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
            // Four marks on one character, and more on the next.
            (marks.as_bytes(), marks),
            (b"x", "x"),
            (marks.as_bytes(), marks),
            (marks.as_bytes(), r"\u{301}\u{301}\u{301}\u{301}"),
        ] {
            assert_eq!(text.add(bytes, None), expected);
        }
    }

    #[test]
    fn our_line_breaks_a_line_that_has_not_ended_and_so_does_an_enter() {
        assert_eq!(PeerText::default().interrupt(), "");
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
