use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::is_timeout;

/// A stream whose reads and writes fail with [`ErrorKind::TimedOut`] from an instant on.
///
/// A socket's own timeout (`SO_RCVTIMEO`, `SO_SNDTIMEO`: socket(7)) starts again with each call,
/// so a peer that sends one byte a second is never late. The deadline is the same for all calls:
/// before each of them the socket's timeout is set to the remaining time.
#[derive(Debug)]
pub struct DeadlineStream<'a> {
    stream: &'a TcpStream,
    deadline: Instant,
}

impl<'a> DeadlineStream<'a> {
    /// All calls on this value have to be done by `deadline`.
    pub fn new(stream: &'a TcpStream, deadline: Instant) -> Self {
        Self { stream, deadline }
    }

    /// The remaining time. It is never zero, which a socket would take for "no timeout".
    fn left(&self) -> io::Result<Duration> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(left)
    }
}

impl Read for DeadlineStream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        persist(|| {
            self.stream.set_read_timeout(Some(self.left()?))?;
            self.stream.read(buffer)
        })
    }
}

impl Write for DeadlineStream<'_> {
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
