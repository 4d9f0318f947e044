use std::fmt::Display;
use std::io::{BufRead, BufWriter, ErrorKind, Write};
use std::str;

use crate::{Action, Error, Line, OrCannot, Role, read_line, stdout};

/// The most bytes that an answer of the user may have.
const ANSWER_BYTES: usize = 64 << 10;

/// Prints one line in the role's colour, at once.
///
/// # Errors
///
/// The output can't be written to; [`Error::OutputGone`] if its reader has gone.
pub fn say(out: &mut impl Write, role: Role, text: impl Display) -> Result<(), Error> {
    writeln!(out, "{}", role.paint(text))
        .and_then(|()| out.flush())
        .map_err(Error::output)
}

/// Prints all that a program has to print, such as a table, to the standard output.
///
/// # Errors
///
/// The output can't be written to; [`Error::OutputGone`] if its reader has gone.
pub fn print(text: &impl Display) -> Result<(), Error> {
    let mut out = BufWriter::new(stdout());
    write!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(Error::output)
}

/// Prints `question`, without a line end, and waits for a line.
///
/// Returns the line without its line end, or `None` at the end of the input.
///
/// # Errors
///
/// The output can't be written to, or the input can't be read, or what was typed isn't UTF-8 or is
/// longer than 64 KiB.
pub fn ask(
    input: &mut impl BufRead,
    out: &mut impl Write,
    question: &str,
) -> Result<Option<String>, Error> {
    write!(out, "{} ", Role::Prompt.paint(question))
        .and_then(|()| out.flush())
        .map_err(Error::output)?;
    let line = match read_line(input, ANSWER_BYTES) {
        // Only a keyboard that echoes reports this: the output's reader has gone.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(Error::OutputGone),
        read => read.or_cannot(Action::ReadInput, "the input")?,
    };
    match line {
        None => Ok(None),
        Some(Line::Whole(line)) => {
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            let text = str::from_utf8(line).or_cannot(Action::ReadInput, "the input")?;
            Ok(Some(text.to_owned()))
        }
        Some(Line::TooLong(length)) => Err(Error::cannot(
            format_args!("take a line of {length} bytes"),
            format!("the limit is {ANSWER_BYTES}"),
            "type less at once",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(typed: &[u8]) -> Vec<Option<String>> {
        let mut input = typed;
        let mut out = Vec::new();
        let mut answers = Vec::new();
        loop {
            let answer = ask(&mut input, &mut out, "Temperature:").unwrap();
            let end = answer.is_none();
            answers.push(answer);
            if end {
                return answers;
            }
        }
    }

    #[test]
    fn a_line_ends_at_lf_crlf_or_the_end_of_input() {
        let lines = ["one", "two", "", "last"].map(|line| Some(line.to_owned()));
        assert_eq!(answers(b"one\ntwo\r\n\nlast")[..4], lines);
        assert_eq!(answers(b""), [None]);
    }

    #[test]
    fn what_is_not_utf_8_is_an_error_and_not_a_panic() {
        let error = ask(&mut &b"caf\xe9\n"[..], &mut Vec::new(), "Name:").unwrap_err();
        insta::assert_snapshot!(error, @"can't read the input: incomplete utf-8 byte sequence from index 3; type or pipe in text in UTF-8");
    }
}
