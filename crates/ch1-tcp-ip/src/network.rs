//! Two hosts, the wire between them, and a clock that jumps from event to event.

use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp::{Socket, SocketBuffer};
use smoltcp::time::{Duration, Instant};

use crate::faults::Faults;
use crate::host::{Host, Poll, address};
use crate::wire::{Side, Wire};

/// Bytes that a side can keep for its program. This is the largest window that it offers.
pub const BUFFER: usize = 16 * 1024;

/// How long a side waits for an answer before it gives up: TCP's user timeout (RFC 9293, section
/// 3.10.8). (Linux waits about two minutes for the answer to a SYN and 13 to 30 minutes for others:
/// tcp(7).)
pub const USER_TIMEOUT: Duration = Duration::from_secs(60);

/// The client's port: the first of the dynamic ports (RFC 6335, section 6).
pub const CLIENT_PORT: u16 = 49_152;

/// The server's port.
pub const SERVER_PORT: u16 = 80;

/// When to stop a run that doesn't end by itself. Each side gives up long before.
const LONGEST: Instant = Instant::from_millis_const(24 * 60 * 60 * 1000);

/// After how many packets to stop a run that doesn't end by itself.
const MOST_PACKETS: usize = 500_000;

/// Two hosts and the wire between them.
pub struct Network {
    /// The virtual clock. It starts at zero; [`Network::advance`] sets it.
    pub now: Instant,
    /// The wire between the hosts.
    pub wire: Wire,
    /// The host that connects.
    pub client: Host,
    /// The host that answers.
    pub server: Host,
}

impl Network {
    /// The same faults give the same packets, byte for byte.
    pub fn new(faults: &Faults) -> Self {
        let seed = faults.seed;
        let mut wire = Wire::new(faults.clone());
        let client = Host::new(Side::Client, &mut wire, seed);
        let server = Host::new(Side::Server, &mut wire, seed);
        Self {
            now: Instant::ZERO,
            wire,
            client,
            server,
        }
    }

    /// Lets the server listen and the client begin to connect to it, over TCP. Returns the client's
    /// socket and the server's.
    pub fn connect(&mut self) -> (SocketHandle, SocketHandle) {
        // Neither call fails, because neither port is 0 and the sockets are new. If one did fail,
        // nothing would arrive, and the program would say so.
        let mut listener = tcp_socket();
        let _ = listener.listen(SERVER_PORT);
        let mut connecting = tcp_socket();
        let (context, to) = (self.client.stack.context(), address(Side::Server));
        let _ = connecting.connect(context, (to, SERVER_PORT), CLIENT_PORT);
        let client = self.client.sockets.add(connecting);
        let server = self.server.sockets.add(listener);
        (client, server)
    }

    /// Gives the host on this side its turn: see [`Host::poll`].
    pub fn poll(&mut self, side: Side) -> Poll {
        let host = match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        host.poll(&mut self.wire, self.now)
    }

    /// Sets the clock to the next event: a packet arrives, a host's timer fires, or the time `also`
    /// comes. Returns `false` if nothing will happen any more, or if the run must stop.
    ///
    /// `busy` says whether anything happened at this instant. If not, the clock moves on by at
    /// least a millisecond, so no run hangs.
    pub fn advance(&mut self, busy: bool, also: Option<Instant>) -> bool {
        let events = [
            self.wire.next_arrival(),
            self.client.next_event(self.now),
            self.server.next_event(self.now),
            also,
        ];
        let Some(next) = events.into_iter().flatten().min() else {
            return false;
        };
        let earliest = if busy {
            self.now
        } else {
            self.now + Duration::from_millis(1)
        };
        self.now = next.max(earliest);
        self.now < LONGEST && self.wire.packets.len() < MOST_PACKETS
    }
}

fn tcp_socket() -> Socket<'static> {
    let buffer = || SocketBuffer::new(vec![0; BUFFER]);
    let mut socket = Socket::new(buffer(), buffer());
    // Without a time limit, a socket asks forever.
    socket.set_timeout(Some(USER_TIMEOUT));
    socket
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_still_only_while_something_happens() {
        let mut network = Network::new(&Faults::default());
        let at_once = Some(Instant::ZERO);
        assert!(network.advance(true, at_once));
        assert_eq!(network.now, Instant::ZERO);
        assert!(network.advance(false, at_once));
        assert_eq!(network.now, Instant::from_millis(1));
    }

    #[test]
    fn a_run_ends_when_nothing_is_left_to_happen_or_after_a_day() {
        let mut network = Network::new(&Faults::default());
        assert!(!network.advance(true, None));
        network.now = LONGEST - Duration::from_millis(1);
        assert!(!network.advance(false, Some(Instant::ZERO)));
    }
}
