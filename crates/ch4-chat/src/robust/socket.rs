//! How a host listens and a guest connects.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use console::{refuse_multicast, refuse_self};
use socket2::{Domain, Protocol, Socket, Type};

use super::limits::Limits;

/// How many bytes the system keeps for each connection and direction (Linux doubles it: socket(7)).
/// By default it keeps megabytes. A flood would get so far ahead before we slow it down.
const BUFFER_BYTES: usize = 32 * 1024;

/// Opens a socket on which guests can connect.
///
/// # Errors
///
/// The port is taken, or below 1024 and reserved, or the address isn't one of this machine's.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    // 1. Create a socket.
    refuse_multicast(address)?;
    let socket = create(address)?;

    // 2. Bind it to an IP address and a port.
    // The last chat's connections may still be in TIME-WAIT (RFC 9293, section 3.6.1). With this
    // option that doesn't prevent the next chat. On Windows the option means something else: to
    // take the port from its owner.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;

    // 3. Listen: from now on guests may connect.
    socket.listen(128)?;
    Ok(socket.into())
}

/// Opens a connection to the host.
///
/// # Errors
///
/// Nobody listens on `address`, no route leads there, or nobody answers in time.
pub fn connect(address: SocketAddr, limits: &Limits) -> io::Result<TcpStream> {
    // 1. Create a socket.
    let socket = create(address)?;

    // 2. Connect it to the host's address and port.
    socket.connect_timeout(&address.into(), limits.connect_time)?;
    refuse_self(socket.into())
}

fn create(address: SocketAddr) -> io::Result<Socket> {
    let family = Domain::for_address(address);
    let socket = Socket::new(family, Type::STREAM, Some(Protocol::TCP))?;
    // A socket that `accept` returns has the listener's sizes.
    socket.set_send_buffer_size(BUFFER_BYTES)?;
    socket.set_recv_buffer_size(BUFFER_BYTES)?;
    Ok(socket)
}
