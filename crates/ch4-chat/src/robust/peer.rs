//! One connection of the chat, either way. A reader makes events of what comes in, a writer sends
//! what waits in an outbox. Each is a thread, as each waits for the peer.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use console::DeadlineStream;
use socket2::{SockRef, TcpKeepalive};

use super::event::{Event, PeerId, next, wait_for_turn};
use super::framing::Framing;
use super::limits::Limits;
use super::outbox::Lines;

/// Readers and writers need little stack: 128 KiB.
const STACK_BYTES: usize = 131_072;

/// Maximum size of one read. It becomes at most 256 lines, which a guest says in one event, and
/// which the others wait for.
const PIECE_BYTES: usize = 512;

/// How long a read waits if nothing has to happen meanwhile. Then an event says nothing.
const LONG: Duration = Duration::from_hours(24);

/// When to ask a silent peer's system whether it is still there, and how often then: tcp(7). A
/// peer that was switched off says nothing, not even that it has gone.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_mins(1))
    .with_interval(Duration::from_secs(10));

/// Somebody at the other end of a connection, and the threads that read and write.
///
/// Its threads end when it is dropped and its stream has ended, or when it is [cut](Peer::cut).
#[derive(Debug)]
pub struct Peer {
    /// Shared with the threads: a room has one descriptor for each guest.
    stream: Arc<TcpStream>,
    next_turn: Sender<Instant>,
}

impl Peer {
    /// Takes over a connection: reads lines of at most `line_bytes`, and writes `lines`.
    ///
    /// After each event the reader waits for [`Peer::next_turn`] before it reads on. Meanwhile a
    /// flood waits in the network, which tells the sender to wait (RFC 9293, section 3.8.6).
    ///
    /// # Errors
    ///
    /// The connection is broken already, or the system has no thread left.
    pub fn start(
        stream: TcpStream,
        id: PeerId,
        line_bytes: usize,
        lines: Lines,
        limits: &Limits,
        events: &Sender<Event>,
    ) -> io::Result<Self> {
        // Send each write at once: Nagle's algorithm (RFC 9293, section 3.7.4) would hold back
        // `byebye`, and put it into one segment with the message before it.
        stream.set_nodelay(true)?;
        SockRef::from(&stream).set_tcp_keepalive(&KEEPALIVE)?;

        let stream = Arc::new(stream);
        let thread = || thread::Builder::new().stack_size(STACK_BYTES);
        // Nothing is ever sent here: that `writes` is dropped tells the reader that all is written.
        let (writes, written) = channel::<()>();
        let to = Arc::clone(&stream);
        thread().spawn(move || {
            // If it fails, so does the reader, which tells the loop.
            let _ = lines.write_all(&*to);
            let _ = to.shutdown(Shutdown::Write);
            drop(writes);
        })?;

        let (next_turn, turns) = channel();
        let (from, events, limits) = (Arc::clone(&stream), events.clone(), limits.clone());
        thread().spawn(move || {
            // Returns false if the loop has let go of the peer.
            let say = |messages| {
                let _ = events.send(Event::Said(id, messages));
                wait_for_turn(&turns)
            };
            let mut framing = Framing::new(line_bytes);
            let end = read(&from, &mut framing, limits.quiet, say);
            // However the stream ended, what came before counts: a tutorial's program that says
            // `byebye` and closes with something unread resets the connection.
            framing.complete().map(|last| say(vec![last]));
            let _ = events.send(Event::Gone(id, end.err()));
            // Once the loop has let go of the peer, wait until its last line is written.
            while turns.recv().is_ok() {}
            let _ = written.recv_timeout(limits.farewell);
            let _ = from.shutdown(Shutdown::Both);
        })?;
        Ok(Self { stream, next_turn })
    }

    /// The peer's last event is done: it may send another, from this time on.
    pub fn next_turn(&self, from: Instant) {
        // If the reader has ended, it needs none.
        let _ = self.next_turn.send(from);
    }

    /// Closes the connection, whatever waits. (Dropping the peer lets what waits go out first.)
    pub fn cut(self) {
        // This ends a `read` and a `write` that wait. If the connection is broken they have ended.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Reads on after our `byebye`, until the peers have closed their side, or until the deadline. Bytes
/// that stay unread would turn the close into a reset, and the last word might be lost (RFC 9293,
/// section 3.6.1).
pub fn goodbye(
    mut peers: BTreeMap<PeerId, Peer>,
    inbox: &Receiver<Event>,
    deadline: Instant,
    hear: impl Fn(&[String]),
) {
    // Also read on from those that talked too fast.
    for peer in peers.values() {
        peer.next_turn(Instant::now());
    }
    while !peers.is_empty()
        && let Some(event) = next(inbox, Some(deadline))
    {
        match event {
            Event::Said(id, messages) => {
                hear(&messages);
                if let Some(peer) = peers.get(&id) {
                    peer.next_turn(Instant::now());
                }
            }
            Event::Gone(id, _) => drop(peers.remove(&id)),
            _ => {}
        }
    }
    peers.into_values().for_each(Peer::cut);
}

/// Hands what a peer says to `say`, until its stream ends or `say` returns false.
fn read(
    stream: &TcpStream,
    framing: &mut Framing,
    quiet: Duration,
    say: impl Fn(Vec<String>) -> bool,
) -> io::Result<()> {
    let connected = Instant::now();
    let (mut last, mut is_new) = (connected, true);
    let mut piece = [0; PIECE_BYTES];
    loop {
        let under_way = framing.ends_when_quiet();
        let deadline = match (is_new, under_way) {
            // A new guest may tell its name first, but the others hear of it soon in any case.
            (true, _) => connected + quiet,
            (false, true) => last + quiet,
            (false, false) => last + LONG,
        };
        let mut messages = Vec::new();
        match DeadlineStream::new(stream, deadline).read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                last = Instant::now();
                messages.extend(framing.push(piece.split_at(count).0));
                if messages.is_empty() {
                    continue;
                }
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                if !under_way {
                    // Nothing came for so long: wait as long again.
                    last = Instant::now();
                } else if last.elapsed() >= quiet {
                    messages.extend(framing.complete());
                }
            }
            Err(error) => return Err(error),
        }
        is_new = false;
        if !say(messages) {
            return Ok(());
        }
    }
}
