//! One peer of the chat: the thread that reads, the thread that writes, and the loop's handle to
//! them, which never waits.
//!
//! A connection closes in stages, so that the peer gets everything, `byebye` last. The writer ends
//! with `byebye`, or with what waits when the loop drops the [`Peer`], and closes our sending side.
//! When the loop drops the [`Peer`], the reader stops reading, waits for the writer, for
//! [`Limits::farewell`] at most, and closes the rest.

use std::io::{self, Write};
use std::iter;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};

use super::event::{Event, PeerId, start_thread};
use super::limits::Limits;
use super::reader::message_reader;
use crate::BYE;

/// The stack of a reader or a writer.
const STACK_BYTES: usize = 128 * 1024;

/// A peer that was switched off doesn't even say that it has gone. So after a minute without a
/// word, the system asks every 10 s whether it is there: tcp(7).
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new()
    .with_time(Duration::from_mins(1))
    .with_interval(Duration::from_secs(10));

/// How long a writer rests after each write. What comes meanwhile goes out in one write, so each
/// writer wakes at most 50 times a second, however many guests talk.
const REST: Duration = Duration::from_millis(20);

/// About what a text costs in an outbox besides its bytes. Without this, many short texts could
/// make the room keep several times its limit.
pub const TEXT_COST: usize = 24;

/// How much is written at once. After each piece, less is [waiting](Peer::waiting).
const PIECE_BYTES: usize = 16 * 1024;

/// The loop's handle to a peer.
pub struct Peer {
    outbox: Sender<Arc<str>>,
    /// Bytes in the outbox, and those that are being written.
    waiting: Arc<AtomicUsize>,
    permits: Sender<Instant>,
    /// Closes the connection. A closure, as a test's peer has no socket.
    disconnect: Box<dyn Fn() + Send>,
}

impl Peer {
    /// Takes over a connection: one thread reads lines of at most `line_bytes`, and one writes.
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
    ) -> io::Result<Self> {
        // Send each write at once: Nagle's algorithm (RFC 9293, section 3.7.4) might put `byebye`
        // into one segment with the message before it. (macOS refuses options after a reset, which
        // the reader will see.)
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_tcp_keepalive(&KEEPALIVE);

        let (outbox, texts) = channel();
        let waiting = Arc::<AtomicUsize>::default();
        // Shared, not cloned: so a room has one descriptor for each guest.
        let stream = Arc::new(stream);
        let small_thread = || thread::Builder::new().stack_size(STACK_BYTES);

        // Nothing is ever sent here: the writer drops its end when it is done.
        let (writer, writer_ended) = channel::<()>();
        let (write_half, still_waiting) = (Arc::clone(&stream), Arc::clone(&waiting));
        small_thread().spawn(move || {
            // If this fails, the reader sees an error too, or the end of the stream.
            let _ = write_texts(&*write_half, &texts, &still_waiting);
            let _ = write_half.shutdown(Shutdown::Write);
            drop(writer);
        })?;

        let next = message_reader(Arc::clone(&stream), id, line_bytes, limits.quiet);
        let (read_half, farewell) = (Arc::clone(&stream), limits.farewell);
        let end = move || {
            let _ = writer_ended.recv_timeout(farewell);
            let _ = read_half.shutdown(Shutdown::Both);
        };
        let permits = start_thread(small_thread(), events, next, end)?;
        let _ = permits.send(Instant::now());

        Ok(Self {
            outbox,
            waiting,
            permits,
            // This ends a `read` or a `write` that waits.
            disconnect: Box::new(move || drop(stream.shutdown(Shutdown::Both))),
        })
    }

    /// Puts a text into the outbox. There is no limit here: the caller checks [`Peer::waiting`].
    pub fn push(&self, text: impl Into<Arc<str>>) {
        let text = text.into();
        self.waiting.fetch_add(text.len() + TEXT_COST, Relaxed);
        // If the writer has ended, nobody needs the text.
        let _ = self.outbox.send(text);
    }

    /// How many bytes wait for the peer, with [`TEXT_COST`] for each text in the outbox.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// The peer's last event is done: its reader may send another from this time on.
    pub fn permit(&self, at: Instant) {
        let _ = self.permits.send(at); // This fails only when the reader has ended.
    }

    /// Closes the connection at once, whatever waits.
    pub fn disconnect(&self) {
        (self.disconnect)();
    }
}

/// Writes what waits, until `byebye` is written or the [`Peer`] is dropped.
fn write_texts(
    mut stream: impl Write,
    texts: &Receiver<Arc<str>>,
    waiting: &AtomicUsize,
) -> io::Result<()> {
    while let Ok(first) = texts.recv() {
        let mut text = String::new();
        for more in iter::once(first).chain(texts.try_iter()) {
            text += &more;
            waiting.fetch_sub(TEXT_COST, Relaxed);
        }
        // Only the last word has no LF. It goes out in a separate write, or the tutorial's programs
        // wouldn't understand it.
        let lines = text.strip_suffix(BYE).unwrap_or(&text);
        for piece in lines.as_bytes().chunks(PIECE_BYTES) {
            stream.write_all(piece)?;
            waiting.fetch_sub(piece.len(), Relaxed);
        }
        if lines.len() < text.len() {
            return stream.write_all(BYE.as_bytes());
        }
        thread::sleep(REST);
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod fake {
    use super::*;

    /// The threads' ends of a peer without threads.
    pub struct Outbox {
        pub texts: Receiver<Arc<str>>,
        pub(super) waiting: Arc<AtomicUsize>,
    }

    impl Outbox {
        /// Takes out all that waits.
        pub fn take(&self) -> String {
            let texts: Vec<_> = self.texts.try_iter().collect();
            let text = texts.concat();
            let waited = text.len() + texts.len() * TEXT_COST;
            self.waiting.fetch_sub(waited, Relaxed);
            text
        }

        /// How many bytes wait.
        pub fn waiting(&self) -> usize {
            self.waiting.load(Relaxed)
        }
    }

    impl Peer {
        /// The last end is the reader's.
        pub fn fake(disconnect: impl Fn() + Send + 'static) -> (Self, Outbox, Receiver<Instant>) {
            let (outbox, texts) = channel();
            let waiting = Arc::<AtomicUsize>::default();
            let (permits, permitted) = channel();
            let peer = Self {
                outbox,
                waiting: Arc::clone(&waiting),
                permits,
                disconnect: Box::new(disconnect),
            };
            (peer, Outbox { texts, waiting }, permitted)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::TryRecvError;

    use testkit::FakePeer;

    use super::fake::Outbox;
    use super::*;

    /// Keeps each write by itself: what was written, how much waited, and when.
    struct Writes {
        all: Vec<(String, usize, Instant)>,
        waiting: Arc<AtomicUsize>,
        /// Says something more at the first write, and is let go.
        peer: Option<Peer>,
    }

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let waiting = self.waiting.load(Relaxed);
            self.all.push((text, waiting, Instant::now()));
            if let Some(peer) = self.peer.take() {
                peer.push("more\n");
            }
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn writes(outbox: &Outbox, peer: Option<Peer>) -> Vec<(String, usize, Instant)> {
        let mut writes = Writes {
            all: Vec::new(),
            waiting: Arc::clone(&outbox.waiting),
            peer,
        };
        write_texts(&mut writes, &outbox.texts, &outbox.waiting).unwrap();
        writes.all
    }

    #[test]
    fn what_waits_goes_out_in_one_write_and_the_last_word_in_its_own() {
        let (peer, outbox, _permitted) = Peer::fake(|| {});
        for text in ["one\n", "", "two\nthree\n", "byebye\n", "byebye"] {
            peer.push(text);
        }
        let lines = "one\ntwo\nthree\nbyebye\n";
        // What is being written still waits.
        let all = lines.len() + BYE.len();
        assert_eq!(peer.waiting(), all + 5 * 24);
        // The peer is still there, but nothing comes after its last word.
        let writes = writes(&outbox, None);
        let writes: Vec<_> = writes
            .iter()
            .map(|(text, waiting, _)| (&**text, *waiting))
            .collect();
        assert_eq!(writes, [(lines, all), (BYE, BYE.len())]);
    }

    /// So a peer that reads slowly, but reads, soon has less waiting for it.
    #[test]
    fn a_long_text_goes_out_in_pieces_of_which_each_no_longer_waits() {
        let (peer, outbox, _permitted) = Peer::fake(|| {});
        peer.push("x".repeat(40_000));
        drop(peer);
        let writes = writes(&outbox, None);
        let writes = writes
            .iter()
            .map(|(text, waiting, _)| (text.len(), *waiting));
        let expected = [(16_384, 40_000), (16_384, 23_616), (7232, 7232)];
        assert_eq!(writes.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn who_is_let_go_gets_what_waits_and_a_writer_rests_after_each_write() {
        let (peer, outbox, permitted) = Peer::fake(|| {});
        peer.push("one\n");
        let writes = writes(&outbox, Some(peer));
        let [(one, _, first), (more, _, second)] = &writes[..] else {
            panic!("{writes:?}");
        };
        assert_eq!([&**one, more], ["one\n", "more\n"]);
        assert!(*second >= *first + REST);
        assert_eq!(permitted.try_recv(), Err(TryRecvError::Disconnected));
    }

    /// A test could see neither from outside: the second takes a minute.
    #[test]
    fn a_connection_sends_at_once_and_asks_whether_a_silent_peer_is_there() {
        let (stream, _other) = FakePeer::pair();
        let same = stream.try_clone().unwrap();
        let peer = Peer::start(stream, 1, 4096, &Limits::default(), &channel().0).unwrap();
        assert!(same.nodelay().unwrap());
        assert!(SockRef::from(&same).keepalive().unwrap());
        peer.disconnect();
    }
}
