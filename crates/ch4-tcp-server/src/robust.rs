//! The same server, done so that no client can break it or hold up another.
//!
//! The steps are the tutorial's. What is new:
//!
//! - Many clients at once: while a worker serves one, another worker waits for the next ([`Crew`]).
//! - A client's error ends its connection, never the server.
//! - A request may arrive in any number of pieces, and [`Received`] says when it is whole.
//! - Whatever a client can make the server wait for or keep has a limit ([`Limits`]).
//! - The connection is closed in stages, so that an answer isn't lost to a reset ([`hang_up`]).
//! - What a client sends is printed harmless, behind a margin, by a thread of its own ([`Log`]).

use std::fmt::Display;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use console::{Error, OrCannot, Printer, Role, safe};
use socket2::{Domain, Protocol, Socket, Type};

use crate::answer::Answer;
use crate::deadline::Until;
use crate::request::Received;

/// What a client, and all of them together, can take of the server.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Clients served at the same time. More of them wait in the listener's queue.
    pub clients: usize,
    /// Bytes of a request's head, or of a line of plain text.
    pub head_bytes: usize,
    /// Time for all of the head.
    pub head_time: Duration,
    /// How long plain text without a line end has to be quiet to count as whole.
    pub quiet: Duration,
    /// Time for sending all of the answer.
    pub send_time: Duration,
    /// Time for what the client still sends once it has been answered.
    pub drain_time: Duration,
    /// Bytes of it.
    pub drain_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            clients: 1024,
            head_bytes: 16 * 1024,
            head_time: Duration::from_secs(5),
            quiet: Duration::from_millis(300),
            send_time: Duration::from_secs(5),
            drain_time: Duration::from_secs(5),
            drain_bytes: 16 * 1024 * 1024,
        }
    }
}

/// How many workers may wait for a client. More of them aren't worth their memory; fewer, and
/// threads come and go with each wave of clients.
const SPARE_WORKERS: usize = 16;

/// A worker needs little stack, and a thousand of them shouldn't need a thousand times more.
const STACK_BYTES: usize = 128 * 1024;

/// How long to wait for a descriptor to become free before the next try.
const BREATH: Duration = Duration::from_millis(500);

/// How often at most to say that the system has no descriptor, or no thread, left.
const REMINDER: Duration = Duration::from_mins(1);

/// Steps 1 to 3: opens a socket on which clients can connect to `address`.
///
/// # Errors
///
/// The port is taken, or below 1024 and reserved, or the address isn't one of this machine's.
pub fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    open(address).or_cannot("listen on", address)
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    // 1. Create a socket.
    let family = Domain::for_address(address);
    let socket = Socket::new(family, Type::STREAM, Some(Protocol::TCP))?;

    // 2. Bind it. Connections of the server's last run may still be in TIME-WAIT, for a minute
    // (RFC 9293, section 3.6); with this option that doesn't keep the port from being bound
    // (socket(7)). On Windows the option means something else: to take the port from its owner.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;

    // 3. Listen. The queue has room for a class that connects at the same instant; the system
    // may allow less (listen(2): /proc/sys/net/core/somaxconn).
    socket.listen(1024)?;
    Ok(socket.into())
}

/// Steps 4 to 7, for all clients at once: greets each with `Hello World, NAME!`.
///
/// # Errors
///
/// It ends only if the listener fails for good, as it does when it is shut down.
pub fn serve(listener: &TcpListener, name: &str, limits: &Limits, log: &Log) -> Result<(), Error> {
    let here = listener.local_addr().or_cannot("look at", "the socket")?;
    log.always(format_args!(
        "Server started, waiting for clients on http://{here}/"
    ));
    let crew = Crew {
        listener,
        name,
        limits,
        log,
        roll: Mutex::new(Roll {
            idle: 1,
            workers: 1,
            reminded: None,
            broken: None,
        }),
        freed: Condvar::new(),
    };
    // The first worker is this thread. The scope waits for all others.
    thread::scope(|scope| crew.work(scope));
    let broken = crew.roll().broken.take();
    broken.map_or(Ok(()), Err).or_cannot("accept on", here)
}

/// The server's workers: leader and followers.
///
/// Each idle worker waits in `accept`. The system gives each client to one of them, the leader,
/// and the next one leads. Before a worker turns to its client it sees to it that somebody is
/// waiting for the next one: if it was the last, it starts another worker. So there are as many
/// threads as clients, and a few to spare, and none is ever handed a client by another.
///
/// (Schmidt and others, "Pattern-Oriented Software Architecture", volume 2, 2000.)
struct Crew<'a> {
    listener: &'a TcpListener,
    name: &'a str,
    limits: &'a Limits,
    log: &'a Log<'a>,
    roll: Mutex<Roll>,
    /// Rung whenever a connection is closed, and its descriptor is free again.
    freed: Condvar,
}

struct Roll {
    /// Workers that wait for a client.
    idle: usize,
    /// All workers.
    workers: usize,
    /// When it was last said that the system has run out of something.
    reminded: Option<Instant>,
    /// Why nobody can be accepted any more.
    broken: Option<io::Error>,
}

impl Crew<'_> {
    /// A worker's life, which ends when there are enough others, or when the listener is broken.
    fn work<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        loop {
            // 4. Accept.
            match self.listener.accept() {
                Ok((client, address)) => {
                    self.leave_a_follower(scope);
                    self.attend(&client, address);
                    drop(client);
                    self.freed.notify_one();
                    if !self.rejoin() {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::InvalidInput => {
                    // Nobody listens on this socket any more.
                    self.roll().broken = Some(error);
                    return;
                }
                Err(error) => self.bear(&error),
            }
        }
    }

    /// Turns from idle to busy, and starts another worker if none is idle now.
    fn leave_a_follower<'scope>(&'scope self, scope: &'scope Scope<'scope, '_>) {
        let mut roll = self.roll();
        roll.idle -= 1;
        if roll.idle > 0 || roll.workers >= self.limits.clients {
            return;
        }
        roll.idle += 1;
        roll.workers += 1;
        drop(roll);
        let started = thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn_scoped(scope, || self.work(scope));
        if let Err(error) = started {
            // It goes on with the workers that there are: they accept when they are done.
            let mut roll = self.roll();
            roll.idle -= 1;
            roll.workers -= 1;
            self.remind(&mut roll, "start a thread", &error);
        }
    }

    /// Turns from busy to idle, unless enough workers are idle already.
    fn rejoin(&self) -> bool {
        let mut roll = self.roll();
        if roll.idle >= SPARE_WORKERS {
            roll.workers -= 1;
            return false;
        }
        roll.idle += 1;
        true
    }

    /// What to do when a client couldn't be accepted.
    fn bear(&self, error: &io::Error) {
        match error.kind() {
            // This client has gone while it was queued: on to the next.
            ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted => {}
            // The system is out of descriptors or memory. That passes, and the client stays
            // queued. `accept` would fail again at once, so wait until a connection is closed
            // here, or for a moment, in which one may be closed elsewhere.
            _ => {
                let mut roll = self.roll();
                self.remind(&mut roll, "accept a client for now", error);
                let _ = self.freed.wait_timeout(roll, BREATH);
            }
        }
    }

    /// Says that something is short, once a minute at most.
    fn remind(&self, roll: &mut Roll, action: &str, error: &io::Error) {
        if roll.reminded.is_none_or(|last| last.elapsed() > REMINDER) {
            roll.reminded = Some(Instant::now());
            self.log.trouble(format_args!(
                "Can't {action}: {error}; it goes on when clients leave, or see ulimit(1)"
            ));
        }
    }

    /// Steps 5 to 7 for one client. Whatever goes wrong concerns this client alone.
    fn attend(&self, client: &TcpStream, address: SocketAddr) {
        self.log.event(format_args!("Client connected: {address}"));
        match self.converse(client, address) {
            Ok(outcome) => {
                let closed = format_args!("Connection closed: {address} ({outcome})");
                self.log.event(closed);
            }
            Err(error) => self
                .log
                .event(format_args!("Connection lost: {address} ({error})")),
        }
    }

    /// Returns what the client was answered, in a word or two.
    fn converse(&self, client: &TcpStream, address: SocketAddr) -> io::Result<&'static str> {
        // 5. Receive.
        let heard = hear(client, self.limits)?;
        if heard.bytes.is_empty() {
            return Ok("nothing came");
        }
        self.log.received(address, &heard.bytes);

        // 6. Send.
        let answer = heard.answer(self.name, self.limits);
        Until::new(client, Instant::now() + self.limits.send_time).write_all(&answer.bytes)?;

        // 7. Close.
        if heard.may_go_on() {
            hang_up(client, self.limits);
        }
        Ok(answer.title)
    }

    fn roll(&self) -> MutexGuard<'_, Roll> {
        // The numbers in it are right at any time, so a panic elsewhere doesn't spoil them.
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a client has said before it was answered.
struct Heard {
    bytes: Vec<u8>,
    received: Received,
    end: End,
}

/// Why the server stopped listening to the client.
#[derive(PartialEq, Eq)]
enum End {
    /// It has heard enough to answer.
    Understood,
    /// The client has closed its side.
    Closed,
    /// Nothing more came in time.
    Silence,
    /// More came than a client may send.
    TooMuch,
}

/// Receives until the client can be answered, in as many pieces as it takes.
fn hear(client: &TcpStream, limits: &Limits) -> io::Result<Heard> {
    let deadline = Instant::now() + limits.head_time;
    let mut bytes = Vec::new();
    loop {
        let received = Received::look_at(&bytes);
        let patience = match received {
            Received::Unclear | Received::PartOfHead => deadline,
            Received::Text { ended: false } => deadline.min(Instant::now() + limits.quiet),
            _ => {
                return Ok(Heard {
                    bytes,
                    received,
                    end: End::Understood,
                });
            }
        };
        if bytes.len() >= limits.head_bytes {
            return Ok(Heard {
                bytes,
                received,
                end: End::TooMuch,
            });
        }
        let mut piece = [0; 2048];
        let room = piece.len().min(limits.head_bytes - bytes.len());
        let (piece, _) = piece.split_at_mut(room);
        match Until::new(client, patience).read(piece) {
            Ok(0) => {
                return Ok(Heard {
                    bytes,
                    received,
                    end: End::Closed,
                });
            }
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                return Ok(Heard {
                    bytes,
                    received,
                    end: End::Silence,
                });
            }
            Err(error) => return Err(error),
        }
    }
}

impl Heard {
    fn answer(&self, name: &str, limits: &Limits) -> Answer {
        match (&self.received, &self.end) {
            (Received::Request(request), _) => {
                Answer::http(request, self.bytes.split_at(request.head_length).0, name)
            }
            (Received::Wrong(why), _) => Answer::bad_request(why),
            (Received::TooManyFields, _) | (Received::PartOfHead, End::TooMuch) => {
                Answer::too_large()
            }
            (Received::PartOfHead, End::Closed) => Answer::bad_request("its head has no end"),
            (Received::PartOfHead, _) => Answer::too_slow(),
            (Received::Text { .. } | Received::Unclear, End::TooMuch) => {
                Answer::text_too_long(limits.head_bytes)
            }
            (Received::Text { .. } | Received::Unclear, _) => Answer::text(name),
        }
    }

    /// Whether bytes of the client may still be on their way.
    fn may_go_on(&self) -> bool {
        match &self.received {
            // A request without a body, and nothing behind it: the client waits for the answer.
            Received::Request(request) => {
                request.has_body || self.bytes.len() > request.head_length
            }
            _ => self.end != End::Closed,
        }
    }
}

/// Closes in stages (RFC 9112, section 9.6).
///
/// A socket that is closed with unread bytes, or that receives some afterwards, answers them with
/// a reset (RFC 9293, section 3.6.1; RFC 2525, section 2.17), and the reset makes the client's
/// system throw away the answer that it hasn't read yet. So first say that no more will be sent,
/// then read what the client still sends, until it has closed its side too. Both bounded.
fn hang_up(client: &TcpStream, limits: &Limits) {
    if client.shutdown(Shutdown::Write).is_ok() {
        let rest = Until::new(client, Instant::now() + limits.drain_time);
        // The client has its answer. If it resets the connection now, or goes on for too long,
        // that is its own affair.
        let _ = io::copy(&mut rest.take(limits.drain_bytes), &mut io::sink());
    }
}

/// Tells the user what clients do, unless it should be quiet.
pub struct Log<'a> {
    /// Prints the lines, without ever holding up the server.
    pub printer: &'a Printer,
    /// Only the first line, and what is wrong with the server itself.
    pub quiet: bool,
}

impl Log<'_> {
    fn always(&self, line: impl Display) {
        self.printer.print(&Role::Event.paint(line).to_string());
    }

    fn trouble(&self, line: impl Display) {
        self.printer.print(&Role::Trouble.paint(line).to_string());
    }

    fn event(&self, line: impl Display) {
        if !self.quiet {
            self.always(line);
        }
    }

    /// Prints what came from a client, harmless, and behind a margin that no line of ours has: so
    /// nothing that a client sends can be taken for a line of the server's.
    fn received(&self, address: SocketAddr, bytes: &[u8]) {
        if self.quiet {
            return;
        }
        let text = String::from_utf8_lossy(bytes);
        let mut lines = Role::Event
            .paint(format!("Received from {address}:"))
            .to_string();
        for line in text.lines() {
            lines.push_str("\n  | ");
            lines.push_str(&Role::Peer.paint(safe::escape(line)).to_string());
        }
        self.printer.print(&lines);
    }
}
