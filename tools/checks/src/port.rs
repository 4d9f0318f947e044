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
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{fs, process, thread};

use socket2::{Domain, Socket, Type};

const FIRST: u16 = 20_000;
const PAIRS: u16 = 6_000;

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
        // A line for each socket: its number, its local address, … (proc(5)).
        let suffix = format!(":{:04X}", self.number);
        let has_it = |line: &str| {
            let local = line.split_whitespace().nth(1);
            local.is_some_and(|local| local.ends_with(&suffix))
        };
        ["/proc/net/udp", "/proc/net/udp6"]
            .iter()
            .filter_map(|table| fs::read_to_string(table).ok())
            .any(|table| table.lines().any(has_it))
    }
}

/// Binds without `SO_REUSEADDR`: a port whose last connections linger counts as taken.
fn bind(number: u16, kind: Type) -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, kind, None)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, number));
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_given_once_and_free_for_the_program() {
        let (one, two) = (Port::free().unwrap(), Port::free().unwrap());
        assert_ne!(one.number, two.number);
        assert!(Port::claim(one.number).is_err());
        assert!(!one.has_tcp_listener() && !one.has_udp_receiver());
        let number = one.number;
        drop(one);
        assert!(Port::claim(number).is_ok());
    }

    #[test]
    fn a_receiver_is_seen_without_being_disturbed() {
        let port = Port::free().unwrap();
        let receiver = bind(port.number, Type::DGRAM).unwrap();
        assert!(port.has_udp_receiver());
        drop(receiver);
        assert!(!port.has_udp_receiver());
        let listener = bind(port.number, Type::STREAM).unwrap();
        assert!(port.is_taken() && !port.has_udp_receiver());
        drop(listener);
        assert!(!port.is_taken());
    }
}
