//! Standard input and output whose calls wait, even where the streams are non-blocking.
//!
//! A program doesn't choose how its standard streams were opened. Any program that shares a pipe
//! or a terminal with it may have made it non-blocking: `O_NONBLOCK` belongs to the open file
//! description, which processes share (fcntl(2), "File status flags"). A full pipe then isn't an
//! error but a reason to wait, and poll(2) does the waiting.
//!
//! Their errors are an [`Error`] inside the `io::Error`. So a program that also uses sockets can
//! tell which of them failed.

use std::fmt::Display;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};

#[cfg(unix)]
use rustix::event::{PollFd, PollFlags, poll};

use crate::Error;

/// Standard input.
pub fn stdin() -> BufReader<Stdin> {
    BufReader::new(Stdin)
}

/// Standard output.
pub fn stdout() -> Stdout {
    Stdout
}

/// Prints all that a program has to print, such as a table, to the standard output.
///
/// # Errors
///
/// The output can't be written to; [`Error::OutputGone`] if its reader has gone.
pub fn print(text: &impl Display) -> Result<(), Error> {
    show(&mut BufWriter::new(stdout()), text)
}

/// Prints text at once.
///
/// # Errors
///
/// The output can't be written to; [`Error::OutputGone`] if its reader has gone.
pub fn show(out: &mut impl Write, text: impl Display) -> Result<(), Error> {
    write!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(Error::output)
}

/// A handle to standard input, without a buffer.
pub struct Stdin;

/// A handle to standard output.
pub struct Stdout;

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        retry(|| io::stdin().read(buffer), wait_for_stdin, Error::input)
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        retry(|| io::stdout().write(bytes), wait_for_stdout, Error::output)
    }

    fn flush(&mut self) -> io::Result<()> {
        // What a failed flush hasn't written stays in the buffer of `io::stdout`.
        retry(|| io::stdout().flush(), wait_for_stdout, Error::output)
    }
}

fn retry<T>(
    mut attempt: impl FnMut() -> io::Result<T>,
    wait: impl Fn() -> io::Result<()>,
    error: fn(io::Error) -> Error,
) -> io::Result<T> {
    loop {
        match attempt() {
            Err(cause) if cause.kind() == ErrorKind::WouldBlock => wait()?,
            done => return done.map_err(|cause| io::Error::new(cause.kind(), error(cause))),
        }
    }
}

// Windows has no non-blocking console, file or pipe that a program inherits: nothing calls these.

fn wait_for_stdin() -> io::Result<()> {
    #[cfg(unix)]
    rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(&io::stdin(), PollFlags::IN)], None))?;
    Ok(())
}

fn wait_for_stdout() -> io::Result<()> {
    #[cfg(unix)]
    rustix::io::retry_on_intr(|| poll(&mut [PollFd::new(&io::stdout(), PollFlags::OUT)], None))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::env;
    use std::process::{Command, exit};

    use testkit::Program;

    use super::*;

    /// The test runs itself again, as a program that asks its user.
    #[test]
    fn what_is_printed_is_seen_at_once_and_what_is_typed_is_read() {
        const ASKS: &str = "CONSOLE_ASKS";
        if env::var_os(ASKS).is_some() {
            print(&"Who is there? ").unwrap();
            let name = io::read_to_string(stdin()).unwrap();
            print(&format_args!("Hello, {name}!")).unwrap();
            exit(0);
        }
        let name = "stdio::tests::what_is_printed_is_seen_at_once_and_what_is_typed_is_read";
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", name, "--nocapture"]).env(ASKS, "");
        let mut program = Program::start_command(command);
        let _ = program.output.wait_for("Who is there? ");
        program.types("Li");
        let shown = program.wait().succeeds();
        assert!(shown.ends_with("Who is there? Hello, Li!"), "{shown}");
    }

    #[test]
    fn a_stream_that_would_block_is_waited_for_and_each_other_error_ends_the_call() {
        let call = |kinds: &[ErrorKind]| {
            let mut kinds = kinds.iter();
            let attempt = || kinds.next().map_or(Ok(7), |&kind| Err(kind.into()));
            let waits = Cell::new(0);
            let wait = || {
                waits.set(waits.get() + 1);
                Ok(())
            };
            let result = retry(attempt, wait, Error::output);
            (waits.get(), result.map_err(|error: io::Error| error.kind()))
        };
        assert_eq!(call(&[]), (0, Ok(7)));
        assert_eq!(call(&[ErrorKind::WouldBlock; 2]), (2, Ok(7)));
        let full = [ErrorKind::WouldBlock, ErrorKind::StorageFull];
        assert_eq!(call(&full), (1, Err(ErrorKind::StorageFull)));
        let failed = retry(
            || io::Result::<()>::Err(ErrorKind::WouldBlock.into()),
            || Err(ErrorKind::Unsupported.into()),
            Error::output,
        );
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::Unsupported);
        let gone = || io::Result::<()>::Err(ErrorKind::BrokenPipe.into());
        let told = retry(gone, || Ok(()), Error::output).unwrap_err();
        assert!(matches!(told.downcast(), Ok(Error::OutputGone)));
    }
}
