//! Standard input and output that can be waited for, even where they are non-blocking.
//!
//! A program doesn't choose how its standard streams were opened. Any program that shares a pipe
//! or a terminal with it may have made it non-blocking: `O_NONBLOCK` belongs to the open file
//! description, which processes share (fcntl(2), "File status flags"). A full pipe then isn't an
//! error but a reason to wait, and poll(2) does the waiting.

use std::error::Error;
use std::fmt::{self, Display};
use std::io::{self, BufReader, ErrorKind, Read, Write};

/// Standard input.
pub fn stdin() -> BufReader<Stdin> {
    BufReader::new(Stdin)
}

/// Standard output.
pub fn stdout() -> Stdout {
    Stdout
}

/// A handle to standard input, without a buffer.
#[derive(Debug)]
pub struct Stdin;

/// A handle to standard output.
#[derive(Debug)]
pub struct Stdout;

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = retry(|| io::stdin().read(buffer), wait::for_stdin);
        read.map_err(|error| io::Error::new(error.kind(), InputError(error)))
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = retry(|| io::stdout().write(bytes), wait::for_stdout);
        written.map_err(|error| io::Error::new(error.kind(), OutputError(error)))
    }

    fn flush(&mut self) -> io::Result<()> {
        // What a failed flush hasn't written stays in the buffer of `io::stdout`.
        let flushed = retry(|| io::stdout().flush(), wait::for_stdout);
        flushed.map_err(|error| io::Error::new(error.kind(), OutputError(error)))
    }
}

/// An error of standard input. A program that reads from a socket too can tell them apart by it.
#[derive(Debug)]
struct InputError(io::Error);

/// An error of standard output.
#[derive(Debug)]
struct OutputError(io::Error);

impl Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for InputError {}
impl Error for OutputError {}

/// Whether the error comes from [`stdin`].
pub(crate) fn is_input(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<InputError>())
}

/// Whether the error comes from [`stdout`].
pub(crate) fn is_output(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<OutputError>())
}

fn retry<T>(
    mut attempt: impl FnMut() -> io::Result<T>,
    wait: impl Fn() -> io::Result<()>,
) -> io::Result<T> {
    loop {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait()?,
            done => return done,
        }
    }
}

#[cfg(unix)]
mod wait {
    use std::io;
    use std::os::fd::AsFd;

    use rustix::event::{PollFd, PollFlags, poll};

    pub(super) fn for_stdin() -> io::Result<()> {
        until_ready(&io::stdin(), PollFlags::IN)
    }

    pub(super) fn for_stdout() -> io::Result<()> {
        until_ready(&io::stdout(), PollFlags::OUT)
    }

    fn until_ready(stream: &impl AsFd, ready: PollFlags) -> io::Result<()> {
        poll(&mut [PollFd::new(stream, ready)], None)?;
        Ok(())
    }
}

/// Windows has no non-blocking console, file or pipe that a program inherits.
#[cfg(not(unix))]
mod wait {
    use std::io::{self, ErrorKind};

    pub(super) fn for_stdin() -> io::Result<()> {
        Err(ErrorKind::WouldBlock.into())
    }

    pub(super) use for_stdin as for_stdout;
}
