//! The robust client: what is typed goes out, what arrives is shown, and neither waits for the
//! other.
//!
//! The tutorial's client takes turns: a line, an answer, a line. But TCP carries two independent
//! streams of bytes, one in each direction. An answer may come in many pieces, or late, or never,
//! and the server may speak first. So here each direction has a thread of its own:
//!
//! ```text
//! keyboard ── Typist::send_lines ──▶ ┌────────────┐
//!                                    │ Connection │ ◀──▶ server
//! screen ◀──────── receive ───────── └────────────┘
//! ```
//!
//! When a connection is over, [`talk`] waits for the next one, which the typist opens when there
//! is a line to send.

use std::fmt::Display;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{io, mem, panic, thread};

use console::{Action, Error, OrCannot, Role, is_self_connected};
use socket2::{Domain, Protocol, Socket, Type};

use crate::connection::{Connection, State};
use crate::terminal::Terminal;

/// How long a server is waited for, and how much is taken at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// To connect, over all addresses that the name has: 5 s.
    pub connect: Duration,
    /// To send a line: 5 s, without the time in which more of it is typed.
    pub send: Duration,
    /// From the end of the input until the server closes too: 5 s.
    pub linger: Duration,
    /// The most bytes received, and shown, at once: 16 KiB.
    pub piece: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            send: Duration::from_secs(5),
            linger: Duration::from_secs(5),
            piece: 16 << 10,
        }
    }
}

/// Steps 1 and 2: opens a connection to the first address that answers.
///
/// A name may have several addresses: `localhost` is often `::1` and `127.0.0.1`, and the server
/// listens on one of them. All are tried in their order, within `limit` in total.
///
/// # Errors
///
/// None of them answered. The error tells why for each.
pub fn connect(addresses: &[SocketAddr], limit: Duration) -> Result<Connection, Error> {
    let deadline = Instant::now() + limit;
    let mut failures = Vec::new();
    let count = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for (&address, still_to_try) in addresses.iter().zip((1..=count).rev()) {
        // An address that is silent must leave time for those after it.
        let share = deadline.saturating_duration_since(Instant::now()) / still_to_try;
        match create(address).and_then(|socket| connect_within(socket, address, share)) {
            Ok(stream) => return Ok(Connection::new(stream, address)),
            Err(error) => failures.push((address, error)),
        }
    }
    let (last, reason) = failures.pop().ok_or_else(|| {
        let next = "give an address such as --host 127.0.0.1";
        Error::cannot("connect", "there is no address to try", next)
    })?;
    let before = failures
        .iter()
        .map(|(address, error)| format!("{address}: {error}, "));
    let tried = before.collect::<String>() + &last.to_string();
    Err(reason).or_cannot(Action::Connect, tried)
}

fn create(address: SocketAddr) -> io::Result<Socket> {
    // 1. Create a socket: of the Internet's address family, for a stream of bytes.
    let family = Domain::for_address(address);
    Socket::new(family, Type::STREAM, Some(Protocol::TCP))
}

fn connect_within(socket: Socket, address: SocketAddr, limit: Duration) -> io::Result<TcpStream> {
    // 2. Connect it to the server's address and port. Without a limit the system goes on trying
    // for two minutes where nobody answers at all.
    socket.connect_timeout(&address.into(), limit)?;
    let stream = TcpStream::from(socket);
    if is_self_connected(&stream) {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    Ok(stream)
}

/// All four steps: sends each typed line, and shows whatever arrives, whenever it does.
///
/// - A line goes out as it was typed, whatever its bytes are, with an LF. (Typed by hand, an HTTP
///   request works too: it ends with an empty line.)
/// - When the server hangs up, or only ends its own side, the next line connects anew. If that
///   fails, the line after it tries again. (A line that was on its way when the server hung up is
///   lost. TCP tells the sender nothing about it.)
/// - `exit` leaves at once. The end of the input (Ctrl-D) leaves when the server has closed too,
///   so that no answer is lost; `limits.linger` at most.
///
/// Only a server has time limits. A screen that is paused pauses the receiving, and TCP's flow
/// control then slows the server down.
///
/// # Errors
///
/// The first connection can't be opened; the input can't be read; the output can't be written to,
/// which ends the call even while the input is silent. (The thread that reads the input then ends
/// at its next line.)
pub fn talk<W: Write + Send + 'static>(
    addresses: Vec<SocketAddr>,
    limits: Limits,
    mut input: impl BufRead + Send + 'static,
    terminal: Terminal<W>,
) -> Result<(), Error> {
    let connection = Arc::new(connect(&addresses, limits.connect)?);
    let server = connection.server();
    let screen = Arc::new(Screen {
        terminal: Mutex::new(terminal),
        enter: AtomicBool::new(false),
    });
    screen.lock().say(
        Role::Event,
        format!("Connected to {server}. Each line is sent; \"exit\" or the end of input leaves."),
    )?;

    // 3. Send and receive, each on a thread of its own; this one receives.
    let (opened, connections) = channel();
    let mut typist = Typist {
        addresses,
        limits,
        screen: Arc::clone(&screen),
        connection: Arc::clone(&connection),
        opened,
    };
    let typing = thread::Builder::new()
        .spawn(move || {
            let end = typist.send_lines(&mut input);
            // 4. Close: the other thread comes back, and with the last of the two the socket goes.
            typist.connection.end();
            end
        })
        .or_cannot(Action::StartThread, "that reads the input")?;

    receive(&connection, limits.piece, &screen)?;
    for connection in connections {
        let connected = format!("Connected anew to {}.", connection.server());
        screen.lock().say(Role::Event, connected)?;
        receive(&connection, limits.piece, &screen)?;
    }
    typing
        .join()
        .unwrap_or_else(|panic| panic::resume_unwind(panic))
}

/// The terminal, as both threads use it.
struct Screen<W> {
    terminal: Mutex<Terminal<W>>,
    /// The user has typed a line since the receiving thread last looked. It isn't behind the lock:
    /// a server that sends without end keeps that thread in there, and the user would wait.
    enter: AtomicBool,
}

impl<W> Screen<W> {
    /// A thread that panicked while it held the terminal leaves whole lines behind, so its poison
    /// is no reason to stop.
    fn lock(&self) -> MutexGuard<'_, Terminal<W>> {
        self.terminal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows whatever arrives until the connection is over, and says why it is.
fn receive<W: Write>(
    connection: &Connection,
    piece: usize,
    screen: &Screen<W>,
) -> Result<(), Error> {
    let shown = show_all(connection, piece, screen);
    // From here on the next line typed connects anew, as what we say now promises.
    let before = connection.end();
    let end = match shown? {
        Ok(()) => "The server has hung up".to_owned(),
        Err(error) => format!("The connection broke: {error}"),
    };
    let mut terminal = screen.lock();
    terminal.finish()?;
    match before {
        State::Open => terminal.say(Role::Event, format!("{end}; the next line connects anew.")),
        State::HalfClosed => terminal.say(Role::Event, format!("{end}.")),
        // It was us.
        State::Over => Ok(()),
    }
}

/// Shows whatever arrives until the stream ends, breaks (the inner error) or interests nobody.
fn show_all<W: Write>(
    connection: &Connection,
    piece: usize,
    screen: &Screen<W>,
) -> Result<io::Result<()>, Error> {
    let mut incoming = BufReader::with_capacity(piece, connection.incoming());
    loop {
        // One read: it waits for the first byte and then takes what has come, not a byte more.
        match incoming.fill_buf() {
            Ok([]) => return Ok(Ok(())),
            Ok(bytes) => {
                let mut terminal = screen.lock();
                // If the typist has ended it, what the system has received until then interests
                // nobody. With the lock held, nothing of it can follow the typist's last words.
                if connection.is_over() {
                    return Ok(Ok(()));
                }
                if screen.enter.swap(false, Ordering::Relaxed) {
                    terminal.typed();
                }
                terminal.received(bytes)?;
                let count = bytes.len();
                incoming.consume(count);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// The thread that sends what is typed.
struct Typist<W> {
    addresses: Vec<SocketAddr>,
    limits: Limits,
    screen: Arc<Screen<W>>,
    connection: Arc<Connection>,
    /// Where a new connection goes, so that what arrives on it is shown.
    opened: Sender<Arc<Connection>>,
}

impl<W: Write> Typist<W> {
    /// Sends each line until `exit` or the end of the input, a long one in pieces.
    fn send_lines(&mut self, input: &mut impl BufRead) -> Result<(), Error> {
        let mut begins_line = true;
        let mut lost = false;
        let mut time = self.limits.send;
        while let Some(piece) = read_piece(input)? {
            if mem::replace(&mut begins_line, piece.ends_with(b"\n")) {
                self.screen.enter.store(true, Ordering::Relaxed);
                if matches!(piece.as_slice(), b"exit\n" | b"exit\r\n" | b"exit") {
                    return Ok(());
                }
                lost = self.connection.is_over() && !self.connects_anew()?;
                time = self.limits.send;
            }
            // Of a line that has lost its beginning the rest isn't sent.
            if !lost {
                lost = !self.sends(&piece, &mut time)?;
            }
        }
        if !begins_line && !lost {
            self.sends(b"\n", &mut time)?;
        }
        self.linger()
    }

    /// Whether these bytes of a line could be sent in the time that is left for it. If not, why not
    /// has been said.
    fn sends(&self, bytes: &[u8], time: &mut Duration) -> Result<bool, Error> {
        let begin = Instant::now();
        let sent = self.connection.send(bytes, *time);
        *time = time.saturating_sub(begin.elapsed());
        let Err(error) = sent else {
            return Ok(true);
        };
        self.connection.end();
        let server = self.connection.server();
        let error = Error::cannot(
            format_args!("send all of this line to {server}"),
            error,
            "the next line connects anew",
        );
        self.say(Role::Trouble, error).map(|()| false)
    }

    /// Whether there is a new connection. If not, why not has been said.
    fn connects_anew(&mut self) -> Result<bool, Error> {
        match connect(&self.addresses, self.limits.connect) {
            Ok(connection) => {
                self.connection = Arc::new(connection);
                // Nobody takes it if the call has ended, and it ends before us only for this:
                let taken = self.opened.send(Arc::clone(&self.connection));
                taken.map_err(|_| Error::OutputGone)?;
                Ok(true)
            }
            Err(error) => self.say(Role::Trouble, error).map(|()| false),
        }
    }

    /// Lets the last answers come: tells the server that we are done, and waits until it is too.
    fn linger(&self) -> Result<(), Error> {
        let limit = self.limits.linger;
        self.connection.half_close();
        self.connection.wait_until_over(limit);
        if self.connection.end() == State::Over {
            return Ok(());
        }
        let still_there = format!("The server has not hung up within {limit:?}; leaving.");
        self.say(Role::Event, still_there)
    }

    /// The typist speaks only when a connection is over, so nothing more of the server's follows.
    fn say(&self, role: Role, text: impl Display) -> Result<(), Error> {
        let mut terminal = self.screen.lock();
        terminal.finish()?;
        terminal.say(role, text)
    }
}

/// The next line with its LF or, of a longer one, its next 64 KiB: a line may be longer than memory.
/// `None` at the end of the input.
///
/// Bytes, not text: what is typed needn't be UTF-8 to be sent.
fn read_piece(input: &mut impl BufRead) -> Result<Option<Vec<u8>>, Error> {
    let mut piece = Vec::new();
    let count = input.take(64 << 10).read_until(b'\n', &mut piece);
    let count = count.or_cannot(Action::ReadInput, "the input")?;
    Ok((count > 0).then_some(piece))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A socket that has the address it connects to finds itself there.
    #[test]
    fn a_connection_with_oneself_counts_as_refused() {
        let here = SocketAddr::from(([127, 0, 0, 1], 0));
        let socket = create(here).unwrap();
        socket.bind(&here.into()).unwrap();
        let here = socket.local_addr().unwrap().as_socket().unwrap();
        let error = connect_within(socket, here, Duration::from_secs(5)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }
}
