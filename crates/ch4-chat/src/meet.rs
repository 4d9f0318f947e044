//! The same command for both: join the chat, or host it where nobody does.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};

use console::{Error, OrCannot};
use socket2::{Domain, Protocol, Socket, Type};

/// How often to try. Who loses the race to be host finds the winner at the next try; more tries
/// are needed only if hosts come and go meanwhile.
const TRIES: u32 = 5;

/// What became of it.
#[derive(Debug)]
pub enum Meeting {
    /// Nobody was there: guests can connect here.
    Host(TcpListener),
    /// Somebody was: this is the connection.
    Guest(TcpStream),
}

/// Joins whoever hosts at `address`, or becomes the host.
///
/// Two programs may start at the same instant: neither finds a host and both try to become it.
/// One succeeds. For the other the port is taken now, so it tries again to join. (With
/// `SO_REUSEADDR` both can `bind` on Linux; only the second `listen` fails.)
///
/// # Errors
///
/// The port is taken by something that can't be joined, or the address can be neither reached nor
/// listened on.
pub fn meet(address: SocketAddr) -> Result<Meeting, Error> {
    let mut taken = ErrorKind::AddrInUse.into();
    for _ in 0..TRIES {
        match join(address) {
            Ok(connection) => return Ok(Meeting::Guest(connection)),
            Err(nobody) if nobody.kind() == ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(error).or_cannot("join the chat on", address),
        }
        match host(address) {
            Ok(listener) => return Ok(Meeting::Host(listener)),
            Err(error) if error.kind() == ErrorKind::AddrInUse => taken = error,
            Err(error) => return Err(error).or_cannot("host the chat on", address),
        }
    }
    Err(taken).or_cannot("join or host the chat on", address)
}

fn join(address: SocketAddr) -> io::Result<TcpStream> {
    // Port 0 is nobody's: it asks for a free port to host on.
    if address.port() == 0 {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    let connection = TcpStream::connect(address)?;
    // Where nobody listens, the system may give our side the very port that we connect to: then
    // TCP connects the socket with itself (RFC 9293, section 3.5, simultaneous open).
    if connection.local_addr()? == connection.peer_addr()? {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    Ok(connection)
}

fn host(address: SocketAddr) -> io::Result<TcpListener> {
    let family = Domain::for_address(address);
    let socket = Socket::new(family, Type::STREAM, Some(Protocol::TCP))?;
    // The last chat's connections may still be in TIME-WAIT; that must not keep the next from
    // being hosted. On Windows the option means something else: to take the port from its owner.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(1)?;
    Ok(socket.into())
}
