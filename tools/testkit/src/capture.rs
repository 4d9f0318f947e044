//! The output of a program, as its test sees it.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crate::{PATIENCE, allow_many_files, plain};

/// An output that a test can read, without colour. Clones share their text.
#[derive(Debug, Clone)]
pub struct Capture {
    written: Arc<Mutex<Written>>,
    changed: Arc<Condvar>,
}

impl Default for Capture {
    fn default() -> Self {
        plain();
        allow_many_files();
        Self {
            written: Arc::default(),
            changed: Arc::default(),
        }
    }
}

#[derive(Debug, Default)]
struct Written {
    bytes: Vec<u8>,
    /// The program that writes has closed it.
    closed: bool,
    /// Each write has to wait.
    paused: bool,
    /// A write waits.
    held_up: bool,
}

fn text_of(written: &Written) -> String {
    String::from_utf8_lossy(&written.bytes).into_owned()
}

impl Capture {
    /// All that was written so far.
    pub fn text(&self) -> String {
        text_of(&self.written())
    }

    /// Waits until `text` was written, and returns all that was written so far.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.expect(text, |written| text_of(written).contains(text))
    }

    /// Whether `text` was written or is written in this time.
    pub fn shows_within(&self, text: &str, time: Duration) -> bool {
        self.wait_until(time, |written| text_of(written).contains(text))
            .0
    }

    /// Pauses the output, as Ctrl-S does at a terminal: each write waits from now on, and shows
    /// nothing, until [`Capture::resume`] (or until the test's process ends).
    pub fn pause(&self) {
        self.written().paused = true;
    }

    /// Waits until a write is held up by the pause.
    #[track_caller]
    pub fn wait_for_writer(&self) {
        self.expect("a write to the paused screen", |written| written.held_up);
    }

    /// Ends the pause.
    pub fn resume(&self) {
        self.written().paused = false;
        self.changed.notify_all();
    }

    /// Waits until the program that writes has closed it, and returns all that was written.
    #[track_caller]
    pub(crate) fn wait_for_end(&self) -> String {
        self.expect("the program's end", |written| written.closed)
    }

    #[track_caller]
    fn expect(&self, what: &str, is_there: impl Fn(&Written) -> bool) -> String {
        let (there, seen) = self.wait_until(PATIENCE, is_there);
        assert!(there, "waited for {what:?}, but saw:\n{seen}");
        seen
    }

    fn wait_until(&self, time: Duration, is_there: impl Fn(&Written) -> bool) -> (bool, String) {
        let waits = |written: &mut Written| !is_there(written) && !written.closed;
        let waited = self.changed.wait_timeout_while(self.written(), time, waits);
        let (written, _) = waited.unwrap();
        (is_there(&written), text_of(&written))
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap()
    }

    pub(crate) fn close(&self) {
        self.written().closed = true;
        self.changed.notify_all();
    }
}

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.written();
        written.held_up = written.paused;
        self.changed.notify_all();
        let mut written = self.changed.wait_while(written, |it| it.paused).unwrap();
        written.held_up = false;
        written.bytes.extend_from_slice(bytes);
        self.changed.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic = "waited for \"hello\", but saw:\nbye"]
    fn what_does_not_come_fails_the_test() {
        let mut capture = Capture::default();
        capture.write_all(b"bye").unwrap();
        capture.close();
        let _ = capture.wait_for("hello");
    }
}
