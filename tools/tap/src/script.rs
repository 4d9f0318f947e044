//! What a client or a server of ours says, and hears.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use clap::Args;

use crate::escapes::Part;
use crate::transcript::{Connection, Side};
use crate::trouble::time;

/// Room for any datagram, in bytes: UDP's length field has 16 bits (RFC 768). On Windows, one that
/// doesn't fit would be an error.
pub const ANY_DATAGRAM: usize = 65_535;

/// The most that one datagram holds over IPv4, in bytes: the headers of IP and UDP take 28
/// (RFC 791, RFC 768).
const MOST_IN_DATAGRAM: usize = ANY_DATAGRAM - 28;

/// The pieces that one side sends.
#[derive(Debug, Clone, Args)]
pub struct Script {
    /// What to send, each in a segment or a datagram
    #[arg(value_name = "PART")]
    pub parts: Vec<Part>,

    /// Wait so long before each PART but the first: 200ms, 1.5s
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "0")]
    pub pause: Duration,
}

impl Script {
    /// Prints and sends each part.
    ///
    /// # Errors
    ///
    /// That of the first call of `send` that fails.
    pub fn play(
        &self,
        from: Side,
        connection: &Connection,
        mut send: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        for (number, Part(bytes)) in self.parts.iter().enumerate() {
            if number > 0 {
                thread::sleep(self.pause);
            }
            connection.bytes(from, bytes, "");
            send(bytes)?;
        }
        Ok(())
    }

    /// Whether each part fits into a datagram.
    ///
    /// # Errors
    ///
    /// Which part is too long.
    pub fn fits_datagrams(&self) -> Result<(), String> {
        for (number, Part(bytes)) in (1..).zip(&self.parts) {
            if bytes.len() > MOST_IN_DATAGRAM {
                return Err(format!(
                    "PART {number} has {} bytes; a datagram holds {MOST_IN_DATAGRAM} at most",
                    bytes.len()
                ));
            }
        }
        Ok(())
    }
}

/// Prints all that comes, until the stream has ended or `came`, called after each read, returns false.
///
/// # Errors
///
/// The stream can't be read, or that of `came`.
pub fn hear(
    mut stream: &TcpStream,
    from: Side,
    connection: &Connection,
    mut came: impl FnMut() -> io::Result<bool>,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => {
                connection.event(format_args!("{from} half-closed"));
                return Ok(());
            }
            Ok(count) => {
                connection.bytes(from, &buffer[..count], "");
                if !came()? {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                connection.event(format_args!("{from} reset"));
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
}
