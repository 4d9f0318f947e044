//! Ports that nobody else has, although they can't be held for the program under test.
//!
//! A server is told its port and binds it by itself, so the port has to be free until then. A port
//! that was bound as port 0 and closed again isn't safe: the system may give it to any other
//! connection meanwhile. So ports come from below the range that systems give away (Linux: 32768
//! and up), in pairs: an even one for the program, and one far above it. The judge that binds the
//! upper one owns the pair. All checks that run on this machine keep to that. Nobody has the odd
//! ports, so a program that is wrong by one finds its port free, as at home.
//!
//! A connection of an earlier program may linger on such a port, in TIME-WAIT. Then it isn't given
//! away. If a program can't start because somebody else has its port all the same, the judge tries
//! the check on another one.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use supervise::while_none_starts;

const FIRST: u16 = 20_000;
const PAIRS: u16 = 3_000;

/// How far above a program's port its owner's is.
const OWNER: u16 = 2 * PAIRS;

/// A port for one program under test, for as long as this value lives.
#[derive(Debug)]
pub struct Port {
    /// Its number.
    pub number: u16,
    _owner: Option<Socket>,
}

impl Port {
    /// A free one.
    ///
    /// # Errors
    ///
    /// All are taken, or there is no network.
    pub fn free() -> io::Result<Self> {
        // Where to begin differs between processes, so they seldom try the same one.
        static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
            let begin = RandomState::new().hash_one(0) % u64::from(PAIRS);
            AtomicU16::new(u16::try_from(begin).unwrap_or_default())
        });
        let mut last = io::ErrorKind::AddrInUse.into();
        for _ in 0..PAIRS {
            let pair = NEXT.fetch_add(1, Ordering::Relaxed) % PAIRS;
            match Self::claim(FIRST + 2 * pair) {
                Ok(port) => return Ok(port),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The port of a program that can't be told another.
    pub fn fixed(number: u16) -> Self {
        Self {
            number,
            _owner: None,
        }
    }

    fn claim(number: u16) -> io::Result<Self> {
        let owner = bind(number + OWNER, Type::STREAM)?;
        let port = Self {
            number,
            _owner: Some(owner),
        };
        // A program that knows nothing of pairs may be there, or an earlier program's connection.
        // (A process that is started at this instant would hold a copy of what this binds.)
        let is_taken = while_none_starts(|| port.is_taken());
        // On Windows somebody who has it on all addresses leaves it free on one.
        if is_taken || (cfg!(windows) && port.has_tcp_listener()) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        Ok(port)
    }

    /// Its address, on this machine.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }

    /// Whether somebody has it for TCP, if only a connection that lingers in TIME-WAIT, or for UDP.
    ///
    /// This binds it for a moment, so nobody else should be about to.
    pub fn is_taken(&self) -> bool {
        bind(self.number, Type::STREAM).is_err() || bind(self.number, Type::DGRAM).is_err()
    }

    /// Waits until nobody has it, for this time at most. (No system tells when that is, so it looks
    /// now and then.)
    pub(crate) fn wait_until_free(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        while self.is_taken() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whether somebody listens there for TCP. They see a connection that ends at once.
    pub fn has_tcp_listener(&self) -> bool {
        TcpStream::connect_timeout(&self.address(), Duration::from_millis(100)).is_ok()
    }

    /// Whether somebody has it for UDP. They don't notice it, and lose no datagram.
    pub fn has_udp_receiver(&self) -> bool {
        if !cfg!(target_os = "linux") {
            // A port that can't be bound is taken. But this may be in the program's way when it
            // binds: then it ends, and the check is tried once more.
            return bind(self.number, Type::DGRAM).is_err();
        }
        let mut all = waiting(Type::DGRAM).into_iter();
        all.any(|(address, _)| address.port() == self.number && is_ours(address))
    }
}

/// The address of one of these sockets, if it is of this kind, and somebody waits there for peers.
pub(crate) fn address_of(sockets: &[u64], kind: Type) -> Option<SocketAddr> {
    let mut all = waiting(kind).into_iter();
    all.find_map(|(address, socket)| sockets.contains(&socket).then_some(address))
}

/// The addresses at which somebody listens for TCP, or receives from anybody over UDP, and the
/// numbers (inodes) of their sockets.
#[cfg(target_os = "linux")]
fn waiting(kind: Type) -> Vec<(SocketAddr, u64)> {
    use procfs::net::{TcpState, UdpState, tcp, tcp6, udp, udp6};
    if kind == Type::STREAM {
        let sockets = [tcp(), tcp6()].into_iter().flatten().flatten();
        let listening = sockets.filter(|socket| socket.state == TcpState::Listen);
        return listening.map(|it| (it.local_address, it.inode)).collect();
    }
    let sockets = [udp(), udp6()].into_iter().flatten().flatten();
    let unconnected = sockets.filter(|socket| socket.state == UdpState::Close);
    unconnected.map(|it| (it.local_address, it.inode)).collect()
}

/// Only Linux tells.
#[cfg(not(target_os = "linux"))]
fn waiting(_: Type) -> Vec<(SocketAddr, u64)> {
    Vec::new()
}

/// Whether a datagram to 127.0.0.1 gets to the socket that has this address. The system doesn't list
/// whether `[::]` is IPv6 only (`IPV6_V6ONLY`), but then 127.0.0.1 is free.
fn is_ours(address: SocketAddr) -> bool {
    let ip = address.ip().to_canonical();
    if ip == Ipv6Addr::UNSPECIFIED {
        return bind(address.port(), Type::DGRAM).is_err();
    }
    ip == Ipv4Addr::LOCALHOST || ip.is_unspecified()
}

/// Binds without `SO_REUSEADDR`: a port whose last connections linger counts as taken.
pub(crate) fn bind(number: u16, kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, kind, None)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, number));
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Waits until it is so: a process that another test starts at this instant has what was closed
    /// here open for a moment more.
    pub(crate) fn soon<T>(mut look: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(Instant::now() < deadline, "it never comes to that");
            thread::yield_now();
        }
    }

    #[test]
    fn a_port_is_given_once_and_free_for_the_program() {
        let (one, two) = (Port::free().unwrap(), Port::free().unwrap());
        assert_ne!(one.number, two.number);
        assert!(Port::claim(one.number).is_err());
        assert!(!one.has_tcp_listener() && !one.has_udp_receiver());
        // A program that is wrong by one finds that free, too.
        soon(|| bind(one.number + 1, Type::STREAM).ok());
        let number = one.number;
        drop(one);
        soon(|| Port::claim(number).ok());
    }

    /// A server that doesn't set `SO_REUSEADDR` couldn't start there.
    #[cfg(unix)]
    #[test]
    fn a_port_on_which_a_connection_lingers_is_not_given_away() {
        let port = untouched();
        let server = soon(|| bind(port.number, Type::STREAM).ok());
        server.listen(1).unwrap();
        let client = TcpStream::connect(port.address()).unwrap();
        // Who closes first is in TIME-WAIT.
        drop(server.accept().unwrap());
        drop((client, server));
        soon(|| (!port.has_tcp_listener()).then_some(()));
        let number = port.number;
        drop(port);
        assert!(Port::claim(number).is_err());
    }

    /// Where there is IPv6, and each address from 127.0.0.1 on is this machine's.
    #[cfg(target_os = "linux")]
    #[test]
    fn only_where_127_0_0_1_leads_is_the_program_there() {
        for (ip, only_v6, is_there) in [
            ("127.0.0.1", false, true),
            ("0.0.0.0", false, true),
            ("127.0.1.1", false, false),
            ("::", false, true),
            ("::", true, false),
            ("::ffff:127.0.0.1", false, true),
            ("::1", false, false),
            ("::ffff:127.0.1.1", false, false),
        ] {
            for kind in [Type::DGRAM, Type::STREAM] {
                let port = untouched();
                let address = SocketAddr::new(ip.parse().unwrap(), port.number);
                let socket = Socket::new(Domain::for_address(address), kind, None).unwrap();
                if only_v6 {
                    socket.set_only_v6(true).unwrap();
                }
                let Ok(()) = socket.bind(&address.into()) else {
                    continue;
                };
                if kind == Type::STREAM {
                    socket.listen(1).unwrap();
                    assert_eq!(port.has_tcp_listener(), is_there, "{ip}");
                } else {
                    assert_eq!(port.has_udp_receiver(), is_there, "{ip} {only_v6}");
                }
            }
        }
    }

    /// A port on which nothing lingers.
    pub(crate) fn untouched() -> Port {
        let mut ports = std::iter::repeat_with(|| Port::free().unwrap());
        ports.find(|port| !port.is_taken()).unwrap()
    }

    #[test]
    fn a_receiver_is_seen_without_being_disturbed() {
        let port = untouched();
        let receiver = soon(|| bind(port.number, Type::DGRAM).ok());
        assert!(port.has_udp_receiver());
        drop(receiver);
        soon(|| (!port.has_udp_receiver()).then_some(()));
        let listener = soon(|| bind(port.number, Type::STREAM).ok());
        assert!(port.is_taken() && !port.has_udp_receiver());
        drop(listener);
        soon(|| (!port.is_taken()).then_some(()));
    }
}
