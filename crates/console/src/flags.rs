use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use crate::Error;

/// The flags that every program has. `PORT` is the program's default port.
#[derive(Debug, Clone, clap::Args)]
pub struct Flags<const PORT: u16> {
    /// Name or address to listen on or to connect to
    #[arg(long, default_value = "127.0.0.1", global = true)]
    pub host: String,

    /// Port number; a server that is given 0 takes a free one and says which
    #[arg(long, default_value_t = PORT, global = true)]
    pub port: u16,

    /// Run the tutorial's version, faults and all
    #[arg(long, global = true)]
    pub tutorial: bool,
}

impl<const PORT: u16> Flags<PORT> {
    /// Every address that `--host` stands for, with `--port`.
    ///
    /// An IPv6 address may stand in brackets, as it does in a URL.
    ///
    /// # Errors
    ///
    /// The name can't be resolved.
    pub fn addresses(&self) -> Result<Vec<SocketAddr>, Error> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            // To Windows it is a name of this machine.
            return Err(self.unresolved(io::Error::other("the name is empty")));
        }
        match (host, self.port).to_socket_addrs() {
            Ok(addresses) => Ok(addresses.collect()),
            Err(error) => Err(self.unresolved(error)),
        }
    }

    /// The first of [`Flags::addresses`].
    ///
    /// # Errors
    ///
    /// The same as those of [`Flags::addresses`].
    pub fn address(&self) -> Result<SocketAddr, Error> {
        self.open(Ok)
    }

    /// Opens the first of [`Flags::addresses`] that can be opened.
    ///
    /// A name may have several addresses, such as an IPv6 and an IPv4 one for `localhost`.
    ///
    /// # Errors
    ///
    /// The name can't be resolved, or the error of its last address.
    pub fn open<T>(&self, open: impl Fn(SocketAddr) -> Result<T, Error>) -> Result<T, Error> {
        let mut opened = Err(self.unresolved(io::Error::other("the name has no address")));
        for address in self.addresses()? {
            opened = open(address);
            if opened.is_ok() {
                break;
            }
        }
        opened
    }

    fn unresolved(&self, cause: io::Error) -> Error {
        Error::cannot(
            format_args!("find the address of {:?}", self.host),
            cause,
            "look at the spelling of --host, or give an address such as 127.0.0.1",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
