//! Where to listen and where to connect.

use std::fmt::{self, Display};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::str::FromStr;

use console::{Error, is_self_connected, try_each};
use socket2::{Domain, Socket, Type};

/// How many clients may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A host, which is a name or an IP address, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(String);

impl FromStr for Address {
    type Err = &'static str;

    /// A port alone is one of 127.0.0.1.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (host, port) = text.rsplit_once(':').unwrap_or(("127.0.0.1", text));
        if host.is_empty() || port.parse::<u16>().is_err() {
            return Err("expected PORT or HOST:PORT, such as 8080 or 127.0.0.1:8080");
        }
        Ok(Self(format!("{host}:{port}")))
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Address {
    /// Every address that the name stands for, IPv4 first.
    ///
    /// # Errors
    ///
    /// The name can't be resolved.
    pub fn resolve(&self) -> Result<Vec<SocketAddr>, Error> {
        let next = "look at its spelling, or give an address such as 127.0.0.1";
        let found = self.0.to_socket_addrs();
        let found =
            found.map_err(|cause| Error::cannot(format!("find {:?}", self.0), cause, next))?;
        let mut found: Vec<_> = found.collect();
        found.sort_by_key(SocketAddr::is_ipv6);
        Ok(found)
    }

    /// Listens for TCP clients there.
    ///
    /// # Errors
    ///
    /// The name can't be resolved, or the port is taken.
    pub fn listen(&self) -> Result<TcpListener, Error> {
        self.open("listen on", |address| {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
            // So that the port is free at once after a restart. On Windows the option means
            // something else: to take the port from its owner.
            #[cfg(not(windows))]
            socket.set_reuse_address(true)?;
            socket.bind(&address.into())?;
            socket.listen(BACKLOG)?;
            Ok(socket.into())
        })
    }

    /// Binds a UDP socket there.
    ///
    /// # Errors
    ///
    /// The name can't be resolved, or the port is taken.
    pub fn bind(&self) -> Result<UdpSocket, Error> {
        self.open("bind a socket to", UdpSocket::bind)
    }

    /// Connects to the first of its addresses that accepts.
    ///
    /// # Errors
    ///
    /// The name can't be resolved, or nobody listens there.
    pub fn connect(&self) -> Result<TcpStream, Error> {
        self.open("connect to", |address| {
            let stream = TcpStream::connect(address)?;
            // A piece of the stream goes on its way at once, and not with the next one.
            stream.set_nodelay(true)?;
            if is_self_connected(&stream) {
                return Err(ErrorKind::ConnectionRefused.into());
            }
            Ok(stream)
        })
    }

    /// A UDP socket that sends to the first of its addresses that has a way to it, and that address.
    /// It isn't connected, so that it receives from strangers, too.
    ///
    /// # Errors
    ///
    /// The name can't be resolved, or no way leads there.
    pub fn udp_client(&self) -> Result<(UdpSocket, SocketAddr), Error> {
        self.open("send to", |address| {
            // Bound to the address that leads there, so that it receives from nowhere else.
            let any = match address {
                SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            };
            let way = UdpSocket::bind(SocketAddr::new(any, 0))?;
            way.connect(address)?;
            let socket = UdpSocket::bind(SocketAddr::new(way.local_addr()?.ip(), 0))?;
            Ok((socket, address))
        })
    }

    fn open<T>(
        &self,
        action: &str,
        mut open: impl FnMut(SocketAddr) -> io::Result<T>,
    ) -> Result<T, Error> {
        try_each(&self.resolve()?, |address| {
            open(address).map_err(|cause| {
                let next = next_step(cause.kind());
                Error::cannot(format_args!("{action} {address}"), cause, next)
            })
        })
    }
}

/// What helps, most likely.
fn next_step(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::AddrInUse => {
            "a program has this port: stop it, or give another port (0 is a free one)"
        }
        ErrorKind::AddrNotAvailable => "this machine doesn't have that address: give one it has",
        ErrorKind::PermissionDenied => {
            "ports below 1024 are for the system's own services: give a higher one"
        }
        ErrorKind::ConnectionRefused => "nobody listens there: start the server, or check the port",
        _ => "check the address and the port",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_port_or_a_host_and_a_port() {
        for (text, shown) in [
            ("9000", "127.0.0.1:9000"),
            ("0", "127.0.0.1:0"),
            ("localhost:80", "localhost:80"),
            ("[::1]:80", "[::1]:80"),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
        }
        for text in ["", ":80", "localhost", "host:", "host:65536", "[::1]"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_of_ipv6_may_do_without_brackets() {
        for text in ["[::1]:80", "::1:80"] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.resolve().unwrap(), ["[::1]:80".parse().unwrap()]);
        }
    }
}
