//! Where to listen and where to connect.

use std::io::{self, ErrorKind as Kind};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};
use std::time::Duration;

use console::{Error, is_self_connected};
use socket2::{Domain, SockRef, Socket, Type};

/// Reads HOST:PORT, or a PORT of 127.0.0.1, on the command line.
///
/// # Errors
///
/// There is no port in it.
pub fn parse(text: &str) -> Result<String, &'static str> {
    let (host, port) = text.rsplit_once(':').unwrap_or(("127.0.0.1", text));
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err("expected PORT or HOST:PORT, such as 8080 or 127.0.0.1:8080");
    }
    Ok(format!("{host}:{port}"))
}

/// Every address that the name stands for, IPv4 first.
///
/// # Errors
///
/// The name can't be resolved.
pub fn resolve(name: &str) -> Result<Vec<SocketAddr>, Error> {
    let found = name.to_socket_addrs();
    let found = found.map_err(|cause| cannot("find", name, cause))?;
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(SocketAddr::is_ipv6);
    Ok(found)
}

/// Listens for TCP clients there.
///
/// # Errors
///
/// The name can't be resolved, or the port is taken.
pub fn listen(name: &str) -> Result<TcpListener, Error> {
    TcpListener::bind(&resolve(name)?[..]).map_err(|cause| cannot("listen on", name, cause))
}

/// Binds a UDP socket there.
///
/// # Errors
///
/// The name can't be resolved, or the port is taken.
pub fn bind(name: &str) -> Result<UdpSocket, Error> {
    UdpSocket::bind(&resolve(name)?[..]).map_err(|cause| cannot("bind a socket to", name, cause))
}

/// Connects to the first of its addresses that accepts.
///
/// # Errors
///
/// The name can't be resolved, or nobody listens there.
pub fn connect(name: &str) -> Result<TcpStream, Error> {
    let connected = TcpStream::connect(&resolve(name)?[..]).and_then(|stream| {
        let itself = is_self_connected(&stream).then_some(Kind::ConnectionRefused);
        itself.map_or(Ok(stream), |refused| Err(refused.into()))
    });
    connected.map_err(|cause| cannot("connect to", name, cause))
}

/// A UDP socket that sends to the first of its addresses that has a way to it, and that address.
/// The socket isn't connected, so it also receives from strangers. A read waits for `patience`.
///
/// # Errors
///
/// The name can't be resolved, or no way leads there.
pub fn udp_client(name: &str, patience: Duration) -> Result<(UdpSocket, SocketAddr), Error> {
    let addresses = resolve(name)?;
    let opened = || {
        // The first one decides what kind of address the socket has.
        let is_ipv4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
        let way = UdpSocket::bind(if is_ipv4 { "0.0.0.0:0" } else { "[::]:0" })?;
        way.connect(&addresses[..])?;
        // Bound to the address that leads there, so that it receives from nowhere else.
        let socket = UdpSocket::bind((way.local_addr()?.ip(), 0))?;
        socket.set_read_timeout(Some(patience))?;
        Ok((socket, way.peer_addr()?))
    };
    opened().map_err(|cause| cannot("send to", name, cause))
}

/// A second socket on the port of the first, and connected to `server`. The system hands it what
/// comes from there, and tells it if nobody has the server's port: it doesn't tell a socket that
/// isn't connected (udp(7)).
///
/// # Errors
///
/// This system doesn't let two sockets share a port.
pub fn connected(first: &UdpSocket, server: SocketAddr) -> io::Result<UdpSocket> {
    let here = first.local_addr()?;
    let second = Socket::new(Domain::for_address(here), Type::DGRAM, None)?;
    for socket in [SockRef::from(first), SockRef::from(&second)] {
        #[cfg(target_vendor = "apple")]
        socket.set_reuse_port(true)?;
        socket.set_reuse_address(true)?;
    }
    second.bind(&here.into())?;
    second.connect(&server.into())?;
    second.set_read_timeout(first.read_timeout()?)?;
    Ok(second.into())
}

/// An error with its next step. (The tap has no `--host` and no `--port`, which `console` would
/// name.)
fn cannot(action: &str, name: &str, cause: io::Error) -> Error {
    let next = match cause.kind() {
        Kind::AddrInUse => "a program has this port: stop it, or give port 0 for a free one",
        Kind::ConnectionRefused => "nobody listens there: start the server, or check the port",
        Kind::PermissionDenied => "ports below 1024 are the system's own: give a higher one",
        _ => "check the address and the port",
    };
    Error::cannot(format_args!("{action} {name}"), cause, next)
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
            assert_eq!(parse(text).as_deref(), Ok(shown));
        }
        for text in ["", ":80", "localhost", "host:", "host:65536", "[::1]"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_of_ipv6_may_do_without_brackets() {
        for text in ["[::1]:80", "::1:80"] {
            let addresses = resolve(&parse(text).unwrap()).unwrap();
            assert_eq!(addresses, ["[::1]:80".parse().unwrap()]);
        }
    }
}
