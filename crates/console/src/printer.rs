use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::Width;

/// How much text may wait for the terminal, in bytes.
const CAPACITY: usize = 1 << 20;

/// How long a closing program waits for its last lines to be printed.
const PATIENCE: Duration = Duration::from_secs(1);

/// Prints lines on a thread of its own.
///
/// Whoever serves peers must never wait for a terminal: a user who presses Ctrl-S, or a pager
/// that isn't scrolled, would hold up every peer. So [`Printer::print`] only puts the line into a
/// buffer and goes on. The buffer is bounded (1 MiB). What doesn't fit is left out and counted,
/// and the count is shown as soon as the terminal takes lines again.
///
/// If the output's reader has gone, lines are dropped in silence; [`Printer::when_gone`] tells.
///
/// Dropping the printer waits until all is printed, one second at most.
pub struct Printer {
    queue: Arc<Queue>,
    width: Width,
}

/// What the two sides share: the waiting text, and a bell for each change.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each says something else, and may change by itself"
)]
struct State {
    waiting: String,
    left_out: u64,
    closing: bool,
    /// The thread waits for something to print.
    asleep: bool,
    /// The thread has printed everything and ended.
    done: bool,
    /// The output can't be written to any more.
    gone: bool,
    /// Whom to tell that.
    watcher: Option<Box<dyn FnOnce() + Send>>,
}

impl Printer {
    /// Starts the thread that prints to `out`, which is no terminal unless
    /// [`Printer::with_width`] says so.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        let queue = Arc::new(Queue::default());
        let printing = Arc::clone(&queue);
        thread::spawn(move || {
            let gone = printing.print_all(out).is_err();
            let mut state = printing.lock();
            state.gone = gone;
            state.done = true;
            printing.changed.notify_all();
            if gone && let Some(watcher) = state.watcher.take() {
                watcher();
            }
        });
        Self {
            queue,
            width: || None,
        }
    }

    /// The same printer, for an output that is as wide as this.
    #[must_use]
    pub fn with_width(mut self, width: Width) -> Self {
        self.width = width;
        self
    }

    /// How wide the output is now, for [`fold`](crate::safe::fold).
    pub fn width(&self) -> Option<usize> {
        (self.width)()
    }

    /// Hands over a line, which may hold line ends itself. It is printed whole or not at all.
    /// Never waits for the terminal.
    pub fn print(&self, line: &str) {
        let mut state = self.queue.lock();
        if state.gone {
            return;
        }
        if state.waiting.len() + line.len() < CAPACITY {
            state.waiting.push_str(line);
            state.waiting.push('\n');
            // The bell is a system call even if nobody hears it. A thread that is printing looks
            // again when it is done.
            if mem::take(&mut state.asleep) {
                self.queue.changed.notify_all();
            }
        } else {
            state.left_out += 1;
        }
    }

    /// Calls `watcher` when nothing can be printed any more: the output's reader has gone, or the
    /// disk is full. It is called on another thread, or at once if this has happened already.
    pub fn when_gone(&self, watcher: impl FnOnce() + Send + 'static) {
        let mut state = self.queue.lock();
        if state.gone {
            watcher();
        } else {
            state.watcher = Some(Box::new(watcher));
        }
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.closing = true;
        self.queue.changed.notify_all();
        // A terminal that is still paused after this time loses what waits: the program must end.
        let _ = self
            .queue
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !state.done);
    }
}

impl Queue {
    /// A thread that panicked with the lock held leaves whole lines behind, so its poison is no
    /// reason to stop printing.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints whatever waits, all of it in one write, until the printer is dropped.
    fn print_all(&self, mut out: impl Write) -> io::Result<()> {
        loop {
            let mut state = self
                .changed
                .wait_while(self.lock(), |state| {
                    let nothing = state.waiting.is_empty() && state.left_out == 0;
                    state.asleep = nothing && !state.closing;
                    state.asleep
                })
                .unwrap_or_else(PoisonError::into_inner);
            let text = mem::take(&mut state.waiting);
            let left_out = mem::take(&mut state.left_out);
            let closing = state.closing;
            drop(state);

            out.write_all(text.as_bytes())?;
            if left_out > 0 {
                writeln!(
                    out,
                    "[{left_out} lines left out: the terminal was too slow]"
                )?;
            }
            out.flush()?;
            if closing {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Instant;

    use super::*;

    /// A terminal that is paused until the test lets one write through.
    struct Paused {
        started: Sender<()>,
        resume: Receiver<()>,
        shown: Arc<Mutex<String>>,
    }

    impl Write for Paused {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.started.send(()).map_err(io::Error::other)?;
            self.resume.recv().map_err(io::Error::other)?;
            let text = String::from_utf8_lossy(bytes);
            self.shown.lock().unwrap().push_str(&text);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_come_out_whole_and_in_order() {
        let shown = Arc::new(Mutex::new(String::new()));
        let (started, _keep) = channel();
        let (resume, resumed) = channel();
        resume.send(()).unwrap();
        resume.send(()).unwrap();
        resume.send(()).unwrap();
        let printer = Printer::new(Paused {
            started,
            resume: resumed,
            shown: Arc::clone(&shown),
        });
        printer.print("one");
        printer.print("two\n  of two lines");
        printer.print("three");
        drop(printer);
        assert_eq!(*shown.lock().unwrap(), "one\ntwo\n  of two lines\nthree\n");
    }

    #[test]
    fn a_paused_terminal_holds_up_nobody_and_what_is_left_out_is_counted() {
        let shown = Arc::new(Mutex::new(String::new()));
        let (started, has_started) = channel();
        let (resume, resumed) = channel();
        let printer = Printer::new(Paused {
            started,
            resume: resumed,
            shown: Arc::clone(&shown),
        });
        printer.print("first");
        has_started.recv_timeout(Duration::from_secs(10)).unwrap();

        // The terminal is now stuck in its write. Two of these lines fit into the buffer.
        let long = "x".repeat(CAPACITY / 2 - 1);
        for _ in 0..5 {
            printer.print(&long);
        }
        // With the sender gone, every write goes through or fails; none waits.
        for _ in 0..8 {
            resume.send(()).unwrap();
        }
        drop(printer);
        let shown = shown.lock().unwrap().replace(&long, "LONG");
        assert_eq!(
            shown,
            "first\nLONG\nLONG\n[3 lines left out: the terminal was too slow]\n"
        );
    }

    #[test]
    fn a_terminal_that_stays_paused_does_not_keep_the_program_from_ending() {
        let (started, _keep) = channel();
        let (_resume, resumed) = channel();
        let shown = Arc::default();
        let printer = Printer::new(Paused {
            started,
            resume: resumed,
            shown,
        });
        printer.print("never seen");
        let begin = Instant::now();
        drop(printer);
        assert!(begin.elapsed() < PATIENCE * 10);
    }

    #[test]
    fn a_reader_that_has_gone_is_noticed_and_nothing_else_happens() {
        let (started, has_started) = channel();
        drop(has_started);
        let (_resume, resumed) = channel();
        let printer = Printer::new(Paused {
            started,
            resume: resumed,
            shown: Arc::default(),
        });
        let (tell, told) = channel();
        let tell_again = tell.clone();
        printer.when_gone(move || tell.send(()).unwrap());
        printer.print("to nobody");
        told.recv_timeout(Duration::from_secs(10)).unwrap();
        printer.print("to nobody either");
        assert!(printer.queue.lock().waiting.is_empty());
        printer.when_gone(move || tell_again.send(()).unwrap());
        told.recv_timeout(Duration::from_secs(10)).unwrap();
    }
}
