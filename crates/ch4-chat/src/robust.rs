//! The same chat, done so that a guest does the others limited harm.
//!
//! What is new:
//!
//! - Anybody speaks at any time: each side reads the keyboard and the network on threads of their
//!   own. They only send events ([`Event`]); one loop deals with them, one after the other, and it
//!   alone owns what there is to know. So nothing needs a lock.
//! - A message is a line, not a `recv` ([`crate::framing`]).
//! - Any number of guests make a room, in which the host speaks too ([`crate::room`]).
//! - What a peer sends is printed harmless, behind a margin, by a thread of its own.

use std::fmt::Display;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use console::{Action, Error, OrCannot, Printer, Role, is_self_connected, safe};
use socket2::{Domain, Protocol, Socket, Type};

use crate::framing::Message;
use crate::keyboard::{Keyboard, Typed, Typing};
use crate::peer::Peer;
use crate::{BYE, name};

/// The most bytes that a message may have, without its line end.
pub const MESSAGE_BYTES: usize = 4096;

/// The most bytes that a line from the host may have: a message, after the name of who said it.
const HOST_LINE_BYTES: usize = MESSAGE_BYTES + 256;

/// How long the others can make us wait, and how many there may be.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Guests in the room.
    pub guests: usize,
    /// Time for a connection to come about, for each address of the host.
    pub connect_time: Duration,
    /// How long a peer that sends no line ends has to be quiet to have said something.
    pub quiet: Duration,
    /// Time for a peer to make room for a line. A whole room waits for a guest that long, once.
    pub send_time: Duration,
    /// How long to listen on, without hearing anything, when there is no more to say.
    pub linger: Duration,
    /// Time for the others to close their side after `byebye`.
    pub farewell: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            guests: 1000,
            connect_time: Duration::from_secs(5),
            quiet: Duration::from_millis(200),
            send_time: Duration::from_millis(20),
            linger: Duration::from_secs(5),
            farewell: Duration::from_secs(2),
        }
    }
}

/// What happens, as the loop of a host or a guest hears of it.
#[derive(Debug)]
pub enum Event {
    /// The user has typed a line; or, with `None`, there is no more to come.
    Typed(Option<Typed>),
    /// Nothing can be printed any more, for this reason.
    ScreenGone(Error),
    /// Somebody has connected.
    Arrived(TcpStream, SocketAddr),
    /// Nobody could be accepted, for this reason.
    NobodyArrives(io::Error),
    /// A peer has said this. The first time it may be nothing: the peer is there, and silent.
    Said(PeerId, Vec<Message>),
    /// A peer's stream has ended, or has failed.
    Gone(PeerId, Option<io::Error>),
}

/// Tells the peers of one chat apart.
pub type PeerId = u64;

/// What a guest's first line begins with if it tells the guest's name.
pub(crate) const NAME_COMMAND: &str = "/name ";

/// Opens a socket on which guests can connect.
///
/// # Errors
///
/// The port is taken, or below 1024 and reserved, or the address isn't one of this machine's.
pub fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    open_listener(address).or_cannot(Action::Listen, address)
}

pub(crate) fn open_listener(address: SocketAddr) -> io::Result<TcpListener> {
    // 1. Create a socket.
    let socket = create(address)?;

    // 2. Bind it to an IP address and a port.
    // The last chat's connections may still be in TIME-WAIT (RFC 9293, section 3.6); that must not
    // keep the next one from being hosted. On Windows the option means something else: to take
    // the port from its owner.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;

    // 3. Listen: from now on guests may connect.
    socket.listen(128)?;
    Ok(socket.into())
}

/// Opens a connection to the host.
///
/// # Errors
///
/// Nobody listens on `address`, no way leads there, or nobody answers in time.
pub fn connect(address: SocketAddr, limits: &Limits) -> Result<TcpStream, Error> {
    open_connection(address, limits).or_cannot(Action::Connect, address)
}

pub(crate) fn open_connection(address: SocketAddr, limits: &Limits) -> io::Result<TcpStream> {
    // 1. Create a socket.
    let socket = create(address)?;

    // 2. Connect it to the host's address and port.
    socket.connect_timeout(&address.into(), limits.connect_time)?;
    let stream = TcpStream::from(socket);
    if is_self_connected(&stream) {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    Ok(stream)
}

fn create(address: SocketAddr) -> io::Result<Socket> {
    let family = Domain::for_address(address);
    Socket::new(family, Type::STREAM, Some(Protocol::TCP))
}

/// The guest's side: what is typed goes to the host, what the host sends is shown.
///
/// With a `name`, the first line tells it to the host: `/name NAME`.
///
/// # Errors
///
/// The connection or the screen fails, or the system has no thread left.
pub fn guest(
    host: TcpStream,
    name: Option<&str>,
    keyboard: Keyboard,
    printer: &Printer,
    limits: &Limits,
) -> Result<(), Error> {
    let address = host.peer_addr().or_cannot(Action::Receive, "the host")?;
    let (events, inbox) = channel();
    let patient = Limits {
        // Nobody but us waits for the host, so it may take its time.
        send_time: limits.connect_time,
        ..limits.clone()
    };
    let host = Peer::new(host, 0, HOST_LINE_BYTES, &patient, events.clone())
        .or_cannot(Action::Receive, address)?;
    let screen = Screen(printer);
    screen.tell_when_gone(&events);
    screen.event(format_args!("Connected to {address}. Say {BYE} to leave."));
    if let Some(name) = name.and_then(name::clean) {
        // If this doesn't reach the host, an event will tell.
        let _ = host.send(&format!("{NAME_COMMAND}{name}\n"));
    }

    let typing = keyboard.read(events)?;
    let end = talk(&host, address, &typing, &inbox, screen, limits);
    drop((host, inbox));
    typing.end(screen);
    end
}

/// Deals with each event, until one side has had its last word.
fn talk(
    host: &Peer,
    address: SocketAddr,
    typing: &Typing,
    inbox: &Receiver<Event>,
    screen: Screen,
    limits: &Limits,
) -> Result<(), Error> {
    let mut end = Ok(());
    let mut patience = None;
    while let Some(event) = next(inbox, patience) {
        match event {
            Event::ScreenGone(error) => {
                end = Err(error);
                break;
            }
            Event::Typed(Some(Typed::Line(line))) if line == BYE => break,
            Event::Typed(Some(Typed::Line(line))) => {
                // Any other error ends the stream too, which is an event of its own.
                if !line.is_empty()
                    && let Err(error) = host.send(&(line + "\n"))
                    && error.kind() == ErrorKind::TimedOut
                {
                    return Err(error).or_cannot(Action::Send, address);
                }
                typing.next_turn();
            }
            Event::Typed(Some(Typed::TooLong(length))) => {
                screen.refuse(length);
                typing.next_turn();
            }
            Event::Typed(None) => patience = Some(limits.linger),
            Event::Said(_, messages) => {
                for message in &messages {
                    screen.message("", message);
                    if message.text == BYE {
                        screen.event("The host has ended the chat.");
                        return Ok(());
                    }
                }
                host.next_turn();
            }
            Event::Gone(_, error) => {
                screen.event("The host has gone.");
                return error
                    .map_or(Ok(()), Err)
                    .or_cannot(Action::Receive, address);
            }
            Event::Arrived(..) | Event::NobodyArrives(_) => {}
        }
    }
    host.say_bye();
    // What the host still says is read before the connection is closed: unread, it would turn the
    // close into a reset, and our last word might be lost (RFC 9293, section 3.6.1).
    let deadline = Instant::now() + limits.farewell;
    while let Some(event) = next(
        inbox,
        Some(deadline.saturating_duration_since(Instant::now())),
    ) {
        match event {
            Event::Said(_, messages) => {
                for message in &messages {
                    screen.message("", message);
                }
                host.next_turn();
            }
            Event::Gone(..) => break,
            _ => {}
        }
    }
    end
}

/// The next event; `None` if there is none in time.
pub(crate) fn next(inbox: &Receiver<Event>, patience: Option<Duration>) -> Option<Event> {
    match patience {
        Some(patience) => inbox.recv_timeout(patience).ok(),
        None => inbox.recv().ok(),
    }
}

/// What the user sees. Only a peer's words stand behind the margin, so they can't be taken for
/// the program's.
#[derive(Clone, Copy)]
pub struct Screen<'a>(pub &'a Printer);

impl Screen<'_> {
    /// Makes an event of it when nothing can be printed any more.
    pub fn tell_when_gone(self, events: &Sender<Event>) {
        let events = events.clone();
        self.0.when_gone(move |error| {
            // If the chat is over already, it doesn't matter.
            let _ = events.send(Event::ScreenGone(error));
        });
    }

    /// What the program itself has to say.
    pub fn event(self, line: impl Display) {
        self.0.print(&Role::Event.paint(line).to_string());
    }

    /// A message, after `who`; each of its rows stands behind the margin.
    pub fn message(self, who: &str, message: &Message) {
        let line = format!(
            "{}{who}{}",
            safe::MARGIN,
            safe::escape(&message.to_string())
        );
        let rows = safe::fold(&line, safe::MARGIN, self.0.width());
        self.0.print(&Role::Peer.paint(rows).to_string());
    }

    /// The line that was typed is too long.
    pub fn refuse(self, length: u64) {
        self.0.print(
            &Role::Trouble
                .paint(format_args!(
                    "Not sent: that line has {length} bytes; a message may have {MESSAGE_BYTES}."
                ))
                .to_string(),
        );
    }
}
