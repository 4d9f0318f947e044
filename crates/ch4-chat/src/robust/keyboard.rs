//! Reads the user's lines: at a terminal with an [`editor`], elsewhere as they come.

use std::env;
use std::io::{self, BufRead, IsTerminal};
use std::mem;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use console::{Action, Error, Line, Log, OrCannot, Printer, read_line, terminal_width};

use super::editor;
use super::event::{Event, wait_for_permit};
use super::limits::MESSAGE_BYTES;
use crate::BYE;

/// How long the thread may take to end before the user is asked to press Enter.
const END_TIME: Duration = Duration::from_millis(500);

/// The user's input.
pub struct Keyboard {
    /// Waits for the next line, and says what came of it.
    next: Box<dyn FnMut() -> Event + Send>,
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
        // `TERM` says what the terminal can do. Windows doesn't need it.
        let has_type = cfg!(windows) || env::var_os("TERM").is_some_and(|term| !term.is_empty());
        let (keyboard, printer) = if has_type && let Ok((next, screen)) = editor::open() {
            let keyboard = Self {
                next: Box::new(next),
                is_terminal: true,
                has_prompt: true,
            };
            (keyboard, Printer::new(screen)?)
        } else {
            let keyboard = Self::plain(console::stdin(), io::stdin().is_terminal());
            (keyboard, Printer::new(console::stdout())?)
        };
        Ok((keyboard, printer.with_width(terminal_width)))
    }

    /// Lines from any input, without a prompt. Bytes that aren't UTF-8 become U+FFFD.
    pub fn plain(mut input: impl BufRead + Send + 'static, is_terminal: bool) -> Self {
        let mut ended = false;
        let next = move || {
            let line = read_line(&mut input, MESSAGE_BYTES);
            match line.map_err(Error::input) {
                Ok(Some(Line::Whole(line))) => {
                    let line = line.strip_suffix(b"\r").unwrap_or(&line);
                    Event::Typed(String::from_utf8_lossy(line).into_owned())
                }
                Ok(Some(Line::TooLong(length))) => too_long(length),
                // Asked again: the permit means that it is time to leave.
                Ok(None) if is_terminal || mem::replace(&mut ended, true) => {
                    Event::Typed(BYE.to_owned())
                }
                Ok(None) => Event::InputEnded,
                Err(error) => Event::Failed(error),
            }
        };
        Self {
            next: Box::new(next),
            is_terminal,
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
        // Nothing is ever sent here: the thread drops its end when it ends.
        let (running, ended) = channel::<()>();
        let type_lines = move || {
            while wait_for_permit(&permitted) {
                let event = match (self.next)() {
                    // U+FFFD is longer than what it replaces, and an editor has no limit.
                    Event::Typed(line) if line.len() > MESSAGE_BYTES => too_long(line.len() as u64),
                    event => event,
                };
                let _ = events.send(event);
            }
            drop(running);
        };
        thread::Builder::new()
            .spawn(type_lines)
            .or_cannot(Action::StartThread, "that reads the keyboard")?;
        Ok(Typing {
            permits,
            ended,
            is_terminal: self.is_terminal,
            has_prompt: self.has_prompt,
        })
    }
}

fn too_long(length: u64) -> Event {
    Event::NotSent(format!(
        "Not sent: the line is {length} bytes; the limit is {MESSAGE_BYTES}."
    ))
}

/// The thread that reads the keyboard.
pub struct Typing {
    permits: Sender<Instant>,
    ended: Receiver<()>,
    /// True if the input is a terminal, so the user can see who is in the room.
    pub is_terminal: bool,
    has_prompt: bool,
}

impl Typing {
    /// The last line is done: read another from this time on.
    pub fn permit(&self, at: Instant) {
        // If the thread has ended, nothing is read any more.
        let _ = self.permits.send(at);
    }

    /// Ends the thread. In the editor only the user can end it, so this asks them to press Enter,
    /// and waits: a program that ended meanwhile would leave a terminal that doesn't echo. A thread
    /// that reads plain lines ends with the program.
    pub fn end(self, log: &Log) {
        // A thread that waits for its permit, or for the permit's instant, ends at once.
        drop(self.permits);
        let late = Err(RecvTimeoutError::Timeout);
        if self.has_prompt && self.ended.recv_timeout(END_TIME) == late {
            log.event("Press Enter to leave.");
            let _ = self.ended.recv();
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
        let keyboard = Keyboard::plain(BufReader::new(input), false);
        let typing = keyboard.read(send).unwrap();
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
        let keyboard = Keyboard::plain(&b"one\ntwo\n"[..], false);
        let typing = keyboard.read(send).unwrap();
        typing.permit(Instant::now());
        assert!(matches!(events.recv_timeout(PATIENCE), Ok(Event::Typed(_))));
        typing.end(&log());
        // The thread has ended, without another line.
        assert!(events.recv_timeout(PATIENCE).is_err());
    }

    #[test]
    fn only_at_a_terminal_the_end_of_the_input_means_byebye_at_once() {
        for (is_terminal, expected) in [
            (true, [r#"Typed("byebye")"#; 2]),
            (false, ["InputEnded", r#"Typed("byebye")"#]),
        ] {
            let mut keyboard = Keyboard::plain(&b""[..], is_terminal);
            let events = [(keyboard.next)(), (keyboard.next)()];
            assert_eq!(events.map(|it| format!("{it:?}")), expected);
        }
    }

    /// A program that ended earlier would leave a terminal in the editor's mode.
    #[test]
    fn a_line_that_is_being_edited_is_ended_by_the_user() {
        let (reading, reads) = channel();
        let (enter, presses) = channel();
        let mut keyboard = Keyboard::plain(&b""[..], false);
        keyboard.has_prompt = true;
        keyboard.next = Box::new(move || {
            reading.send(()).unwrap();
            presses.recv_timeout(PATIENCE).unwrap();
            Event::Typed(String::new())
        });
        let (send, events) = channel();
        let typing = keyboard.read(send).unwrap();
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
            let mut keyboard = Keyboard::plain(&b"byebye\n"[..], false);
            keyboard.has_prompt = true;
            let (send, events) = channel();
            let typing = keyboard.read(send).unwrap();
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
