//! Where to listen and where to connect.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

use console::{Error, is_self_connected, try_each};

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
    let next = "look at its spelling, or give an address such as 127.0.0.1";
    let found = name.to_socket_addrs();
    let found = found.map_err(|cause| Error::cannot(format!("find {name:?}"), cause, next))?;
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
    open("listen on", name, TcpListener::bind)
}

/// Binds a UDP socket there.
///
/// # Errors
///
/// The name can't be resolved, or the port is taken.
pub fn bind(name: &str) -> Result<UdpSocket, Error> {
    open("bind a socket to", name, UdpSocket::bind)
}

/// Connects to the first of its addresses that accepts.
///
/// # Errors
///
/// The name can't be resolved, or nobody listens there.
pub fn connect(name: &str) -> Result<TcpStream, Error> {
    open("connect to", name, |address| {
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
pub fn udp_client(name: &str) -> Result<(UdpSocket, SocketAddr), Error> {
    open("send to", name, |address| {
        let way = UdpSocket::bind(match address {
            SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        })?;
        way.connect(address)?;
        // Bound to the address that leads there, so that it receives from nowhere else.
        Ok((UdpSocket::bind((way.local_addr()?.ip(), 0))?, address))
    })
}

/// What helps, most likely. (The programs of the chapters have `--host` and `--port`, so `console`
/// names these.)
fn next_step(cause: &io::Error) -> &'static str {
    match cause.kind() {
        ErrorKind::AddrInUse => {
            "a program has this port: stop it, or give another port (0 is a free one)"
        }
        ErrorKind::PermissionDenied => {
            "ports below 1024 are for the system's own services: give a higher one"
        }
        ErrorKind::ConnectionRefused => "nobody listens there: start the server, or check the port",
        _ => "check the address and the port",
    }
}

fn open<T>(
    action: &str,
    name: &str,
    mut open: impl FnMut(SocketAddr) -> io::Result<T>,
) -> Result<T, Error> {
    try_each(&resolve(name)?, |address| {
        open(address).map_err(|cause| {
            let next = next_step(&cause);
            Error::cannot(format_args!("{action} {address}"), cause, next)
        })
    })
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
