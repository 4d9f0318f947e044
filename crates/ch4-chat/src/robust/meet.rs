//! How a host listens, how a guest connects, and how one command does either.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use console::{Action, Error, OrCannot, refuse_multicast, refuse_self, try_each};
use socket2::{Domain, Protocol, Socket, Type};

use super::limits::Limits;

/// How many bytes the system keeps for each connection and direction (Linux doubles it: socket(7)).
/// By default a flood would get megabytes ahead before we slow it down.
const BUFFER_BYTES: usize = 32 * 1024;

/// If two programs start at once: how long the one that didn't get the port tries to join the
/// other.
const RACE_TIME: Duration = Duration::from_millis(500);

/// How long it waits before each try.
const RETRY_DELAY: Duration = Duration::from_millis(20);

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
    // option that doesn't prevent the next chat. On Windows the option does something else: it
    // takes the port from its owner.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;

    // 3. Listen: from now on guests may connect. The queue holds as many guests as a room; the
    // system may allow fewer (listen(2): /proc/sys/net/core/somaxconn).
    socket.listen(1024)?;
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

/// The outcome of [`meet`].
#[derive(Debug)]
pub enum Meeting {
    /// Nobody was there: guests can connect here.
    Host(TcpListener),
    /// Somebody was: this is the connection.
    Guest(TcpStream),
}

/// Joins the host at one of these addresses. If there is none, becomes the host at the first that
/// this machine has.
///
/// Two programs may start at the same instant, and neither finds a host. One becomes it. The other
/// finds the port taken, and tries again to join: the first may have the port, but not listen yet.
///
/// # Errors
///
/// The port is taken by something that can't be joined, or can't be listened on. Or no address is
/// this machine's, and none can be joined.
pub fn meet(addresses: &[SocketAddr], limits: &Limits) -> Result<Meeting, Error> {
    let join = |address| connect(address, limits).or_cannot(Action::Connect, address);
    // An address that isn't this machine's is passed over.
    let host = |&address: &SocketAddr| match listen(address) {
        Err(error) if error.kind() == ErrorKind::AddrNotAvailable => None,
        tried => Some((tried, address)),
    };
    let mut lost_at = None;
    loop {
        let nobody = match try_each(addresses, join) {
            Ok(connection) => return Ok(Meeting::Guest(connection)),
            Err(error) => error,
        };
        let Some((tried, address)) = addresses.iter().find_map(host) else {
            return Err(nobody);
        };
        let is_taken = matches!(&tried, Err(error) if error.kind() == ErrorKind::AddrInUse);
        if !is_taken || lost_at.get_or_insert_with(Instant::now).elapsed() >= RACE_TIME {
            return tried.map(Meeting::Host).or_cannot(Action::Listen, address);
        }
        thread::sleep(RETRY_DELAY);
    }
}

#[cfg(test)]
#[cfg(not(target_os = "macos"))] // It has one IPv4 address of its own.
mod tests {
    use std::net::{IpAddr, Ipv6Addr, SocketAddrV6};
    use std::sync::Barrier;
    use std::thread;

    use testkit::{has_ipv6, own_loopback_address, port_without_listener};

    use super::*;

    fn met(addresses: &[SocketAddr]) -> Result<Meeting, Error> {
        meet(addresses, &Limits::default())
    }

    /// The address of the host that was joined.
    fn joined(addresses: &[SocketAddr]) -> SocketAddr {
        match met(addresses) {
            Ok(Meeting::Guest(connection)) => connection.peer_addr().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The address that was hosted at, and its listener.
    fn hosted(addresses: &[SocketAddr]) -> (SocketAddr, TcpListener) {
        match met(addresses) {
            Ok(Meeting::Host(listener)) => (listener.local_addr().unwrap(), listener),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn all_addresses_of_a_name_are_tried_before_one_is_hosted() {
        let mut hosts: Vec<IpAddr> = vec![own_loopback_address().unwrap().into()];
        hosts.push(own_loopback_address().unwrap().into());
        if has_ipv6() {
            hosts.push(Ipv6Addr::LOCALHOST.into());
        }
        for host in hosts.clone() {
            let listener = TcpListener::bind((host, 0)).unwrap();
            let address = listener.local_addr().unwrap();
            let name = hosts
                .clone()
                .into_iter()
                .map(|it| (it, address.port()).into());
            let name: Vec<SocketAddr> = name.collect();
            assert_eq!(joined(&name), address);
        }
    }

    #[test]
    fn if_nobody_is_there_it_hosts_at_the_first_address() {
        let host = own_loopback_address().unwrap();
        let other = own_loopback_address().unwrap();
        let name = [SocketAddr::from((host, 12345)), (other, 12345).into()];
        let (address, _listener) = hosted(&name);
        assert_eq!(address, name[0]);
        assert_eq!(joined(&name), name[0]);
        // Port 0 is a free one.
        assert_ne!(hosted(&[(host, 0).into()]).0.port(), 0);
    }

    #[test]
    fn an_address_that_is_not_this_machines_is_not_hosted_at() {
        if !has_ipv6() {
            return;
        }
        // With the loopback interface as its scope, nothing leaves this machine for it.
        let elsewhere = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);
        let elsewhere = SocketAddr::from(SocketAddrV6::new(elsewhere, 12345, 0, 1));
        let here = SocketAddr::from((own_loopback_address().unwrap(), 12345));
        let (address, _listener) = hosted(&[elsewhere, here]);
        assert_eq!(address, here);
        let error = met(&[elsewhere]).unwrap_err().to_string();
        assert!(error.starts_with("can't connect to [fe80::2%1]"), "{error}");
    }

    /// Often enough that in some rounds neither finds the other at first.
    #[test]
    fn of_two_that_start_at_once_one_hosts_and_one_joins() {
        let address = SocketAddr::from((own_loopback_address().unwrap(), 12345));
        let start = Barrier::new(2);
        let meets = || {
            start.wait();
            met(&[address])
        };
        for _ in 0..200 {
            let both = thread::scope(|scope| {
                [scope.spawn(meets), scope.spawn(meets)].map(|it| it.join().unwrap())
            });
            let roles = both.each_ref().map(|it| matches!(it, Ok(Meeting::Host(_))));
            assert!(
                both.iter().all(Result::is_ok) && roles[0] != roles[1],
                "{both:?}"
            );
        }
    }

    #[test]
    fn a_port_that_is_taken_at_the_first_address_is_not_hosted_at_the_next() {
        let (_held, taken) = port_without_listener();
        let other = own_loopback_address().unwrap();
        let error = met(&[taken, (other, taken.port()).into()]).unwrap_err();
        let expected = format!("can't listen on {taken}: ");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
}
