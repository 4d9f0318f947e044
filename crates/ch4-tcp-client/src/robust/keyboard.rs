//! The user's lines, in pieces of bounded size.

use std::io::{BufRead, Read};

use console::Error;

/// How much of a line is read and sent at once, in bytes.
const PIECE: u64 = 64 << 10;

/// What the user types.
pub(super) struct Keyboard<I> {
    input: I,
    /// Part of a line was read, but not yet its LF.
    in_line: bool,
    ended: bool,
}

impl<I: BufRead> Keyboard<I> {
    pub(super) fn new(input: I) -> Self {
        Self {
            input,
            in_line: false,
            ended: false,
        }
    }

    /// The next line with its LF, or the next 64 KiB of a longer line, which may not fit into
    /// memory. A last line without an LF gets one. `None` at the end of the input.
    pub(super) fn read_piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        if self.ended {
            return Ok(None);
        }
        let mut piece = Vec::new();
        let input = self.input.by_ref();
        let read = input.take(PIECE).read_until(b'\n', &mut piece);
        let count = read.map_err(Error::input)?;
        // A terminal reports Ctrl-D once, and the next read waits again. So remember it.
        self.ended = !piece.ends_with(b"\n") && (count as u64) < PIECE;
        if self.ended && (self.in_line || count > 0) {
            piece.push(b'\n');
        }
        self.in_line = !piece.ends_with(b"\n");
        Ok((!piece.is_empty()).then_some(piece))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, BufReader};

    use super::*;

    /// The sizes of the pieces, and whether each ends a line.
    fn pieces(input: impl BufRead) -> Vec<(usize, bool)> {
        let mut keyboard = Keyboard::new(input);
        let mut pieces = Vec::new();
        while let Some(piece) = keyboard.read_piece().unwrap() {
            pieces.push((piece.len(), piece.ends_with(b"\n")));
        }
        pieces
    }

    #[test]
    fn a_long_line_comes_in_pieces_and_ends_with_one_lf() {
        const LENGTH: usize = 64 << 10;
        let x = |count: usize| "x".repeat(count);
        for (input, expected) in [
            (String::new(), vec![]),
            ("a\n\nb".to_owned(), vec![(2, true), (1, true), (2, true)]),
            (x(LENGTH - 1) + "\n", vec![(LENGTH, true)]),
            (x(LENGTH) + "\n", vec![(LENGTH, false), (1, true)]),
            (x(LENGTH), vec![(LENGTH, false), (1, true)]),
            (x(LENGTH + 5), vec![(LENGTH, false), (6, true)]),
        ] {
            let length = input.len();
            let cut = BufReader::with_capacity(1000, input.as_bytes());
            assert_eq!(pieces(cut), expected, "{length} bytes");
        }
    }

    /// A terminal goes on after its end of input: the next read waits for the user again.
    #[test]
    fn the_end_of_input_is_read_once() {
        struct Terminal(Vec<&'static [u8]>);
        impl Read for Terminal {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0.remove(0).read(buffer)
            }
        }
        for reads in [vec![&b""[..]], vec![b"abc", b""]] {
            let expected = if reads.len() == 1 {
                vec![]
            } else {
                vec![(4, true)]
            };
            assert_eq!(pieces(BufReader::new(Terminal(reads))), expected);
        }
    }

    #[test]
    fn an_input_that_breaks_is_an_error_and_an_interrupted_one_is_not() {
        struct Breaks(Vec<io::ErrorKind>);
        impl Read for Breaks {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(self.0.remove(0).into())
            }
        }
        let kinds = vec![io::ErrorKind::Interrupted, io::ErrorKind::IsADirectory];
        let error = Keyboard::new(BufReader::new(Breaks(kinds))).read_piece();
        insta::assert_snapshot!(error.unwrap_err(), @"can't read the input: is a directory; redirect a file or a pipe that can be read, or type at a terminal");
    }
}
