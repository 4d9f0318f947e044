//! What the user sees.

use std::fmt::Display;

use console::{Printer, Role, safe};

use super::event::{Event, Events};
use super::framing::Message;
use super::limits::MESSAGE_BYTES;

/// What the user sees. Only a peer's words stand behind the margin, so they can't be taken for
/// the program's.
#[derive(Clone, Copy)]
pub struct Screen<'a>(pub &'a Printer);

impl Screen<'_> {
    /// Makes an event of it when nothing can be printed any more.
    pub fn tell_when_gone(self, events: &Events) {
        let events = events.clone();
        self.0.when_gone(move |error| {
            // If the chat is over already, it doesn't matter.
            let _ = events.send_first(Event::ScreenGone(error));
        });
    }

    /// What the program itself has to say.
    pub fn event(self, line: impl Display) {
        self.0.print(&Role::Event.paint(line).to_string());
    }

    /// A message, after `who`; each of its rows stands behind the margin.
    pub fn message(self, who: &str, message: &Message) {
        let line = format!(
            "{}{who}{}",
            safe::MARGIN,
            safe::escape(&message.to_string())
        );
        let rows = safe::fold(&line, safe::MARGIN, self.0.width());
        self.0.print(&Role::Peer.paint(rows).to_string());
    }

    /// The line that was typed is too long.
    pub fn refuse(self, length: u64) {
        self.0.print(
            &Role::Trouble
                .paint(format_args!(
                    "Not sent: that line has {length} bytes; a message may have {MESSAGE_BYTES}."
                ))
                .to_string(),
        );
    }
}
