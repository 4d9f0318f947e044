//! What the tap prints: a line for each thing that happens on a connection.

use std::fmt::{self, Display};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use console::Log;

use crate::escapes::{show, show_hex};

/// How many bytes of one read, or of one datagram, are shown.
const SHOWN: usize = 2_000;

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The end that connected.
    Client,
    /// The end that listened.
    Server,
}

impl Side {
    /// The end that faces this one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

impl Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
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
    /// A transcript in this log; with `hex`, bytes are shown in hexadecimal, too.
    pub fn new(log: Log, hex: bool) -> Self {
        let connections = AtomicU64::new(0);
        Self {
            log,
            hex,
            connections,
        }
    }

    /// The next connection. Its time begins now.
    pub fn connection(self: &Arc<Self>) -> Connection {
        Connection {
            number: self.connections.fetch_add(1, Ordering::Relaxed) + 1,
            transcript: Arc::clone(self),
            begin: Instant::now(),
            over: AtomicBool::new(false),
        }
    }
}

/// A connection's lines: each has the seconds since its begin, and its number.
pub struct Connection {
    /// From 1 on.
    pub number: u64,
    transcript: Arc<Transcript>,
    begin: Instant,
    over: AtomicBool,
}

impl Connection {
    /// This program ends the connection, so what still happens on it is no news.
    pub fn end(&self, what: impl Display) {
        self.over.store(true, Ordering::Relaxed);
        self.event(what);
    }

    /// Whether this program has ended the connection.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Something happened.
    pub fn event(&self, what: impl Display) {
        self.transcript.log.event(self.line(what));
    }

    /// Something went wrong, or the tap did harm.
    pub fn trouble(&self, what: impl Display) {
        self.transcript.log.trouble(self.line(what));
    }

    /// These bytes came from `from`, in one read or one datagram. `remark` goes right after them.
    pub fn bytes(&self, from: impl Display, bytes: &[u8], remark: impl Display) {
        let Transcript { log, hex, .. } = &*self.transcript;
        if log.is_quiet() {
            return;
        }
        let count = in_bytes(bytes.len());
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

    fn line(&self, what: impl Display) -> String {
        let seconds = self.begin.elapsed().as_secs_f64();
        format!("{seconds:.3} #{} {what}", self.number)
    }
}

/// A number of bytes, in words.
#[must_use]
pub fn in_bytes(count: usize) -> String {
    let unit = if count == 1 { "byte" } else { "bytes" };
    format!("{count} {unit}")
}
