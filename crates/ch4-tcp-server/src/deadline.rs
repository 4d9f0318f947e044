//! Reads and writes that end by a certain instant.
//!
//! A socket's own timeout (`SO_RCVTIMEO`, `SO_SNDTIMEO`) starts anew with each call, so a peer
//! that sends one byte a second is never late. A deadline is the same for all calls together:
//! before each of them the socket's timeout is set to the time that is left.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use console::is_timeout;

/// A stream whose reads and writes fail with [`ErrorKind::TimedOut`] from `deadline` on.
#[derive(Debug)]
pub struct Until<'a> {
    stream: &'a TcpStream,
    deadline: Instant,
}

impl<'a> Until<'a> {
    /// All calls on this value have to be done by `deadline`.
    pub fn new(stream: &'a TcpStream, deadline: Instant) -> Self {
        Self { stream, deadline }
    }

    /// The time that is left, which is never zero: to a socket, zero would mean "for ever".
    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(left)
    }
}

impl Read for Until<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        persist(|| {
            self.stream.set_read_timeout(Some(self.left()?))?;
            self.stream.read(buffer)
        })
    }
}

impl Write for Until<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        persist(|| {
            self.stream.set_write_timeout(Some(self.left()?))?;
            self.stream.write(bytes)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Calls again until there is a result.
///
/// A process that was stopped and continued (Ctrl-Z, `fg`) finds its calls interrupted if the
/// socket has a timeout: signal(7).
fn persist(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => return Err(ErrorKind::TimedOut.into()),
            result => return result,
        }
    }
}
