//! What the server tells its user.

use std::fmt::Display;
use std::net::SocketAddr;

use console::{Printer, Role, safe};

/// What stands before each row of a client's words.
const MARGIN: &str = "  | ";

/// Tells the user what clients do, unless it should be quiet.
pub struct Log<'a> {
    /// Prints the lines, without ever holding up the server.
    pub printer: &'a Printer,
    /// Only the first line, and what is wrong with the server itself.
    pub quiet: bool,
}

impl Log<'_> {
    /// A line that is printed even if the server should be quiet.
    pub fn always(&self, line: impl Display) {
        self.printer.print(&Role::Event.paint(line).to_string());
    }

    /// Something is wrong with the server itself, not with a client.
    pub fn trouble(&self, line: impl Display) {
        self.printer.print(&Role::Trouble.paint(line).to_string());
    }

    /// A client has done something.
    pub fn event(&self, line: impl Display) {
        if !self.quiet {
            self.always(line);
        }
    }

    /// Prints what came from a client, harmless, and behind a margin that no line of ours has: so
    /// nothing that a client sends can be taken for a line of the server's.
    pub fn received(&self, address: SocketAddr, bytes: &[u8]) {
        if self.quiet {
            return;
        }
        let text = String::from_utf8_lossy(bytes);
        let mut lines = Role::Event
            .paint(format!("Received from {address}:"))
            .to_string();
        let width = self.printer.width();
        for line in text.lines() {
            let line = format!("{MARGIN}{}", safe::escape(line));
            let rows = safe::fold(&line, MARGIN, width);
            lines.push('\n');
            lines.push_str(&Role::Peer.paint(rows).to_string());
        }
        self.printer.print(&lines);
    }
}
