use std::error::Error as StdError;
use std::fmt::{self, Display};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::num::ParseFloatError;
use std::process::ExitCode;
use std::{env, str};

/// Why a program can't go on.
///
/// Its text is one line: what failed, on which address, why, and what to do next.
#[derive(Debug)]
pub enum Error {
    /// Whoever read our output has gone, as `head` does in `| head -1`. It is a reason to stop,
    /// not a failure, and there is nobody left to tell.
    OutputGone,
    /// Something that the program needs could not be done.
    Cannot {
        /// What failed and on which address: "connect to 127.0.0.1:8080".
        action: String,
        /// What the operating system or a library said.
        cause: Box<dyn StdError + Send + Sync>,
        /// What the user can do about it.
        next: &'static str,
    },
}

impl Error {
    /// An error whose next step isn't the one that [`OrCannot`] would find.
    pub fn cannot(
        action: impl Display,
        cause: impl Into<Box<dyn StdError + Send + Sync>>,
        next: &'static str,
    ) -> Self {
        Self::Cannot {
            action: action.to_string(),
            cause: cause.into(),
            next,
        }
    }

    /// The error of a write to the user's terminal, file or pipe, for whoever writes there other
    /// than with [`say`](crate::say).
    pub fn output(cause: io::Error) -> Self {
        match cause.kind() {
            ErrorKind::BrokenPipe => Self::OutputGone,
            _ => Self::cannot(
                "write the output",
                cause,
                "look whether its disk is full or its terminal closed",
            ),
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutputGone => write!(f, "the reader of the output has gone"),
            Self::Cannot {
                action,
                cause,
                next,
            } => write!(f, "can't {action}: {cause}; {next}"),
        }
    }
}

impl StdError for Error {}

/// Turns an error into an [`Error`] that says what was being done, and where.
pub trait OrCannot<T> {
    /// `stream.connect(address).or_cannot("connect to", address)?`
    ///
    /// The next step follows from the cause.
    ///
    /// # Errors
    ///
    /// The same as before, now with its action, its address and a next step.
    fn or_cannot(self, action: &str, address: impl Display) -> Result<T, Error>;
}

impl<T, E: Into<Box<dyn StdError + Send + Sync>>> OrCannot<T> for Result<T, E> {
    fn or_cannot(self, action: &str, address: impl Display) -> Result<T, Error> {
        self.map_err(|cause| {
            let cause = cause.into();
            let next = next_step(cause.as_ref());
            Error::cannot(format_args!("{action} {address}"), cause, next)
        })
    }
}

/// What helps against the cause, most likely.
fn next_step(cause: &(dyn StdError + 'static)) -> &'static str {
    if cause.is::<ParseFloatError>() {
        return "write a number with a decimal point, such as 36.6";
    }
    let kind = match cause.downcast_ref::<io::Error>() {
        Some(error) => error.kind(),
        None if cause.is::<str::Utf8Error>() => ErrorKind::InvalidData,
        None => ErrorKind::Other,
    };
    match kind {
        ErrorKind::AddrInUse => {
            "a program has this port, or had it within the last minute: \
             stop it, wait, or choose another with --port"
        }
        ErrorKind::AddrNotAvailable => {
            "this machine doesn't have that address: use one it has, such as --host 127.0.0.1"
        }
        ErrorKind::PermissionDenied => {
            "ports below 1024 are for the system's own services: choose a higher --port"
        }
        ErrorKind::ConnectionRefused => {
            "nobody listens there: start the server first, or look at --host and --port again"
        }
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::NotConnected
        | ErrorKind::BrokenPipe => {
            "the other side has ended the connection: start this program again to connect anew"
        }
        ErrorKind::TimedOut | ErrorKind::WouldBlock => {
            "nobody answered in time: look whether the other side runs, \
             and at --host and --port again"
        }
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable => {
            "no way leads to that address: look at --host and at the network connection"
        }
        ErrorKind::InvalidData => {
            "this program needs text in UTF-8 here \
             (without --tutorial the programs survive other bytes)"
        }
        ErrorKind::UnexpectedEof => "the input has ended: type, or pipe in, one line more",
        _ => "try again; if it stays, the text before this one is what to search for",
    }
}

/// Reports how the program ended: an error as one line on standard error.
///
/// The exit status is 0 if all went well or if the output's reader has gone, else 1. (It is 2 for
/// a wrong command line; `clap` sees to that.)
pub fn exit(result: Result<(), Error>) -> ExitCode {
    match result {
        Ok(()) | Err(Error::OutputGone) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed there is nobody left to tell.
            let _ = writeln!(io::stderr(), "{} {error}", error_label());
            ExitCode::FAILURE
        }
    }
}

/// "error:", red on a terminal.
///
/// The `colored` crate looks at standard output only, so standard error decides for itself.
fn error_label() -> &'static str {
    let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if io::stderr().is_terminal() && !no_color {
        "\x1b[31merror:\x1b[0m"
    } else {
        "error:"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_gone_is_no_failure() {
        let gone = Error::output(ErrorKind::BrokenPipe.into());
        assert!(matches!(gone, Error::OutputGone));
        assert_eq!(exit(Err(gone)), ExitCode::SUCCESS);
    }

    #[test]
    fn a_full_disk_is_a_failure() {
        let full = Error::output(ErrorKind::StorageFull.into());
        insta::assert_snapshot!(full, @"can't write the output: no storage space; look whether its disk is full or its terminal closed");
    }

    #[test]
    fn the_next_step_follows_from_the_cause() {
        let refused: Result<(), _> = Err(io::Error::from(ErrorKind::ConnectionRefused));
        let error = refused
            .or_cannot("connect to", "127.0.0.1:8080")
            .unwrap_err();
        insta::assert_snapshot!(error, @"can't connect to 127.0.0.1:8080: connection refused; nobody listens there: start the server first, or look at --host and --port again");
    }
}
