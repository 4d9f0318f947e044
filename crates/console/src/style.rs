use std::fmt::Display;
use std::io::Write;

use colored::Colorize;

use crate::{Error, show};

/// What a line tells, and so which colour it has.
///
/// Colour is switched off by `NO_COLOR` and by an output that isn't a terminal. It never carries
/// a meaning that the words don't carry too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// The program tells what happened.
    Event,
    /// The peer's words.
    Peer,
    /// The program asks the user to type.
    Prompt,
    /// Something went wrong.
    Trouble,
}

impl Style {
    /// The text in the style's colour. Each of its lines is painted separately, so a colour ends
    /// where a line does.
    pub fn paint(self, text: impl Display) -> String {
        let text = text.to_string();
        let lines = text.split('\n').map(|line| match self {
            _ if line.is_empty() => line.normal(),
            Self::Event => line.cyan(),
            Self::Peer => line.green(),
            Self::Prompt => line.bold(),
            Self::Trouble => line.red(),
        });
        let painted: Vec<String> = lines.map(|line| line.to_string()).collect();
        painted.join("\n")
    }
}

/// Prints one line in the style's colour, at once.
///
/// # Errors
///
/// The output can't be written to; [`Error::OutputGone`] if its reader has gone.
pub fn say(out: &mut impl Write, style: Style, text: impl Display) -> Result<(), Error> {
    show(out, format_args!("{}\n", style.paint(text)))
}
