//! Reads the user's lines: at a terminal with an [`editor`], elsewhere as they come.

use std::env;
use std::io::{self, BufRead, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use console::{Action, Error, Line, Log, OrCannot, Printer, read_line, terminal_width};

use super::editor;
use super::event::{Event, wait_for_permit};
use super::limits::MESSAGE_BYTES;
use crate::BYE;

/// The user's input.
pub struct Keyboard {
    /// Waits for the next line; `None` at the end of the input. If there is no line, the event says
    /// why.
    read_line: Box<dyn FnMut() -> Result<Option<Line>, Event> + Send>,
    is_terminal: bool,
    has_prompt: bool,
}

impl Keyboard {
    /// The user's keyboard, and a printer for the user's screen that goes with it.
    ///
    /// At a terminal, the end of the input (Ctrl-D), and Ctrl-C at the prompt, mean `byebye`. In a
    /// pipe or a file the end of the input only means that there is no more to say.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub fn open() -> Result<(Self, Printer), Error> {
        // Windows doesn't need it. Elsewhere it says what the terminal can do.
        let has_type = cfg!(windows) || env::var_os("TERM").is_some_and(|term| !term.is_empty());
        let mut keyboard = Self::plain(console::stdin());
        keyboard.is_terminal = io::stdin().is_terminal();
        let printer = if has_type && let Ok((read_line, screen)) = editor::open() {
            keyboard.read_line = Box::new(read_line);
            keyboard.has_prompt = true;
            Printer::new(screen)?
        } else {
            Printer::new(console::stdout())?
        };
        Ok((keyboard, printer.with_width(terminal_width)))
    }

    /// Lines from any input, without a prompt. Bytes that aren't UTF-8 become U+FFFD.
    pub fn plain(mut input: impl BufRead + Send + 'static) -> Self {
        let read_line = move || {
            let line = read_line(&mut input, MESSAGE_BYTES);
            let line = line.or_cannot(Action::ReadInput, "the input");
            line.map_err(Event::Failed)
        };
        Self {
            read_line: Box::new(read_line),
            is_terminal: false,
            has_prompt: false,
        }
    }

    /// Reads in a new thread, which sends the events.
    ///
    /// The thread reads a line, the first one too, when it has a [permit](Typing::permit). So a
    /// prompt comes after what the last line led to, a long file doesn't pile up in memory, and
    /// nothing is read after `byebye`.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub fn read(mut self, events: Sender<Event>) -> Result<Typing, Error> {
        let (permits, permitted) = channel();
        let (is_terminal, has_prompt) = (self.is_terminal, self.has_prompt);
        let in_editor = Arc::<AtomicBool>::default();
        let still_in_editor = Arc::clone(&in_editor);
        let type_lines = move || {
            while wait_for_permit(&permitted) {
                let event = self.next_event();
                still_in_editor.store(false, Ordering::SeqCst);
                let _ = events.send(event);
            }
        };
        let thread = thread::Builder::new()
            .spawn(type_lines)
            .or_cannot(Action::StartThread, "that reads the keyboard")?;
        Ok(Typing {
            permits,
            thread,
            is_terminal,
            has_prompt,
            in_editor,
            permit: Instant::now(),
        })
    }

    fn next_event(&mut self) -> Event {
        let length = match (self.read_line)() {
            Ok(Some(Line::Whole(line))) => {
                let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(&line));
                if line.len() <= MESSAGE_BYTES {
                    return Event::Typed(line.into_owned());
                }
                line.len() as u64
            }
            Ok(Some(Line::TooLong(length))) => length,
            Ok(None) if self.is_terminal => return Event::Typed(BYE.to_owned()),
            Ok(None) => return Event::InputEnded,
            Err(event) => return event,
        };
        Event::NotSent(format!(
            "Not sent: the line is {length} bytes; the limit is {MESSAGE_BYTES}."
        ))
    }
}

/// The thread that reads the keyboard.
pub struct Typing {
    permits: Sender<Instant>,
    thread: JoinHandle<()>,
    /// True if the input is a terminal, so the user can see who is in the room.
    pub is_terminal: bool,
    has_prompt: bool,
    /// The editor has the terminal, from the last permit's instant on, until the user presses Enter
    /// or Ctrl-C. A program that ended meanwhile would leave a terminal that doesn't echo.
    in_editor: Arc<AtomicBool>,
    permit: Instant,
}

impl Typing {
    /// The last line is done: read another from this time on.
    pub fn permit(&mut self, at: Instant) {
        self.permit = at;
        self.in_editor.store(self.has_prompt, Ordering::SeqCst);
        // If the thread has ended there is no other.
        let _ = self.permits.send(at);
    }

    /// Ends the thread. Only the user can end the editor, so this asks them to press Enter, and
    /// waits. A thread that reads plain lines ends with the program.
    pub fn end(self, log: &Log) {
        drop(self.permits);
        // From here on, a thread that waits for its permit's instant ends at once.
        if self.in_editor.load(Ordering::SeqCst) && self.permit <= Instant::now() {
            log.event("Press Enter to leave.");
            // If the thread has panicked its prompt has gone too.
            let _ = self.thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};
    use std::sync::mpsc::channel;

    use testkit::PATIENCE;

    use super::*;

    fn log() -> Log {
        Log::new(Printer::new(io::sink()).unwrap(), false)
    }

    /// What is typed, up to the end of the input.
    fn typed(input: impl Read + Send + 'static) -> String {
        let (send, events) = channel();
        let keyboard = Keyboard::plain(BufReader::new(input));
        let mut typing = keyboard.read(send).unwrap();
        let mut all = Vec::new();
        loop {
            typing.permit(Instant::now());
            let event = events.recv_timeout(PATIENCE).unwrap();
            all.push(format!("{event:?}"));
            if matches!(event, Event::InputEnded | Event::Failed(_)) {
                break;
            }
        }
        typing.end(&log());
        all.join(" ")
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_with_its_length() {
        let not_sent = |length| {
            format!("NotSent(\"Not sent: the line is {length} bytes; the limit is 4096.\")")
        };
        let long = "x".repeat(MESSAGE_BYTES);
        assert_eq!(
            typed(io::Cursor::new(format!("{long}\r\n{long}x\n{long}"))),
            format!(
                "Typed({long:?}) {} Typed({long:?}) InputEnded",
                not_sent(4097)
            )
        );
        // What would be sent is longer than what was typed: U+FFFD has three bytes.
        let longer = [&b"caf\xe9\n"[..], &[0xff; MESSAGE_BYTES / 2]].concat();
        assert_eq!(
            typed(io::Cursor::new(longer)),
            format!("Typed({:?}) {} InputEnded", "caf\u{fffd}", not_sent(6144))
        );
        assert_eq!(typed(&b""[..]), "InputEnded");
    }

    #[test]
    fn an_input_that_can_not_be_read_has_failed_and_not_ended() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::IsADirectory.into())
            }
        }
        let typed = typed((&b"one\n"[..]).chain(Broken));
        assert!(typed.starts_with(r#"Typed("one") Failed("#), "{typed}");
        assert!(typed.contains("read the input"), "{typed}");
    }

    #[test]
    fn a_line_is_read_when_the_one_before_has_been_dealt_with() {
        let (send, events) = channel();
        let keyboard = Keyboard::plain(&b"one\ntwo\n"[..]);
        let mut typing = keyboard.read(send).unwrap();
        typing.permit(Instant::now());
        assert!(matches!(events.recv_timeout(PATIENCE), Ok(Event::Typed(_))));
        typing.end(&log());
        // The thread has ended, without another line.
        assert!(events.recv_timeout(PATIENCE).is_err());
    }

    #[test]
    fn only_at_a_terminal_the_end_of_the_input_means_byebye() {
        for (is_terminal, expected) in [(true, "Typed(\"byebye\")"), (false, "InputEnded")] {
            let mut keyboard = Keyboard::plain(&b""[..]);
            keyboard.is_terminal = is_terminal;
            assert_eq!(format!("{:?}", keyboard.next_event()), expected);
        }
    }

    /// A program that ended earlier would leave a terminal in the editor's mode.
    #[test]
    fn a_line_that_is_being_edited_is_ended_by_the_user() {
        let (reading, reads) = channel();
        let (enter, presses) = channel();
        let mut keyboard = Keyboard::plain(&b""[..]);
        keyboard.has_prompt = true;
        keyboard.read_line = Box::new(move || {
            reading.send(()).unwrap();
            presses.recv_timeout(PATIENCE).unwrap();
            Ok(Some(Line::Whole(Vec::new())))
        });
        let (send, events) = channel();
        let mut typing = keyboard.read(send).unwrap();
        typing.permit(Instant::now());
        reads.recv_timeout(PATIENCE).unwrap();
        let screen = testkit::Capture::default();
        let log = Log::new(Printer::new(screen.clone()).unwrap(), false);
        thread::scope(|scope| {
            scope.spawn(|| typing.end(&log));
            let _ = screen.wait_for("Press Enter to leave.");
            enter.send(()).unwrap();
        });
        assert!(matches!(events.try_recv(), Ok(Event::Typed(_))));
    }

    /// After a paste that was too long, the next permit is for later. After `byebye` there is none.
    #[test]
    fn nobody_is_asked_for_enter_where_no_prompt_is() {
        for says_byebye in [false, true] {
            let mut keyboard = Keyboard::plain(&b"byebye\n"[..]);
            keyboard.has_prompt = true;
            let (send, events) = channel();
            let mut typing = keyboard.read(send).unwrap();
            if says_byebye {
                typing.permit(Instant::now());
                assert!(events.recv_timeout(PATIENCE).is_ok());
            } else {
                typing.permit(Instant::now() + 10 * PATIENCE);
            }
            let screen = testkit::Capture::default();
            let log = Log::new(Printer::new(screen.clone()).unwrap(), false);
            typing.end(&log);
            drop(log);
            assert_eq!(screen.text(), "");
        }
    }
}
