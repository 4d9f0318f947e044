use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::error::quit;
use crate::{Action, Error, OrCannot, Width, stdout, terminal_width};

/// How much text may wait for the terminal, in bytes.
const CAPACITY: usize = 1 << 20;

/// How long a closing program waits for its last lines to be printed.
const PATIENCE: Duration = Duration::from_secs(1);

/// Prints lines on its own thread.
///
/// A program that serves peers must never wait for a terminal: a user who presses Ctrl-S, or a
/// pager that isn't scrolled, would hold up every peer. So [`Printer::print`] only puts the line
/// into a buffer and goes on. The buffer is bounded (1 MiB). What doesn't fit is left out and
/// counted, and the count is shown as soon as the terminal takes lines again.
///
/// When the output can't be written to any more, lines are dropped, and
/// [`Printer::when_gone`] tells why.
///
/// Dropping the printer waits until all is printed, one second at most.
pub struct Printer {
    queue: Arc<Queue>,
    width: Width,
}

/// What the two sides share, and a bell for each change.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "they are independent")]
struct State {
    waiting: String,
    left_out: u64,
    closing: bool,
    /// The thread waits for something to print.
    is_asleep: bool,
    /// A caller waits for room.
    is_held_up: bool,
    /// The thread has ended: it has printed everything, or it can't print any more.
    ended: bool,
    /// Why it can't, until somebody is told.
    failure: Option<Error>,
    /// Who is to be told.
    watcher: Option<Watcher>,
}

type Watcher = Box<dyn FnOnce(Error) + Send>;

impl Printer {
    /// Starts the thread that prints to `out`, which isn't a terminal unless
    /// [`Printer::with_width`] says so.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub fn new(out: impl Write + Send + 'static) -> Result<Self, Error> {
        let queue = Arc::new(Queue::default());
        let printing = Arc::clone(&queue);
        thread::Builder::new()
            .spawn(move || {
                let printed = printing.print_all(out);
                let mut state = printing.lock();
                state.ended = true;
                state.failure = printed.map_err(Error::output).err();
                printing.changed.notify_all();
                tell(state);
            })
            .or_cannot(Action::StartThread, "that prints")?;
        Ok(Self {
            queue,
            width: || None,
        })
    }

    /// Prints to standard output, which is as wide as its terminal. If a write fails, the process
    /// ends at once, from any thread, with the report and the status of [`exit`](crate::exit),
    /// because a server's main thread waits for clients.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub fn to_stdout() -> Result<Self, Error> {
        let printer = Self::new(stdout())?.with_width(terminal_width);
        printer.when_gone(|error| quit(error));
        Ok(printer)
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

    /// Hands over a line, which may contain line ends. It is printed whole or not at all. Never
    /// waits for the terminal.
    pub fn print(&self, line: &str) {
        self.queue.change(|state| {
            if state.waiting.len() + line.len() < CAPACITY {
                state.waiting.push_str(line);
                state.waiting.push('\n');
            } else {
                state.left_out += 1;
            }
        });
    }

    /// Adds a peer's text, which needn't end its line. None of it is left out, so a caller that
    /// adds much calls [`Printer::wait_for_room`] in between. Never waits for the terminal.
    pub fn add(&self, text: &str) {
        self.queue.change(|state| state.waiting.push_str(text));
    }

    /// Waits until everything added so far is printed or being printed, or until nothing can be
    /// printed any more.
    pub fn wait_for_room(&self) {
        let is_full = |state: &mut State| {
            state.is_held_up = !state.waiting.is_empty() && !state.ended;
            state.is_held_up
        };
        drop(self.queue.wait_while(is_full));
    }

    /// Calls `watcher` once, when nothing can be printed any more, and tells why:
    /// [`Error::OutputGone`] if the output's reader has gone, else the system's error, such as a
    /// full disk.
    ///
    /// The call comes from another thread, or at once if this has already happened.
    pub fn when_gone(&self, watcher: impl FnOnce(Error) + Send + 'static) {
        let mut state = self.queue.lock();
        state.watcher = Some(Box::new(watcher));
        tell(state);
    }

    /// Waits until all is printed, however long that takes, and ends the thread. Later lines aren't
    /// printed.
    ///
    /// # Errors
    ///
    /// The output can't be written to, and nobody was told that yet.
    pub fn finish(&self) -> Result<(), Error> {
        self.end(Duration::MAX)
    }

    fn end(&self, patience: Duration) -> Result<(), Error> {
        let mut state = self.queue.lock();
        state.closing = true;
        self.queue.changed.notify_all();
        // A terminal that is still paused after this time loses what waits: the program must end.
        let (mut state, _) = self
            .queue
            .changed
            .wait_timeout_while(state, patience, |state| !state.ended)
            .unwrap_or_else(PoisonError::into_inner);
        state.failure.take().map_or(Ok(()), Err)
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        let _ = self.end(PATIENCE);
    }
}

impl Queue {
    /// Changes what waits, if it can still be printed.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        if state.ended {
            return;
        }
        change(&mut state);
        // `notify_all` makes a system call even when no thread waits. A thread that is printing
        // looks again when it is done.
        if mem::take(&mut state.is_asleep) {
            self.changed.notify_all();
        }
    }

    fn wait_while(&self, condition: impl FnMut(&mut State) -> bool) -> MutexGuard<'_, State> {
        let state = self.changed.wait_while(self.lock(), condition);
        state.unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread that panicked with the lock held leaves whole lines behind, so its poison is no
    /// reason to stop printing.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints whatever waits, all of it in one write, until the printer is dropped.
    fn print_all(&self, mut out: impl Write) -> io::Result<()> {
        loop {
            let mut state = self.wait_while(|state| {
                state.is_asleep = state.waiting.is_empty() && state.left_out == 0 && !state.closing;
                state.is_asleep
            });
            let text = mem::take(&mut state.waiting);
            let left_out = mem::take(&mut state.left_out);
            let closing = state.closing;
            // There is room again.
            if mem::take(&mut state.is_held_up) {
                self.changed.notify_all();
            }
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

/// Tells the watcher of the failure, if both are there. The lock is released before: the watcher
/// may use the printer.
fn tell(mut state: MutexGuard<'_, State>) {
    if state.failure.is_some()
        && let Some(watcher) = state.watcher.take()
        && let Some(failure) = state.failure.take()
    {
        drop(state);
        watcher(failure);
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread;

    use testkit::Capture;

    use super::*;

    #[test]
    fn lines_come_out_whole_and_in_order() {
        let screen = Capture::default();
        let printer = Printer::new(screen.clone()).unwrap();
        printer.print("one");
        printer.print("two\n  of two lines");
        printer.print("three");
        drop(printer);
        assert_eq!(screen.text(), "one\ntwo\n  of two lines\nthree\n");
    }

    #[test]
    fn a_paused_terminal_holds_up_nobody_and_what_is_left_out_is_counted() {
        let screen = Capture::default();
        let printer = Printer::new(screen.clone()).unwrap();
        screen.pause();
        printer.print("first");
        screen.wait_for_writer();
        // Two of these lines fit into the buffer.
        let long = "x".repeat(CAPACITY / 2 - 1);
        for _ in 0..5 {
            printer.print(&long);
        }
        screen.resume();
        let shown = screen.wait_for("too slow]\n");
        assert_eq!(
            shown.replace(&long, "LONG"),
            "first\nLONG\nLONG\n[3 lines left out: the terminal was too slow]\n"
        );
    }

    #[test]
    fn a_terminal_that_stays_paused_does_not_keep_the_program_from_ending() {
        let screen = Capture::default();
        let printer = Printer::new(screen.clone()).unwrap();
        screen.pause();
        printer.print("never seen");
        let (end, ended) = channel();
        thread::spawn(move || {
            drop(printer);
            end.send(()).unwrap();
        });
        ended.recv_timeout(testkit::PATIENCE).unwrap();
        assert_eq!(screen.text(), "");
    }

    /// Each time, the thread may be asleep.
    #[test]
    fn the_thread_is_woken_when_there_is_something_to_print() {
        let screen = Capture::default();
        let printer = Printer::new(screen.clone()).unwrap();
        for number in 0..100 {
            let line = format!("line {number}");
            printer.print(&line);
            let _ = screen.wait_for(&line);
        }
        // Too long, with nothing before it.
        printer.print(&"x".repeat(CAPACITY));
        let _ = screen.wait_for("[1 lines left out");
    }

    /// A peer's text that is added: all of it is printed, and it is added no faster than that.
    #[test]
    fn text_is_added_as_it_is_and_waits_for_room() {
        let screen = Capture::default();
        let printer = Arc::new(Printer::new(screen.clone()).unwrap());
        printer.wait_for_room(); // There is some.
        screen.pause();
        printer.add("Hel");
        screen.wait_for_writer();
        // It is being printed, so there is room for more.
        printer.wait_for_room();
        printer.add("lo");

        let (end, ended) = channel();
        let adding = Arc::clone(&printer);
        thread::spawn(move || {
            adding.wait_for_room();
            end.send("there is room").unwrap();
            adding.add(&"!".repeat(2 * CAPACITY));
            adding.finish().unwrap();
            end.send("all is printed").unwrap();
        });
        assert!(ended.recv_timeout(Duration::from_millis(100)).is_err());
        screen.resume();
        assert_eq!(ended.recv_timeout(testkit::PATIENCE), Ok("there is room"));
        assert_eq!(ended.recv_timeout(testkit::PATIENCE), Ok("all is printed"));
        assert_eq!(screen.text(), format!("Hello{}", "!".repeat(2 * CAPACITY)));
    }

    #[test]
    fn to_finish_takes_as_long_as_the_terminal_does() {
        let screen = Capture::default();
        let printer = Printer::new(screen.clone()).unwrap();
        screen.pause();
        printer.add("seen late");
        screen.wait_for_writer();
        let (end, ended) = channel();
        thread::spawn(move || end.send(printer.finish().is_ok()).unwrap());
        assert!(ended.recv_timeout(PATIENCE * 11 / 10).is_err());
        screen.resume();
        assert_eq!(ended.recv_timeout(testkit::PATIENCE), Ok(true));
        assert_eq!(screen.text(), "seen late");
    }

    #[test]
    fn who_waits_for_room_is_woken_when_the_output_has_gone() {
        /// Its write fails when the other end of the channel is dropped.
        struct FailsLater(Receiver<()>);

        impl Write for FailsLater {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                let _ = self.0.recv();
                Err(ErrorKind::BrokenPipe.into())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        let (fail, fails) = channel();
        let printer = Printer::new(FailsLater(fails)).unwrap();
        printer.add("is being printed");
        printer.wait_for_room();
        printer.add("waits");
        let (end, ended) = channel();
        thread::spawn(move || {
            printer.wait_for_room();
            printer.add("to nobody");
            printer.wait_for_room();
            end.send(printer.finish().is_err()).unwrap();
        });
        drop::<Sender<()>>(fail);
        assert_eq!(ended.recv_timeout(testkit::PATIENCE), Ok(true));
    }

    /// An output whose writes fail with this error.
    struct Fails(ErrorKind);

    impl Write for Fails {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_watcher_is_told_why_nothing_can_be_printed() {
        for (kind, expected) in [
            (ErrorKind::BrokenPipe, "the reader of the output has gone"),
            (ErrorKind::StorageFull, "can't write the output: "),
        ] {
            for registered_first in [true, false] {
                let printer = Arc::new(Printer::new(Fails(kind)).unwrap());
                let (tell, told) = channel();
                let its_printer = Arc::clone(&printer);
                let watcher = move |failure: Error| {
                    // It may use the printer.
                    its_printer.print("to nobody");
                    tell.send(failure.to_string()).unwrap();
                };
                if registered_first {
                    printer.when_gone(watcher);
                    printer.print("to nobody");
                } else {
                    printer.print("to nobody");
                    let ended = printer.queue.changed.wait_timeout_while(
                        printer.queue.lock(),
                        Duration::from_secs(10),
                        |state| !state.ended,
                    );
                    assert!(!ended.unwrap().1.timed_out());
                    printer.when_gone(watcher);
                }
                let failure = told.recv_timeout(Duration::from_secs(10)).unwrap();
                assert!(failure.starts_with(expected), "{failure}");
                assert!(printer.queue.lock().waiting.is_empty());
            }
        }
    }

    #[test]
    fn to_finish_tells_a_failure_that_nobody_was_told() {
        let printer = Printer::new(Fails(ErrorKind::StorageFull)).unwrap();
        printer.print("lost");
        assert!(printer.finish().is_err());

        let printer = Printer::new(Fails(ErrorKind::StorageFull)).unwrap();
        let (tell, told) = channel();
        printer.when_gone(move |_| tell.send(()).unwrap());
        printer.print("lost");
        told.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(printer.finish().is_ok());

        assert!(Printer::new(io::sink()).unwrap().finish().is_ok());
    }
}
