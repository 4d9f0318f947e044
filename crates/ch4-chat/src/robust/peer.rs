//! One peer, as the loop sees it, and its outbox, from which the writer sends. Whatever the loop does
//! here, it never waits.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::BYE;

/// How long a writer rests after each write. Nobody notices such a short time, and what comes
/// meanwhile goes out in one write. So each guest's writer wakes at most 50 times a second, however
/// many guests come, go and talk.
const REST: Duration = Duration::from_millis(20);

/// How much is written at once. After each piece, less is [waiting](Peer::waiting).
const PIECE_BYTES: usize = 16 * 1024;

/// The loop's handle to a peer's two threads. Dropping it lets the peer go: its writer ends
/// once everything is written, and its reader closes the connection.
pub struct Peer {
    outbox: Sender<Arc<str>>,
    waiting: Arc<AtomicUsize>,
    permits: Sender<Instant>,
    disconnect: Box<dyn Fn() + Send>,
}

/// The writer's end.
pub struct Outbox {
    pub(super) texts: Receiver<Arc<str>>,
    /// How many bytes wait, including those that are being written.
    pub(super) waiting: Arc<AtomicUsize>,
}

impl Peer {
    /// Makes three ends. The last is the reader's: it [waits](super::event::wait_for_permit) for a
    /// permit after each event. `disconnect` closes the connection at once.
    pub fn new(disconnect: impl Fn() + Send + 'static) -> (Self, Outbox, Receiver<Instant>) {
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

    /// Adds a line, or several, to what the writer sends. There is no limit here: the loop looks at
    /// how much [waits](Peer::waiting), and decides.
    pub fn push(&self, text: impl Into<Arc<str>>) {
        let text = text.into();
        self.waiting.fetch_add(text.len(), Ordering::Relaxed);
        // If the writer has ended, nobody needs the text.
        let _ = self.outbox.send(text);
    }

    /// How many bytes wait, including those that are being written.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// The peer's last event is done: its reader may send another from this time on.
    pub fn permit(&self, at: Instant) {
        // If the reader has ended, it needs none.
        let _ = self.permits.send(at);
    }

    /// Closes the connection at once, whatever waits.
    pub fn disconnect(&self) {
        (self.disconnect)();
    }
}

impl Outbox {
    /// Writes what waits, until the last word is written, or no more can come.
    ///
    /// # Errors
    ///
    /// The connection is broken.
    pub fn write_to(&self, mut stream: impl Write) -> io::Result<()> {
        while let Ok(first) = self.texts.recv() {
            let mut text = first.to_string();
            for more in self.texts.try_iter() {
                text += &more;
            }
            // Only the last word has no LF. It goes out in a write of its own, so that the
            // tutorial's programs understand it.
            let lines = text.strip_suffix(BYE).unwrap_or(&text);
            for piece in lines.as_bytes().chunks(PIECE_BYTES) {
                stream.write_all(piece)?;
                self.waiting.fetch_sub(piece.len(), Ordering::Relaxed);
            }
            if lines.len() < text.len() {
                return stream.write_all(BYE.as_bytes());
            }
            thread::sleep(REST);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::wait_for_permit;
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
            let waiting = self.waiting.load(Ordering::Relaxed);
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
        outbox.write_to(&mut writes).unwrap();
        writes.all
    }

    #[test]
    fn what_waits_goes_out_in_one_write_and_the_last_word_in_its_own() {
        let (peer, outbox, _permitted) = Peer::new(|| {});
        for text in ["one\n", "", "two\nthree\n", "byebye\n", "byebye"] {
            peer.push(text);
        }
        let lines = "one\ntwo\nthree\nbyebye\n";
        // What is being written still waits.
        let all = lines.len() + BYE.len();
        assert_eq!(peer.waiting(), all);
        // The peer is still there, but nothing comes after its last word.
        let writes = writes(&outbox, None);
        let writes: Vec<_> = writes
            .iter()
            .map(|(text, waiting, _)| (&**text, *waiting))
            .collect();
        assert_eq!(writes, [(lines, all), (BYE, BYE.len())]);
    }

    #[test]
    fn who_is_let_go_gets_what_waits_and_a_writer_rests_after_each_write() {
        let (peer, outbox, permitted) = Peer::new(|| {});
        peer.push("one\n");
        let writes = writes(&outbox, Some(peer));
        let [(one, _, first), (more, _, second)] = &writes[..] else {
            panic!("{writes:?}");
        };
        assert_eq!([&**one, more], ["one\n", "more\n"]);
        assert!(*second >= *first + REST);
        assert!(!wait_for_permit(&permitted));
    }
}
