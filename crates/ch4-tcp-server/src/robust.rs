//! The same server, done so that no client can break it or hold up another.
//!
//! The steps are the tutorial's. What is new:
//!
//! - Many clients at once: while one thread serves a client, another waits for the next
//!   ([`workers`]).
//! - A client's error ends its connection, never the server.
//! - A request may arrive in any number of pieces, and [`request`] tells when it is whole.
//!   [`head`] checks it.
//! - The [`answer`] says how long it is and in which charset.
//! - [`Limits`] bounds how long the server waits for a client, and how much it keeps for it.
//! - The connection is closed in stages, so that no reset destroys the answer.
//! - A separate thread prints ([`Log`]), and a client's bytes appear escaped, after a margin.

pub mod answer;
pub mod head;
pub mod request;
pub mod workers;

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use console::{DeadlineStream, Log, refuse_multicast};
use socket2::{Domain, Protocol, Socket, Type};

use answer::Answer;
use head::{BAD_REQUEST, TIMEOUT, TOO_LARGE};
use request::{Message, Recogniser};

/// What one client, or all clients together, can take from the server.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Maximum clients at once. Others wait in the listener's backlog. Default: 1024.
    pub clients: usize,
    /// Maximum bytes of a request's head, or of a line of plain text. Default: 16 KiB.
    pub head_bytes: usize,
    /// Time for all of the head, or of the line. Default: 5 s.
    pub head_time: Duration,
    /// How long a client must be quiet before its plain text without a line end counts as whole.
    /// Default: 300 ms.
    pub quiet: Duration,
    /// Time to send all of the answer. Default: 5 s.
    pub send_time: Duration,
    /// Time to read what the client still sends after the answer. Default: 5 s.
    pub drain_time: Duration,
    /// Maximum bytes to read in that time. Default: 16 MiB.
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

/// Steps 1 to 3: opens a socket to which clients can connect at `address`.
///
/// # Errors
///
/// The port is taken, or below 1024 and reserved, or the address isn't one of this machine's.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    // 1. Create a socket.
    refuse_multicast(address)?;
    let family = Domain::for_address(address);
    let socket = Socket::new(family, Type::STREAM, Some(Protocol::TCP))?;

    // 2. Bind it. With this option, the last run's connections, which may be in TIME-WAIT for a
    // minute (RFC 9293, section 3.6.1), don't keep the port. On Windows the option would
    // take the port from the program that has it.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;

    // 3. Listen. The queue has room for a school class that connects at the same instant; the
    // system may allow less (listen(2)).
    socket.listen(1024)?;
    Ok(socket.into())
}

/// Steps 4 to 6, for many clients at once: greets each with `Hello World, NAME!`.
///
/// # Errors
///
/// It ends only if the listener fails for good. (A test makes it fail with
/// [`console::end_accept`].)
pub fn serve(listener: &TcpListener, name: &str, limits: &Limits, log: &Log) -> io::Result<()> {
    let here = listener.local_addr()?;
    let started = format!("Server started, waiting for clients on http://{here}/");
    log.always(started);
    let serve_client = |client: TcpStream, address: SocketAddr| {
        log.event(format_args!("Client connected: {address}"));
        // An error here is about this client only.
        if let Err(error) = greet(client, address, name, limits, log) {
            log.event(format_args!("Connection lost: {address} ({error})"));
        }
    };
    // 4. Accept, again and again.
    workers::run(listener, limits.clients, &serve_client, log)
}

/// Steps 5 and 6 for one client: a greeting, or what is wrong with its request.
fn greet(
    client: TcpStream,
    address: SocketAddr,
    name: &str,
    limits: &Limits,
    log: &Log,
) -> io::Result<()> {
    // 5. Receive and send.
    let (bytes, message) = receive(&client, limits)?;
    if bytes.is_empty() {
        log.event(format_args!("Connection closed: {address} (nothing came)"));
        return Ok(());
    }
    log.received(format_args!("Received from {address}:"), &bytes);
    let answer = Answer::new(&message, &bytes, name);
    DeadlineStream::new(&client, Instant::now() + limits.send_time).write_all(&answer.bytes)?;

    // 6. Close. After a whole request the client should send no more, so close at once. (If it does
    // send more, a reset may destroy the answer.) Otherwise close in stages.
    match message {
        Message::Request(request) if !request.has_body && bytes.len() == request.length => {}
        _ => close_in_stages(&client, limits),
    }
    let title = answer.title;
    log.event(format_args!("Connection closed: {address} ({title})"));
    // The client waits for this, so close before freeing the buffers.
    drop(client);
    Ok(())
}

/// Receives, in as many pieces as it takes, until the server can answer the client.
fn receive(client: &TcpStream, limits: &Limits) -> io::Result<(Vec<u8>, Message)> {
    let deadline = Instant::now() + limits.head_time;
    let mut recogniser = Recogniser::default();
    let mut bytes = Vec::new();
    loop {
        let message = recogniser.recognise(&bytes);
        let wait_until = match message {
            Message::Unclear | Message::PartOfHead => deadline,
            Message::PartOfLine => deadline.min(Instant::now() + limits.quiet),
            _ => return Ok((bytes, message)),
        };
        let mut piece = [0; 2048];
        let room = piece.len().min(limits.head_bytes - bytes.len());
        if room == 0 {
            let too_long = match message {
                Message::PartOfHead => Message::Refused((TOO_LARGE, "its head has too many bytes")),
                _ => Message::LineTooLong,
            };
            return Ok((bytes, too_long));
        }
        // If no more comes, a head is incomplete, but a line has ended.
        let ended = |status, why| match message {
            Message::PartOfHead => Message::Refused((status, why)),
            line => line,
        };
        match DeadlineStream::new(client, wait_until).read(&mut piece[..room]) {
            Ok(0) => return Ok((bytes, ended(BAD_REQUEST, "its head has no end"))),
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                return Ok((bytes, ended(TIMEOUT, "its head took too long to arrive")));
            }
            Err(error) => return Err(error),
        }
    }
}

/// Closes in stages (RFC 9112, section 9.6).
///
/// If a socket is closed with unread bytes, or receives some afterwards, it sends a reset (RFC
/// 9293, section 3.6.1; RFC 2525, section 2.17), and the client's system may throw away the answer.
/// So first end the sending side. Then read on, up to a limit, until the client closes its side
/// too.
fn close_in_stages(client: &TcpStream, limits: &Limits) {
    if client.shutdown(Shutdown::Write).is_ok() {
        let rest = DeadlineStream::new(client, Instant::now() + limits.drain_time);
        // The answer has been sent, so ignore errors.
        let _ = io::copy(&mut rest.take(limits.drain_bytes), &mut io::sink());
    }
}
