//! Reads from a peer until there is something to tell the loop.

use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use console::DeadlineStream;

use super::event::{Event, PeerId};
use super::framing::Framing;
use super::limits::MESSAGE_BYTES;

/// Returns a closure that waits for a peer's next event: the `next` that a reader gives to
/// [`start_thread`](super::event::start_thread). A line has at most `line_bytes`. Once the stream
/// has ended, every event is [`Event::Gone`].
pub fn message_reader(
    stream: Arc<TcpStream>,
    id: PeerId,
    line_bytes: usize,
    quiet: Duration,
) -> impl FnMut() -> Event {
    let mut framing = Framing::new(line_bytes);
    // A guest's piece is 512 bytes. So one event has at most 256 lines, and doesn't keep the loop
    // for long.
    let mut piece = vec![0; line_bytes / 8];
    let mut is_new = true;
    let (mut has_ended, mut error) = (false, None);
    move || {
        // The time without a permit doesn't count as the peer's quiet.
        let mut last_read = Instant::now();
        let mut unreported = 0;
        // A new guest has until then to give its name. Then it is announced in any case.
        let announce_at = is_new.then(|| last_read + quiet);
        is_new = false;
        while !has_ended {
            // A message without LF ends when its peer is quiet.
            let quiet_at = framing.ends_when_quiet().then(|| last_read + quiet);
            let deadline = announce_at.or(quiet_at);
            match DeadlineStream::new(&stream, deadline).read(&mut piece) {
                Ok(0) => has_ended = true,
                Ok(count) => {
                    last_read = Instant::now();
                    // Bytes that complete no message need a permit too: empty lines, or a line
                    // that doesn't end.
                    unreported += count;
                    let messages = framing.push(&piece[..count]);
                    if !messages.is_empty() || unreported > MESSAGE_BYTES {
                        return Event::Said(id, messages);
                    }
                }
                Err(why) if deadline.is_some() && why.kind() == ErrorKind::TimedOut => {
                    let is_quiet = quiet_at.is_some_and(|at| at <= Instant::now());
                    let message = if is_quiet { framing.complete() } else { None };
                    return Event::Said(id, Vec::from_iter(message));
                }
                Err(why) => (has_ended, error) = (true, Some(why)),
            }
        }
        // What came before an error still counts: a tutorial's program that says `byebye` and
        // closes with something unread resets the connection.
        match framing.complete() {
            Some(last) => Event::Said(id, vec![last]),
            None => Event::Gone(id, error.take()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
    use std::thread;

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
        thread::scope(move |scope| {
            scope.spawn(move || peer(other, &hears));
            let mut next = message_reader(stream.into(), 1, MESSAGE_BYTES, quiet);
            // When this ends, a peer that waits for more, or goes on sending, fails.
            loop {
                match next() {
                    Event::Said(1, messages) => drop(said.send(messages)),
                    Event::Gone(1, error) => break error.map_or(Ok(()), Err),
                    event => panic!("{event:?}"),
                }
            }
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
        let mut next = message_reader(stream.into(), 1, MESSAGE_BYTES, quiet);
        let mut says = || match next() {
            Event::Said(_, messages) => messages.len(),
            event => panic!("{event:?}"),
        };
        assert_eq!(says(), 0);
        thread::sleep(2 * quiet); // The permit is late.
        assert_eq!(says(), 1);
        assert!(matches!(next(), Event::Gone(1, None)));
    }

    #[test]
    fn if_a_connection_breaks_within_a_message_that_counts_and_so_does_the_error() {
        let read = reads(3 * PATIENCE, |peer, hears| {
            // So much that the test learns when it has been read.
            peer.sends("x".repeat(MESSAGE_BYTES + 1));
            assert_eq!(hears.recv_timeout(PATIENCE), Ok(vec![]));
            peer.resets();
            let said = hears.recv_timeout(PATIENCE).unwrap();
            assert!(said.concat().ends_with("x [cut: it had 4097 bytes]"));
        });
        assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
    }
}
