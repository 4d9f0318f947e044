//! One connection of the chat, either way: words go out at once, what comes in arrives as events.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use console::is_timeout;
use socket2::{SockRef, TcpKeepalive};

use super::event::{Event, PeerId};
use super::framing::{Framing, Message};
use super::limits::Limits;
use crate::BYE;

/// A peer's reader needs little stack.
const STACK_BYTES: usize = 128 * 1024;

/// When to ask a silent peer's system whether it is still there, and how often then: tcp(7). A
/// peer that was switched off says nothing, not even that it has gone.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_mins(1))
    .with_interval(Duration::from_secs(10));

/// Somebody at the other end of a connection.
///
/// Dropping it closes the connection and ends its reader.
#[derive(Debug)]
pub struct Peer {
    /// Shared with the reader: a room has one descriptor for each guest.
    stream: Arc<TcpStream>,
    next_turn: SyncSender<()>,
}

impl Peer {
    /// Takes over a connection. A thread of its own reads from it and sends the events.
    ///
    /// Each event needs a turn: after one, the thread doesn't send the next before
    /// [`Peer::next_turn`]. So a peer that floods has one event in the queue at a time, like
    /// everybody else, and the rest of the flood waits in the network (RFC 9293, section 3.8.6).
    ///
    /// # Errors
    ///
    /// The connection is broken already, or the system has no thread left.
    pub fn new(
        stream: TcpStream,
        id: PeerId,
        message_bytes: usize,
        limits: &Limits,
        events: Sender<Event>,
    ) -> io::Result<Self> {
        // Each `send` on its way at once: Nagle's algorithm (RFC 9293, section 3.7.4) would hold
        // back `byebye`, and put it into one segment with the message before it.
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(limits.send_time))?;
        SockRef::from(&stream).set_tcp_keepalive(&KEEPALIVE)?;

        let stream = Arc::new(stream);
        let (next_turn, turns) = sync_channel(1);
        let reader = Reader {
            stream: Arc::clone(&stream),
            framing: Framing::new(message_bytes),
            quiet: limits.quiet,
            id,
            events,
            turns,
        };
        thread::Builder::new()
            .stack_size(STACK_BYTES)
            .spawn(move || reader.run())?;
        Ok(Self { stream, next_turn })
    }

    /// The peer's last event has been dealt with: it may send another.
    pub fn next_turn(&self) {
        // If a turn is there already, or the reader has ended, none is needed.
        let _ = self.next_turn.try_send(());
    }

    /// Sends all of `lines`, each with its LF.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TimedOut`] if the peer reads so slowly that the system's buffers are full and
    /// don't empty in time; a part may have been sent, so the connection is of no use any more. Or
    /// the connection is broken.
    pub fn send(&self, lines: &str) -> io::Result<()> {
        loop {
            return match (&*self.stream).write(lines.as_bytes()) {
                // One call, so one time limit. What is left didn't fit into the buffers in time.
                Ok(count) if count < lines.len() => Err(ErrorKind::TimedOut.into()),
                Ok(_) => Ok(()),
                Err(error) if is_timeout(&error) => Err(ErrorKind::TimedOut.into()),
                // The process was stopped and continued: signal(7).
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
        }
    }

    /// Says `byebye`, the last word: without LF, in a `send` of its own, so that the tutorial's
    /// programs understand it. What the peer still says can be received.
    pub fn say_bye(&self) {
        // A peer that doesn't hear it any more sees that the connection ends.
        let _ = self.send(BYE);
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // This ends the reader's `read`. If the connection is broken it has ended already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// The thread that reads what a peer sends.
struct Reader {
    stream: Arc<TcpStream>,
    framing: Framing,
    quiet: Duration,
    id: PeerId,
    events: Sender<Event>,
    turns: Receiver<()>,
}

impl Reader {
    fn run(mut self) {
        let end = self.read();
        // However the stream has ended, what came before counts: a tutorial's program that says
        // `byebye` and closes with something unread resets the connection.
        let last: Vec<_> = self.framing.end().into_iter().collect();
        if !last.is_empty() {
            self.say(last);
        }
        // If nobody waits for events any more, the chat is over.
        let _ = self.events.send(Event::Gone(self.id, end.err()));
    }

    /// Reads until the stream ends, or until the chat is over.
    fn read(&mut self) -> io::Result<()> {
        let mut is_new = true;
        let mut piece = [0; 4096];
        loop {
            // Time matters only at the beginning, when a guest may tell its name, and within a
            // message that no line end will end.
            let patience = is_new || self.framing.ends_when_quiet();
            self.stream
                .set_read_timeout(patience.then_some(self.quiet))?;
            let messages = match (&*self.stream).read(&mut piece) {
                Ok(0) => return Ok(()),
                Ok(count) => {
                    let messages = self.framing.push(&piece[..count]);
                    if messages.is_empty() {
                        continue;
                    }
                    messages
                }
                // At the beginning this may be no message at all: the peer is there, silent.
                Err(error) if is_timeout(&error) => self.framing.quiet().into_iter().collect(),
                // The process was stopped and continued: signal(7).
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            is_new = false;
            if !self.say(messages) {
                return Ok(());
            }
        }
    }

    /// Sends the event and waits for the next turn. Returns false if the chat is over.
    fn say(&self, messages: Vec<Message>) -> bool {
        self.events.send(Event::Said(self.id, messages)).is_ok() && self.turns.recv().is_ok()
    }
}

/// The next event; `None` if there is none in time.
pub(crate) fn next(inbox: &Receiver<Event>, patience: Option<Duration>) -> Option<Event> {
    match patience {
        Some(patience) => inbox.recv_timeout(patience).ok(),
        None => inbox.recv().ok(),
    }
}
