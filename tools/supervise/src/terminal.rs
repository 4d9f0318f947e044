//! The keyboard and the screen of a program: a terminal, as people have, or pipes where
//! there is none.
//!
//! The terminal is a pseudoterminal (pty(7)) that doesn't echo what is typed and prints what it is
//! given, byte for byte. Standard error is a separate pipe. The program leads its own session, and
//! the terminal doesn't control it: Ctrl-C at our terminal doesn't reach it, and it finds nothing
//! if it opens `/dev/tty`. (A controlling terminal takes a call between fork and exec, which no
//! safe code can make.)

use std::io::{self, Read, Write};
use std::process::Command;

/// The size of the terminal: so wide that no program divides a line, and no wider, as some programs
/// fill whole lines, such as to redraw a prompt.
const ROWS: u16 = 24;
const COLUMNS: u16 = 4_000;

/// What the user of a program has in front of them.
pub(crate) struct Streams {
    pub(crate) is_terminal: bool,
    pub(crate) keyboard: Box<dyn Write + Send>,
    pub(crate) outputs: [Box<dyn Read + Send>; 2],
}

/// Makes the command's standard streams ours. They are there before it is started: nothing may fail
/// after that, as nobody would end what it has started.
///
/// # Errors
///
/// The system has no descriptors left.
pub(crate) fn open(command: &mut Command) -> io::Result<Streams> {
    let (errors, theirs) = io::pipe()?;
    command
        .stderr(theirs)
        // Some libraries take a dumb terminal, or a pipe, for one of 80 columns.
        .env("LINES", ROWS.to_string())
        .env("COLUMNS", COLUMNS.to_string());
    #[cfg(unix)]
    if let Ok((ours, theirs)) = pty::open() {
        command
            .env("TERM", "dumb")
            // Not every program knows that a dumb terminal has no colours.
            .env("NO_COLOR", "1")
            .stdin(theirs.try_clone()?)
            .stdout(theirs);
        return Ok(Streams {
            is_terminal: true,
            outputs: [Box::new(ours.try_clone()?), Box::new(errors)],
            keyboard: Box::new(ours),
        });
    }
    let (stdin, keyboard) = io::pipe()?;
    let (output, stdout) = io::pipe()?;
    command
        // What a Python program prints arrives when it prints it.
        .env("PYTHONUNBUFFERED", "1")
        .stdin(stdin)
        .stdout(stdout);
    Ok(Streams {
        is_terminal: false,
        outputs: [Box::new(output), Box::new(errors)],
        keyboard: Box::new(keyboard),
    })
}

#[cfg(unix)]
mod pty {
    use std::fs::File;
    use std::os::fd::OwnedFd;

    use rustix::io::Result;
    use rustix::termios::{
        LocalModes, OptionalActions, OutputModes, tcgetattr, tcgetwinsize, tcsetattr, tcsetwinsize,
    };
    use rustix_openpty::openpty;

    /// Our side of a new terminal, and the program's.
    pub(super) fn open() -> Result<(File, OwnedFd)> {
        let pty = openpty(None, None)?;
        let mut mode = tcgetattr(&pty.user)?;
        mode.local_modes.remove(LocalModes::ECHO);
        mode.output_modes.remove(OutputModes::OPOST);
        tcsetattr(&pty.user, OptionalActions::Now, &mode)?;
        let mut size = tcgetwinsize(&pty.user)?;
        (size.ws_row, size.ws_col) = (super::ROWS, super::COLUMNS);
        tcsetwinsize(&pty.user, size)?;
        Ok((pty.controller.into(), pty.user))
    }
}
