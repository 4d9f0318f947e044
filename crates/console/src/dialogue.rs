use std::fmt::Display;
use std::io::{BufRead, ErrorKind, Write};

use crate::{Error, OrCannot, Role};

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

/// Prints `question`, without a line end, and waits for a line.
///
/// Returns the line without its line end, or `None` at the end of the input.
///
/// # Errors
///
/// The output can't be written to, or the input can't be read, or what was typed isn't UTF-8.
pub fn ask(
    input: &mut impl BufRead,
    out: &mut impl Write,
    question: &str,
) -> Result<Option<String>, Error> {
    write!(out, "{} ", Role::Prompt.paint(question))
        .and_then(|()| out.flush())
        .map_err(Error::output)?;
    let mut line = String::new();
    let count = match input.read_line(&mut line) {
        // Only a keyboard that echoes reports this: the output's reader has gone.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(Error::OutputGone),
        read => read.or_cannot("read", "the input")?,
    };
    if count == 0 {
        return Ok(None);
    }
    let without_lf = line.strip_suffix('\n').unwrap_or(&line);
    let text = without_lf.strip_suffix('\r').unwrap_or(without_lf);
    Ok(Some(text.to_owned()))
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
        insta::assert_snapshot!(error, @"can't read the input: stream did not contain valid UTF-8; this program needs text in UTF-8 here (without --tutorial the programs survive other bytes)");
    }
}
