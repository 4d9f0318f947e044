use std::io::{self, BufRead, Read};

/// A line from a keyboard, a pipe or a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// The bytes of the line, without its LF. They needn't be UTF-8. A CR before the LF is kept.
    Whole(Vec<u8>),
    /// The line was longer than the limit: how many bytes it had. None of them was kept.
    TooLong(u64),
}

/// Reads the next line, of at most `limit` bytes without its line end (LF or CRLF). Returns `None`
/// at the end of the input.
///
/// Memory stays bounded however long a line is: of one that is too long, only the length is kept.
///
/// # Errors
///
/// The input can't be read.
pub fn read_line(input: &mut impl BufRead, limit: usize) -> io::Result<Option<Line>> {
    // Enough for a line and its line end.
    let most = limit as u64 + 2;
    let (mut line, mut length) = (Vec::new(), 0);
    loop {
        let count = input.by_ref().take(most).read_until(b'\n', &mut line)? as u64;
        if count == 0 && length == 0 {
            return Ok(None);
        }
        let has_lf = line.pop_if(|last| *last == b'\n').is_some();
        length += count - u64::from(has_lf);
        // At the end of the input, the last line may have no LF.
        if has_lf || count < most {
            break;
        }
        line.clear(); // It is too long.
    }
    let without_cr = line.strip_suffix(b"\r").unwrap_or(&line);
    if line.len() as u64 == length && without_cr.len() <= limit {
        return Ok(Some(Line::Whole(line)));
    }
    Ok(Some(Line::TooLong(length)))
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, ErrorKind};

    use super::*;

    fn lines(mut input: impl BufRead) -> Vec<Line> {
        let mut lines = Vec::new();
        while let Some(line) = read_line(&mut input, 10).unwrap() {
            lines.push(line);
        }
        lines
    }

    fn whole(line: &[u8]) -> Line {
        Line::Whole(line.to_vec())
    }

    #[test]
    fn a_line_ends_with_lf_crlf_or_the_input() {
        assert_eq!(
            lines(&b"one\ntwo\r\n\nl\rast\xff"[..]),
            [
                whole(b"one"),
                whole(b"two\r"),
                whole(b""),
                whole(b"l\rast\xff")
            ]
        );
        assert_eq!(lines(&b""[..]), []);
        assert_eq!(lines(&b"\n"[..]), [whole(b"")]);
        assert_eq!(read_line(&mut &b"\n"[..], 0).unwrap(), Some(whole(b"")));
    }

    #[test]
    fn a_line_over_the_limit_is_only_counted() {
        assert_eq!(
            lines(&b"0123456789\r\n0123456789\n0123456789x\n0123456789x\r\n0123456789"[..]),
            [
                whole(b"0123456789\r"),
                whole(b"0123456789"),
                Line::TooLong(11),
                Line::TooLong(12),
                whole(b"0123456789"),
            ]
        );
    }

    #[test]
    fn it_makes_no_difference_where_the_input_is_cut() {
        let text = b"one\r\n0123456789\r\n0123456789xy\n\nlast";
        for piece in 1..text.len() {
            let cut = BufReader::with_capacity(piece, &text[..]);
            assert_eq!(lines(cut), lines(&text[..]), "in pieces of {piece}");
        }
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let endless = BufReader::new(io::repeat(b'x').take(5_000_000));
        assert_eq!(lines(endless), [Line::TooLong(5_000_000)]);
    }

    #[test]
    fn an_interrupted_read_goes_on_and_a_broken_one_is_an_error() {
        struct Fails(Vec<ErrorKind>);
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(self.0.pop().unwrap_or(ErrorKind::Other).into())
            }
        }
        let mut input = BufReader::new(Fails(vec![ErrorKind::NotFound, ErrorKind::Interrupted]));
        let error = read_line(&mut input, 10).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}
