use std::fmt::{self, Display};
use std::io::{self, ErrorKind, Write};
use std::process::{self, ExitCode};

use crate::systems::{is_short_of_descriptors, is_too_long};

/// Why a program can't go on.
///
/// Its text is one line: what failed, on which address, why, and what to do next.
#[derive(Debug)]
pub enum Error {
    /// The output's reader has gone, as `head` does in `| head -1`. That is a reason to stop, not a
    /// failure, and nobody is left to tell.
    OutputGone,
    /// Something that the program needs could not be done. This is the line.
    Cannot(String),
}

impl Error {
    /// An error with its own next step, instead of the one that [`OrCannot`] would find. `action`
    /// says what failed and on which address: "connect to 127.0.0.1:8080".
    pub fn cannot(action: impl Display, cause: impl Display, next: &str) -> Self {
        Self::Cannot(format!("can't {action}: {cause}; {next}"))
    }

    /// An error while reading the user's input.
    pub fn input(cause: io::Error) -> Self {
        let next = "redirect a file or a pipe that can be read, or type at a terminal";
        (cause.downcast()).unwrap_or_else(|cause| Self::cannot("read the input", cause, next))
    }

    /// An error while writing to the user's terminal, file or pipe, for code that writes there
    /// without [`say`](crate::say).
    pub fn output(cause: io::Error) -> Self {
        let next = "check that its disk has room and its terminal is open";
        cause.downcast().unwrap_or_else(|cause| match cause.kind() {
            ErrorKind::BrokenPipe => Self::OutputGone,
            _ => Self::cannot("write the output", cause, next),
        })
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OutputGone => "the reader of the output has gone",
            Self::Cannot(line) => line,
        })
    }
}

impl std::error::Error for Error {}

/// What a program was doing when something failed. The next step depends on it as much as on the
/// cause: "permission denied" means one thing for a port and another for a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Bind a socket to an address of this machine.
    Bind,
    /// Bind a socket, and listen.
    Listen,
    /// Accept clients, or receive what any client sends.
    Serve,
    /// Connect to a server.
    Connect,
    /// Send to the peer.
    Send,
    /// Receive from the peer.
    Receive,
    /// Send to the peer and receive from it.
    Talk,
    /// Start a thread.
    StartThread,
    /// Another action, in these words, that concerns only this machine.
    Local(&'static str),
}

impl From<&'static str> for Action {
    fn from(words: &'static str) -> Self {
        Self::Local(words)
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bind => "bind a socket to",
            Self::Listen => "listen on",
            Self::Serve => "serve clients on",
            Self::Connect => "connect to",
            Self::Send => "send to",
            Self::Receive => "receive from",
            Self::Talk => "talk to",
            Self::StartThread => "start a thread",
            Self::Local(action) => action,
        })
    }
}

/// Turns an error into an [`Error`] that says what was being done, and where.
pub trait OrCannot<T> {
    /// `stream.connect(address).or_cannot(Action::Connect, address)?`
    ///
    /// The next step follows from the action and the cause.
    ///
    /// # Errors
    ///
    /// The original error, with its action, its address and a next step. (An error of
    /// [`stdin`](crate::stdin) or [`stdout`](crate::stdout) says so, whatever the action was.)
    fn or_cannot(self, action: impl Into<Action>, address: impl Display) -> Result<T, Error>;
}

impl<T> OrCannot<T> for io::Result<T> {
    fn or_cannot(self, action: impl Into<Action>, address: impl Display) -> Result<T, Error> {
        self.map_err(|cause| {
            cause.downcast().unwrap_or_else(|cause| {
                let action = action.into();
                let next = next_step(action, &cause);
                Error::cannot(format_args!("{action} {address}"), cause, next)
            })
        })
    }
}

/// The most likely remedy for the cause.
fn next_step(action: Action, cause: &io::Error) -> &'static str {
    use Action::{Bind, Connect, Listen, Local, Serve, StartThread, Talk};
    use ErrorKind as Kind;

    match (action, cause.kind()) {
        _ if is_short_of_descriptors(cause) => {
            "too many files or connections are open: close some (Unix: or raise ulimit -n)"
        }
        _ if is_too_long(cause) => "it doesn't fit into one datagram: send less at once",
        (StartThread, _) | (_, Kind::OutOfMemory) => {
            "this machine is short of threads or memory: stop other programs (Unix: see ulimit -u)"
        }
        (Local(_), Kind::PermissionDenied) => "check this user's rights, or leave the sandbox",
        (Local(_), Kind::NotFound | Kind::NotADirectory | Kind::IsADirectory) => "check the path",
        (Local(_), Kind::StorageFull) => "free some space, or use another disk",
        (Local(_), Kind::TimedOut | Kind::WouldBlock) => "try again when this machine is less busy",
        (Local(_), _) => "try again; if it fails again, search for the system's words in this line",

        // The tutorials' programs end with these errors.
        (Serve | Talk, Kind::UnexpectedEof) => "the input has ended: type or pipe in one more line",
        (Serve | Talk, Kind::InvalidData) => {
            "leave out --tutorial: the robust version survives such text"
        }
        (Serve, Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe) => {
            "one client's error ended this server: start it again, or run it without --tutorial"
        }
        (Serve, _) => "start this program again",

        // Linux says so if the address doesn't name its interface (`sin6_scope_id` in ipv6(7)).
        (Bind | Listen | Connect, Kind::InvalidInput) => {
            "an address that begins with fe80 or ff02 needs a network card: --host fe80::1%eth0"
        }
        (Bind | Listen, Kind::AddrInUse) => {
            "stop the other program, wait a minute, or choose another --port"
        }
        (Bind | Listen, Kind::AddrNotAvailable) => {
            "this machine doesn't have that address: use one it has, such as --host 127.0.0.1"
        }
        (Bind | Listen, Kind::PermissionDenied) => {
            "the system reserves most ports below 1024: choose a higher --port"
        }
        (Bind | Listen, _) => "choose another --host or --port",

        (_, Kind::ConnectionRefused) => {
            "nobody listens there: start the server first, or check --host and --port"
        }
        (_, Kind::TimedOut | Kind::WouldBlock) => {
            "nobody answered in time: check that the server runs, and check --host and --port"
        }
        (_, Kind::PermissionDenied) => {
            "a firewall forbids it, or it is a broadcast address: check --host"
        }
        (Connect, _) | (_, Kind::NetworkUnreachable | Kind::HostUnreachable) => {
            "check --host, --port and the network connection"
        }
        (
            _,
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::NotConnected | Kind::BrokenPipe,
        ) => "the other side closed the connection: restart this program to reconnect",
        (_, _) => "check the network connection, then restart this program",
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
            // Red at a terminal, unless the user wants no colour. If standard error is closed,
            // nobody is left to tell.
            let _ = writeln!(anstream::stderr(), "\x1b[31merror:\x1b[0m {error}");
            ExitCode::FAILURE
        }
    }
}

/// Ends the process at once, from any thread, with the report and the status of [`exit`].
pub(crate) fn quit(error: Error) -> ! {
    let failed = exit(Err(error)) != ExitCode::SUCCESS;
    process::exit(failed.into())
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::process::Command;

    use testkit::Program;

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
        insta::assert_snapshot!(full, @"can't write the output: no storage space; check that its disk has room and its terminal is open");
        assert_eq!(exit(Err(full)), ExitCode::FAILURE);
    }

    /// The test runs itself again, as a program that quits.
    #[test]
    fn who_quits_reports_and_ends_with_the_status_of_exit() {
        const QUITS: &str = "CONSOLE_QUITS";
        if let Some(cause) = env::var_os(QUITS) {
            let is_gone = cause == "gone";
            let kind = if is_gone {
                ErrorKind::BrokenPipe
            } else {
                ErrorKind::StorageFull
            };
            quit(Error::output(kind.into()));
        }
        let name = "error::tests::who_quits_reports_and_ends_with_the_status_of_exit";
        let red = "\x1b[31merror:\x1b[0m can't write the output: ";
        for (cause, colour, status, report) in [
            ("gone", "", 0, ""),
            ("full", "", 1, "error: can't write the output: "),
            ("full", "1", 1, red),
        ] {
            let mut command = Command::new(env::current_exe().unwrap());
            command
                .args(["--exact", name, "--nocapture"])
                .env(QUITS, cause)
                .env("CLICOLOR_FORCE", colour)
                .env_remove("NO_COLOR");
            let ended = Program::start_command(command).wait();
            assert_eq!(ended.status.code(), Some(status), "{cause}");
            assert!(ended.errors.starts_with(report), "{}", ended.errors);
            // It ends at once: nobody says that the test has passed.
            assert!(!ended.output.contains("ok"), "{}", ended.output);
        }
    }

    fn next(action: impl Into<Action>, kind: ErrorKind) -> String {
        let failed: Result<(), _> = Err(io::Error::from(kind));
        failed.or_cannot(action, "X").unwrap_err().to_string()
    }

    #[test]
    fn the_next_step_fits_the_action_and_the_cause() {
        use ErrorKind as Kind;
        let folder = Action::from("create a folder for");
        let errors = [
            (Action::Connect, Kind::ConnectionRefused),
            (Action::Receive, Kind::ConnectionRefused),
            (Action::Listen, Kind::PermissionDenied),
            (Action::Connect, Kind::PermissionDenied),
            (Action::Send, Kind::PermissionDenied),
            (folder, Kind::PermissionDenied),
            (Action::Listen, Kind::AddrNotAvailable),
            (Action::Connect, Kind::AddrNotAvailable),
            (Action::Connect, Kind::InvalidInput),
            (Action::Receive, Kind::InvalidInput),
            (Action::Connect, Kind::TimedOut),
            (Action::Listen, Kind::AddrInUse),
            (Action::Bind, Kind::OutOfMemory),
            (Action::Bind, Kind::Unsupported),
            (Action::Serve, Kind::InvalidData),
            (Action::Serve, Kind::UnexpectedEof),
            (Action::Serve, Kind::ConnectionReset),
            (Action::Serve, Kind::NetworkDown),
            (Action::Talk, Kind::InvalidData),
            (Action::Talk, Kind::ConnectionReset),
            (Action::StartThread, Kind::WouldBlock),
            (folder, Kind::StorageFull),
            (folder, Kind::TimedOut),
            (Action::from("read the directory"), Kind::NotFound),
            (Action::from("read the directory"), Kind::NotADirectory),
        ];
        let steps = errors.map(|(action, kind)| next(action, kind));
        insta::assert_snapshot!(steps.join("\n"), @"
        can't connect to X: connection refused; nobody listens there: start the server first, or check --host and --port
        can't receive from X: connection refused; nobody listens there: start the server first, or check --host and --port
        can't listen on X: permission denied; the system reserves most ports below 1024: choose a higher --port
        can't connect to X: permission denied; a firewall forbids it, or it is a broadcast address: check --host
        can't send to X: permission denied; a firewall forbids it, or it is a broadcast address: check --host
        can't create a folder for X: permission denied; check this user's rights, or leave the sandbox
        can't listen on X: address not available; this machine doesn't have that address: use one it has, such as --host 127.0.0.1
        can't connect to X: address not available; check --host, --port and the network connection
        can't connect to X: invalid input parameter; an address that begins with fe80 or ff02 needs a network card: --host fe80::1%eth0
        can't receive from X: invalid input parameter; check the network connection, then restart this program
        can't connect to X: timed out; nobody answered in time: check that the server runs, and check --host and --port
        can't listen on X: address in use; stop the other program, wait a minute, or choose another --port
        can't bind a socket to X: out of memory; this machine is short of threads or memory: stop other programs (Unix: see ulimit -u)
        can't bind a socket to X: unsupported; choose another --host or --port
        can't serve clients on X: invalid data; leave out --tutorial: the robust version survives such text
        can't serve clients on X: unexpected end of file; the input has ended: type or pipe in one more line
        can't serve clients on X: connection reset; one client's error ended this server: start it again, or run it without --tutorial
        can't serve clients on X: network down; start this program again
        can't talk to X: invalid data; leave out --tutorial: the robust version survives such text
        can't talk to X: connection reset; the other side closed the connection: restart this program to reconnect
        can't start a thread X: operation would block; this machine is short of threads or memory: stop other programs (Unix: see ulimit -u)
        can't create a folder for X: no storage space; free some space, or use another disk
        can't create a folder for X: timed out; try again when this machine is less busy
        can't read the directory X: entity not found; check the path
        can't read the directory X: not a directory; check the path
        ");
    }

    /// As those of `stdin` and `stdout` do, which the tutorials return.
    #[test]
    fn an_error_inside_an_io_error_is_told_as_it_is() {
        let cause = |kind| io::Error::new(kind, Error::output(kind.into()));
        let full = cause(ErrorKind::StorageFull);
        let told: Result<(), _> = Err(full).or_cannot(Action::Talk, "X");
        let told = Error::output(io::Error::other(told.unwrap_err()));
        let told = Error::input(io::Error::other(told)).to_string();
        assert_eq!(
            told,
            Error::output(ErrorKind::StorageFull.into()).to_string()
        );
        let gone: Result<(), _> = Err(cause(ErrorKind::BrokenPipe)).or_cannot(Action::Talk, "X");
        assert!(matches!(gone, Err(Error::OutputGone)));
    }

    /// Only a port can be chosen with `--port`.
    #[test]
    fn no_step_names_a_flag_that_has_nothing_to_do_with_the_action() {
        use ErrorKind as Kind;
        let kinds = [
            Kind::AddrInUse,
            Kind::AddrNotAvailable,
            Kind::BrokenPipe,
            Kind::ConnectionRefused,
            Kind::ConnectionReset,
            Kind::InvalidData,
            Kind::NetworkUnreachable,
            Kind::NotFound,
            Kind::OutOfMemory,
            Kind::PermissionDenied,
            Kind::TimedOut,
            Kind::UnexpectedEof,
            Kind::WouldBlock,
        ];
        let actions = [Action::StartThread, Action::Local("create a folder for")];
        for action in actions {
            for kind in kinds {
                let step = next(action, kind);
                let flags = ["--host", "--port", "--tutorial"];
                assert!(!flags.iter().any(|flag| step.contains(flag)), "{step}");
            }
        }
    }

    #[test]
    fn a_datagram_that_is_too_long_is_told_so() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let sent = socket.send_to(&vec![0; 70_000], socket.local_addr().unwrap());
        let error = sent.or_cannot(Action::Talk, "X").unwrap_err().to_string();
        assert!(
            error.ends_with("; it doesn't fit into one datagram: send less at once"),
            "{error}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_process_without_descriptors_is_told_so_whatever_it_was_doing() {
        for action in [Action::Serve, Action::Connect, Action::Listen] {
            let none_left: Result<(), _> = Err(io::Error::from_raw_os_error(24));
            let error = none_left.or_cannot(action, "X").unwrap_err().to_string();
            assert!(error.contains("ulimit -n"), "{error}");
        }
    }
}
