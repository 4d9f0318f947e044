use std::fmt::Display;
use std::io::{BufWriter, Write};

use crate::{Error, Style, stdout};

/// Prints one line in the style's colour, at once.
///
/// # Errors
///
/// The output can't be written to; [`Error::OutputGone`] if its reader has gone.
pub fn say(out: &mut impl Write, style: Style, text: impl Display) -> Result<(), Error> {
    writeln!(out, "{}", style.paint(text))
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
