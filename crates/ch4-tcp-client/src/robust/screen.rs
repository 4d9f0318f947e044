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
//! One limit remains. The terminal itself shows what the user types, and the client doesn't know
//! how long that is until Enter. Text that the server sends meanwhile begins after it, so its first
//! row may wrap. Text that arrives between the user's Enter and the client's read of it begins at
//! the left edge.

use std::fmt::Display;
use std::sync::mpsc::Receiver;
use std::sync::{Mutex, MutexGuard, PoisonError};

use console::safe::PeerText;
use console::{Error, Printer, Style};

/// Shows what the server sends as soon as it comes, and our lines between.
///
/// It shows one connection at a time, and records whether that has ended. The side that ends it
/// first, the server or the client, decides what is said about it.
pub struct Screen {
    printer: Printer,
    echo: bool,
    /// A thread that holds this lock waits for nothing else.
    shown: Mutex<Shown>,
}

#[derive(Default)]
struct Shown {
    text: PeerText,
    /// The number of the connection. They are counted.
    connection: u64,
    /// It hasn't ended.
    is_open: bool,
    input_ended: bool,
}

impl Screen {
    /// A screen that `printer` prints, folded to its width. `echo` says whether what the user types
    /// appears there too, as it does on a terminal: then each Enter begins a new row.
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

    /// Says that there is a new connection, and shows it from now on. Returns its number.
    pub(super) fn connected(&self, greeting: impl Display) -> u64 {
        let mut shown = self.lock();
        self.print(&mut shown, Style::Event, greeting);
        shown.connection += 1;
        shown.is_open = true;
        shown.connection
    }

    /// Whether this connection hasn't ended.
    pub(super) fn shows(&self, connection: u64) -> bool {
        self.lock().shows(connection)
    }

    /// Shows what the server has sent. The receiver is disconnected when the terminal takes more
    /// ([`Printer::add_in_turn`]). Returns `None` if the connection has ended.
    pub(super) fn received(&self, connection: u64, bytes: &[u8]) -> Option<Receiver<()>> {
        let mut shown = self.lock();
        if !shown.shows(connection) {
            return None;
        }
        let rows = shown.text.add(bytes, self.printer.width());
        let rows = Style::Peer.paint(rows).to_string();
        Some(self.printer.add_in_turn(rows))
    }

    /// The user has pressed Enter. If the terminal has shown that, the cursor is at the left edge,
    /// so what comes next needs a margin.
    pub(super) fn enter(&self) {
        if self.echo {
            let _ = self.lock().text.interrupt();
        }
    }

    /// No more lines will be typed.
    pub(super) fn input_ended(&self) {
        self.lock().input_ended = true;
    }

    /// The server ends the connection: says why.
    pub(super) fn server_ends(&self, connection: u64, why: &str) {
        let mut shown = self.lock();
        let next = if shown.input_ended {
            ""
        } else {
            "; the next line reconnects"
        };
        self.end(&mut shown, connection, &format!("{why}{next}."));
    }

    /// We end the connection: says why, unless that is empty. Nothing more of it will be shown.
    pub(super) fn we_end(&self, connection: u64, why: &str) {
        self.end(&mut self.lock(), connection, why);
    }

    /// Waits until all is printed, however long the terminal takes. Nothing is shown afterwards.
    pub(super) fn finish(&self) -> Result<(), Error> {
        self.printer.finish()
    }

    fn end(&self, shown: &mut Shown, connection: u64, why: &str) {
        if !shown.shows(connection) {
            return;
        }
        shown.is_open = false;
        let rows = shown.text.finish(self.printer.width());
        self.printer.add(Style::Peer.paint(rows).to_string());
        if !why.is_empty() {
            self.print(shown, Style::Event, why);
        }
    }

    fn print(&self, shown: &mut Shown, style: Style, line: impl Display) {
        let before = shown.text.interrupt();
        self.printer
            .print(&format!("{before}{}", style.paint(line)));
    }

    /// A thread that panicked has left nothing half done that matters here, so a poisoned lock is
    /// no reason to stop.
    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    fn shows(&self, connection: u64) -> bool {
        self.is_open && self.connection == connection
    }
}
