use std::fmt::Display;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::safe::{self, PeerText};
use crate::{Printer, Style};

/// Minimum time between two reports that the system is short of something.
const WARN_INTERVAL: Duration = Duration::from_mins(1);

/// Tells a server's user what happens, unless it should be quiet. It never holds up the server.
pub struct Log {
    printer: Printer,
    /// True if lines about clients are left out. Then the caller needn't make them.
    pub quiet: bool,
    /// When the user was last told that the system is short of something.
    warned: Mutex<Option<Instant>>,
}

impl Log {
    /// A log that `printer` prints. If it is quiet, only [`Log::always`] and
    /// [`Log::short_of`] print.
    pub fn new(printer: Printer, quiet: bool) -> Self {
        Self {
            printer,
            quiet,
            warned: Mutex::default(),
        }
    }

    /// A line that is printed even if the server is quiet.
    pub fn always(&self, line: impl Display) {
        self.print(Style::Event, line);
    }

    /// A client did something.
    pub fn event(&self, line: impl Display) {
        if !self.quiet {
            self.print(Style::Event, line);
        }
    }

    /// Something went wrong with a client.
    pub fn trouble(&self, line: impl Display) {
        if !self.quiet {
            self.print(Style::Trouble, line);
        }
    }

    /// A title, and below it a client's bytes: harmless, and after a margin that our own lines
    /// never have. So a client can't imitate one of the server's lines.
    pub fn received(&self, title: impl Display, bytes: &[u8]) {
        if self.quiet {
            return;
        }
        let (mut text, width) = (PeerText::default(), self.printer.width());
        let rows = text.add(bytes, width) + &text.finish(width);
        let mut lines = format!("{}\n{}", Style::Event.paint(title), Style::Peer.paint(rows));
        lines.pop(); // The printer adds it.
        self.printer.print(&lines);
    }

    /// One of our lines, with a client's escaped words in it. If it is longer than a row, the other
    /// rows begin with the margin.
    pub fn peer(&self, line: &str) {
        if !self.quiet {
            let rows = safe::fold(line, &mut 0, self.printer.width());
            self.print(Style::Peer, rows);
        }
    }

    /// The system is short of something: what couldn't be done, and why. Printed once a minute at
    /// most, even if the server is quiet.
    pub fn short_of(&self, action: &str, error: &io::Error) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_none_or(|last| last.elapsed() > WARN_INTERVAL) {
            *warned = Some(Instant::now());
            let next = "it goes on when clients leave (Unix: see ulimit -a)";
            let line = format!("Can't {action}: {error}; {next}");
            self.print(Style::Trouble, line);
        }
    }

    fn print(&self, style: Style, line: impl Display) {
        self.printer.print(&style.paint(line));
    }
}

#[cfg(test)]
mod tests {
    use testkit::Capture;

    use super::*;

    /// What is printed if everything happens.
    fn all(quiet: bool) -> String {
        let screen = Capture::default();
        let printer = Printer::new(screen.clone()).unwrap();
        let log = Log::new(printer.with_width(|| Some(20)), quiet);
        log.always("Started");
        log.event("Connected: A");
        log.received("Received from A:", b"a line of twenty-five byte\r\n\x07");
        log.peer("A: a line of twenty-five byte");
        log.trouble("Lost: A");
        for _ in 0..2 {
            log.short_of("accept", &io::ErrorKind::OutOfMemory.into());
        }
        drop(log);
        screen.text()
    }

    #[test]
    fn a_clients_words_stand_behind_the_margin_and_shortage_is_said_once() {
        insta::assert_snapshot!(all(false), @r"
        Started
        Connected: A
        Received from A:
        | a line of twenty-
        | five byte
        | \u{7}
        A: a line of twenty
        | -five byte
        Lost: A
        Can't accept: out of memory; it goes on when clients leave (Unix: see ulimit -a)
        ");
    }

    #[test]
    fn a_quiet_log_prints_what_concerns_the_server_alone() {
        insta::assert_snapshot!(all(true), @r"
        Started
        Can't accept: out of memory; it goes on when clients leave (Unix: see ulimit -a)
        ");
    }

    #[test]
    fn shortage_is_said_again_after_a_while() {
        let screen = Capture::default();
        let log = Log::new(Printer::new(screen.clone()).unwrap(), false);
        let long_ago = Instant::now().checked_sub(2 * WARN_INTERVAL);
        *log.warned.lock().unwrap() = long_ago;
        log.short_of("accept", &io::ErrorKind::OutOfMemory.into());
        drop(log);
        assert!(screen.text().starts_with("Can't accept: "));
    }
}
