use std::fmt;

use colored::{Color, Colorize};

/// Who speaks in a line, and so which colour the line has.
///
/// Colour is switched off by `NO_COLOR` and by an output that isn't a terminal. It never carries
/// a meaning that the words don't carry too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The program tells what happened.
    Event,
    /// The peer's words.
    Peer,
    /// The program asks the user to type.
    Prompt,
    /// Something went wrong.
    Trouble,
}

impl Role {
    /// The text in the role's colour.
    pub fn paint(self, text: impl fmt::Display) -> impl fmt::Display {
        let text = text.to_string();
        match self {
            Self::Event => text.color(Color::Cyan),
            Self::Peer => text.color(Color::Green),
            Self::Prompt => text.bold(),
            Self::Trouble => text.color(Color::Red),
        }
    }
}
