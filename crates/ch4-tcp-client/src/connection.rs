//! One connection, shared by the thread that sends and the thread that receives.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::DeadlineStream;

/// How far the connection is on its way to its end. It never goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Both sides may send.
    Open,
    /// We have told the server that no more will come. It may still send.
    HalfClosed,
    /// Nobody sends any more, or it interests nobody.
    Over,
}

/// A connection to a server, and what both threads know of it.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    server: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

impl Connection {
    /// A connection that has just been opened.
    pub fn new(stream: TcpStream, server: SocketAddr) -> Self {
        Self {
            stream,
            server,
            state: Mutex::new(State::Open),
            changed: Condvar::new(),
        }
    }

    /// The address that was connected to. (`peer_addr` fails once the server has reset.)
    pub fn server(&self) -> SocketAddr {
        self.server
    }

    /// What the server sends.
    pub fn incoming(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends all the bytes within the time limit.
    ///
    /// # Errors
    ///
    /// The connection has broken, or the server hasn't taken all bytes in time. How many it has
    /// got, nobody knows.
    pub fn send(&self, bytes: &[u8], limit: Duration) -> io::Result<()> {
        // A deadline for all of it, not a limit for each write: otherwise a server that takes a byte
        // now and then would hold us forever.
        DeadlineStream::new(&self.stream, Instant::now() + limit).write_all(bytes)
    }

    /// Tells the server that no more will come, and goes on receiving.
    pub fn half_close(&self) {
        self.advance(State::HalfClosed);
        // It fails only if there is nobody any more to tell.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Ends the connection in both directions. A thread that waits for the server comes back.
    ///
    /// Returns the state before, so that one of the two threads, and only one, says what happened.
    pub fn end(&self) -> State {
        let before = self.advance(State::Over);
        // It fails only if it has ended already.
        let _ = self.stream.shutdown(Shutdown::Both);
        before
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        *self.state() == State::Over
    }

    /// Waits until it has ended, or the time is up.
    pub fn wait_until_over(&self, limit: Duration) {
        let _ = self
            .changed
            .wait_timeout_while(self.state(), limit, |state| *state != State::Over);
    }

    fn advance(&self, to: State) -> State {
        let mut state = self.state();
        let before = *state;
        *state = before.max(to);
        self.changed.notify_all();
        before
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
