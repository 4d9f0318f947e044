//! Ports that nobody else has, although they can't be held for the program under test.
//!
//! A server is told its port and binds it by itself, so the port has to be free until then. A port
//! that was bound as port 0 and closed again isn't safe: the system may give it to any other
//! connection meanwhile. So ports come from below the range that systems give away (Linux: 32768
//! and up), in pairs. The even one is for the program. A judge that has bound the odd one above it
//! owns the pair. All checks that run on this machine keep to that.
//!
//! A connection of an earlier program may linger on such a port, in TIME-WAIT. If a program can't
//! start because of that, the judge tries the check on another port.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{fs, process, thread};

use socket2::{Domain, Socket, Type};

const FIRST: u16 = 20_000;
const PAIRS: u16 = 6_000;

/// The states of a socket that listens (TCP) or isn't connected (UDP), as Linux writes them
/// (`include/net/tcp_states.h`).
const WAITING: [&str; 2] = ["0A", "07"];

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
        static NEXT: AtomicU16 = AtomicU16::new(0);
        if NEXT.load(Ordering::Relaxed) == 0 {
            // Where to begin differs between processes, so they seldom try the same one.
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            let now = now.map_or(0, |time| time.subsec_micros());
            let begin = (process::id().wrapping_mul(7919).wrapping_add(now)) % u32::from(PAIRS);
            NEXT.store(u16::try_from(begin).unwrap_or(1), Ordering::Relaxed);
        }
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
        let owner = bind(number + 1, Type::STREAM)?;
        let port = Self {
            number,
            _owner: Some(owner),
        };
        // A program that knows nothing of pairs may be there. (To find out by binding it could be
        // in the program's way: a process that is started at this instant holds a copy for a
        // moment.)
        if port.has_tcp_listener() || port.has_udp_receiver() {
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
            thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// Whether somebody listens there for TCP. They see a connection that ends at once.
    pub fn has_tcp_listener(&self) -> bool {
        TcpStream::connect_timeout(&self.address(), Duration::from_millis(100)).is_ok()
    }

    /// Whether somebody has it for UDP. Looking takes nothing away from whoever has it, not even a
    /// datagram.
    pub fn has_udp_receiver(&self) -> bool {
        if !cfg!(target_os = "linux") {
            // Who can't bind it isn't the first. But this may be in the program's way when it
            // binds: then it ends, and the check is tried once more.
            return bind(self.number, Type::DGRAM).is_err();
        }
        self.sockets("udp").into_iter().any(is_ours)
    }

    /// The address at which somebody has the port, if nobody gets there by 127.0.0.1: such as
    /// `[::1]`. Only Linux tells.
    pub(crate) fn elsewhere(&self) -> Option<SocketAddr> {
        let sockets = ["tcp", "udp"].map(|protocol| self.sockets(protocol));
        let mut sockets = sockets.into_iter().flatten();
        let address = sockets.find(|address| !is_ours(*address))?;
        Some((address, self.number).into())
    }

    /// The addresses at which somebody listens (`tcp`), or receives from anybody (`udp`).
    fn sockets(&self, protocol: &str) -> Vec<IpAddr> {
        // A line for each socket: its number, its address, its peer's, its state, … (proc(5)).
        let address = |line: &str| {
            let mut fields = line.split_whitespace().skip(1);
            let (address, port) = fields.next()?.split_once(':')?;
            let is_it = u16::from_str_radix(port, 16) == Ok(self.number);
            let is_waiting = WAITING.contains(&fields.nth(1)?);
            (is_it && is_waiting).then(|| ip_address(address))?
        };
        table(protocol).lines().filter_map(address).collect()
    }
}

/// The system's sockets of this protocol, for IPv4 and IPv6. Empty where the system doesn't tell.
fn table(protocol: &str) -> String {
    let read = |table| fs::read_to_string(table).unwrap_or_default();
    ["", "6"]
        .map(|ip| read(format!("/proc/net/{protocol}{ip}")))
        .concat()
}

/// Whether a peer that goes to 127.0.0.1 gets there. All wildcards include that address.
fn is_ours(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address == Ipv4Addr::LOCALHOST || address.is_unspecified()
}

/// An address as Linux writes it: each four bytes as a number in hexadecimal digits, in the order
/// of this machine.
fn ip_address(hex: &str) -> Option<IpAddr> {
    let parts = (0..hex.len()).step_by(8).map(|at| hex.get(at..at + 8));
    let numbers = parts.filter_map(|part| u32::from_str_radix(part?, 16).ok());
    let bytes: Vec<u8> = numbers.flat_map(u32::to_ne_bytes).collect();
    let v4 = <[u8; 4]>::try_from(&*bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(&*bytes).map(IpAddr::from))
        .ok()
}

/// Binds without `SO_REUSEADDR`: a port whose last connections linger counts as taken.
fn bind(number: u16, kind: Type) -> io::Result<Socket> {
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
    fn soon(is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !is_so() {
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
        let number = one.number;
        drop(one);
        soon(|| Port::claim(number).is_ok());
    }

    /// Where there is IPv6, and each address from 127.0.0.1 on is this machine's.
    #[cfg(target_os = "linux")]
    #[test]
    fn only_where_127_0_0_1_leads_is_the_program_there() {
        for (ip, is_there) in [
            ("127.0.0.1", true),
            ("0.0.0.0", true),
            ("127.0.1.1", false),
            ("::", true),
            ("::ffff:127.0.0.1", true),
            ("::1", false),
            ("::ffff:127.0.1.1", false),
        ] {
            for kind in [Type::DGRAM, Type::STREAM] {
                let port = Port::free().unwrap();
                let address = SocketAddr::new(ip.parse().unwrap(), port.number);
                let socket = Socket::new(Domain::for_address(address), kind, None).unwrap();
                let Ok(()) = socket.bind(&address.into()) else {
                    continue;
                };
                if kind == Type::STREAM {
                    assert_eq!(port.elsewhere(), None, "{ip}");
                    socket.listen(1).unwrap();
                    assert_eq!(port.has_tcp_listener(), is_there, "{ip}");
                } else {
                    assert_eq!(port.has_udp_receiver(), is_there, "{ip}");
                }
                let elsewhere = port.elsewhere().map(|it| it.port());
                assert_eq!(elsewhere, (!is_there).then_some(port.number), "{ip}");
            }
        }
    }

    #[test]
    fn an_address_is_read_as_the_system_writes_it() {
        let hex = |bytes: &[u8]| {
            let numbers = bytes
                .chunks(4)
                .map(|it| u32::from_ne_bytes(it.try_into().unwrap()));
            numbers
                .map(|it| format!("{it:08X}"))
                .collect::<Vec<_>>()
                .concat()
        };
        let v4 = Ipv4Addr::new(127, 0, 1, 2);
        let v6 = v4.to_ipv6_mapped();
        assert_eq!(ip_address(&hex(&v4.octets())), Some(v4.into()));
        assert_eq!(ip_address(&hex(&v6.octets())), Some(v6.into()));
        assert_eq!(ip_address("local_ad"), None);
    }

    /// A port on which nothing lingers.
    pub(crate) fn untouched() -> Port {
        let mut ports = std::iter::repeat_with(|| Port::free().unwrap());
        ports.find(|port| !port.is_taken()).unwrap()
    }

    #[test]
    fn a_receiver_is_seen_without_being_disturbed() {
        let port = untouched();
        let receiver = bind(port.number, Type::DGRAM).unwrap();
        assert!(port.has_udp_receiver());
        drop(receiver);
        soon(|| !port.has_udp_receiver());
        let listener = bind(port.number, Type::STREAM).unwrap();
        assert!(port.is_taken() && !port.has_udp_receiver());
        drop(listener);
        soon(|| !port.is_taken());
    }
}
