use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::is_timeout;

/// A stream whose reads and writes fail with [`ErrorKind::TimedOut`] from an instant on, if there is
/// one.
///
/// A socket's own timeout (`SO_RCVTIMEO`, `SO_SNDTIMEO`: socket(7)) starts again with each call,
/// so a peer that sends one byte a second is never late. The deadline is the same for all calls:
/// before each of them the socket's timeout is set to the remaining time.
#[derive(Debug)]
pub struct DeadlineStream<'a> {
    stream: &'a TcpStream,
    deadline: Option<Instant>,
}

impl<'a> DeadlineStream<'a> {
    /// All calls on this value have to be done by `deadline`, if there is one.
    pub fn new(stream: &'a TcpStream, deadline: impl Into<Option<Instant>>) -> Self {
        let deadline = deadline.into();
        Self { stream, deadline }
    }

    /// The remaining time. It is never zero, which a socket would take for "no timeout".
    fn left(&self) -> io::Result<Option<Duration>> {
        let Some(deadline) = self.deadline else {
            return Ok(None);
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(Some(left))
    }
}

impl Read for DeadlineStream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        persist(|| {
            unless_closed(self.stream.set_read_timeout(self.left()?))?;
            self.stream.read(buffer)
        })
    }
}

impl Write for DeadlineStream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        persist(|| {
            unless_closed(self.stream.set_write_timeout(self.left()?))?;
            self.stream.write(bytes)
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Once both directions of a connection are closed, macOS sets no more options (`EINVAL`). None is
/// needed: what came before the end is here, and no call waits any more.
fn unless_closed(is_set: io::Result<()>) -> io::Result<()> {
    match is_set {
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
        other => other,
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

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn connection() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (client, listener.accept().unwrap().0)
    }

    #[test]
    fn until_the_deadline_bytes_come_and_go() {
        let (one, other) = connection();
        let deadline = Instant::now() + Duration::from_secs(20);
        let sent = DeadlineStream::new(&one, deadline).write(b"hello");
        assert_eq!(sent.unwrap(), 5);
        let mut received = [0; 5];
        DeadlineStream::new(&other, deadline)
            .read_exact(&mut received)
            .unwrap();
        assert_eq!(&received, b"hello");
    }

    /// A peer that has sent something is late all the same.
    #[test]
    fn after_the_deadline_nothing_does() {
        let (mut one, other) = connection();
        one.write_all(b"hello").unwrap();
        let mut late = DeadlineStream::new(&other, Instant::now());
        let errors = [late.read(&mut [0]), late.write(b"x")].map(|it| it.unwrap_err().kind());
        assert_eq!(errors, [ErrorKind::TimedOut; 2]);
    }

    #[test]
    fn an_interrupted_call_is_made_again_and_each_other_error_ends_it() {
        use ErrorKind::{ConnectionReset, Interrupted, TimedOut, WouldBlock};

        let call = |kinds: &[ErrorKind]| {
            let mut kinds = kinds.iter();
            let result = persist(|| kinds.next().map_or(Ok(7), |&kind| Err(kind.into())));
            result.map_err(|error| error.kind())
        };
        assert_eq!(call(&[Interrupted, Interrupted]), Ok(7));
        assert_eq!(call(&[Interrupted, ConnectionReset]), Err(ConnectionReset));
        assert_eq!(call(&[WouldBlock]), Err(TimedOut));
        assert_eq!(call(&[TimedOut]), Err(TimedOut));
    }
}
