//! One peer, as the loop sees it. Whatever the loop does with it, it never waits for it.

use std::io::{self, Write};
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::BYE;

/// Added to each text's bytes: the memory that the queue needs for it.
pub const ENTRY_BYTES: usize = 32;

/// How long a writer rests after each write. Nobody notices such a short time, and what comes
/// meanwhile goes out in one write. So each guest's writer wakes at most 50 times a second, however
/// many guests come, go and talk.
const REST: Duration = Duration::from_millis(20);

/// The loop's end of what leads to a peer's threads. Dropping it lets the peer go: its writer ends
/// once everything is written, and its reader closes the connection.
pub struct Peer {
    texts: Sender<Arc<str>>,
    waiting: Arc<AtomicUsize>,
    permits: Sender<Instant>,
    disconnect: Box<dyn Fn() + Send>,
}

/// The writer's end: the texts that wait for the peer.
#[derive(Debug)]
pub struct Outbox {
    pub(super) texts: Receiver<Arc<str>>,
    pub(super) waiting: Arc<AtomicUsize>,
}

impl Peer {
    /// All ends; the last is the reader's, which [waits for a permit](super::event::wait_for_permit)
    /// after each event. `disconnect` closes the connection at once.
    pub fn new(disconnect: impl Fn() + Send + 'static) -> (Self, Outbox, Receiver<Instant>) {
        let (sender, texts) = channel();
        let (permits, permitted) = channel();
        let waiting = Arc::<AtomicUsize>::default();
        let peer = Self {
            texts: sender,
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
        // Count first: the writer may be quicker than we are.
        self.waiting.fetch_add(text.len() + ENTRY_BYTES, Relaxed);
        // If the writer has ended, nobody needs the text.
        let _ = self.texts.send(text);
    }

    /// How many bytes wait, including those that are being written.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }

    /// The peer's last event is done: its reader may send another from this time on.
    pub fn permit(&self, at: Instant) {
        // If the reader has ended, it needs none.
        let _ = self.permits.send(at);
    }

    /// Closes the connection at once, whatever waits.
    pub fn disconnect(self) {
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
            let mut texts: Vec<_> = iter::once(first).chain(self.texts.try_iter()).collect();
            // It goes out in a write of its own, and without LF, so that the tutorial's programs
            // understand it.
            let last_word = texts.pop_if(|text| **text == *BYE);
            stream.write_all(texts.concat().as_bytes())?;
            let written = texts.iter().map(|text| text.len() + ENTRY_BYTES).sum();
            self.waiting.fetch_sub(written, Relaxed);
            if let Some(text) = last_word {
                return stream.write_all(text.as_bytes());
            }
            thread::sleep(REST);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps each write by itself, and how much waited at that time.
    #[derive(Default)]
    struct Writes(Vec<(String, usize)>, Arc<AtomicUsize>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.0.push((text, self.1.load(Relaxed)));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_waits_goes_out_in_one_write_and_the_last_word_in_its_own() {
        let (peer, outbox, _permitted) = Peer::new(|| {});
        for text in ["one\n", "two\nthree\n", "byebye\n", "byebye"] {
            peer.push(text);
        }
        let lines = "one\ntwo\nthree\nbyebye\n";
        // What is being written still waits.
        let all = lines.len() + BYE.len() + 4 * ENTRY_BYTES;
        assert_eq!(peer.waiting(), all);
        let mut writes = Writes(Vec::new(), Arc::clone(&peer.waiting));
        // The peer is still there, but nothing comes after its last word.
        outbox.write_to(&mut writes).unwrap();
        let last_word = BYE.len() + ENTRY_BYTES;
        let expected = [(lines.to_owned(), all), (BYE.to_owned(), last_word)];
        assert_eq!(writes.0, expected);
    }

    #[test]
    fn who_is_let_go_gets_what_waits() {
        let (peer, outbox, permitted) = Peer::new(|| {});
        peer.push("one\n");
        drop(peer);
        let mut writes = Writes::default();
        outbox.write_to(&mut writes).unwrap();
        assert_eq!(writes.0, [("one\n".to_owned(), 0)]);
        assert!(!super::super::event::wait_for_permit(&permitted));
    }
}
