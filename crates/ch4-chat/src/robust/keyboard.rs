//! What the user types: at a terminal with a prompt that incoming lines don't tear, else plainly.

use std::collections::VecDeque;
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::{env, iter};

use console::{Action, Error, Line, OrCannot, Printer, read_line, terminal_width};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};

use super::event::Typed;
use crate::BYE;

/// Lines from the user, until there are no more.
pub struct Keyboard {
    lines: Box<dyn Iterator<Item = Typed> + Send>,
    /// Somebody sits at it and sees the room, before anybody has come.
    pub is_terminal: bool,
    /// A prompt is on the screen, and the terminal is in the editor's hands until Enter or Ctrl-C
    /// is pressed: to leave earlier would leave a terminal behind that doesn't echo.
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
    /// The terminal can't be used, or the system has no thread left.
    pub fn open(message_bytes: usize) -> Result<(Self, Printer), Error> {
        let at_terminal = io::stdin().is_terminal();
        let dumb = env::var("TERM").is_ok_and(|term| term == "dumb");
        if at_terminal && io::stdout().is_terminal() && !dumb {
            let (keyboard, screen) =
                Self::with_prompt(message_bytes).or_cannot(Action::UseTerminal, "the terminal")?;
            return Ok((keyboard, Printer::new(screen)?.with_width(terminal_width)));
        }
        let mut keyboard = Self::plain(console::stdin(), message_bytes);
        if at_terminal {
            let bye = iter::once(Typed::Line(BYE.to_owned()));
            keyboard.lines = Box::new(keyboard.lines.chain(bye));
            keyboard.is_terminal = true;
        }
        let printer = Printer::new(console::stdout())?.with_width(terminal_width);
        Ok((keyboard, printer))
    }

    /// Lines from any input, without a prompt.
    pub fn plain(mut input: impl BufRead + Send + 'static, message_bytes: usize) -> Self {
        Self {
            lines: Box::new(iter::from_fn(move || next_line(&mut input, message_bytes))),
            is_terminal: false,
            has_prompt: false,
        }
    }

    fn with_prompt(
        message_bytes: usize,
    ) -> rustyline::Result<(Self, AbovePrompt<impl ExternalPrinter>)> {
        let config = Config::builder().auto_add_history(true).build();
        let mut editor = Editor::<(), _>::with_history(config, MemHistory::new())?;
        let screen = AbovePrompt(editor.create_external_printer()?);
        let mut pasted = VecDeque::new();
        let lines = iter::from_fn(move || {
            if pasted.is_empty() {
                // The end of the input and Ctrl-C are errors to the editor, and to us the end.
                let text = editor.readline("> ").unwrap_or_else(|_| BYE.to_owned());
                // What was pasted may have several lines.
                pasted.extend(text.split('\n').map(ToOwned::to_owned));
            }
            let line = pasted.pop_front()?;
            Some(if line.len() > message_bytes {
                Typed::TooLong(line.len() as u64)
            } else {
                Typed::Line(line)
            })
        });
        let keyboard = Self {
            lines: Box::new(lines),
            is_terminal: true,
            has_prompt: true,
        };
        Ok((keyboard, screen))
    }

    /// Reads on a thread of its own, which hands each line to `send`, and [`Typed::End`] at the end.
    /// `send` may block; it returns false if the chat is over.
    ///
    /// It reads the next line when it is told to ([`Typing::next_turn`]), so that a prompt comes
    /// after what the last line has led to, and a long file doesn't pile up in memory. After
    /// `byebye` it ends.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub fn read(self, send: impl Fn(Typed) -> bool + Send + 'static) -> Result<Typing, Error> {
        let (next_turn, turns) = sync_channel(1);
        let type_lines = move || {
            for typed in self.lines {
                let last = matches!(&typed, Typed::Line(line) if line == BYE);
                if !send(typed) || last || turns.recv().is_err() {
                    return;
                }
            }
            // If the chat is over, nobody has to know.
            let _ = send(Typed::End);
        };
        let thread = thread::Builder::new()
            .spawn(type_lines)
            .or_cannot(Action::StartThread, "that reads the keyboard")?;
        Ok(Typing {
            next_turn,
            thread,
            has_prompt: self.has_prompt,
        })
    }
}

/// The thread that reads the keyboard.
pub struct Typing {
    next_turn: SyncSender<()>,
    thread: JoinHandle<()>,
    has_prompt: bool,
}

impl Typing {
    /// The last line has been dealt with: read another.
    pub fn next_turn(&self) {
        // If the thread has ended there is no other.
        let _ = self.next_turn.try_send(());
    }

    /// Ends the thread if it can be ended. Else asks the user to do it: `tell` shows the request.
    pub fn end(self, tell: impl FnOnce(&str)) {
        drop(self.next_turn);
        if self.has_prompt && !self.thread.is_finished() {
            tell("Press Enter to leave.");
            // If the thread has panicked its prompt has gone too.
            let _ = self.thread.join();
        }
    }
}

/// The next line. Bytes that aren't UTF-8 become U+FFFD.
fn next_line(input: &mut impl BufRead, message_bytes: usize) -> Option<Typed> {
    // An input that can't be read any more has ended.
    match read_line(input, message_bytes).ok()?? {
        Line::TooLong(length) => Some(Typed::TooLong(length)),
        Line::Whole(line) => {
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            let text = String::from_utf8_lossy(line);
            Some(if text.len() > message_bytes {
                Typed::TooLong(line.len() as u64)
            } else {
                Typed::Line(text.into_owned())
            })
        }
    }
}

/// The screen above the prompt: the editor clears its line, prints, and shows the line again.
struct AbovePrompt<P>(P);

impl<P: ExternalPrinter> Write for AbovePrompt<P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.0.print(text).map_err(|error| match error {
            ReadlineError::Io(error) => error,
            error => io::Error::other(error),
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(bytes: &'static [u8]) -> Vec<Typed> {
        Keyboard::plain(bytes, 10).lines.collect()
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_with_its_length() {
        let fits = || Typed::Line("0123456789".to_owned());
        assert_eq!(
            typed(b"0123456789\r\n0123456789x\n0123456789"),
            [fits(), Typed::TooLong(11), fits()]
        );
        // Nine bytes as typed, more once U+FFFD stands for those that aren't UTF-8.
        assert_eq!(
            typed(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\n"),
            [Typed::TooLong(9)]
        );
        assert_eq!(typed(b"caf\xe9\n"), [Typed::Line("caf\u{fffd}".to_owned())]);
    }
}
