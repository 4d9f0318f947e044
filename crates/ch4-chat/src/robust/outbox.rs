//! The lines that wait for one peer. Adding one never waits.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};

/// Added to each text's bytes: the memory that the queue needs for it.
pub const ENTRY_BYTES: usize = 32;

/// The loop's end. Dropping it ends the writer, once everything is written.
///
/// It has no limit itself: the loop checks how much [waits](Outbox::waiting), and decides.
#[derive(Debug)]
pub struct Outbox {
    texts: Sender<Box<str>>,
    waiting: Arc<AtomicUsize>,
}

/// The writer's end.
#[derive(Debug)]
pub struct Outgoing {
    pub(super) texts: Receiver<Box<str>>,
    pub(super) waiting: Arc<AtomicUsize>,
}

impl Outbox {
    /// Both ends.
    pub fn new() -> (Self, Outgoing) {
        let (sender, texts) = channel();
        let waiting = Arc::<AtomicUsize>::default();
        let outbox = Self {
            texts: sender,
            waiting: Arc::clone(&waiting),
        };
        (outbox, Outgoing { texts, waiting })
    }

    /// Adds a line, or several. They go out in one write.
    pub fn push(&self, text: impl Into<Box<str>>) {
        let text = text.into();
        if text.is_empty() {
            return;
        }
        // Count first: the writer may be quicker than we are.
        self.waiting.fetch_add(text.len() + ENTRY_BYTES, Relaxed);
        // If the writer has ended, nobody needs the text.
        let _ = self.texts.send(text);
    }

    /// How many bytes wait, including those that are being written.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Relaxed)
    }
}

impl Outgoing {
    /// Writes what waits, until no more can come.
    ///
    /// # Errors
    ///
    /// The connection is broken.
    pub fn write_to(&self, mut stream: impl Write) -> io::Result<()> {
        while let Ok(text) = self.texts.recv() {
            stream.write_all(text.as_bytes())?;
            self.waiting.fetch_sub(text.len() + ENTRY_BYTES, Relaxed);
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

    #[test]
    fn each_text_goes_out_in_a_write_of_its_own() {
        let (outbox, outgoing) = Outbox::new();
        for text in ["one\ntwo\n", "", "byebye"] {
            outbox.push(text);
        }
        assert_eq!(outbox.waiting(), 8 + 6 + 2 * ENTRY_BYTES);
        drop(outbox);
        let mut writes = Writes::default();
        outgoing.write_to(&mut writes).unwrap();
        assert_eq!(writes.0, ["one\ntwo\n", "byebye"]);
        assert_eq!(outgoing.waiting.load(Relaxed), 0);
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
        let (outbox, outgoing) = Outbox::new();
        outbox.push("1234\n");
        outbox.push("6\n");
        assert_eq!(outbox.waiting(), 7 + 2 * ENTRY_BYTES);
        drop(outbox);
        let mut looks = Looks(Arc::clone(&outgoing.waiting), Vec::new());
        outgoing.write_to(&mut looks).unwrap();
        assert_eq!(looks.1, [7 + 2 * ENTRY_BYTES, 2 + ENTRY_BYTES]);
    }
}
