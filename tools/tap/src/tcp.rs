//! What proxies and peers share that speak TCP: clients and their threads, and the two sockets of a
//! [`Pair`].

use std::fmt::Display;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use console::{Action, Error, Log, OrCannot, client_has_gone, is_timeout};
use socket2::SockRef;

use crate::transcript::{Connection, Side, Transcript};
use crate::trouble::Trouble;

/// Maximum clients at once. Others wait in the listener's backlog.
pub const MOST_CLIENTS: usize = 1_000;

/// How long to wait before accepting again when the system is short of something.
const RETRY_DELAY: Duration = Duration::from_millis(100);

/// How often a thread that waits for a socket looks whether the connection is over.
pub const LOOK: Duration = Duration::from_millis(100);

/// Serves each client on a thread, and prints when it connects and when its connection has ended.
/// It never ends.
pub fn serve_each<R>(
    listener: &TcpListener,
    transcript: &Transcript,
    serve: impl Fn(&TcpStream, Connection) + Sync,
) -> R {
    let (leave, free) = channel();
    (0..MOST_CLIENTS).for_each(|_| leave.send(()).unwrap_or_default());
    thread::scope(|scope| {
        loop {
            let _ = free.recv();
            let (client, address) = accept(listener, &transcript.log);
            let (serve, leaves, connection) = (&serve, leave.clone(), transcript.connection());
            let started = start(scope, move || {
                connection.event(format_args!("client connected from {address}"));
                serve(&client, connection);
                connection.event("ended");
                let _ = leaves.send(());
            });
            if let Err(error) = started {
                connection.trouble(error);
                let _ = leave.send(());
            }
        }
    })
}

/// The next client, however long the system is short of something.
fn accept(listener: &TcpListener, log: &Log) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept() {
            Ok(accepted) => return accepted,
            Err(error) if client_has_gone(&error) => {}
            Err(error) => {
                log.short_of("accept a client for now", &error);
                thread::park_timeout(RETRY_DELAY);
            }
        }
    }
}

/// Starts a thread.
///
/// # Errors
///
/// The system has none left.
pub fn start<'s, T: Send + 's>(
    scope: &'s Scope<'s, '_>,
    work: impl FnOnce() -> T + Send + 's,
) -> Result<ScopedJoinHandle<'s, T>, Error> {
    let started = Builder::new().spawn_scoped(scope, work);
    started.or_cannot(Action::StartThread, "for a connection")
}

/// Does both at the same time, `other` on another thread. Returns the result of `own`.
///
/// # Errors
///
/// The system has no thread left. Then it did neither.
pub fn both<T>(other: impl FnOnce() + Send, own: impl FnOnce() -> T) -> Result<T, Error> {
    thread::scope(|scope| start(scope, other).map(|_| own()))
}

/// How a side ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Then {
    /// Close both directions
    Close,
    /// Close its own direction, and print until the server closes
    HalfClose,
    /// Reset the connection
    Reset,
    /// Print until the server closes
    Wait,
}

impl Then {
    /// Ends the connection so, unless the peer has ended it before.
    pub fn end(self, stream: &TcpStream) {
        let _ = match self {
            Self::Close => stream.shutdown(Shutdown::Both),
            Self::HalfClose => stream.shutdown(Shutdown::Write),
            Self::Reset => {
                // With no time to linger, closing the socket sends a reset (on Linux, `__tcp_close` in
                // net/ipv4/tcp.c). A `shutdown` of both directions would send an orderly end before
                // it; this one only wakes the reader.
                let lingers = SockRef::from(stream).set_linger(Some(Duration::ZERO));
                lingers.and(stream.shutdown(Shutdown::Read))
            }
            Self::Wait => Ok(()),
        };
    }
}

/// What one side sent: the bytes of a read, or none at the end of its stream. `None`: a reset.
pub type Sent<'a> = Option<&'a [u8]>;

/// The sockets to the client and to the server, and what their threads must know of each other. A
/// peer has only one socket, which counts twice.
pub struct Pair<'a> {
    streams: [&'a TcpStream; 2],
    /// Where to print.
    pub connection: Connection<'a>,
    state: Mutex<State>,
    /// Wakes the threads that wait for a time when the state changes.
    changed: Condvar,
}

#[derive(Clone, Copy, Default)]
struct State {
    /// Whether a side has sent everything, and the other one knows.
    ended: [bool; 2],
    /// How this program has cut the connection off, if it has. If it has closed it, it throws away
    /// what still comes.
    cut: Option<Then>,
}

impl State {
    fn is_over(self) -> bool {
        self.cut.is_some() || self.ended == [true; 2]
    }
}

impl<'a> Pair<'a> {
    /// A connection on which nobody has ended anything.
    pub fn new(streams: [&'a TcpStream; 2], connection: Connection<'a>) -> Self {
        for stream in streams {
            // A piece of the stream goes on its way at once, and not with the next one.
            let _ = stream.set_nodelay(true);
            // `cut` doesn't wake a thread that writes, and on Windows none that reads, either.
            let _ = stream.set_write_timeout(Some(LOOK));
            let _ = stream.set_read_timeout(cfg!(windows).then_some(LOOK));
        }
        Self {
            streams,
            connection,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Prints all that a side sends, and hands it over, until the connection is over.
    pub fn read_all(&self, from: Side, trouble: &Trouble, mut pass: impl FnMut(Sent)) {
        let mut stream = self.streams[from as usize];
        let mut buffer = vec![0; 64 * 1024];
        let mut half_closed = false;
        loop {
            let read = stream.read(&mut buffer);
            // After the end of the stream, no read reports a reset (Linux), but the socket does.
            let reset = matches!(read, Ok(0)) && stream.take_error().is_ok_and(|it| it.is_some());
            let state = *self.state();
            match read {
                _ if state.cut == Some(Then::Reset) => return,
                Err(error) if is_no_end(&error) => {}
                Ok(0) | Err(_) if state.is_over() => return,
                Ok(count) if state.is_over() => {
                    self.connection
                        .bytes(from, &buffer[..count], ", thrown away");
                }
                Err(_) => return pass(None),
                Ok(0) if reset => return pass(None),
                // It may still reset the connection.
                Ok(0) if half_closed => self.wait_until(Instant::now() + LOOK),
                Ok(0) => {
                    half_closed = true;
                    self.connection.event(format_args!("{from} half-closed"));
                    pass(Some(&[]));
                }
                Ok(count) => {
                    let bytes = &buffer[..count];
                    self.connection.bytes(from, bytes, trouble.remark(count));
                    pass(Some(bytes));
                }
            }
        }
    }

    /// Sends bytes to a side.
    ///
    /// # Errors
    ///
    /// The connection is over.
    pub fn write(&self, to: Side, mut bytes: &[u8]) -> io::Result<()> {
        let mut stream = self.streams[to as usize];
        while !bytes.is_empty() {
            match stream.write(bytes) {
                _ if self.state().is_over() => return Err(ErrorKind::ConnectionReset.into()),
                Ok(count) => bytes = &bytes[count..],
                Err(error) if is_no_end(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// A side has sent everything.
    pub fn ended(&self, from: Side) {
        self.state().ended[from as usize] = true;
        self.changed.notify_all();
    }

    /// Tells the other side that this one has sent everything.
    pub fn half_close(&self, from: Side) {
        self.ended(from);
        Then::HalfClose.end(self.streams[from.other() as usize]);
    }

    /// Cuts the connection off for both sides and says why, unless it is over already. A reset goes
    /// out when no thread uses the sockets any more.
    pub fn cut(&self, then: Then, why: impl Display) {
        let mut state = self.state();
        if !state.is_over() {
            state.cut = Some(then);
            // Before another thread sees it, and prints what follows from it.
            self.connection.trouble(why);
            self.changed.notify_all();
            self.streams.iter().for_each(|stream| then.end(stream));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until this instant, or until the connection is over.
    pub fn wait_until(&self, instant: Instant) {
        let left = instant.saturating_duration_since(Instant::now());
        let goes_on = |state: &mut State| !state.is_over();
        drop(self.changed.wait_timeout_while(self.state(), left, goes_on));
    }
}

/// Whether a call failed for a reason that doesn't end the connection.
pub fn is_no_end(error: &io::Error) -> bool {
    error.kind() == ErrorKind::Interrupted || is_timeout(error)
}
