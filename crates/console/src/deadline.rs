use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::is_timeout;

/// A stream whose reads and writes fail with [`ErrorKind::TimedOut`] after a deadline, if it has
/// one.
///
/// A socket's own timeout (`SO_RCVTIMEO`, `SO_SNDTIMEO`: socket(7)) starts again with each call,
/// so a peer that sends one byte a second is never late. The deadline is the same for all calls:
/// before each of them the socket's timeout is set to the remaining time.
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

    /// Makes a call in the remaining time, again if it was interrupted.
    ///
    /// A process that was stopped and continued (Ctrl-Z, `fg`) finds its calls interrupted if the
    /// socket has a timeout: signal(7).
    fn call(
        &self,
        set_timeout: fn(&TcpStream, Option<Duration>) -> io::Result<()>,
        mut call: impl FnMut(&TcpStream) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            let left = (self.deadline).map(|it| it.saturating_duration_since(Instant::now()));
            // A socket would take zero for "no timeout".
            if left == Some(Duration::ZERO) {
                return Err(ErrorKind::TimedOut.into());
            }
            let done = match set_timeout(self.stream, left) {
                // Once both directions of a connection are closed, macOS sets no more options
                // (`EINVAL`). None is needed: what came before the end is here, and no call waits
                // any more.
                Err(error) if error.kind() != ErrorKind::InvalidInput => Err(error),
                _ => call(self.stream),
            };
            match done {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_timeout(&error) => return Err(ErrorKind::TimedOut.into()),
                result => return result,
            }
        }
    }
}

impl Read for DeadlineStream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.call(TcpStream::set_read_timeout, |mut it| it.read(buffer))
    }
}

impl Write for DeadlineStream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.call(TcpStream::set_write_timeout, |mut it| it.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
        use ErrorKind::{ConnectionReset, Interrupted, InvalidInput, TimedOut, WouldBlock};

        let (stream, _peer) = connection();
        let stream = DeadlineStream::new(&stream, None);
        let call = |kinds: &[ErrorKind]| {
            let mut kinds = kinds.iter();
            let call = |_: &_| kinds.next().map_or(Ok(7), |&kind| Err(kind.into()));
            // As macOS does it for a closed connection.
            let result = stream.call(|_, _| Err(InvalidInput.into()), call);
            result.map_err(|error| error.kind())
        };
        assert_eq!(call(&[Interrupted, Interrupted]), Ok(7));
        assert_eq!(call(&[Interrupted, ConnectionReset]), Err(ConnectionReset));
        assert_eq!(call(&[WouldBlock]), Err(TimedOut));
        assert_eq!(call(&[TimedOut]), Err(TimedOut));
        let refused = stream.call(|_, _| Err(ConnectionReset.into()), |_| Ok(7));
        assert_eq!(refused.unwrap_err().kind(), ConnectionReset);
    }
}
