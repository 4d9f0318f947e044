//! The user's screen, on which two speak: the server and this program.
//!
//! The server may send anything, a line that looks like one of this program's too. So each line of
//! the server's stands behind a margin, and none of ours does:
//!
//! ```text
//! Connected to 127.0.0.1:8080. …
//! | Connected to your bank. …
//! ```
//!
//! A line that is longer than the terminal is wide goes on behind a new margin. (One limit stays.
//! The terminal shows by itself what the user types, and nobody else knows how far that is until
//! Enter. What the server sends meanwhile begins behind it, and its first row may wrap.)

use std::fmt::Display;
use std::io::Write;
use std::mem;

use console::safe::{Decoder, Escaper, MARGIN, fold_part};
use console::{Error, Role, Width, say};

/// Shows what the server sends as soon as it comes, and our lines between.
///
/// A line of the server's ends at LF or CRLF. Everything else that a terminal would obey is shown
/// escaped, what isn't UTF-8 as U+FFFD. Where the network cut the bytes can't be seen, with one
/// exception: a line of ours breaks a line of the server's that hasn't ended yet, and the rest of
/// it follows behind a new margin.
///
/// It never waits for more bytes to show what it has, but for two cases: the rest of a cut
/// character, and what follows a CR, which is half a line end or none.
#[derive(Debug)]
pub struct Terminal<W> {
    out: W,
    /// The terminal itself shows what the user types.
    echo: bool,
    width: Width,
    decoder: Decoder,
    escaper: Escaper,
    /// A CR came last. It is shown, or not, when the next character has come.
    cr: bool,
    line: Line,
}

/// How far the server's current line is on the screen.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    /// Nothing of it has come.
    New,
    /// It has begun; the cursor stands behind it, in this column of its last row.
    Begun { column: usize },
    /// It has begun, but then something else ended the line on the screen.
    Broken,
}

impl<W: Write> Terminal<W> {
    /// Shows on `out`. `echo` says whether what the user types appears there too, as it does on a
    /// terminal: then each Enter begins a new line on the screen.
    pub fn new(out: W, echo: bool) -> Self {
        Self {
            out,
            echo,
            width: || None,
            decoder: Decoder::default(),
            escaper: Escaper::default(),
            cr: false,
            line: Line::New,
        }
    }

    /// The same terminal, as wide as this: the server's lines are folded. Without it they stay
    /// whole, as they should in a file or a pipe.
    #[must_use]
    pub fn with_width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// Shows what the server has sent.
    ///
    /// # Errors
    ///
    /// The output can't be written to; [`Error::OutputGone`] if its reader has gone. The same
    /// holds for the other functions here.
    pub fn received(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let text = self.decoder.decode(bytes);
        let shown = self.lay_out(&text);
        self.write(&shown)
    }

    /// Shows what was held back, and ends the line: no more will come.
    ///
    /// # Errors
    ///
    /// As for [`Terminal::received`].
    pub fn finish(&mut self) -> Result<(), Error> {
        let half_a_character = self.decoder.finish();
        let mut shown = self.lay_out(&half_a_character);
        if mem::take(&mut self.cr) {
            self.add(&mut shown, "\r");
        }
        let held = self.escaper.finish();
        self.place(&mut shown, &held);
        if self.line != Line::New {
            self.end_line(&mut shown);
        }
        self.write(&shown)
    }

    /// Shows a line of ours.
    ///
    /// # Errors
    ///
    /// As for [`Terminal::received`].
    pub fn say(&mut self, role: Role, text: impl Display) -> Result<(), Error> {
        if matches!(self.line, Line::Begun { .. }) {
            self.write("\n")?;
            self.line = Line::Broken;
        }
        say(&mut self.out, role, text)
    }

    /// Takes note that the user has typed a line. Where it was shown, the cursor now stands at the
    /// left edge, so what comes next needs a margin.
    pub fn typed(&mut self) {
        if self.echo && matches!(self.line, Line::Begun { .. }) {
            self.line = Line::Broken;
        }
    }

    /// The text as it is to be shown from where the cursor stands.
    fn lay_out(&mut self, text: &str) -> String {
        let held = if mem::take(&mut self.cr) { "\r" } else { "" };
        let text = format!("{held}{text}");
        let without_cr = text.strip_suffix('\r');
        self.cr = without_cr.is_some();

        let mut shown = String::new();
        for piece in without_cr.unwrap_or(&text).split_inclusive('\n') {
            if let Some(line) = piece.strip_suffix('\n') {
                self.add(&mut shown, line.strip_suffix('\r').unwrap_or(line));
                self.end_line(&mut shown);
            } else {
                self.add(&mut shown, piece);
            }
        }
        shown
    }

    /// Adds a part of one line.
    fn add(&mut self, shown: &mut String, part: &str) {
        let part = self.escaper.add(part);
        self.place(shown, &part);
    }

    /// Puts text that is harmless behind what there is of the line, on as many rows as it takes.
    fn place(&mut self, shown: &mut String, part: &str) {
        if part.is_empty() {
            return;
        }
        let (margin, mut column) = match self.line {
            Line::Begun { column } => ("", column),
            Line::New | Line::Broken => (MARGIN, 0),
        };
        let part = format!("{margin}{part}");
        let rows = fold_part(&part, &mut column, MARGIN, (self.width)());
        *shown += &Role::Peer.paint(rows).to_string();
        self.line = Line::Begun { column };
    }

    fn end_line(&mut self, shown: &mut String) {
        let held = self.escaper.finish();
        self.place(shown, &held);
        match self.line {
            Line::New => {
                *shown += &Role::Peer.paint(MARGIN.trim_end()).to_string();
                shown.push('\n');
            }
            Line::Begun { .. } => shown.push('\n'),
            // On the screen it has ended already; one more would pass for an empty line.
            Line::Broken => {}
        }
        self.line = Line::New;
    }

    fn write(&mut self, shown: &str) -> Result<(), Error> {
        self.out
            .write_all(shown.as_bytes())
            .and_then(|()| self.out.flush())
            .map_err(Error::output)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use console::safe::{escape, fold};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use testkit::plain;

    use super::*;

    /// What happens to a terminal, in any order.
    #[derive(Debug, Clone)]
    enum Happens {
        Received(Vec<u8>),
        Said,
        Typed,
    }

    thread_local! {
        /// How wide the test's terminal is.
        static WIDTH: Cell<Option<usize>> = const { Cell::new(None) };
    }

    /// A terminal after all this, with nothing more to come. On a terminal what is typed stands
    /// where it was typed.
    fn shown(echo: bool, width: Option<usize>, happenings: &[Happens]) -> String {
        plain();
        WIDTH.set(width);
        let mut terminal = Terminal::new(Vec::new(), echo).with_width(|| WIDTH.get());
        for happens in happenings {
            match happens {
                Happens::Received(bytes) => terminal.received(bytes).unwrap(),
                Happens::Said => terminal.say(Role::Event, "ours").unwrap(),
                Happens::Typed => {
                    if echo {
                        terminal.out.extend(b"typed\n");
                    }
                    terminal.typed();
                }
            }
        }
        terminal.finish().unwrap();
        String::from_utf8(terminal.out).unwrap()
    }

    fn received(width: Option<usize>, pieces: &[&[u8]]) -> String {
        let pieces: Vec<_> = pieces
            .iter()
            .map(|piece| Happens::Received(piece.to_vec()))
            .collect();
        shown(false, width, &pieces)
    }

    /// The rows of a terminal that gives each character the most columns that it can take.
    fn rows(shown: &str, width: Option<usize>) -> Vec<String> {
        let mut rows = Vec::new();
        for line in shown.lines() {
            let (mut row, mut column) = (String::new(), 0);
            for character in line.chars() {
                let columns = if character.is_ascii() { 1 } else { 2 };
                if width.is_some_and(|width| column + columns > width) {
                    rows.push(mem::take(&mut row));
                    column = 0;
                }
                row.push(character);
                column += columns;
            }
            rows.push(row);
        }
        rows
    }

    fn widths() -> impl Strategy<Value = Option<usize>> {
        prop::option::of(12_usize..40)
    }

    /// Bytes as they come from servers: text, line ends, controls, and pieces of characters.
    fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
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
            hostile_bytes().prop_map(Happens::Received),
            Just(Happens::Said),
            Just(Happens::Typed),
        ]
    }

    proptest! {
        #[test]
        fn where_the_bytes_are_cut_can_not_be_seen(
            bytes in hostile_bytes(),
            cuts in vec(any::<prop::sample::Index>(), 0..10),
            width in widths(),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
            prop_assert_eq!(received(width, &pieces), received(width, &[&bytes]));
        }

        /// The specification: each line of the text, escaped, behind the margin, and folded.
        #[test]
        fn each_line_stands_behind_the_margin(bytes in hostile_bytes(), width in widths()) {
            let text = String::from_utf8_lossy(&bytes);
            let expected: String = text
                .split_inclusive('\n')
                .map(|line| line.strip_suffix("\r\n").or(line.strip_suffix('\n')).unwrap_or(line))
                .map(|line| if line.is_empty() { "|\n".to_owned() } else { fold(&format!("| {}", escape(line)), "| ", width) + "\n" })
                .collect();
            prop_assert_eq!(received(width, &[&bytes]), expected);
        }

        /// What the server sends can't be taken for what we say, whatever comes between.
        #[test]
        fn only_our_own_lines_stand_without_a_margin(
            happenings in vec(happens(), 0..20),
            echo: bool,
            width in widths(),
        ) {
            let rows = rows(&shown(echo, width, &happenings), width);
            let said = happenings.iter().filter(|it| matches!(it, Happens::Said)).count();
            prop_assert_eq!(rows.iter().filter(|row| *row == "ours").count(), said, "{:#?}", rows);
            for row in &rows {
                // What is typed behind the server's words may wrap. It is the user's.
                let not_the_servers = row == "ours" || "typed".ends_with(row);
                prop_assert!(row.starts_with('|') || not_the_servers, "{:#?}", rows);
            }
        }
    }

    #[test]
    fn all_is_shown_at_once_but_half_a_character_and_a_cr() {
        plain();
        let mut terminal = Terminal::new(Vec::new(), false);
        let steps: [(&[u8], &str); 7] = [
            (b"no line end", "| no line end"),
            (b", more\xe6", ", more"),
            (b"\xb1", ""),
            (b"\x89\r", "汉"),
            (b"\n", "\n"),
            (b"\r", ""),
            (b"x", r"| \rx"),
        ];
        for (bytes, expected) in steps {
            terminal.received(bytes).unwrap();
            assert_eq!(String::from_utf8_lossy(&terminal.out), expected);
            terminal.out.clear();
        }
    }

    #[test]
    fn our_line_breaks_a_line_that_has_not_ended() {
        let half = |text: &str| Happens::Received(text.into());
        let text = shown(
            false,
            None,
            &[
                half("first ha"),
                Happens::Said,
                half("lf\nwhole\r"),
                Happens::Said,
                half("\n\nlast"),
            ],
        );
        insta::assert_snapshot!(text, @"
        | first ha
        ours
        | lf
        | whole
        ours
        |
        | last
        ");
    }

    #[test]
    fn on_a_terminal_enter_breaks_it_too() {
        let half = |text: &str| Happens::Received(text.into());
        let happenings = [half("Name? "), Happens::Typed, half("ours\n")];
        insta::assert_snapshot!(shown(true, None, &happenings), @"
        | Name? typed
        | ours
        ");
        insta::assert_snapshot!(shown(false, None, &happenings), @"| Name? ours");
    }

    #[test]
    fn a_line_goes_on_behind_a_new_margin_however_it_comes() {
        let half = |text: &str| Happens::Received(text.into());
        let happenings = [
            half("twenty columns--"),
            half("-and the margin\n"),
            half("half a line,"),
            Happens::Said,
            half("一二三四五六七八九"),
        ];
        insta::assert_snapshot!(shown(false, Some(20), &happenings), @"
        | twenty columns---
        | and the margin
        | half a line,
        ours
        | 一二三四五六七八
        | 九
        ");
    }

    #[test]
    fn a_window_may_change_its_size() {
        plain();
        let mut terminal = Terminal::new(Vec::new(), true).with_width(|| WIDTH.get());
        for (width, text) in [
            (30, "made for thirty columns"),
            (20, " or twenty"),
            (30, ", or more"),
        ] {
            WIDTH.set(Some(width));
            terminal.received(text.as_bytes()).unwrap();
        }
        insta::assert_snapshot!(String::from_utf8_lossy(&terminal.out), @"
        | made for thirty columns
        |  or twenty, or more
        ");
    }
}
