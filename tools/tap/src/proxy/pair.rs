//! The two sockets of a connection that goes through the tap.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::is_timeout;
use socket2::SockRef;

use crate::transcript::Side;

/// How often a thread that waits for a socket looks whether the connection is over.
const LOOK: Duration = Duration::from_millis(100);

/// What one side sent: the bytes of a read, or none at the end of its stream. `None`: a reset.
pub(super) type Sent<'a> = Option<&'a [u8]>;

/// The connection is over, for whatever reason.
pub(super) struct Over;

/// The sockets of the client and of the server, and what the two directions have to know of each
/// other.
pub(super) struct Pair {
    streams: [TcpStream; 2],
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Whether all that a side has sent is passed on, and the end of it, too.
    ended: [bool; 2],
    phase: Phase,
}

#[derive(Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    /// The tap has half-closed both sides. What still comes is thrown away.
    Closed,
    Reset,
}

impl Pair {
    /// # Errors
    ///
    /// A socket is of no use any more.
    pub(super) fn new(client: TcpStream, server: TcpStream) -> io::Result<Self> {
        let streams = [client, server];
        for stream in &streams {
            // A piece of the stream goes on its way at once, and not with the next one.
            stream.set_nodelay(true)?;
            // `reset` wakes a read, but not on Windows, and no write.
            stream.set_write_timeout(Some(LOOK))?;
            stream.set_read_timeout(cfg!(windows).then_some(LOOK))?;
        }
        let (state, changed) = <_>::default();
        Ok(Self {
            streams,
            state,
            changed,
        })
    }

    fn stream(&self, side: Side) -> &TcpStream {
        &self.streams[side as usize]
    }

    /// Waits for what `from` sends.
    pub(super) fn receive<'b>(&self, from: Side, buffer: &'b mut [u8]) -> Result<Sent<'b>, Over> {
        let mut stream = self.stream(from);
        loop {
            let read = stream.read(buffer);
            let state = self.state();
            match read {
                _ if state.phase == Phase::Reset => return Err(Over),
                Err(error) if is_no_end(&error) => {}
                Ok(0) | Err(_) if state.phase == Phase::Closed => return Err(Over),
                Ok(_) if state.phase == Phase::Closed => {}
                Err(_) => return Ok(None),
                // Only the first call sees a reset, and the next one an end. But a peer that has
                // reset the connection has no address any more. (It has none either when both
                // directions have ended.)
                Ok(0) if !state.ended[from.other() as usize] && stream.peer_addr().is_err() => {
                    return Ok(None);
                }
                Ok(count) => return Ok(Some(&buffer[..count])),
            }
        }
    }

    /// Sends the other side what `from` sent. Returns false if that side has reset the connection.
    pub(super) fn send(&self, from: Side, mut bytes: &[u8]) -> bool {
        let mut stream = self.stream(from.other());
        while self.is_open() && !bytes.is_empty() {
            match stream.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if is_no_end(&error) => {}
                Err(_) => return !self.is_open(),
            }
        }
        true
    }

    /// Tells the other side that `from` has sent everything.
    pub(super) fn half_close(&self, from: Side) {
        self.state().ended[from as usize] = true;
        // If that side has gone, the next call finds out.
        let _ = self.stream(from.other()).shutdown(Shutdown::Write);
        self.changed.notify_all();
    }

    /// Waits until the other direction has ended, too. Returns false if this side, which has
    /// half-closed, resets the connection before.
    pub(super) fn wait_for_other_direction(&self, from: Side) -> bool {
        let mut state = self.state();
        while !state.ended[from.other() as usize] && state.phase == Phase::Open {
            // No read tells: at the end of the stream it returns at once.
            if !matches!(self.stream(from).take_error(), Ok(None)) {
                return false;
            }
            let waited = self.changed.wait_timeout(state, LOOK);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    /// Resets both sides, as soon as nobody uses this any more, and ends all that waits for them.
    /// Returns false if that has been done already.
    ///
    /// Closing with a linger time of zero sends a reset (socket(7)). A `shutdown` of both directions
    /// would send an orderly end before it.
    pub(super) fn reset(&self) -> bool {
        let is_first = mem::replace(&mut self.state().phase, Phase::Reset) != Phase::Reset;
        for stream in &self.streams {
            // A socket that was reset by its peer needs neither.
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
            let _ = stream.shutdown(Shutdown::Read);
        }
        self.changed.notify_all();
        is_first
    }

    /// Half-closes both sides. The connection is over when they have closed, too. Returns false if
    /// it is over already.
    pub(super) fn close(&self) -> bool {
        let mut state = self.state();
        let is_open = state.phase == Phase::Open;
        if is_open {
            state.phase = Phase::Closed;
            for stream in &self.streams {
                let _ = stream.shutdown(Shutdown::Write);
            }
            self.changed.notify_all();
        }
        is_open
    }

    /// Waits until this instant, or until the connection is over.
    pub(super) fn wait_until(&self, instant: Instant) {
        let left = instant.saturating_duration_since(Instant::now());
        let is_open = |state: &mut State| state.phase == Phase::Open;
        drop(self.changed.wait_timeout_while(self.state(), left, is_open));
    }

    fn is_open(&self) -> bool {
        self.state().phase == Phase::Open
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a call failed for a reason that is no end of the connection.
fn is_no_end(error: &io::Error) -> bool {
    error.kind() == ErrorKind::Interrupted || is_timeout(error)
}
