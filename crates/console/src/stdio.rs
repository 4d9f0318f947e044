//! Standard input and output that can be waited for, even where they are non-blocking.
//!
//! A program doesn't choose how its standard streams were opened. Any program that shares a pipe
//! or a terminal with it may have made it non-blocking: `O_NONBLOCK` belongs to the open file
//! description, which processes share (fcntl(2), "File status flags"). A full pipe then isn't an
//! error but a reason to wait, and poll(2) does the waiting.
//!
//! An error of theirs is an [`Error`] inside the `io::Error`. So a program that uses sockets too can
//! be told which of them failed.

use std::io::{self, BufReader, ErrorKind, Read, Write};

use crate::Error;

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
        read.map_err(|cause| io::Error::new(cause.kind(), Error::input(cause)))
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        retry(|| io::stdout().write(bytes), wait::for_stdout).map_err(of_stdout)
    }

    fn flush(&mut self) -> io::Result<()> {
        // What a failed flush hasn't written stays in the buffer of `io::stdout`.
        retry(|| io::stdout().flush(), wait::for_stdout).map_err(of_stdout)
    }
}

fn of_stdout(cause: io::Error) -> io::Error {
    io::Error::new(cause.kind(), Error::output(cause))
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
    use rustix::io::Errno;

    pub(super) fn for_stdin() -> io::Result<()> {
        until_ready(&io::stdin(), PollFlags::IN)
    }

    pub(super) fn for_stdout() -> io::Result<()> {
        until_ready(&io::stdout(), PollFlags::OUT)
    }

    fn until_ready(stream: &impl AsFd, ready: PollFlags) -> io::Result<()> {
        match poll(&mut [PollFd::new(stream, ready)], None) {
            // After a signal (signal(7)), the caller finds out whether the stream is ready.
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_stream_that_would_block_is_waited_for_and_each_other_error_ends_the_call() {
        let call = |kinds: &[ErrorKind]| {
            let mut kinds = kinds.iter();
            let attempt = || kinds.next().map_or(Ok(7), |&kind| Err(kind.into()));
            let waits = Cell::new(0);
            let result = retry(attempt, || {
                waits.set(waits.get() + 1);
                Ok(())
            });
            (waits.get(), result.map_err(|error: io::Error| error.kind()))
        };
        assert_eq!(call(&[]), (0, Ok(7)));
        assert_eq!(call(&[ErrorKind::WouldBlock; 2]), (2, Ok(7)));
        let full = [ErrorKind::WouldBlock, ErrorKind::StorageFull];
        assert_eq!(call(&full), (1, Err(ErrorKind::StorageFull)));
        let failed = retry(
            || io::Result::<()>::Err(ErrorKind::WouldBlock.into()),
            || Err(ErrorKind::Unsupported.into()),
        );
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
