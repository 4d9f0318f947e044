//! The same command for both: join the chat, or host it where nobody does.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};

use console::{Action, Error, OrCannot};

use crate::robust::Limits;
use crate::robust::socket::{open_connection, open_listener};

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
pub fn meet(address: SocketAddr, limits: &Limits) -> Result<Meeting, Error> {
    let mut taken = ErrorKind::AddrInUse.into();
    for _ in 0..TRIES {
        match join(address, limits) {
            Ok(connection) => return Ok(Meeting::Guest(connection)),
            Err(nobody) if nobody.kind() == ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(error).or_cannot(Action::Connect, address),
        }
        match open_listener(address) {
            Ok(listener) => return Ok(Meeting::Host(listener)),
            Err(error) if error.kind() == ErrorKind::AddrInUse => taken = error,
            Err(error) => return Err(error).or_cannot(Action::Listen, address),
        }
    }
    Err(taken).or_cannot(Action::Listen, address)
}

fn join(address: SocketAddr, limits: &Limits) -> io::Result<TcpStream> {
    // Port 0 is nobody's: it asks for a free port to host on.
    if address.port() == 0 {
        return Err(ErrorKind::ConnectionRefused.into());
    }
    open_connection(address, limits)
}
