//! What proxies and peers share that speak TCP: clients and their threads, and the two sockets of a
//! [`Pair`].

use std::fmt::Display;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use console::{Action, Error, OrCannot, client_has_gone, is_cut_short};
use socket2::SockRef;

use crate::transcript::{Connection, MOST_CLIENTS, Side, Transcript};

/// How often a thread that waits for a socket looks whether the connection is over, and one that
/// accepts clients looks whether the system is still short of something.
pub const LOOK: Duration = Duration::from_millis(100);

/// Serves each client on a thread, and prints when it connects and when its connection has ended.
/// Clients over [`MOST_CLIENTS`] wait.
///
/// The next client's turn comes when the sender is dropped that `serve` gets, or after a second. So a
/// proxy connects clients to its target in their order, unless that takes long.
pub fn serve_each(
    listener: &TcpListener,
    transcript: &Transcript,
    serve: impl Fn(&TcpStream, Connection, Sender<()>) -> Result<(), Error> + Sync,
) -> ! {
    thread::scope(|scope| {
        let mut clients = Vec::<ScopedJoinHandle<_>>::new();
        loop {
            clients.retain(|client| !client.is_finished());
            if clients.len() == MOST_CLIENTS {
                transcript.too_many_clients();
                thread::sleep(LOOK);
                continue;
            }
            match listener.accept() {
                Ok((client, address)) => {
                    let (serve, connection) = (&serve, transcript.connection());
                    let (go_on, may_go_on) = channel();
                    let started = start(scope, move || {
                        connection.event(format_args!("client connected from {address}"));
                        let served = serve(&client, connection, go_on);
                        served.unwrap_or_else(|error| connection.trouble(error));
                        connection.event("ended");
                    });
                    clients.extend(started.inspect_err(|error| connection.trouble(error)));
                    let _ = may_go_on.recv_timeout(Duration::from_secs(1));
                }
                Err(error) if client_has_gone(&error) => {}
                Err(error) => {
                    transcript.log.short_of("accept a client for now", &error);
                    thread::sleep(LOOK);
                }
            }
        }
    })
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
    /// Ends the connection this way, unless the peer has already ended it.
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

/// The sockets to the client and to the server, and what their threads must know of each other. A
/// peer has only one socket, which counts twice.
pub struct Pair<'a> {
    streams: [&'a TcpStream; 2],
    /// Where to print.
    pub connection: Connection<'a>,
    /// Whether a write has found that a side has reset the connection.
    resets: [AtomicBool; 2],
    ended: Mutex<Ended>,
    /// Wakes the threads that wait for a time when that changes.
    changed: Condvar,
}

/// How each side has ended: by itself, or both because this program has cut the connection off. If
/// it has closed it, it throws away what still comes. While there is a `None`, the connection goes
/// on.
type Ended = [Option<Then>; 2];

impl<'a> Pair<'a> {
    /// A connection that neither side has ended.
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
            resets: Default::default(),
            ended: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Prints all that a side sends, and hands it over, until the connection is over: the bytes of a
    /// read, none at the end of the stream, `None` at a reset.
    pub fn read_all(&self, from: Side, mut pass: impl FnMut(Option<&[u8]>)) {
        let (mut stream, connection) = (self.streams[from as usize], self.connection);
        let (mut buffer, mut half_closed) = (vec![0; 64 * 1024], false);
        loop {
            let read = stream.read(&mut buffer);
            let ended = *self.ended();
            let is_over = !ended.contains(&None);
            match read {
                _ if ended == [Some(Then::Reset); 2] => return,
                Err(error) if is_cut_short(&error) => {}
                Ok(0) | Err(_) if is_over => return,
                Ok(count) if is_over => connection.bytes(from, &buffer[..count], ", thrown away"),
                Err(_) => return pass(None),
                // After the end of the stream, no read reports a reset (Linux), but the socket does.
                Ok(0) if stream.take_error().is_ok_and(|it| it.is_some()) => return pass(None),
                // Or a write has reported it.
                Ok(0) if self.resets[from as usize].load(SeqCst) => return pass(None),
                // It may still reset the connection.
                Ok(0) if half_closed => self.wait_until(Instant::now() + LOOK),
                Ok(0) => {
                    half_closed = true;
                    connection.event(format_args!("{from} half-closed"));
                    pass(Some(&[]));
                }
                Ok(count) => {
                    connection.bytes(from, &buffer[..count], "");
                    pass(Some(&buffer[..count]));
                }
            }
        }
    }

    /// Sends bytes to a side.
    ///
    /// # Errors
    ///
    /// The connection is over, or this side has reset it. What it sent before may still be on its way.
    /// The thread that reads it comes upon the reset, too, and cuts the connection off.
    pub fn write(&self, to: Side, mut bytes: &[u8]) -> io::Result<()> {
        let (mut stream, from) = (self.streams[to as usize], to.other());
        while !bytes.is_empty() {
            match stream.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if is_cut_short(&error) && self.ended().contains(&None) => {
                    // It doesn't read, so it can't get the last words of the other.
                    if self.resets[from as usize].load(SeqCst) {
                        self.cut(Then::Reset, format_args!("{from} reset"));
                    }
                }
                Err(error) => {
                    self.resets[to as usize].store(true, SeqCst);
                    if self.ended()[to as usize].is_some() {
                        self.cut(Then::Reset, format_args!("{to} reset"));
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// A side has sent everything.
    pub fn end(&self, from: Side) {
        self.ended()[from as usize].get_or_insert(Then::HalfClose);
        self.changed.notify_all();
    }

    /// Tells the other side that this one has sent everything.
    pub fn half_close(&self, from: Side) {
        self.end(from);
        Then::HalfClose.end(self.streams[from.other() as usize]);
    }

    /// Cuts the connection off for both sides and says why, unless it is over already. A reset goes
    /// out when no thread uses the sockets any more.
    pub fn cut(&self, then: Then, why: impl Display) {
        let mut ended = self.ended();
        if ended.contains(&None) {
            *ended = [Some(then); 2];
            // Before another thread sees it, and prints what follows from it.
            self.connection.trouble(why);
            self.changed.notify_all();
            self.streams.iter().for_each(|stream| then.end(stream));
        }
    }

    fn ended(&self) -> MutexGuard<'_, Ended> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until this instant, or until the connection is over.
    pub fn wait_until(&self, instant: Instant) {
        let left = instant.saturating_duration_since(Instant::now());
        let goes_on = |ended: &mut Ended| ended.contains(&None);
        drop(self.changed.wait_timeout_while(self.ended(), left, goes_on));
    }
}
