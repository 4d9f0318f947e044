//! What the tap prints: a line for each thing that happens on a connection.

use std::fmt::{self, Display};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use console::Log;

use crate::escapes::{show, show_hex};

/// How many bytes of one read, or of one datagram, a line shows.
const SHOWN: usize = 2_000;

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The end that connected.
    Client,
    /// The end that listened.
    Server,
}

impl Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(["client", "server"][*self as usize])
    }
}

/// Numbers connections and prints what happens on them. It never waits for the terminal.
pub struct Transcript {
    /// For lines that belong to no connection.
    pub log: Log,
    hex: bool,
    connections: AtomicU64,
}

impl Transcript {
    /// A transcript in this log; with `hex`, it also shows bytes in hexadecimal.
    pub fn new(log: Log, hex: bool) -> Self {
        Self {
            log,
            hex,
            connections: AtomicU64::new(0),
        }
    }

    /// The first line of a server.
    pub fn listening(&self, here: io::Result<SocketAddr>, what: impl Display) {
        let here = here.map_or_else(|error| error.to_string(), |here| here.to_string());
        self.log.always(format_args!("Listening on {here}{what}"));
    }

    /// The next connection. Its time begins now.
    pub fn connection(&self) -> Connection<'_> {
        Connection {
            number: self.connections.fetch_add(1, Ordering::Relaxed) + 1,
            transcript: self,
            begin: Instant::now(),
        }
    }
}

/// A connection's lines: each has the seconds since its begin, and its number.
#[derive(Clone, Copy)]
pub struct Connection<'a> {
    /// From 1 on.
    pub number: u64,
    transcript: &'a Transcript,
    begin: Instant,
}

impl Connection<'_> {
    /// Something happened.
    pub fn event(self, what: impl Display) {
        self.transcript.log.event(self.line(what));
    }

    /// Something went wrong, or the tap did harm.
    pub fn trouble(self, what: impl Display) {
        self.transcript.log.trouble(self.line(what));
    }

    /// These bytes came from `from`, in one read or one datagram. `remark` goes right after them.
    pub fn bytes(self, from: impl Display, bytes: &[u8], remark: impl Display) {
        let Transcript { log, hex, .. } = self.transcript;
        if log.is_quiet() {
            return;
        }
        let count = counted(bytes.len(), "byte");
        let shown = bytes.get(..SHOWN).unwrap_or(bytes);
        let more = if shown.len() < bytes.len() { "..." } else { "" };
        if *hex {
            let title = self.line(format_args!("{from} > {count}{remark}"));
            log.received(title, format!("{}{more}", show_hex(shown)).as_bytes());
        } else {
            let text = show(shown);
            log.peer(&self.line(format_args!("{from} > \"{text}\"{more} {count}{remark}")));
        }
    }

    fn line(self, what: impl Display) -> String {
        let seconds = self.begin.elapsed().as_secs_f64();
        format!("{seconds:.3} #{} {what}", self.number)
    }
}

/// So many of these: "1 byte", "2 bytes".
pub fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
