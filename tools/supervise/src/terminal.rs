//! The keyboard and the screen of a program: a terminal, as people have, or pipes where
//! there is none.
//!
//! The terminal is a pseudoterminal (pty(7)) that doesn't echo what is typed and prints what it is
//! given, byte for byte. Standard error is a separate pipe. A shell leads a session at that terminal,
//! and the program is its foreground job, as at home: `/dev/tty` is this terminal, `setpgrp`
//! succeeds, and `setsid` doesn't. Ctrl-C at our terminal doesn't reach it.

#[cfg(unix)]
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

/// What the user of a program has in front of them.
pub(crate) struct Streams {
    /// Our side of the terminal, if there is one.
    pub(crate) terminal: Option<File>,
    pub(crate) keyboard: Box<dyn Write + Send>,
    pub(crate) outputs: [Box<dyn Read + Send>; 2],
}

/// Makes a command whose standard streams are ours. They are there before it is started: nothing may
/// fail after that, as nobody would end what it has started.
///
/// # Errors
///
/// The system has no descriptors left, or there is no such program.
pub(crate) fn open(words: &crate::Command) -> io::Result<(Command, Streams)> {
    let (errors, theirs) = io::pipe()?;
    #[cfg(unix)]
    if let Ok((ours, terminal, name)) = pty::open() {
        words.is_there()?;
        let mut command = Command::new("sh");
        command
            .args(["-c", JOB, "sh"])
            .arg(OsStr::from_bytes(name.as_bytes()))
            .arg(&words.program)
            .args(&words.arguments)
            .env("TERM", "dumb")
            // Not every program knows that a dumb terminal has no colours.
            .env("NO_COLOR", "1")
            .stdin(terminal.try_clone()?)
            .stdout(terminal)
            .stderr(theirs);
        let streams = Streams {
            outputs: [Box::new(ours.try_clone()?), Box::new(errors)],
            keyboard: Box::new(ours.try_clone()?),
            terminal: Some(ours),
        };
        return Ok((command, streams));
    }
    let (stdin, keyboard) = io::pipe()?;
    let (output, stdout) = io::pipe()?;
    let mut command = Command::new(&words.program);
    command
        .args(&words.arguments)
        // What a Python program prints arrives when it prints it.
        .env("PYTHONUNBUFFERED", "1")
        .stdin(stdin)
        .stdout(stdout)
        .stderr(theirs);
    let streams = Streams {
        terminal: None,
        outputs: [Box::new(output), Box::new(errors)],
        keyboard: Box::new(keyboard),
    };
    Ok((command, streams))
}

/// Runs a program as the foreground job of a shell, whose words about it nobody needs, and ends as
/// the program has. A terminal becomes that of the session whose leader opens it.
#[cfg(unix)]
const JOB: &str = r#"
: <>"$1"; shift
exec 3>&2 2>/dev/null
set -m
(exec "$@" 2>&3 3>&-)
status=$?
case $status in
    129 | 13? | 14[0-3] | 153) kill "-$((status - 128))" $$ ;;
esac
exit $status
"#;

#[cfg(unix)]
mod pty {
    use std::ffi::CString;
    use std::fs::File;
    use std::os::fd::OwnedFd;

    use rustix::fs::{Mode, OFlags, open as open_file};
    use rustix::io::{FdFlags, Result, fcntl_setfd};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{
        LocalModes, OptionalActions, OutputModes, Winsize, tcgetattr, tcsetattr, tcsetwinsize,
    };

    /// Our side of a new terminal, the program's, and its name.
    pub(super) fn open() -> Result<(File, OwnedFd, CString)> {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
        // At once, or a program that is started at this instant would have it, too.
        #[cfg(target_os = "linux")]
        let flags = flags | OpenptFlags::CLOEXEC;
        let ours = openpt(flags)?;
        fcntl_setfd(&ours, FdFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let name = ptsname(&ours, Vec::new())?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let theirs = open_file(&name, flags, Mode::empty())?;
        let mut mode = tcgetattr(&theirs)?;
        mode.local_modes.remove(LocalModes::ECHO);
        mode.output_modes.remove(OutputModes::OPOST);
        tcsetattr(&theirs, OptionalActions::Now, &mode)?;
        // So wide that no program divides a line.
        let size = Winsize {
            ws_row: 24,
            ws_col: 10_000,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&ours, size)?;
        Ok((ours.into(), theirs, name))
    }
}
