//! Reads the user's lines: at a terminal with a prompt, above which incoming lines are printed,
//! elsewhere without one.

use std::collections::VecDeque;
use std::env;
use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use console::{Action, Error, Line, Log, OrCannot, Printer, read_line, terminal_width};
use rustyline::error::ReadlineError;
use rustyline::{Config, DefaultEditor, ExternalPrinter};

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
        let (keyboard, printer) = if has_type && let Ok((keyboard, above)) = Self::with_prompt() {
            (keyboard, Printer::new(above)?)
        } else {
            let mut keyboard = Self::plain(console::stdin());
            keyboard.is_terminal = io::stdin().is_terminal();
            (keyboard, Printer::new(console::stdout())?)
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

    /// Fails unless both input and output are a terminal that the editor can use.
    fn with_prompt() -> rustyline::Result<(Self, AbovePrompt<impl ExternalPrinter>)> {
        let config = Config::builder().auto_add_history(true).build();
        let mut editor = DefaultEditor::with_config(config)?;
        let screen = AbovePrompt(editor.create_external_printer()?);
        #[cfg(unix)]
        signals::guard_terminal()?;
        let mut pasted = VecDeque::new();
        let read_line = move || {
            if pasted.is_empty() {
                #[cfg(unix)]
                signals::let_stop_here();
                let text = edited(editor.readline("> "))?;
                // What was pasted may have several lines.
                let lines = text.iter().flat_map(|text| text.split('\n'));
                pasted.extend(lines.map(|line| Line::Whole(line.into())));
            }
            Ok(pasted.pop_front())
        };
        let keyboard = Self {
            read_line: Box::new(read_line),
            is_terminal: true,
            has_prompt: true,
        };
        Ok((keyboard, screen))
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

    /// Ends the thread if it can be ended. Else asks the user to do it.
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

/// The line that the editor returns; `None` if the user pressed Ctrl-D or Ctrl-C.
fn edited(line: rustyline::Result<String>) -> Result<Option<String>, Event> {
    // The keyboard, or what was pasted, has another encoding. The editor has dropped the line.
    let not_utf8 = || Event::NotSent("Not sent: the line isn't UTF-8.".to_owned());
    match line {
        Err(ReadlineError::Eof | ReadlineError::Interrupted) => Ok(None),
        #[cfg(windows)]
        Err(ReadlineError::Decode(_)) => Err(not_utf8()),
        Err(ReadlineError::Io(error)) if error.kind() == ErrorKind::InvalidData => Err(not_utf8()),
        line => {
            let line = line.or_cannot(Action::UseTerminal, "the terminal");
            line.map(Some).map_err(Event::Failed)
        }
    }
}

/// The screen above the prompt: the editor clears its line, prints, and shows the line again.
///
/// If a line arrives at the moment in which Enter ends the editing, it appears at the next prompt.
/// So at the last prompt a line may be lost.
struct AbovePrompt<P>(P);

impl<P: ExternalPrinter> Write for AbovePrompt<P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let shown = self.0.print(text);
        // If the program is leaving, the editor has gone.
        shown.or_else(|_| console::stdout().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Signals, while the editor has the terminal: no shell gets it back in the editor's mode.
///
/// Some aren't covered: nothing can be done before SIGKILL, SIGSTOP stops at once, and those that a
/// fault raises in a program don't wait.
#[cfg(unix)]
mod signals {
    use std::io;
    use std::thread;

    use console::Printer;
    use nix::sys::signal::Signal::{SIGALRM, SIGHUP, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2};
    use nix::sys::signal::{SigSet, raise};
    use nix::sys::termios::{SetArg, tcgetattr, tcsetattr};

    /// Asks the terminal to stop marking what is pasted, which the editor asked for.
    const PASTE_MARKS_OFF: &str = "\x1b[?2004l";

    /// Restores the terminal before a signal ends the program. (The editor takes SIGINT for
    /// Ctrl-C.) Call this before you start any other thread: a new thread blocks the same signals
    /// as the thread that starts it.
    pub(super) fn guard_terminal() -> io::Result<()> {
        let mode = tcgetattr(io::stdin())?;
        let ending = SigSet::from_iter([SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2]);
        let stopping = SigSet::from(SIGTSTP);
        (ending | stopping).thread_block()?;
        thread::Builder::new().spawn(move || {
            // This can fail only if the set held no signal.
            let Ok(signal) = ending.wait() else { return };
            let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &mode);
            // A paused terminal can't keep the program from ending: a printer waits for a second.
            let _ = Printer::new(io::stdout()).map(|it| it.add(PASTE_MARKS_OFF));
            let _ = ending.thread_unblock();
            let _ = raise(signal);
        })?;
        Ok(())
    }

    /// Lets Ctrl-Z stop the program in this thread, which is the editor's, and in no other. The
    /// editor restores the terminal, sends SIGTSTP, and takes the terminal again. If another
    /// thread got the signal, the editor would do the last before the program stops.
    pub(super) fn let_stop_here() {
        // This can fail only for a signal that doesn't exist.
        let _ = SigSet::from(SIGTSTP).thread_unblock();
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

    /// A key of a keyboard with another encoding must not end the chat.
    #[test]
    fn a_line_that_is_not_utf_8_is_not_sent_and_the_next_is_read() {
        let error = || ReadlineError::Io(ErrorKind::InvalidData.into());
        let mut lines = vec![Ok("next".to_owned()), Err(error())];
        let mut keyboard = Keyboard::plain(&b""[..]);
        keyboard.read_line = Box::new(move || {
            let text = edited(lines.pop().unwrap())?;
            Ok(text.map(|text| Line::Whole(text.into())))
        });
        let events = [keyboard.next_event(), keyboard.next_event()];
        let not_sent = "NotSent(\"Not sent: the line isn't UTF-8.\")";
        assert_eq!(
            format!("{events:?}"),
            format!("[{not_sent}, Typed(\"next\")]")
        );
        let other = edited(Err(ReadlineError::Io(ErrorKind::NotConnected.into())));
        assert!(matches!(other, Err(Event::Failed(_))));
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

    #[test]
    fn what_is_printed_above_the_prompt_is_printed_whole_and_once() {
        struct Printed(Vec<String>);
        impl ExternalPrinter for Printed {
            fn print(&mut self, text: String) -> rustyline::Result<()> {
                self.0.push(text);
                Ok(())
            }
        }
        let mut screen = AbovePrompt(Printed(Vec::new()));
        screen.write_all("| 你好\n".as_bytes()).unwrap();
        assert_eq!(screen.0.0, ["| 你好\n"]);
    }

    /// The line then goes to the terminal directly.
    #[test]
    fn what_the_editor_does_not_print_any_more_is_no_error() {
        struct Gone;
        impl ExternalPrinter for Gone {
            fn print(&mut self, _: String) -> rustyline::Result<()> {
                Err(ReadlineError::Eof)
            }
        }
        AbovePrompt(Gone).write_all(b"\n").unwrap();
    }
}
