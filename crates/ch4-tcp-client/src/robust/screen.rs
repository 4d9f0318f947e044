//! The user's screen, which shows the server's text and this program's.
//!
//! The server may send anything, even a line that looks like one of this program's. So each row of
//! the server's text begins with a margin, and none of ours does:
//!
//! ```text
//! Connected to 127.0.0.1:8080. …
//! | Connected to your bank. …
//! ```
//!
//! One limit remains: the client learns what the user types only at Enter, but the terminal shows it
//! at once. So text that arrives meanwhile may wrap, or begin at the left edge.

use std::fmt::Display;
use std::sync::mpsc::Receiver;
use std::sync::{Mutex, MutexGuard, PoisonError};

use console::safe::PeerText;
use console::{Error, Printer, Style};

/// Shows what the server sends as soon as it comes, and our lines between.
///
/// It shows one connection at a time, and records whether it has ended. The side that ends it
/// first decides what is said about it.
pub struct Screen {
    printer: Printer,
    echo: bool,
    /// A thread that holds this lock waits for nothing else.
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    text: PeerText,
    /// How many connections there have been, which is also the number of the current one.
    connection: u64,
    /// Whether that is open.
    is_open: bool,
    input_ended: bool,
}

impl Screen {
    /// A screen that `printer` prints. `echo` says whether what the user types appears there too,
    /// as it does on a terminal: then each Enter begins a new row.
    pub fn new(printer: Printer, echo: bool) -> Self {
        Self {
            printer,
            echo,
            shown: Mutex::default(),
        }
    }

    /// Shows one of our own lines.
    pub(super) fn say(&self, style: Style, line: impl Display) {
        self.print(&mut self.lock(), style, line);
    }

    /// Announces a new connection, and shows it from now on. Returns its number.
    pub(super) fn connected(&self, greeting: impl Display) -> u64 {
        let mut shown = self.lock();
        self.print(&mut shown, Style::Event, greeting);
        shown.connection += 1;
        shown.is_open = true;
        shown.connection
    }

    /// Whether this connection is open.
    pub(super) fn is_open(&self, connection: u64) -> bool {
        self.lock().is_open(connection)
    }

    /// Shows what the server has sent. Returns `None` if the connection has ended. Otherwise `recv`
    /// on the result returns when the printer takes the text.
    pub(super) fn received(&self, connection: u64, bytes: &[u8]) -> Option<Receiver<()>> {
        let mut shown = self.lock();
        if !shown.is_open(connection) {
            return None;
        }
        let rows = shown.text.add(bytes, self.printer.width());
        Some(self.printer.add_in_turn(Style::Peer.paint(rows)))
    }

    /// The user has pressed Enter. If the terminal shows that, what comes next begins a row.
    pub(super) fn enter(&self) {
        if self.echo {
            let _ = self.lock().text.interrupt();
        }
    }

    /// No more lines will be typed.
    pub(super) fn input_ended(&self) {
        self.lock().input_ended = true;
    }

    /// The server ends the connection, and we say why.
    pub(super) fn server_ends(&self, connection: u64, why: &str) {
        let mut shown = self.lock();
        let next = if shown.input_ended {
            ""
        } else {
            "; the next line reconnects"
        };
        self.end(&mut shown, connection, &format!("{why}{next}."));
    }

    /// We end the connection, and say `why`, unless that is empty. Nothing more of it is shown.
    pub(super) fn we_end(&self, connection: u64, why: &str) {
        self.end(&mut self.lock(), connection, why);
    }

    /// Waits until all is printed, however long the terminal takes.
    pub(super) fn finish(&self) -> Result<(), Error> {
        self.printer.finish()
    }

    fn end(&self, shown: &mut Shown, connection: u64, why: &str) {
        if !shown.is_open(connection) {
            return;
        }
        shown.is_open = false;
        let rows = shown.text.finish(self.printer.width());
        self.printer.add(Style::Peer.paint(rows));
        if !why.is_empty() {
            self.print(shown, Style::Event, why);
        }
    }

    fn print(&self, shown: &mut Shown, style: Style, line: impl Display) {
        let lf = shown.text.interrupt();
        self.printer.print(&format!("{lf}{}", style.paint(line)));
    }

    /// A thread that panicked left nothing half done here, so use a poisoned lock too.
    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    fn is_open(&self, connection: u64) -> bool {
        self.is_open && self.connection == connection
    }
}
