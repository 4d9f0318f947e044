//! What proxies and peers share that speak UDP.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use console::{Error, is_about_one_peer};

use crate::address::{cannot, resolve};
use crate::transcript::Connection;

/// Room for any datagram, in bytes: UDP's length field has 16 bits (RFC 768). On Windows, a datagram
/// that doesn't fit is an error.
pub const ANY_DATAGRAM: usize = 65_535;

/// A socket that is connected to the first address of this name to which a route leads. So the
/// system keeps strangers away, and reports that nobody has the port. (Linux tells no unconnected
/// socket, although udp(7) says that it does.) A read waits for `patience`.
///
/// # Errors
///
/// The name can't be resolved, or no route leads there.
pub fn connect(name: &str, patience: Duration) -> Result<UdpSocket, Error> {
    let open = |to: SocketAddr| {
        let socket = UdpSocket::bind(if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" })?;
        socket.connect(to)?;
        socket.set_read_timeout(Some(patience))?;
        Ok(socket)
    };
    let none = Err(io::Error::other("it has no address"));
    let addresses = resolve(name)?.into_iter();
    let opened = addresses.fold(none, |found, to| found.or_else(|_| open(to)));
    opened.map_err(|cause| cannot("send to", name, cause))
}

/// Sends a datagram. Prints an error, which may be about this peer alone.
///
/// # Errors
///
/// As printed.
pub fn send(line: Connection, socket: &UdpSocket, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
    let sent = socket.send_to(bytes, to).map(drop);
    sent.inspect_err(|error| line.trouble(format_args!("can't send to {to}: {error}")))
}

/// The next datagram: how many bytes, and from whom. It skips errors about an earlier one, which
/// say that nobody took it. (Only Windows reports them to a socket that isn't connected.)
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
