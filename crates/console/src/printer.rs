use std::io::{self, Write};
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::error::quit;
use crate::{Action, Error, OrCannot, Width, stdout, terminal_width};

/// How much text may wait for the terminal, in bytes. (A line that another thread adds at the same
/// instant may exceed it.)
const CAPACITY: usize = 1 << 20;

/// Roughly how many bytes a waiting text takes besides its own. So the capacity limits empty lines,
/// too.
const PER_TEXT: usize = 64;

/// How long a closing program waits for its last lines to be printed.
const PATIENCE: Duration = Duration::from_secs(1);

/// Prints lines on its own thread.
///
/// A program that serves peers must never wait for a terminal: a user who presses Ctrl-S, or a
/// pager that isn't scrolled, would hold up every peer. So [`Printer::print`] only sends the line
/// to the thread and goes on. About 1 MiB may wait. What doesn't fit is left out and counted, and
/// the count is shown as soon as the terminal takes lines again.
///
/// When the output can't be written to any more, lines are dropped, and
/// [`Printer::when_gone`] tells why.
///
/// Dropping the printer waits until all is printed, one second at most.
pub struct Printer {
    /// The way to the thread. If that has ended, nothing is printed any more.
    inbox: Sender<Message>,
    counts: Arc<Counts>,
    width: Width,
}

/// What is sent to the thread that prints.
enum Message {
    /// A text, and what the thread drops when it has taken that.
    Text(String, Option<Sender<()>>),
    Watch(Box<dyn Fn(Error) + Send>),
    /// Print what was sent before, answer, and end.
    Finish(Sender<Result<(), Error>>),
}

/// What all threads count.
#[derive(Default)]
struct Counts {
    /// Bytes that wait in the inbox.
    waiting: AtomicUsize,
    /// Lines that were left out since this was last said.
    left_out: AtomicUsize,
}

impl Printer {
    /// Starts the thread that prints to `out`, which isn't a terminal unless
    /// [`Printer::with_width`] says so.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub fn new(out: impl Write + Send + 'static) -> Result<Self, Error> {
        let (inbox, messages) = channel();
        let counts = Arc::<Counts>::default();
        let shared = Arc::clone(&counts);
        thread::Builder::new()
            .spawn(move || print_all(Box::new(out), &messages, &shared))
            .or_cannot(Action::StartThread, "that prints")?;
        Ok(Self {
            inbox,
            counts,
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
        if self.counts.waiting.load(Relaxed) + line.len() < CAPACITY {
            self.add(format!("{line}\n"));
        } else if self.counts.left_out.fetch_add(1, Relaxed) == 0 {
            self.add(""); // Wakes the thread, which may have taken everything in the meantime.
        }
    }

    /// Adds a text, which needn't end its line, and isn't left out. Never waits for the terminal.
    pub fn add(&self, text: impl Into<String>) {
        self.send(text.into(), None);
    }

    /// The same for a caller that adds much, and waits in between: the receiver is disconnected when
    /// this text is being printed, or when nothing can be printed any more. It receives nothing.
    pub fn add_in_turn(&self, text: impl Into<String>) -> Receiver<()> {
        let (taken, wait) = channel();
        self.send(text.into(), Some(taken));
        wait
    }

    fn send(&self, text: String, taken: Option<Sender<()>>) {
        let size = text.len() + PER_TEXT;
        self.counts.waiting.fetch_add(size, Relaxed);
        let _ = self.inbox.send(Message::Text(text, taken));
    }

    /// Calls `watcher` once, when nothing can be printed any more, and tells why:
    /// [`Error::OutputGone`] if the output's reader has gone, else the system's error, such as a
    /// full disk.
    ///
    /// The call comes from the thread that prints, so it can't wait for that.
    pub fn when_gone(&self, watcher: impl Fn(Error) + Send + 'static) {
        let _ = self.inbox.send(Message::Watch(Box::new(watcher)));
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
        let (end, ended) = channel();
        let _ = self.inbox.send(Message::Finish(end));
        // A terminal that is still paused after this time loses what waits: the program must end.
        // If the thread has ended, as it does after the first such message, there is nothing to
        // wait for.
        ended.recv_timeout(patience).unwrap_or(Ok(()))
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        let _ = self.end(PATIENCE);
    }
}

/// The thread that prints: whatever waits, all of it in one write, until it is told to finish.
fn print_all(mut out: Box<dyn Write>, messages: &Receiver<Message>, counts: &Counts) {
    let (mut watcher, mut failure) = (None, None);
    while let Ok(first) = messages.recv() {
        let (mut text, mut size, mut taken, mut finish) = (String::new(), 0, Vec::new(), None);
        for message in iter::once(first).chain(messages.try_iter()) {
            match message {
                Message::Text(more, waits) => {
                    size += more.len() + PER_TEXT;
                    text += &more;
                    taken.extend(waits);
                }
                Message::Watch(new) => watcher = Some(new),
                Message::Finish(waits) => finish = Some(waits),
            }
        }
        counts.waiting.fetch_sub(size, Relaxed);
        drop(taken);
        let left_out = counts.left_out.swap(0, Relaxed);
        if left_out > 0 {
            text = format!("{text}[{left_out} lines left out: the terminal was too slow]\n");
        }
        if let Err(cause) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            out = Box::new(io::sink());
            failure = Some(Error::output(cause));
        }
        if let Some(watcher) = &watcher
            && let Some(failure) = failure.take()
        {
            watcher(failure);
        }
        if let Some(finish) = finish {
            let _ = finish.send(failure.map_or(Ok(()), Err));
            return;
        }
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
        let long = "x".repeat(CAPACITY / 2 - PER_TEXT - 1);
        for _ in 0..5 {
            printer.print(&long);
        }
        screen.resume();
        let shown = screen.wait_for("too slow]\n");
        assert_eq!(
            shown.replace(&long, "LONG"),
            "first\nLONG\nLONG\n[3 lines left out: the terminal was too slow]\n"
        );
        // That is said once.
        printer.print("later");
        assert!(screen.wait_for("later").ends_with("too slow]\nlater\n"));
    }

    #[test]
    fn empty_lines_take_space_too() {
        let screen = Capture::default();
        let printer = Printer::new(screen.clone()).unwrap();
        screen.pause();
        printer.print("first");
        screen.wait_for_writer();
        for _ in 0..CAPACITY / PER_TEXT {
            printer.print("");
        }
        assert!(printer.counts.left_out.load(Relaxed) > 0);
        screen.resume();
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
    fn text_is_added_as_it_is_and_in_turn() {
        let screen = Capture::default();
        let printer = Arc::new(Printer::new(screen.clone()).unwrap());
        screen.pause();
        // It is being printed, so more may be added.
        let _ = printer.add_in_turn("Hel").recv();
        screen.wait_for_writer();
        let waits = printer.add_in_turn("lo");

        let (end, ended) = channel();
        let adding = Arc::clone(&printer);
        thread::spawn(move || {
            let _ = waits.recv();
            end.send("there is room").unwrap();
            adding.add("!".repeat(2 * CAPACITY));
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
    fn who_adds_in_turn_is_woken_when_the_output_has_gone() {
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
        let _ = printer.add_in_turn("is being printed").recv();
        let (end, ended) = channel();
        thread::spawn(move || {
            for text in ["waits", "to nobody"] {
                let _ = printer.add_in_turn(text).recv();
            }
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
                    // The thread has taken the first, and when it takes the second, it has failed.
                    for _ in 0..2 {
                        let _ = printer.add_in_turn("to nobody").recv();
                    }
                    printer.when_gone(watcher);
                }
                let failure = told.recv_timeout(testkit::PATIENCE).unwrap();
                assert!(failure.starts_with(expected), "{failure}");
                // What nobody can see doesn't fill the memory, and holds up nobody.
                let _ = printer.add_in_turn("to nobody").recv();
                assert_eq!(printer.counts.waiting.load(Relaxed), 0);
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
