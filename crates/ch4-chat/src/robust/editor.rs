//! The line editor at a terminal: while the user types, lines that come are printed above.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};

use console::Error;
use rustyline::error::ReadlineError;
use rustyline::{Config, DefaultEditor, ExternalPrinter};

use super::event::Event;

/// Opens the editor. Each call of the closure shows a prompt and returns an event. The screen prints
/// above the prompt.
///
/// # Errors
///
/// The input or the output isn't a terminal, or isn't one that the editor can use.
pub fn open() -> rustyline::Result<(impl FnMut() -> Event + Send, impl Write + Send)> {
    let config = Config::builder().auto_add_history(true).build();
    let mut editor = DefaultEditor::with_config(config)?;
    let screen = AbovePrompt(editor.create_external_printer()?);
    #[cfg(unix)]
    unix::guard_terminal()?;
    let mut pasted = VecDeque::new();
    let next = move || {
        if pasted.is_empty() {
            #[cfg(unix)]
            unix::prepare_prompt();
            match editor.readline("> ") {
                // What was pasted may have several lines.
                Ok(text) => pasted.extend(text.split('\n').map(str::to_owned)),
                Err(error) => return without_line(error),
            }
        }
        Event::Typed(pasted.pop_front().unwrap_or_default())
    };
    Ok((next, screen))
}

/// The event when the editor returned no line: the user pressed Ctrl-D or Ctrl-C, or the line has
/// another encoding.
fn without_line(error: ReadlineError) -> Event {
    let not_utf8 = || Event::NotSent("Not sent: the line isn't UTF-8.".to_owned());
    match error {
        ReadlineError::Eof | ReadlineError::Interrupted => Event::Leave(Ok(())),
        #[cfg(windows)]
        ReadlineError::Decode(_) => not_utf8(),
        ReadlineError::Io(error) if error.kind() == ErrorKind::InvalidData => not_utf8(),
        error => {
            let next = "try it with TERM=dumb, or in another terminal";
            Event::Leave(Err(Error::cannot("use the terminal", error, next)))
        }
    }
}

/// The screen above the prompt: the editor clears its line, prints, and shows the line again. (A
/// line that arrives at the instant of Enter waits for the next prompt. At the last, it is lost.)
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

/// Keeps the terminal usable on Unix: for the editor, and for the shell, which must not get it back
/// in the editor's mode. (Nobody can do that for SIGKILL and SIGSTOP, or for a signal that a fault
/// raises. It isn't done for SIGTSTP from another program.)
#[cfg(unix)]
mod unix {
    use std::io;
    use std::thread;

    use console::Printer;
    use nix::sys::signal::Signal::{SIGALRM, SIGHUP, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1, SIGUSR2};
    use nix::sys::signal::{SigSet, raise};
    use nix::sys::termios::{SetArg, tcgetattr, tcsetattr};

    /// Asks the terminal to stop marking what is pasted, which the editor asked for.
    const PASTE_MARKS_OFF: &str = "\x1b[?2004l";

    /// Asks for it again.
    const PASTE_MARKS_ON: &str = "\x1b[?2004h";

    /// Restores the terminal before a signal ends the program. (The editor takes SIGINT for
    /// Ctrl-C.) Call this before you start any other thread: a new thread blocks the same signals
    /// as the thread that starts it.
    pub(super) fn guard_terminal() -> io::Result<()> {
        let mode = tcgetattr(io::stdin())?;
        let ending = SigSet::from_iter([SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2]);
        (ending | SigSet::from(SIGTSTP)).thread_block()?;
        thread::Builder::new().spawn(move || {
            // A paused terminal can't keep the program from ending: a printer waits for a second.
            let print = |marks| drop(Printer::new(io::stdout()).map(|it| it.add(marks)));
            // This can fail only if the set held no signal.
            while let Ok(signal) = ending.wait() {
                let edits = tcgetattr(io::stdin());
                let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, &mode);
                print(PASTE_MARKS_OFF);
                let _ = SigSet::from(signal).thread_unblock();
                let _ = raise(signal);
                // We are still here, so this signal is ignored: nohup(1) does that to SIGHUP.
                let _ = SigSet::from(signal).thread_block();
                let _ = edits.map(|it| tcsetattr(io::stdin(), SetArg::TCSANOW, &it));
                print(PASTE_MARKS_ON);
            }
        })?;
        Ok(())
    }

    /// Call this in the editor's thread before each prompt.
    pub(super) fn prepare_prompt() {
        // Let Ctrl-Z stop the program in this thread, and in no other: the editor restores the
        // terminal, sends SIGTSTP, and takes the terminal again. Another thread might stop the
        // program only after that. (This can fail only for a signal that doesn't exist.)
        let _ = SigSet::from(SIGTSTP).thread_unblock();
        // Make the terminal blocking again, as shells do before they prompt. A program that shares
        // it may have made it non-blocking, and then the editor would fail, and say why.
        let _ = rustix::io::ioctl_fionbio(io::stdin(), false);
        let _ = rustix::io::ioctl_fionbio(io::stdout(), false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key of a keyboard with another encoding must not end the chat.
    #[test]
    fn a_line_that_is_not_utf_8_is_not_sent_and_is_no_failure() {
        let io_error = |kind: ErrorKind| without_line(ReadlineError::Io(kind.into()));
        assert_eq!(
            format!("{:?}", io_error(ErrorKind::InvalidData)),
            "NotSent(\"Not sent: the line isn't UTF-8.\")"
        );
        let failed = io_error(ErrorKind::NotConnected);
        assert!(matches!(failed, Event::Leave(Err(_))));
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
