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

use super::event::{Event, PeerId, next, wait_for_permit};
use super::framing::Framing;
use super::limits::Limits;
use super::outbox::Writer;

/// Readers and writers need little stack: 128 KiB.
const STACK_BYTES: usize = 131_072;

/// Maximum size of one read. It becomes at most 256 lines, which a guest says in one event, and
/// which the others wait for.
const PIECE_BYTES: usize = 512;

/// How long a read waits if nothing has to happen meanwhile: a socket's time limit is finite. Then
/// an event says nothing.
const IDLE: Duration = Duration::from_hours(24);

/// When to ask a silent peer's system whether it is still there, and how often then: tcp(7). A
/// peer that was switched off says nothing, not even that it has gone.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_mins(1))
    .with_interval(Duration::from_secs(10));

/// Somebody at the other end of a connection, and the threads that read and write.
///
/// Its threads end when it is dropped and its stream has ended, or when it is
/// [disconnected](Peer::disconnect).
#[derive(Debug)]
pub struct Peer {
    /// Shared with the threads: a room has one descriptor for each guest.
    stream: Arc<TcpStream>,
    permits: Sender<Instant>,
}

impl Peer {
    /// Takes over a connection: reads lines of at most `line_bytes`, and runs the `writer`.
    ///
    /// After each event the reader waits for a [permit](Peer::permit) before it reads on. Meanwhile
    /// a flood waits in the network, which tells the sender to wait (RFC 9293, section 3.8.6).
    ///
    /// # Errors
    ///
    /// The connection is broken already, or the system has no thread left.
    pub fn start(
        stream: TcpStream,
        id: PeerId,
        line_bytes: usize,
        writer: Writer,
        limits: &Limits,
        events: &Sender<Event>,
    ) -> io::Result<Self> {
        // Send each write at once: Nagle's algorithm (RFC 9293, section 3.7.4) would hold back
        // `byebye`, and put it into one segment with the message before it.
        stream.set_nodelay(true)?;
        SockRef::from(&stream).set_tcp_keepalive(&KEEPALIVE)?;

        let stream = Arc::new(stream);
        let thread = || thread::Builder::new().stack_size(STACK_BYTES);
        // Nothing is ever sent here. The reader sees that all is written when `writing` is dropped.
        let (writing, written) = channel::<()>();
        let write_half = Arc::clone(&stream);
        thread().spawn(move || {
            // If it fails, so does the reader, which tells the loop.
            let _ = writer.run(&*write_half);
            let _ = write_half.shutdown(Shutdown::Write);
            drop(writing);
        })?;

        let (permits, permitted) = channel();
        let read_half = Arc::clone(&stream);
        let (events, limits) = (events.clone(), limits.clone());
        thread().spawn(move || {
            // Returns false if the loop has let go of the peer.
            let say = |messages| {
                let _ = events.send(Event::Said(id, messages));
                wait_for_permit(&permitted)
            };
            let mut framing = Framing::new(line_bytes);
            let end = read(&read_half, &mut framing, limits.quiet, IDLE, say);
            // However the stream ended, what came before counts: a tutorial's program that says
            // `byebye` and closes with something unread resets the connection.
            framing.complete().map(|last| say(vec![last]));
            let _ = events.send(Event::Gone(id, end.err()));
            // Once the loop has let go of the peer, wait until its last line is written.
            while permitted.recv().is_ok() {}
            let _ = written.recv_timeout(limits.farewell);
            let _ = read_half.shutdown(Shutdown::Both);
        })?;
        Ok(Self { stream, permits })
    }

    /// The peer's last event is done: it may send another from this time on.
    pub fn permit(&self, at: Instant) {
        // If the reader has ended, it needs none.
        let _ = self.permits.send(at);
    }

    /// Closes the connection, whatever waits. (Dropping the peer lets what waits go out first.)
    pub fn disconnect(self) {
        // This ends a `read` and a `write` that wait. If the connection is broken they have ended.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Reads on after our `byebye`, until the peers have closed their side, or until the deadline.
/// Bytes that stay unread would turn the close into a reset, and the last word might be lost (RFC
/// 9293, section 3.6.1).
pub fn goodbye(
    mut peers: BTreeMap<PeerId, Peer>,
    inbox: &Receiver<Event>,
    deadline: Instant,
    hear: impl Fn(&[String]),
) {
    // Also read on from those that talked too fast.
    for peer in peers.values() {
        peer.permit(Instant::now());
    }
    while !peers.is_empty()
        && let Some(event) = next(inbox, Some(deadline))
    {
        match event {
            Event::Said(id, messages) => {
                hear(&messages);
                if let Some(peer) = peers.get(&id) {
                    peer.permit(Instant::now());
                }
            }
            Event::Gone(id, _) => drop(peers.remove(&id)),
            _ => {}
        }
    }
    peers.into_values().for_each(Peer::disconnect);
}

/// Hands what a peer says to `say`, until its stream ends or `say` returns false. A peer from which
/// nothing comes for the `idle` time says nothing.
fn read(
    stream: &TcpStream,
    framing: &mut Framing,
    quiet: Duration,
    idle: Duration,
    say: impl Fn(Vec<String>) -> bool,
) -> io::Result<()> {
    let connected = Instant::now();
    let (mut last_read, mut is_new) = (connected, true);
    let mut piece = [0; PIECE_BYTES];
    loop {
        let under_way = framing.ends_when_quiet();
        let deadline = match (is_new, under_way) {
            // A new guest may tell its name first, but the others hear of it soon in any case.
            (true, _) => connected + quiet,
            (false, true) => last_read + quiet,
            (false, false) => Instant::now() + idle,
        };
        let mut messages = Vec::new();
        match DeadlineStream::new(stream, deadline).read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                last_read = Instant::now();
                messages.extend(framing.push(piece.split_at(count).0));
                if messages.is_empty() {
                    continue;
                }
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => {
                if under_way && last_read.elapsed() >= quiet {
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use testkit::FakePeer;

    use super::*;

    /// A reader that took the end of the first silence for the end of each would never wait again.
    #[test]
    fn a_silent_peer_says_nothing_once_in_each_idle_time() {
        let (stream, _silent) = FakePeer::pair();
        let idle = Duration::from_millis(50);
        let (begin, said) = (Instant::now(), RefCell::new(Vec::new()));
        let say = |messages| {
            said.borrow_mut().push(messages);
            said.borrow().len() < 4
        };
        read(&stream, &mut Framing::new(9), Duration::ZERO, idle, say).unwrap();
        assert_eq!(said.into_inner(), [[""; 0]; 4]);
        // The first tells that the peer is there.
        assert!(begin.elapsed() >= 3 * idle, "{:?}", begin.elapsed());
    }
}
