//! What differs between Linux, macOS and Windows, for programs and tests alike.

use std::io;
use std::io::ErrorKind::{
    AddrNotAvailable, ConnectionAborted, ConnectionRefused, ConnectionReset, HostUnreachable,
    Interrupted, InvalidInput, NetworkDown, NetworkUnreachable, TimedOut, WouldBlock,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// How long to try to wake an `accept`. On the same machine it takes microseconds.
const WAKE_TIME: Duration = Duration::from_secs(1);

/// Whether a socket's time limit is why a call on it failed.
///
/// Unix reports `WouldBlock` (`EAGAIN`: socket(7), `SO_RCVTIMEO`), Windows `TimedOut`
/// (`WSAETIMEDOUT`).
pub fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), WouldBlock | TimedOut)
}

/// Whether a call on a socket failed only because its time limit is up, or because a signal came.
/// The connection is as it was, so the call can be made again.
pub fn is_cut_short(error: &io::Error) -> bool {
    is_timeout(error) || error.kind() == Interrupted
}

/// Whether `accept` failed only because of one client in the queue, or because of a signal: go on
/// with the next client.
///
/// Linux reports a client's reset to the first read. It reports here that no route leads to the
/// client (accept(2), "Error handling"). Windows may report the reset here (`WSAECONNRESET`), BSD
/// too (`ECONNABORTED`: accept(2)). On macOS and Wine the client has no address then, and that is
/// what `std` calls an invalid argument. (If the system itself says so, the listener is unusable.)
pub fn client_has_gone(error: &io::Error) -> bool {
    match error.kind() {
        ConnectionAborted | ConnectionReset | HostUnreachable | NetworkUnreachable
        | Interrupted => true,
        // On Windows it is this machine's network that has failed (`WSAENETDOWN`).
        NetworkDown => !cfg!(windows),
        InvalidInput => error.raw_os_error().is_none(),
        _ => false,
    }
}

/// Whether a call on a UDP socket failed only because of an earlier datagram (nobody has the port,
/// or no route leads there), or because of a signal: go on with the next one.
///
/// Windows reports such ICMP messages to every socket, other systems only to connected ones. All
/// other errors are about the socket itself.
pub fn is_about_one_peer(error: &io::Error) -> bool {
    const WSAENETRESET: i32 = 10_052; // Windows: a datagram was forwarded too often
    matches!(
        error.kind(),
        ConnectionReset | ConnectionRefused | HostUnreachable | NetworkUnreachable | Interrupted
    ) || (cfg!(windows) && error.raw_os_error() == Some(WSAENETRESET))
}

/// Whether this process, or the whole system, has no descriptor left. `ErrorKind` has no name for
/// it.
pub fn is_short_of_descriptors(error: &io::Error) -> bool {
    // EMFILE and ENFILE: accept(2). On Windows, WSAEMFILE.
    let codes = if cfg!(windows) { [10_024; 2] } else { [24, 23] };
    (error.raw_os_error()).is_some_and(|code| codes.contains(&code))
}

/// Whether a datagram was too long to be sent. `ErrorKind` has no name for it either.
pub fn is_too_long(error: &io::Error) -> bool {
    // EMSGSIZE: send(2). On Windows, WSAEMSGSIZE.
    #[cfg(unix)]
    let code = rustix::io::Errno::MSGSIZE.raw_os_error();
    #[cfg(windows)]
    let code = 10_040;
    error.raw_os_error() == Some(code)
}

/// Refuses the address of a multicast group, before a TCP socket is bound to it: a connection has
/// two ends, so nobody could connect to a group. Some systems see that only later.
///
/// # Errors
///
/// [`AddrNotAvailable`]: it is a group's.
pub fn refuse_multicast(address: SocketAddr) -> io::Result<()> {
    if address.ip().is_multicast() {
        return Err(AddrNotAvailable.into());
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
/// [`ConnectionRefused`]: it has found nobody.
pub fn refuse_self(stream: TcpStream) -> io::Result<TcpStream> {
    match (stream.local_addr(), stream.peer_addr()) {
        (Ok(here), Ok(peer)) if here == peer => Err(ConnectionRefused.into()),
        // A peer that has reset the connection has no address any more, so it wasn't us.
        _ => Ok(stream),
    }
}

/// Ends the `accept` that another thread waits in on this listener.
///
/// The thread gets one more client, the connection that this returns, and its next `accept` fails
/// with [`WouldBlock`]. If several threads wait, each call wakes one of them. (On Linux,
/// `shutdown` would do it without a client; on macOS and Windows it fails for a listener.)
///
/// The other thread must use the same value, not a `try_clone` of it: whether a clone waits, too,
/// is decided again on Windows.
///
/// # Errors
///
/// The listener is unusable, or nobody takes the connection for a second.
pub fn end_accept(listener: &TcpListener) -> io::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let mut address = listener.local_addr()?;
    // Windows can't connect to 0.0.0.0 and [::], on which programs listen for all addresses.
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    TcpStream::connect_timeout(&address, WAKE_TIME)
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::net::UdpSocket;
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::thread;

    use testkit::{FakePeer, PATIENCE, has_ipv6, port_without_listener};

    use super::*;

    #[test]
    fn a_socket_says_when_its_time_is_up() {
        const SOON: Duration = Duration::from_millis(20);
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        udp.set_read_timeout(Some(SOON)).unwrap();
        assert!(is_timeout(&udp.recv(&mut [0]).unwrap_err()));

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut tcp = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        tcp.set_read_timeout(Some(SOON)).unwrap();
        let error = tcp.read(&mut [0]).unwrap_err();
        assert!(is_timeout(&error) && is_cut_short(&error));

        drop(listener); // It resets the connection that was never accepted.
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        let error = tcp.read(&mut [0]).unwrap_err();
        assert!(!is_timeout(&error) && !is_cut_short(&error));

        let signal = ErrorKind::Interrupted.into();
        assert!(is_cut_short(&signal) && !is_timeout(&signal));
    }

    #[test]
    fn a_client_without_an_address_has_gone_and_the_listener_has_not() {
        // The system's own EINVAL: the listener is of no use.
        let invalid = io::Error::from_raw_os_error(if cfg!(windows) { 10022 } else { 22 });
        assert_eq!(invalid.kind(), ErrorKind::InvalidInput);
        assert!(!client_has_gone(&invalid));
        assert!(client_has_gone(&ErrorKind::InvalidInput.into()));
        assert!(client_has_gone(&ErrorKind::ConnectionAborted.into()));
        assert!(client_has_gone(&ErrorKind::HostUnreachable.into()));
        assert!(!client_has_gone(&ErrorKind::WouldBlock.into()));
        let is_the_clients = !cfg!(windows);
        assert_eq!(client_has_gone(&NetworkDown.into()), is_the_clients);
    }

    #[test]
    fn an_earlier_datagram_leaves_the_socket_usable_and_what_concerns_the_socket_does_not() {
        assert!(is_about_one_peer(&ConnectionRefused.into()));
        assert!(is_about_one_peer(&Interrupted.into()));
        assert!(!is_about_one_peer(&WouldBlock.into()));
        // WSAENETRESET, which means nothing elsewhere.
        let too_often = io::Error::from_raw_os_error(10_052);
        assert_eq!(is_about_one_peer(&too_often), cfg!(windows));
    }

    #[test]
    fn accept_ends_on_whatever_address() {
        // `[::]` can be bound even where the system has IPv6 switched off.
        let ipv6 = has_ipv6().then_some("[::]:0");
        for address in ["127.0.0.1:0", "0.0.0.0:0"].into_iter().chain(ipv6) {
            let listener = TcpListener::bind(address).unwrap();
            let (ended, end) = channel();
            let listener = Arc::new(listener);
            let accepts = Arc::clone(&listener);
            thread::spawn(move || {
                let error = accepts.incoming().find_map(Result::err);
                ended.send(error.map(|error| error.kind())).unwrap();
            });
            end_accept(&listener).unwrap();
            let error = end.recv_timeout(PATIENCE).unwrap();
            assert_eq!(error, Some(ErrorKind::WouldBlock), "{address}");
        }
    }

    #[test]
    fn nobody_listens_as_a_group() {
        for (address, is_group) in [
            ("127.0.0.1:1", false),
            ("[::1]:1", false),
            ("224.0.0.1:1", true),
            ("[ff02::1]:1", true),
        ] {
            let error = refuse_multicast(address.parse().unwrap()).err();
            let expected = is_group.then_some(AddrNotAvailable);
            assert_eq!(error.map(|it| it.kind()), expected, "{address}");
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
