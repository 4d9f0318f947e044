//! The other end of a TCP connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use socket2::SockRef;

use crate::{PATIENCE, allow_many_files};

/// Plays the other end of a connection with the program under test, client or server.
///
/// No call waits longer than [`PATIENCE`]. If a call fails, so does the test.
pub struct FakePeer(BufReader<TcpStream>);

impl FakePeer {
    /// Connects to a server under test.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        Self::on(TcpStream::connect_timeout(&address, PATIENCE).unwrap())
    }

    /// Accepts a client under test.
    #[track_caller]
    pub fn accept(listener: &TcpListener) -> Self {
        let (arrived, arrivals) = channel();
        let accepts = listener.try_clone().unwrap();
        // It drops its listener first: the test may drop its own, and expect that nobody listens.
        let accept = |listener: TcpListener| listener.accept();
        // If nobody comes, the thread ends with the test's process.
        thread::spawn(move || arrived.send(accept(accepts)));
        let arrival = arrivals.recv_timeout(PATIENCE);
        let (stream, _) = arrival.expect("nobody has connected").unwrap();
        Self::on(stream)
    }

    /// Takes over a connection.
    pub fn on(stream: TcpStream) -> Self {
        allow_many_files();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        // What a test sends in pieces should arrive in pieces.
        stream.set_nodelay(true).unwrap();
        Self(BufReader::new(stream))
    }

    /// A new connection: one end for the code under test, and its peer.
    pub fn pair() -> (TcpStream, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (stream, Self::accept(&listener))
    }

    /// Its socket. What a call has read of a line stays out of it.
    pub fn stream(&self) -> &TcpStream {
        self.0.get_ref()
    }

    /// Sends all the bytes.
    #[track_caller]
    pub fn sends(&self, bytes: impl AsRef<[u8]>) {
        self.stream().write_all(bytes.as_ref()).unwrap();
    }

    /// What one `recv(1024)` gives, as the tutorial's programs take it for a message: at most 1024
    /// bytes. Empty at the end of the stream.
    #[track_caller]
    pub fn receives(&mut self) -> String {
        let mut bytes = [0; 1024];
        let count = self.0.read(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    }

    /// The next line with its LF. At the end of the stream, whatever is left.
    #[track_caller]
    pub fn reads_line(&mut self) -> String {
        let mut line = Vec::new();
        let read = self.0.read_until(b'\n', &mut line);
        let line = String::from_utf8_lossy(&line).into_owned();
        assert!(read.is_ok(), "{read:?} after {line:?}");
        line
    }

    /// All that comes until the other end closes its side. A reset fails the test.
    #[track_caller]
    pub fn reads_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = self.0.read_to_end(&mut bytes);
        assert!(read.is_ok(), "{read:?} after {}", bytes.escape_ascii());
        bytes
    }

    /// Tells the other end that no more will come, and goes on receiving.
    #[track_caller]
    pub fn half_closes(&self) {
        self.stream().shutdown(Shutdown::Write).unwrap();
    }

    /// Breaks the connection: closing with a linger time of zero sends a reset (on Linux,
    /// `__tcp_close` in `net/ipv4/tcp.c`).
    pub fn resets(self) {
        let socket = SockRef::from(self.stream());
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn what_it_reads_is_what_was_sent() {
        let (mut stream, mut peer) = FakePeer::pair();
        let long = "x".repeat(1025);
        stream.write_all(long.as_bytes()).unwrap();
        assert_eq!(peer.receives().len() + peer.receives().len(), 1025);
        stream.write_all(b"one\ntwo\nthree").unwrap();
        assert_eq!(peer.reads_line(), "one\n");
        assert_eq!(peer.reads_line(), "two\n");
        stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(peer.reads_to_end(), b"three");
        assert_eq!([peer.reads_line(), peer.receives()], ["", ""]);
    }

    #[test]
    fn it_ends_a_connection_in_two_ways() {
        let (mut stream, peer) = FakePeer::pair();
        peer.half_closes();
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        peer.resets();
        let (mut stream, peer) = FakePeer::pair();
        peer.resets();
        let error = stream.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
}
