//! What happens, as the loop of a host or a guest hears of it.

use std::io;
use std::net::{SocketAddr, TcpStream};

use console::Error;

use super::framing::Message;

/// Tells the peers of one chat apart.
pub type PeerId = u64;

/// One event. Threads send them; one loop deals with them, one after the other.
#[derive(Debug)]
pub enum Event {
    /// The user has typed this.
    Typed(Typed),
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

/// What was typed.
#[derive(Debug)]
pub enum Typed {
    /// A line that fits into a message.
    Line(String),
    /// A line that doesn't, and how many bytes it has.
    TooLong(u64),
    /// The input has ended.
    End,
    /// The input can't be read, for this reason: the chat ends.
    Failed(Error),
}
