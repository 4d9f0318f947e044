//! One connection of the chat, either way. A reader makes events of what comes in, a writer sends
//! what waits for the peer. Each is a thread, as each waits for the network.

use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use console::DeadlineStream;
use socket2::{SockRef, TcpKeepalive};

use super::event::{Event, PeerId, wait_for_permit};
use super::framing::Framing;
use super::limits::{Limits, MESSAGE_BYTES};
use super::peer::Peer;

/// Readers and writers need little stack: 128 KiB.
const STACK_BYTES: usize = 131_072;

/// How much is read at once: an eighth of the longest line. From a guest that is 512 bytes, so one
/// event, for which the others wait, has at most 256 lines.
const PARTS: usize = 8;

/// When to ask a silent peer's system whether it is still there, and how often then: tcp(7). A
/// peer that was switched off says nothing, not even that it has gone.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_mins(1))
    .with_interval(Duration::from_secs(10));

/// Takes over a connection, with a thread that reads lines of at most `line_bytes`, and one that
/// writes. Both end with the peer.
///
/// The connection closes in stages. When the last word is written, or the loop has let the peer
/// go and everything is written, the writer closes our sending side. When the loop has let the
/// peer go, and the writer is done or [`Limits::farewell`] is over, the reader closes the rest.
/// [`Peer::disconnect`] closes everything at once.
///
/// After each event the reader waits for a [permit](Peer::permit) before it reads on. Meanwhile
/// a flood waits in the network, which tells the sender to wait (RFC 9293, section 3.8.6).
///
/// # Errors
///
/// The system has no thread left.
pub fn start(
    stream: TcpStream,
    id: PeerId,
    line_bytes: usize,
    limits: &Limits,
    events: &Sender<Event>,
) -> io::Result<Peer> {
    // Send each write at once: Nagle's algorithm (RFC 9293, section 3.7.4) would hold back
    // `byebye`, and might put it into one segment with the message before it.
    // macOS refuses options for a connection that has been reset. The reader will find that out.
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(&stream).set_tcp_keepalive(&KEEPALIVE);

    // Both threads and the loop share it: a room has one descriptor for each guest.
    let stream = Arc::new(stream);
    let shared = Arc::clone(&stream);
    // This ends a `read` and a `write` that wait. If the connection is broken they have ended.
    let (peer, outbox, permitted) = Peer::new(move || {
        let _ = shared.shutdown(Shutdown::Both);
    });
    let thread = || thread::Builder::new().stack_size(STACK_BYTES);
    // Nothing is ever sent here: the writer drops its end when it is done.
    let (writing, written) = channel::<()>();
    let write_half = Arc::clone(&stream);
    thread().spawn(move || {
        // If this fails, the reader sees an error too, or the end of the stream.
        let _ = outbox.write_to(&*write_half);
        let _ = write_half.shutdown(Shutdown::Write);
        drop(writing);
    })?;

    let (events, limits) = (events.clone(), limits.clone());
    thread().spawn(move || {
        // Returns false if the loop has let the peer go.
        let say = |messages| {
            let _ = events.send(Event::Said(id, messages));
            wait_for_permit(&permitted)
        };
        let end = read(&stream, line_bytes, limits.quiet, say);
        let _ = events.send(Event::Gone(id, end.err()));
        // Until the loop has let the peer go.
        while permitted.recv().is_ok() {}
        let _ = written.recv_timeout(limits.farewell);
        let _ = stream.shutdown(Shutdown::Both);
    })?;
    Ok(peer)
}

/// Hands what a peer says, in lines of at most `line_bytes`, to `say`, until its stream ends or
/// `say` returns false. That may be nothing: at first, and if the peer sends much that is no
/// message.
///
/// # Errors
///
/// The connection is broken. What came before still counts: a tutorial's program that says
/// `byebye` and closes with something unread resets the connection.
fn read(
    stream: &TcpStream,
    line_bytes: usize,
    quiet: Duration,
    say: impl Fn(Vec<String>) -> bool,
) -> io::Result<()> {
    let mut framing = Framing::new(line_bytes);
    let mut piece = vec![0; line_bytes / PARTS];
    let connected = Instant::now();
    let (mut last_read, mut is_new, mut unreported) = (connected, true, 0);
    let end = loop {
        // A new guest may tell its name first, but the others hear of it soon in any case.
        let since = if is_new { connected } else { last_read };
        let waits = is_new || framing.ends_when_quiet();
        let deadline = waits.then(|| since + quiet);
        let mut messages = Vec::new();
        match DeadlineStream::new(stream, deadline).read(&mut piece) {
            Ok(0) => break Ok(()),
            Ok(count) => {
                last_read = Instant::now();
                messages.extend(framing.push(piece.split_at(count).0));
                // Empty lines, and a line without end, are no messages, but need a permit too.
                unreported += count;
                if messages.is_empty() && unreported <= MESSAGE_BYTES {
                    continue;
                }
            }
            // Without a deadline it is the system that gave up: the peer doesn't answer any more.
            Err(error) if deadline.is_none() || error.kind() != ErrorKind::TimedOut => {
                break Err(error);
            }
            Err(_) if framing.ends_when_quiet() && last_read.elapsed() >= quiet => {
                messages.extend(framing.complete());
            }
            Err(_) => {} // It is new, and hasn't finished a message yet.
        }
        (is_new, unreported) = (false, 0);
        if !say(messages) {
            return Ok(());
        }
        // Until now it was we who didn't read: that isn't the peer's quiet.
        last_read = Instant::now();
    };
    if let Some(last) = framing.complete() {
        say(vec![last]);
    }
    end
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, RecvTimeoutError};

    use testkit::{FakePeer, PATIENCE};

    use super::*;

    /// Reads what a peer sends until its stream ends. Meanwhile `peer` does what it does, and gets
    /// all that is said.
    fn reads(
        quiet: Duration,
        peer: impl FnOnce(FakePeer, &Receiver<Vec<String>>) + Send,
    ) -> io::Result<()> {
        let (stream, other) = FakePeer::pair();
        let (said, hears) = channel();
        thread::scope(|scope| {
            scope.spawn(move || peer(other, &hears));
            let say = |messages| said.send(messages).is_ok();
            let end = read(&stream, MESSAGE_BYTES, quiet, say);
            // A peer that waits for more, or goes on sending, now fails.
            drop((stream, said));
            end
        })
    }

    /// Nothing else: each event costs the room something.
    #[test]
    fn a_new_peer_is_an_event_and_so_is_each_message() {
        let read = reads(Duration::from_millis(50), |peer, hears| {
            let says = || hears.recv_timeout(PATIENCE).unwrap();
            assert_eq!(says(), [""; 0]);
            peer.sends("hello");
            assert_eq!(says(), ["hello"]);
            peer.sends("\none\ntwo\nthr");
            assert_eq!(says(), ["one", "two"]);
            peer.sends("ee\n");
            assert_eq!(says(), ["three"]);
            assert!(hears.try_recv().is_err());
        });
        read.unwrap();
    }

    #[test]
    fn a_message_that_has_begun_does_not_end_because_its_peer_is_new() {
        // Longer than a busy system holds up a thread.
        let quiet = Duration::from_secs(1);
        let begin = Instant::now();
        let read = reads(quiet, |peer, hears| {
            // It is never quiet, and sends too little to need a permit.
            let mut sent = String::new();
            let first = loop {
                match hears.recv_timeout(quiet / 50) {
                    Err(RecvTimeoutError::Timeout) if sent.len() < MESSAGE_BYTES / 2 => {
                        peer.sends(".");
                        sent.push('.');
                    }
                    first => break first,
                }
            };
            assert_eq!(first, Ok(vec![]));
            assert!(begin.elapsed() >= quiet);
            peer.sends("\n");
            assert_eq!(hears.recv_timeout(PATIENCE), Ok(vec![sent]));
        });
        read.unwrap();
    }

    /// A test could see neither from outside: the second takes a minute.
    #[test]
    fn a_connection_sends_at_once_and_asks_whether_a_silent_peer_is_there() {
        let (stream, _other) = FakePeer::pair();
        let same = stream.try_clone().unwrap();
        let peer = start(stream, 1, 4096, &Limits::default(), &channel().0).unwrap();
        assert!(same.nodelay().unwrap());
        assert!(SockRef::from(&same).keepalive().unwrap());
        peer.disconnect();
    }

    /// Even before it is quiet, or a guest could flood the host with nothing.
    #[test]
    fn a_peer_that_sends_more_than_a_message_and_says_nothing_needs_a_permit() {
        let read = reads(3 * PATIENCE, |peer, hears| {
            let longest = "x".repeat(MESSAGE_BYTES);
            peer.sends(longest.clone() + "\n");
            assert_eq!(hears.recv_timeout(PATIENCE), Ok(vec![longest]));
            for nothing in ["\n", "x"] {
                peer.sends(nothing.repeat(MESSAGE_BYTES + 1));
                assert_eq!(hears.recv_timeout(PATIENCE), Ok(vec![]));
            }
        });
        read.unwrap();
    }

    /// Its rest was there all the time.
    #[test]
    fn a_message_does_not_end_because_a_permit_was_late() {
        let quiet = Duration::from_millis(50);
        let (stream, peer) = FakePeer::pair();
        peer.sends("x".repeat(MESSAGE_BYTES + 1));
        drop(peer);
        let (said, hears) = channel();
        let say = |messages: Vec<String>| {
            if messages.is_empty() {
                thread::sleep(2 * quiet); // The permit is late.
            }
            said.send(messages.len()).is_ok()
        };
        read(&stream, MESSAGE_BYTES, quiet, say).unwrap();
        drop(said);
        assert_eq!(hears.iter().collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn a_connection_that_breaks_within_a_message_is_an_error() {
        let read = reads(3 * PATIENCE, |peer, _| peer.resets());
        assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}
