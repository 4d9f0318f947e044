//! Reads the user's lines: at a terminal with an [`editor`], elsewhere as they come.

use std::env;
use std::io::{self, BufRead, IsTerminal};

use console::{Error, Line, Printer, read_line, stdin, stdout, terminal_width};

use super::editor;
use super::event::Event;
use super::limits::MESSAGE_BYTES;
use crate::BYE;

/// Where the user's lines come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// A terminal, where an [`editor`] shows a prompt.
    Editor,
    /// A terminal without an editor.
    Terminal,
    /// A file or a pipe.
    File,
}

/// The user's keyboard, as the typing thread takes it.
pub struct Keyboard {
    /// Waits for the next line. In a box, because each input's closure has its own type.
    pub next: Box<dyn FnMut() -> Event + Send>,
    /// Where the lines come from.
    pub input: Input,
}

impl Keyboard {
    /// The user's keyboard, and a printer for the screen that goes with it.
    ///
    /// # Errors
    ///
    /// The system has no thread left.
    pub fn open() -> Result<(Self, Printer), Error> {
        // `TERM` says what the terminal can do. Windows doesn't need it.
        let has_term = cfg!(windows) || env::var_os("TERM").is_some_and(|term| !term.is_empty());
        let plain = |input| (Self::plain(input, stdin()), Printer::new(stdout()));
        let (keyboard, printer) = if has_term && let Ok((next, screen)) = editor::open() {
            (Self::new(Input::Editor, next), Printer::new(screen))
        } else if io::stdin().is_terminal() {
            plain(Input::Terminal)
        } else {
            plain(Input::File)
        };
        Ok((keyboard, printer?.with_width(terminal_width)))
    }

    /// Lines without an editor. Bytes that aren't UTF-8 become U+FFFD. At a terminal, the end of
    /// the input (Ctrl-D) means `byebye`.
    pub fn plain(input: Input, mut lines: impl BufRead + Send + 'static) -> Self {
        let next = move || match read_line(&mut lines, MESSAGE_BYTES) {
            Ok(Some(Line::Whole(line))) => {
                let line = line.strip_suffix(b"\r").unwrap_or(&line);
                Event::Typed(String::from_utf8_lossy(line).into_owned())
            }
            Ok(Some(Line::TooLong(length))) => too_long(length),
            Ok(None) if input == Input::File => Event::InputEnded,
            Ok(None) => Event::Leave(Ok(())),
            Err(error) => Event::Leave(Err(Error::input(error))),
        };
        Self::new(input, next)
    }

    fn new(input: Input, mut read: impl FnMut() -> Event + Send + 'static) -> Self {
        let next = Box::new(move || match read() {
            // U+FFFD is longer than what it replaces, and an editor has no limit.
            Event::Typed(line) if line.len() > MESSAGE_BYTES => too_long(line.len() as u64),
            Event::Typed(line) if line == BYE => Event::Leave(Ok(())),
            event => event,
        });
        Self { next, input }
    }
}

fn too_long(length: u64) -> Event {
    Event::NotSent(format!(
        "Not sent: the line is {length} bytes; the limit is {MESSAGE_BYTES}."
    ))
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use super::*;

    /// What is typed, up to the end of the input.
    fn typed(input: impl Read + Send + 'static) -> String {
        let mut keyboard = Keyboard::plain(Input::File, BufReader::new(input));
        let mut all = Vec::new();
        loop {
            let event = (keyboard.next)();
            all.push(format!("{event:?}"));
            if matches!(event, Event::InputEnded | Event::Leave(_)) {
                return all.join(" ");
            }
        }
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
        assert!(typed.starts_with(r#"Typed("one") Leave(Err("#), "{typed}");
        assert!(typed.contains("read the input"), "{typed}");
    }

    #[test]
    fn only_at_a_terminal_the_end_of_the_input_means_byebye_at_once() {
        for (input, expected) in [
            (Input::Terminal, ["Leave(Ok(()))"; 2]),
            (Input::File, ["InputEnded"; 2]),
        ] {
            let mut keyboard = Keyboard::plain(input, &b""[..]);
            let events = [(keyboard.next)(), (keyboard.next)()];
            assert_eq!(events.map(|it| format!("{it:?}")), expected);
        }
    }
}
