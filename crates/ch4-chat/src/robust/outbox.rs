//! The lines that wait for one peer. Adding one never waits.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};

/// About how many bytes go out in one write.
const BATCH_BYTES: usize = 64 * 1024;

/// Memory in bytes that a line takes in each outbox besides its text, which all outboxes share.
pub const ENTRY_BYTES: usize = 32;

/// The loop's end. Dropping it ends the writer, once everything is written.
///
/// It has no limit itself: the loop looks how much [waits](Outbox::waiting), and decides.
#[derive(Debug)]
pub struct Outbox {
    lines: Sender<Arc<str>>,
    waiting: Arc<AtomicUsize>,
}

/// The writer's end.
#[derive(Debug)]
pub struct Writer {
    pub(super) lines: Receiver<Arc<str>>,
    pub(super) waiting: Arc<AtomicUsize>,
}

/// Both ends.
pub fn outbox() -> (Outbox, Writer) {
    let (sender, lines) = channel();
    let waiting = Arc::<AtomicUsize>::default();
    let outbox = Outbox {
        lines: sender,
        waiting: Arc::clone(&waiting),
    };
    (outbox, Writer { lines, waiting })
}

impl Outbox {
    /// Adds a line, or several.
    pub fn push(&self, line: impl Into<Arc<str>>) {
        let line = line.into();
        if line.is_empty() {
            return;
        }
        // Count first: the writer may be quicker than we are.
        self.waiting.fetch_add(line.len() + ENTRY_BYTES, Relaxed);
        // If the writer has ended, nobody needs the line.
        let _ = self.lines.send(line);
    }

    /// How many bytes wait, those that are being written included.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }
}

impl Writer {
    /// The writer's thread: writes what waits, many lines at once, until no more can come. Text
    /// without LF goes out last, in a separate write.
    ///
    /// # Errors
    ///
    /// The connection is broken.
    pub fn run(&self, mut stream: impl Write) -> io::Result<()> {
        while let Ok(first) = self.lines.recv() {
            let (mut batch, mut entries) = (String::from(&*first), ENTRY_BYTES);
            while batch.len() < BATCH_BYTES
                && let Ok(line) = self.lines.try_recv()
            {
                batch.push_str(&line);
                entries += ENTRY_BYTES;
            }
            let (lines, last) = batch.split_at(batch.rfind('\n').map_or(0, |end| end + 1));
            stream.write_all(lines.as_bytes())?;
            stream.write_all(last.as_bytes())?;
            self.waiting.fetch_sub(batch.len() + entries, Relaxed);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps each write by itself.
    #[derive(Default)]
    struct Writes(Vec<String>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(String::from_utf8_lossy(bytes).into_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn writes(pushed: &[&str]) -> Vec<String> {
        let (outbox, writer) = outbox();
        for &line in pushed {
            outbox.push(line);
        }
        drop(outbox);
        let mut sink = Writes::default();
        writer.run(&mut sink).unwrap();
        assert_eq!(writer.waiting.load(Relaxed), 0);
        sink.0
    }

    #[test]
    fn many_lines_go_out_in_one_write_and_the_last_word_in_its_own() {
        assert_eq!(writes(&["one\n", "two\n"]), ["one\ntwo\n"]);
        assert_eq!(
            writes(&["one\n", "two\n", "byebye"]),
            ["one\ntwo\n", "byebye"]
        );
        assert_eq!(writes(&["byebye"]), ["byebye"]);
        let long = "x".repeat(BATCH_BYTES - 1) + "\n";
        assert_eq!(writes(&[&long, "one\n"]), [&long, "one\n"]);
    }

    #[test]
    fn what_is_being_written_still_waits() {
        struct Looks(Arc<AtomicUsize>, Vec<usize>);
        impl Write for Looks {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.1.push(self.0.load(Relaxed));
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (outbox, writer) = outbox();
        outbox.push("1234\n");
        outbox.push("6\n");
        assert_eq!(outbox.waiting(), 7 + 2 * ENTRY_BYTES);
        drop(outbox);
        let mut looks = Looks(Arc::clone(&writer.waiting), Vec::new());
        writer.run(&mut looks).unwrap();
        assert_eq!(looks.1, [7 + 2 * ENTRY_BYTES]);
    }
}
