//! One connection of the chat, either way. A reader makes events of what comes in, a writer sends
//! what waits in an outbox. Each is a thread, as each waits for the peer.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use console::DeadlineStream;
use socket2::{SockRef, TcpKeepalive};

use super::event::{Event, Inbox, PeerId, wait_for_turn};
use super::framing::{Framing, Message};
use super::limits::Limits;
use super::outbox::Lines;

/// Readers and writers need little stack.
const STACK_BYTES: usize = 128 * 1024;

/// The most that one read takes. So little becomes at most 256 lines, which is what a guest says
/// in one event, and what the others wait for.
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
    next_turn: SyncSender<Instant>,
}

impl Peer {
    /// Takes over a connection: reads lines of at most `line_bytes`, and writes `lines`, if any.
    ///
    /// Each event needs a turn: after one, the reader doesn't read on before [`Peer::next_turn`].
    /// So a peer that floods has one event in the inbox at a time, like everybody else, and the
    /// rest of the flood waits in the network (RFC 9293, section 3.8.6).
    ///
    /// # Errors
    ///
    /// The connection is broken already, or the system has no thread left.
    pub fn start(
        stream: Arc<TcpStream>,
        id: PeerId,
        line_bytes: usize,
        lines: Option<Lines>,
        limits: &Limits,
        inbox: &Arc<Inbox>,
    ) -> io::Result<Self> {
        // Each write on its way at once: Nagle's algorithm (RFC 9293, section 3.7.4) would hold
        // back `byebye`, and put it into one segment with the message before it.
        stream.set_nodelay(true)?;
        SockRef::from(&*stream).set_tcp_keepalive(&KEEPALIVE)?;

        let thread = || thread::Builder::new().stack_size(STACK_BYTES);
        let (writes, written) = channel::<()>();
        if let Some(lines) = lines {
            let to = Arc::clone(&stream);
            thread().spawn(move || {
                // If it fails, the reader finds the same, and tells.
                let _ = lines.write_all(&*to);
                let _ = to.shutdown(Shutdown::Write);
                drop(writes);
            })?;
        }

        let (next_turn, turns) = sync_channel(1);
        let (from, inbox, limits) = (Arc::clone(&stream), Arc::clone(inbox), limits.clone());
        thread().spawn(move || {
            // Returns false if the loop has let go of the peer.
            let say = |messages| {
                inbox.send(Event::Said(id, messages));
                wait_for_turn(&turns)
            };
            let mut framing = Framing::new(line_bytes);
            let end = read(&from, &mut framing, &limits, say);
            // However the stream has ended, what came before counts: a tutorial's program that says
            // `byebye` and closes with something unread resets the connection.
            framing.complete().map(|last| say(vec![last]));
            inbox.send(Event::Gone(id, end.err()));
            // Once the loop has let go of the peer, its last line waits for the writer.
            while turns.recv().is_ok() {}
            let _ = written.recv_timeout(limits.farewell);
            let _ = from.shutdown(Shutdown::Both);
        })?;
        Ok(Self { stream, next_turn })
    }

    /// The peer's last event has been dealt with: it may send another, from this time on.
    pub fn next_turn(&self, from: Instant) {
        // If the reader has ended, it needs none.
        let _ = self.next_turn.try_send(from);
    }

    /// Closes the connection, whatever waits. (Dropping the peer lets what waits go out first.)
    pub fn cut(self) {
        // This ends a `read` and a `write` that wait. If the connection is broken they have ended.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Goes on reading after our `byebye`, until the peers have closed their side, or the deadline has
/// passed: what stays unread would turn the close into a reset, and the last word might be lost
/// (RFC 9293, section 3.6.1).
pub fn goodbye(
    mut peers: BTreeMap<PeerId, Peer>,
    inbox: &Inbox,
    deadline: Instant,
    hear: impl Fn(&Message),
) {
    // Those that talked too fast are read again, too.
    for peer in peers.values() {
        peer.next_turn(Instant::now());
    }
    while !peers.is_empty()
        && let Some(event) = inbox.next(Some(deadline))
    {
        match event {
            Event::Said(id, messages) => {
                messages.iter().for_each(&hear);
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
    limits: &Limits,
    say: impl Fn(Vec<Message>) -> bool,
) -> io::Result<()> {
    let connected = Instant::now();
    let (mut last, mut is_new) = (connected, true);
    let mut piece = [0; PIECE_BYTES];
    loop {
        let under_way = framing.ends_when_quiet();
        // A new guest may tell its name first, but doesn't have to.
        let waits = under_way || is_new;
        let mut deadline = last + if waits { limits.quiet } else { LONG };
        if is_new {
            deadline = deadline.min(connected + limits.introduction);
        }
        let messages = match DeadlineStream::new(stream, deadline).read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                last = Instant::now();
                match framing.push(piece.split_at(count).0) {
                    none if none.is_empty() => continue,
                    messages => messages,
                }
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                let is_quiet = under_way && last.elapsed() >= limits.quiet;
                let message = is_quiet.then(|| framing.complete());
                message.flatten().into_iter().collect()
            }
            Err(error) => return Err(error),
        };
        is_new = false;
        if !say(messages) {
            return Ok(());
        }
    }
}
