//! The keyboard and the screen of a program under test: a terminal, as people have, or pipes where
//! there is none.
//!
//! The terminal is a pseudoterminal (pty(7)) that doesn't echo what is typed and prints what it is
//! given, byte for byte. Standard error is a separate pipe. The program leads its own session, and
//! the terminal doesn't control it: Ctrl-C at our terminal doesn't reach it, and it finds nothing
//! if it opens `/dev/tty`. (A controlling terminal takes a call between fork and exec, which no
//! safe code can make.)

use std::io::{self, Read, Write};
use std::process::{Command, Stdio};

use process_wrap::std::ChildWrapper;

use crate::strays::Mark;

/// What was started, and what its user has in front of them.
pub(crate) struct Started {
    pub(crate) mark: Mark,
    pub(crate) child: Box<dyn ChildWrapper>,
    pub(crate) is_terminal: bool,
    pub(crate) keyboard: Option<Box<dyn Write + Send>>,
    pub(crate) outputs: [Box<dyn Read + Send>; 2],
}

/// Makes the command's standard streams ours, and starts it. Nothing fails after `spawn`: nobody
/// would end what it has started.
pub(crate) fn start(
    mut command: Command,
    spawn: impl FnOnce(Command) -> io::Result<(Mark, Box<dyn ChildWrapper>)>,
) -> io::Result<Started> {
    command.stderr(Stdio::piped());
    #[cfg(unix)]
    if let Ok((ours, theirs)) = pty::open() {
        command
            .env("TERM", "dumb")
            // Not every program knows that a dumb terminal has no colours.
            .env("NO_COLOR", "1")
            .stdin(theirs.try_clone()?)
            .stdout(theirs);
        let screen = ours.try_clone()?;
        let (mark, mut child) = spawn(command)?;
        return Ok(Started {
            is_terminal: true,
            keyboard: Some(Box::new(ours)),
            outputs: [Box::new(screen), boxed(child.stderr().take())],
            mark,
            child,
        });
    }
    command
        // What a Python program prints arrives when it prints it.
        .env("PYTHONUNBUFFERED", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let (mark, mut child) = spawn(command)?;
    Ok(Started {
        is_terminal: false,
        keyboard: child.stdin().take().map(|pipe| Box::new(pipe) as _),
        outputs: [boxed(child.stdout().take()), boxed(child.stderr().take())],
        mark,
        child,
    })
}

fn boxed(pipe: Option<impl Read + Send + 'static>) -> Box<dyn Read + Send> {
    match pipe {
        Some(pipe) => Box::new(pipe),
        None => Box::new(io::empty()),
    }
}

#[cfg(unix)]
mod pty {
    use std::fs::File;
    use std::os::fd::OwnedFd;

    use rustix::fs::{Mode, OFlags, open as open_file};
    use rustix::io::{FdFlags, Result, fcntl_setfd};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use rustix::termios::{
        LocalModes, OptionalActions, OutputModes, Winsize, tcgetattr, tcsetattr, tcsetwinsize,
    };

    /// Our side of a new terminal, and the program's.
    pub(super) fn open() -> Result<(File, OwnedFd)> {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
        fcntl_setfd(&ours, FdFlags::CLOEXEC)?;
        grantpt(&ours)?;
        unlockpt(&ours)?;
        let name = ptsname(&ours, Vec::new())?;
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let theirs = open_file(name, flags, Mode::empty())?;
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
        Ok((ours.into(), theirs))
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    use std::env;

    use process_wrap::std::CommandWrap;
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    use super::*;

    const THIS: &str = "terminal::tests::nothing_fails_once_the_program_has_started";

    /// In a process of its own, which has no descriptor left from the start of the program on.
    #[test]
    fn nothing_fails_once_the_program_has_started() {
        if env::var_os("ALONE").is_none() {
            let mut alone = Command::new(env::current_exe().unwrap());
            let status = alone.args(["--exact", THIS]).env("ALONE", "1").status();
            return assert!(status.unwrap().success());
        }
        let spawn = |command| {
            let (mark, child) = Mark::start(|| CommandWrap::from(command).spawn());
            let none = Rlimit {
                current: Some(0),
                ..getrlimit(Resource::Nofile)
            };
            setrlimit(Resource::Nofile, none).unwrap();
            child.map(|child| (mark, child))
        };
        let mut started = start(Command::new("true"), spawn).unwrap();
        started.child.wait().unwrap();
    }
}
