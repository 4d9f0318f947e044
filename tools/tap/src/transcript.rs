//! What the tap prints: a line for each thing that happens on a connection.

use std::fmt::{self, Display};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use console::{Log, safe::escape_bytes};

/// How many clients a server or a proxy has at once. Each needs threads, and anybody can forge the
/// addresses of UDP clients.
pub const MOST_CLIENTS: usize = 1_000;

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

impl Side {
    /// The end that faces this one.
    pub(crate) fn other(self) -> Self {
        [Self::Server, Self::Client][self as usize]
    }
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

    /// Another client can't be served for now.
    pub fn too_many_clients(&self) {
        let error = io::Error::other(format!("there are {MOST_CLIENTS} already"));
        self.log.short_of("serve another client for now", &error);
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
        if log.quiet {
            return;
        }
        let count = counted(bytes.len());
        let shown = bytes.get(..SHOWN).unwrap_or(bytes);
        let more = if shown.len() < bytes.len() { "..." } else { "" };
        if *hex {
            let title = self.line(format_args!("{from} > {count}{remark}"));
            log.received(title, format!("{}{more}", show_hex(shown)).as_bytes());
        } else {
            let text = escape_bytes(shown);
            log.peer(&self.line(format_args!("{from} > \"{text}\"{more} {count}{remark}")));
        }
    }

    fn line(self, what: impl Display) -> String {
        let seconds = self.begin.elapsed().as_secs_f64();
        format!("{seconds:.3} #{} {what}", self.number)
    }
}

/// So many bytes: "1 byte", "2 bytes".
pub fn counted(bytes: usize) -> String {
    format!("{bytes} byte{}", if bytes == 1 { "" } else { "s" })
}

/// Rows of 16 bytes: where the row begins, the bytes in hexadecimal, and as ASCII.
fn show_hex(bytes: &[u8]) -> String {
    let row = |(number, row): (usize, &[u8])| {
        let hex: Vec<_> = row.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String = row.iter().copied().map(char::from).collect();
        let text = text.replace(|c| !(' '..='~').contains(&c), ".");
        format!("{:04x}  {:47}  {text}", number * 16, hex.join(" "))
    };
    let rows = bytes.chunks(16).enumerate().map(row);
    rows.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_has_rows_of_16_bytes() {
        insta::assert_snapshot!(show_hex(b"GET / HTTP/1.1\r\n\xff\x1b[2J~"), @r"
            0000  47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..
            0010  ff 1b 5b 32 4a 7e                                ..[2J~
        ");
        assert_eq!(show_hex(b""), "");
    }
}
