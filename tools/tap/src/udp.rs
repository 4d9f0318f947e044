//! What proxies and peers share that speak UDP.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use console::{Error, is_about_one_peer};
use socket2::{Domain, SockRef, Socket, Type};

use crate::address::{cannot, resolve};
use crate::tcp::LOOK;

/// Room for any datagram, in bytes: UDP's length field has 16 bits (RFC 768). On Windows, a datagram
/// that doesn't fit is an error.
pub const ANY_DATAGRAM: usize = 65_535;

/// A socket that sends to the first address of this name that has a way to it, and that address. It
/// isn't connected, so it also receives from strangers. A read waits for [`LOOK`].
///
/// # Errors
///
/// The name can't be resolved, or no way leads there.
pub fn client(name: &str) -> Result<(UdpSocket, SocketAddr), Error> {
    let addresses = resolve(name)?;
    let opened = || {
        // The first one decides what kind of address the socket has.
        let is_ipv4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
        let way = UdpSocket::bind(if is_ipv4 { "0.0.0.0:0" } else { "[::]:0" })?;
        way.connect(&addresses[..])?;
        // Bound to the address that leads there, so that it receives from nowhere else.
        let socket = UdpSocket::bind((way.local_addr()?.ip(), 0))?;
        socket.set_read_timeout(Some(LOOK))?;
        Ok((socket, way.peer_addr()?))
    };
    opened().map_err(|cause| cannot("send to", name, cause))
}

/// A second socket on the port of the first, and connected to `server`. The system hands it what
/// comes from there, and tells it if nobody has the server's port: it doesn't tell a socket that
/// isn't connected (udp(7)). A read waits for [`LOOK`].
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
    second.set_read_timeout(Some(LOOK))?;
    Ok(second.into())
}

/// The next datagram: how many bytes, and from whom. It skips errors about one before, which say
/// that nobody took it. (Only Windows reports them to a socket that isn't connected.)
///
/// # Errors
///
/// The socket itself fails.
pub fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    loop {
        match socket.recv_from(buffer) {
            Err(error) if is_about_one_peer(&error) => {}
            received => return received,
        }
    }
}
