use std::io::{self, IsTerminal};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};

use crate::{Error, OrCannot};

/// The flags that every program has. `PORT` is the program's default port.
#[derive(Debug, Clone, clap::Args)]
pub struct Flags<const PORT: u16> {
    /// Name or address to listen on or to connect to
    #[arg(long, default_value = "127.0.0.1", global = true)]
    pub host: String,

    /// Port number; with 0, a server takes a free one and says which
    #[arg(long, default_value_t = PORT, global = true)]
    pub port: u16,

    /// Run the tutorial's version, faults and all
    #[arg(long, global = true)]
    pub tutorial: bool,
}

impl<const PORT: u16> Flags<PORT> {
    /// Every address that `--host` stands for, with `--port`; IPv4 addresses come first.
    ///
    /// An IPv6 address may be in brackets, as in a URL.
    ///
    /// # Errors
    ///
    /// The name can't be resolved.
    pub fn addresses(&self) -> Result<Vec<SocketAddr>, Error> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let found = if host.is_empty() {
            // Windows takes an empty name for this machine.
            Err(io::Error::other("the name is empty"))
        } else {
            (host, self.port).to_socket_addrs()
        };
        found.map(ipv4_first).map_err(|cause| {
            let action = format_args!("find the address of {:?}", self.host);
            let next = "check the spelling of --host, or give an address such as 127.0.0.1";
            Error::cannot(action, cause, next)
        })
    }

    /// Opens the first of [`Flags::addresses`] that can be opened, with [`try_each`].
    ///
    /// # Errors
    ///
    /// The name can't be resolved, or no address can be opened.
    pub fn open<T>(&self, open: impl FnMut(SocketAddr) -> Result<T, Error>) -> Result<T, Error> {
        try_each(&self.addresses()?, open)
    }
}

/// The flag of programs whose output depends on how wide the terminal is.
#[derive(Debug, Clone, clap::Args)]
pub struct Columns {
    /// Columns to print for; by default, those of the terminal, or 80
    #[arg(long, value_name = "N", global = true)]
    width: Option<u16>,
}

impl Columns {
    /// How many columns there are. An output that isn't a terminal has 80.
    pub fn count(&self) -> usize {
        let asked_for = self.width.map(usize::from);
        asked_for.or_else(terminal_width).unwrap_or(80)
    }
}

/// Returns how many columns the user's terminal has now, as a window may change its size; `None` if
/// the output isn't a terminal.
pub type Width = fn() -> Option<usize>;

/// The [`Width`] of standard output. A terminal that doesn't know its size, such as a serial line,
/// counts as one with 80 columns.
pub fn terminal_width() -> Option<usize> {
    let known = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0.into());
    known.or_else(|| io::stdout().is_terminal().then_some(80))
}

/// The address on which a listener listens.
///
/// # Errors
///
/// The listener is unusable.
pub fn own_address(listener: &TcpListener) -> Result<SocketAddr, Error> {
    (listener.local_addr()).or_cannot("read", "the socket's own address")
}

/// The addresses in their order, but IPv4 before IPv6.
///
/// The system often puts `::1` first for `localhost`. A server that listened there would refuse
/// clients at the default address, 127.0.0.1. A name without an IPv4 address keeps its IPv6 ones.
pub fn ipv4_first(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut addresses: Vec<_> = addresses.collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    addresses
}

/// Tries an action on each address in turn, and returns the first success.
///
/// # Errors
///
/// No address succeeded: returns the error of the first, since the user most likely meant that
/// one. If the output's reader is gone, it tries no other address.
pub fn try_each<T>(
    addresses: &[SocketAddr],
    mut action: impl FnMut(SocketAddr) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut first_error = None;
    for &address in addresses {
        match action(address) {
            Err(error @ Error::Cannot(_)) => first_error = first_error.or(Some(error)),
            done => return done,
        }
    }
    Err(first_error.unwrap_or_else(|| {
        let next = "give an address such as --host 127.0.0.1";
        Error::cannot("find an address", "the name has none", next)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    use {
        rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt},
        rustix::termios::{Winsize, tcsetwinsize},
        std::env,
        std::io::Write,
        std::process::{Command, Stdio},
        testkit::Program,
    };

    fn addresses(host: &str) -> Result<Vec<SocketAddr>, Error> {
        let flags = Flags::<1314> {
            host: host.to_owned(),
            port: 1314,
            tutorial: false,
        };
        flags.addresses()
    }

    #[test]
    fn an_address_stands_for_itself_with_and_without_brackets() {
        for (host, address) in [
            ("127.0.0.1", "127.0.0.1:1314"),
            ("::1", "[::1]:1314"),
            ("[::1]", "[::1]:1314"),
        ] {
            assert_eq!(addresses(host).unwrap(), [address.parse().unwrap()]);
        }
    }

    #[test]
    fn what_is_no_name_is_an_error_that_names_it() {
        for host in ["", "no such name", "127.0.0.1:8080", "\u{1b}[31m"] {
            let error = addresses(host).unwrap_err().to_string();
            let named = format!("can't find the address of {host:?}: ");
            assert!(error.starts_with(&named), "{error}");
        }
    }

    fn parsed(addresses: &[&str]) -> Vec<SocketAddr> {
        addresses.iter().map(|it| it.parse().unwrap()).collect()
    }

    #[test]
    fn ipv4_addresses_come_first_and_else_the_order_stays() {
        for (system, ours) in [
            // `localhost` with IPv6, as most systems order it.
            (
                &["[::1]:1", "127.0.0.1:1"][..],
                &["127.0.0.1:1", "[::1]:1"][..],
            ),
            (&["127.0.0.1:1", "[::1]:1"], &["127.0.0.1:1", "[::1]:1"]),
            (
                &["[::2]:1", "127.0.0.2:1", "[::1]:1", "127.0.0.1:1"],
                &["127.0.0.2:1", "127.0.0.1:1", "[::2]:1", "[::1]:1"],
            ),
            // A name without an IPv4 address.
            (&["[::2]:1", "[::1]:1"], &["[::2]:1", "[::1]:1"]),
        ] {
            assert_eq!(ipv4_first(parsed(system).into_iter()), parsed(ours));
        }
    }

    #[test]
    fn each_address_is_tried_until_one_succeeds() {
        let addresses = parsed(&["127.0.0.1:1", "127.0.0.2:1", "[::1]:1"]);
        for (index, &good) in addresses.iter().enumerate() {
            let mut tried = Vec::new();
            let opened = try_each(&addresses, |address| {
                tried.push(address);
                if address == good {
                    return Ok(address);
                }
                Err(Error::cannot("open", "no", "wait"))
            });
            assert_eq!(opened.unwrap(), good);
            assert_eq!(tried, addresses[..=index]);
        }
    }

    #[test]
    fn if_no_address_succeeds_the_error_is_that_of_the_first() {
        let addresses = parsed(&["127.0.0.1:1", "[::1]:1"]);
        let failing = |address| Err::<(), _>(Error::cannot("open", format!("{address}"), "wait"));
        let error = try_each(&addresses, failing).unwrap_err();
        assert_eq!(error.to_string(), "can't open: 127.0.0.1:1; wait");
        let error = try_each(&[], failing).unwrap_err().to_string();
        assert!(error.starts_with("can't find an address: "), "{error}");
    }

    #[test]
    fn no_other_address_is_tried_once_the_output_is_gone() {
        let mut tried = 0;
        let gone = try_each(&parsed(&["127.0.0.1:1", "127.0.0.2:1"]), |_| {
            tried += 1;
            Err::<(), _>(Error::OutputGone)
        });
        assert!(matches!(gone, Err(Error::OutputGone)));
        assert_eq!(tried, 1);
    }

    #[test]
    fn the_flag_is_stronger_than_the_terminal() {
        let width = Some(100);
        assert_eq!(Columns { width }.count(), 100);
        let without = Columns { width: None }.count();
        assert_eq!(without, terminal_width().unwrap_or(80));
    }

    /// The test runs itself again, at a terminal and behind a pipe.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_terminal_tells_its_width_and_a_pipe_has_none() {
        const TELLS: &str = "CONSOLE_TELLS";
        if env::var_os(TELLS).is_some() {
            // Standard error isn't the terminal.
            writeln!(io::stderr(), "width: {:?}", terminal_width()).unwrap();
            return;
        }
        let told = |output: Stdio| {
            let name = "flags::tests::a_terminal_tells_its_width_and_a_pipe_has_none";
            let mut command = Command::new(env::current_exe().unwrap());
            command
                .args(["--exact", name, "--nocapture"])
                .env(TELLS, "");
            Program::start_into(command, output).wait().errors
        };
        for (ws_row, ws_col, expected) in [(24, 100, 100), (0, 0, 80)] {
            let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
            let ours = openpt(flags).unwrap();
            unlockpt(&ours).unwrap();
            let terminal = ioctl_tiocgptpeer(&ours, flags).unwrap();
            let size = Winsize {
                ws_row,
                ws_col,
                ws_xpixel: 0,
                ws_ypixel: 0,
            };
            tcsetwinsize(&terminal, size).unwrap();
            assert!(told(terminal.into()).contains(&format!("width: Some({expected})")));
        }
        assert!(told(Stdio::piped()).contains("width: None"));
    }
}
