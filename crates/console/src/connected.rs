use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};

use crate::{Error, OrCannot};

/// The address on which a listener listens.
///
/// # Errors
///
/// The listener is unusable.
pub fn own_address(listener: &TcpListener) -> Result<SocketAddr, Error> {
    let address = listener.local_addr();
    address.or_cannot("read", "the socket's own address")
}

/// Refuses the address of a multicast group, before a TCP socket is bound to it: a connection has
/// two ends, so nobody could connect to a group. Some systems see that only later.
///
/// # Errors
///
/// [`ErrorKind::AddrNotAvailable`]: it is a group's.
pub fn refuse_multicast(address: SocketAddr) -> io::Result<()> {
    if address.ip().is_multicast() {
        return Err(ErrorKind::AddrNotAvailable.into());
    }
    Ok(())
}

/// Returns a client's new connection, unless it is one with itself.
///
/// Where nobody listens, the system may give our side the very port that we connect to. Then two
/// SYNs cross, as if two programs connected to each other at the same time (RFC 9293, section 3.5,
/// figure 7), and whatever we send comes back.
///
/// # Errors
///
/// [`ErrorKind::ConnectionRefused`]: it has found nobody.
pub fn refuse_self(stream: TcpStream) -> io::Result<TcpStream> {
    match (stream.local_addr(), stream.peer_addr()) {
        (Ok(here), Ok(peer)) if here == peer => Err(ErrorKind::ConnectionRefused.into()),
        // A peer that has reset the connection has no address any more, so it wasn't us.
        _ => Ok(stream),
    }
}

#[cfg(test)]
mod tests {
    use testkit::{FakePeer, port_without_listener};

    use super::*;

    #[test]
    fn nobody_listens_as_a_group() {
        for (address, is_group) in [
            ("127.0.0.1:1", false),
            ("[::1]:1", false),
            ("224.0.0.1:1", true),
            ("[ff02::1]:1", true),
        ] {
            let result = refuse_multicast(address.parse().unwrap());
            assert_eq!(result.is_err(), is_group, "{address}");
            let error = result.or_cannot(crate::Action::Listen, address);
            if let Err(error) = error {
                let error = error.to_string();
                assert!(
                    error.contains("this machine doesn't have that address"),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn a_socket_that_connects_to_its_own_address_finds_itself_there() {
        let (socket, here) = port_without_listener();
        socket.connect(&here.into()).unwrap();
        let error = refuse_self(socket.into()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_socket_that_is_connected_with_another_does_not() {
        let (stream, peer) = FakePeer::pair();
        let stream = refuse_self(stream).unwrap();
        peer.resets();
        // The error is there, so the reset is, too.
        assert!(stream.peek(&mut [0]).is_err());
        assert!(refuse_self(stream).is_ok());
    }
}
