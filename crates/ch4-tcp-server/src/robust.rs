//! The same server, done so that no client can break it or hold up another.
//!
//! The steps are the tutorial's. What is new:
//!
//! - Many clients at once: while a worker serves one, another waits for the next ([`workers`]).
//! - A client's error ends its connection, never the server.
//! - A request may arrive in any number of pieces, and [`Scan`] says when it is whole.
//! - Whatever a client can make the server wait for or keep has a limit ([`Limits`]).
//! - The connection is closed in stages, so that an answer isn't lost to a reset (`hang_up`).
//! - What a client sends is printed harmless, behind a margin, by a thread of its own ([`Log`]).

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use console::{Action, DeadlineStream, Error, Log, OrCannot};
use socket2::{Domain, Protocol, Socket, Type};

use crate::answer::Answer;

use crate::head::{BAD_REQUEST, TIMEOUT, TOO_LARGE};
use crate::request::{Received, Scan};
use crate::workers;

/// What a client, and all of them together, can take of the server.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Clients served at the same time. Others wait in the listener's backlog.
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

/// Steps 1 to 3: opens a socket on which clients can connect to `address`.
///
/// # Errors
///
/// The port is taken, or below 1024 and reserved, or the address isn't one of this machine's.
pub fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    open(address).or_cannot(Action::Listen, address)
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
/// It ends only if the listener fails for good, as it does after [`console::end_accept`].
pub fn serve(listener: &TcpListener, name: &str, limits: &Limits, log: &Log) -> Result<(), Error> {
    let here = listener
        .local_addr()
        .or_cannot("read", "the socket's own address")?;
    log.always(format_args!(
        "Server started, waiting for clients on http://{here}/"
    ));
    let attend = |client: &TcpStream, address: SocketAddr| {
        log.event(format_args!("Client connected: {address}"));
        // Whatever goes wrong here concerns this client alone.
        match converse(client, address, name, limits, log) {
            Ok(outcome) => log.event(format_args!("Connection closed: {address} ({outcome})")),
            Err(error) => log.event(format_args!("Connection lost: {address} ({error})")),
        }
    };
    // 4. Accept, again and again.
    workers::run(listener, limits.clients, &attend, log).or_cannot(Action::Serve, here)
}

/// Steps 5 to 7 for one client. Returns what it was answered, in a word or two.
fn converse(
    client: &TcpStream,
    address: SocketAddr,
    name: &str,
    limits: &Limits,
    log: &Log,
) -> io::Result<&'static str> {
    // 5. Receive.
    let (bytes, received) = hear(client, limits)?;
    if bytes.is_empty() {
        return Ok("nothing came");
    }
    log.received(format_args!("Received from {address}:"), &bytes);

    // 6. Send.
    let answer = match &received {
        Received::Request(request) => Answer::http(request, &bytes, name),
        Received::Refused((status, why)) => Answer::refusal(status, why),
        Received::Text { ended: false } | Received::Unclear if bytes.len() >= limits.head_bytes => {
            Answer::text_too_long(limits.head_bytes)
        }
        _ => Answer::text(name),
    };
    DeadlineStream::new(client, Instant::now() + limits.send_time).write_all(&answer.bytes)?;

    // 7. Close. After a request without a body, and nothing behind it, the client only waits.
    match received {
        Received::Request(head) if !head.has_body && bytes.len() == head.length => {}
        _ => hang_up(client, limits),
    }
    Ok(answer.title)
}

/// Receives until the client can be answered, in as many pieces as it takes.
fn hear(client: &TcpStream, limits: &Limits) -> io::Result<(Vec<u8>, Received)> {
    let deadline = Instant::now() + limits.head_time;
    let (mut bytes, mut scan) = (Vec::new(), Scan::default());
    let (received, refusal) = loop {
        let received = scan.look_at(&bytes);
        let patience = match received {
            Received::Request(_) | Received::Refused(_) | Received::Text { ended: true } => {
                return Ok((bytes, received));
            }
            _ if bytes.len() >= limits.head_bytes => {
                break (received, (TOO_LARGE, "its head has too many bytes"));
            }
            Received::Text { ended: false } => deadline.min(Instant::now() + limits.quiet),
            Received::Unclear | Received::PartOfHead => deadline,
        };
        let mut piece = [0; 2048];
        let room = piece.len().min(limits.head_bytes - bytes.len());
        let (piece, _) = piece.split_at_mut(room);
        match DeadlineStream::new(client, patience).read(piece) {
            Ok(0) => break (received, (BAD_REQUEST, "its head has no end")),
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                break (received, (TIMEOUT, "its head took too long to arrive"));
            }
            Err(error) => return Err(error),
        }
    };
    // Nothing more comes. Text may lack its line end; a head may not.
    let is_head = received == Received::PartOfHead;
    let received = if is_head {
        Received::Refused(refusal)
    } else {
        received
    };
    Ok((bytes, received))
}

/// Closes in stages (RFC 9112, section 9.6).
///
/// A socket that is closed with unread bytes, or that receives some afterwards, answers them with
/// a reset (RFC 9293, section 3.6.1; RFC 2525, section 2.17), and the reset may make the client's
/// system throw away the answer that it hasn't read yet. So first say that no more will be sent,
/// then read what the client still sends, until it has closed its side too. Both bounded.
fn hang_up(client: &TcpStream, limits: &Limits) {
    if client.shutdown(Shutdown::Write).is_ok() {
        let rest = DeadlineStream::new(client, Instant::now() + limits.drain_time);
        // The client has its answer. If it resets the connection now, or goes on for too long,
        // that is its own affair.
        let _ = io::copy(&mut rest.take(limits.drain_bytes), &mut io::sink());
    }
}
