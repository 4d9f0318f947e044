//! The server's side of a connection, in a test's hands.

#![allow(dead_code, reason = "not every test file uses all of it")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, ToSocketAddrs};
use std::thread;
use std::time::{Duration, Instant};

use console::is_timeout;
use socket2::SockRef;
use testkit::{PATIENCE, accept};

/// The server's side of a connection.
pub(crate) struct Server {
    pub(crate) stream: BufReader<TcpStream>,
}

impl Server {
    pub(crate) fn accept(listener: &TcpListener) -> Self {
        let stream = BufReader::new(accept(listener));
        Self { stream }
    }

    pub(crate) fn sends(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    pub(crate) fn reads_line(&mut self) -> String {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).unwrap();
        String::from_utf8_lossy(&line).into_owned()
    }

    /// All that comes until the client ends its side.
    pub(crate) fn reads_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.stream.read_to_end(&mut bytes).unwrap();
        bytes
    }

    pub(crate) fn hears_nothing_for(&mut self, time: Duration) {
        self.stream.get_ref().set_read_timeout(Some(time)).unwrap();
        let nothing = self.stream.fill_buf().unwrap_err();
        assert!(is_timeout(&nothing), "{nothing}");
        self.stream
            .get_ref()
            .set_read_timeout(Some(PATIENCE))
            .unwrap();
    }

    pub(crate) fn half_closes(&self) {
        self.stream.get_ref().shutdown(Shutdown::Write).unwrap();
    }

    pub(crate) fn resets(self) {
        // Closing with a linger time of zero sends a reset.
        let socket = SockRef::from(self.stream.get_ref());
        socket.set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Sends `x` after `x`, as fast as it can, until the client has gone.
    pub(crate) fn floods(mut self) -> thread::JoinHandle<()> {
        let begin = Instant::now();
        thread::spawn(move || {
            while self.stream.get_mut().write_all(&[b'x'; 1 << 14]).is_ok() {
                assert!(begin.elapsed() < PATIENCE, "the client is still there");
            }
        })
    }
}

pub(crate) fn listen(address: impl ToSocketAddrs) -> TcpListener {
    TcpListener::bind(address).unwrap()
}

/// A line that is longer than what all buffers between the two hold.
pub(crate) fn long_line() -> Vec<u8> {
    let mut line = vec![b'x'; 64 << 20];
    line.push(b'\n');
    line
}
