//! One peer, as the loop sees it, and its outbox. Whatever the loop does here, it never waits.

use std::io::{self, Write};
use std::mem;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::BYE;

/// How long a writer rests after each write. Nobody notices such a short time, and what comes
/// meanwhile goes out in one write. So each guest's writer wakes at most 50 times a second, however
/// many guests come, go and talk.
const REST: Duration = Duration::from_millis(20);

/// How much is written at once. What has been written doesn't wait any more.
const PIECE_BYTES: usize = 16 * 1024;

/// The loop's end of what leads to a peer's threads. Dropping it lets the peer go: its writer ends
/// once everything is written, and its reader closes the connection.
pub struct Peer {
    waiting: Arc<Mutex<Waiting>>,
    /// Wakes the writer.
    ring: SyncSender<()>,
    permits: Sender<Instant>,
    disconnect: Box<dyn Fn() + Send>,
}

/// The writer's end.
pub struct Outbox {
    pub(super) waiting: Arc<Mutex<Waiting>>,
    pub(super) bell: Receiver<()>,
}

/// What waits for a peer. No end holds the lock while it does anything else.
#[derive(Default)]
pub(super) struct Waiting {
    pub(super) text: String,
    /// How many bytes the writer has taken and not written yet.
    writing: usize,
}

impl Peer {
    /// All ends. The last is the reader's: it [waits](super::event::wait_for_permit) for a permit
    /// after each event. `disconnect` closes the connection at once.
    pub fn new(disconnect: impl Fn() + Send + 'static) -> (Self, Outbox, Receiver<Instant>) {
        let waiting = Arc::<Mutex<Waiting>>::default();
        let (ring, bell) = sync_channel(1);
        let (permits, permitted) = channel();
        let peer = Self {
            waiting: Arc::clone(&waiting),
            ring,
            permits,
            disconnect: Box::new(disconnect),
        };
        (peer, Outbox { waiting, bell }, permitted)
    }

    /// Adds a line, or several, to what the writer sends. There is no limit here: the loop looks at
    /// how much [waits](Peer::waiting), and decides.
    pub fn push(&self, text: &str) {
        lock(&self.waiting).text.push_str(text);
        // If it rings already, that is enough. If the writer has ended, nobody needs the text.
        let _ = self.ring.try_send(());
    }

    /// How many bytes wait, including those that are being written.
    pub fn waiting(&self) -> usize {
        let waiting = lock(&self.waiting);
        waiting.text.len() + waiting.writing
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
        // It rings after each text, so nothing is left behind.
        while self.bell.recv().is_ok() {
            let text = self.take();
            // Only the last word has no LF. It goes out in a write of its own, so that the
            // tutorial's programs understand it.
            let lines = text.strip_suffix(BYE).unwrap_or(&text);
            for piece in lines.as_bytes().chunks(PIECE_BYTES) {
                stream.write_all(piece)?;
                lock(&self.waiting).writing -= piece.len();
            }
            if lines.len() < text.len() {
                return stream.write_all(BYE.as_bytes());
            }
            thread::sleep(REST);
        }
        Ok(())
    }

    fn take(&self) -> String {
        let mut waiting = lock(&self.waiting);
        waiting.writing = waiting.text.len();
        mem::take(&mut waiting.text)
    }
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    // Lines are whole even if a thread has panicked.
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps each write by itself: what was written, how much waited, and when.
    struct Writes {
        all: Vec<(String, usize, Instant)>,
        waiting: Arc<Mutex<Waiting>>,
        /// Says something more at the first write, and is let go.
        peer: Option<Peer>,
    }

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let waiting = lock(&self.waiting).writing;
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
        assert!(!super::super::event::wait_for_permit(&permitted));
    }
}
