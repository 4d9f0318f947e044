//! The lines that wait for one peer. Adding one never waits.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// How long lines are collected before they go out in one write. Nobody notices so short a time,
/// and 1,000 guests are woken 100 times a second at most, however many come and go.
const COLLECT: Duration = Duration::from_millis(10);

/// About how many bytes go out in one write.
const BATCH_BYTES: usize = 64 * 1024;

/// What a line takes besides its text, which is shared: its place in each outbox, in bytes.
pub const PLACE_BYTES: usize = 32;

/// The loop's end. Dropping it ends the writer, when all that waits is written.
///
/// It has no limit itself: [`Outbox::push`] tells how much waits, and who pushes decides.
#[derive(Debug)]
pub struct Outbox {
    lines: Sender<Arc<str>>,
    waiting: Arc<AtomicUsize>,
}

/// The writer's end.
#[derive(Debug)]
pub struct Lines {
    lines: Receiver<Arc<str>>,
    waiting: Arc<AtomicUsize>,
}

/// Both ends.
pub fn outbox() -> (Outbox, Lines) {
    let (sender, lines) = channel();
    let outbox = Outbox {
        lines: sender,
        waiting: Arc::default(),
    };
    let waiting = Arc::clone(&outbox.waiting);
    (outbox, Lines { lines, waiting })
}

impl Outbox {
    /// Adds a line. Returns how many bytes wait now, those that are being written included.
    pub fn push(&self, line: &Arc<str>) -> usize {
        let bytes = line.len() + PLACE_BYTES;
        // A writer that can't write any more needs no lines.
        let _ = self.lines.send(Arc::clone(line));
        self.waiting.fetch_add(bytes, Relaxed) + bytes
    }
}

impl Lines {
    /// The writer's thread: writes what comes, many lines at once, until no more can come. What
    /// comes without LF goes out last, in a write of its own.
    ///
    /// # Errors
    ///
    /// The connection is broken.
    pub fn write_all(&self, mut stream: impl Write) -> io::Result<()> {
        while let Ok(first) = self.lines.recv() {
            thread::sleep(COLLECT);
            let (mut batch, mut places) = (String::from(&*first), PLACE_BYTES);
            while batch.len() < BATCH_BYTES
                && let Ok(line) = self.lines.try_recv()
            {
                batch.push_str(&line);
                places += PLACE_BYTES;
            }
            let (lines, last) = batch.split_at(batch.rfind('\n').map_or(0, |end| end + 1));
            stream.write_all(lines.as_bytes())?;
            stream.write_all(last.as_bytes())?;
            self.waiting.fetch_sub(batch.len() + places, Relaxed);
        }
        Ok(())
    }
}
