//! A host: smoltcp's TCP/IP stack, and the network card that joins it to the wire.

use std::ops::Range;

use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr, Ipv4Address};

use crate::wire::{Arrived, Side, Wire};

/// Maximum size of an IP packet in bytes, as on an Ethernet.
pub const MTU: usize = 1500;

/// The IP address of the host on this side.
pub fn address(side: Side) -> Ipv4Address {
    match side {
        Side::Client => Ipv4Address::new(10, 0, 0, 1),
        Side::Server => Ipv4Address::new(10, 0, 0, 2),
    }
}

/// A computer with an IP address and sockets.
pub struct Host {
    side: Side,
    /// Its TCP/IP stack.
    pub stack: Interface,
    /// Its sockets.
    pub sockets: SocketSet<'static>,
}

impl Host {
    /// A host without sockets at this end of the wire.
    ///
    /// The seed decides the first sequence numbers of its connections.
    pub fn new(side: Side, wire: &mut Wire, seed: u64) -> Self {
        let mut config = Config::new(HardwareAddress::Ip);
        // With the same seed both would begin with the same numbers, which would confuse readers.
        config.random_seed = match side {
            Side::Client => seed,
            Side::Server => !seed,
        };
        let mut card = Card {
            side,
            wire,
            received: None,
        };
        let mut stack = Interface::new(config, &mut card, Instant::ZERO);
        stack.update_ip_addrs(|addresses| {
            // The stack has room for two addresses.
            let _ = addresses.push(IpCidr::new(IpAddress::Ipv4(address(side)), 24));
        });
        Self {
            side,
            stack,
            sockets: SocketSet::new(Vec::new()),
        }
    }

    /// Gives the host a turn: it takes one packet that has arrived, and sends everything that its
    /// sockets have to send.
    ///
    /// It takes only one packet, because a stack answers several with a single acknowledgement.
    pub fn poll(&mut self, wire: &mut Wire, now: Instant) -> Poll {
        let before = wire.packets.len();
        let mut card = Card {
            side: self.side,
            wire,
            received: None,
        };
        self.stack.poll(now, &mut card, &mut self.sockets);
        Poll {
            received: card.received,
            sent: before..wire.packets.len(),
        }
    }

    /// The next time at which the host has something to do, if no packet arrives before.
    pub fn next_event(&mut self, now: Instant) -> Option<Instant> {
        self.stack.poll_at(now, &self.sockets)
    }
}

/// What a host did in its turn.
#[derive(Debug)]
pub struct Poll {
    /// Index in [`Wire::packets`] of the packet that it took.
    pub received: Option<usize>,
    /// Indices in [`Wire::packets`] of the packets that it sent.
    pub sent: Range<usize>,
}

impl Poll {
    /// Whether it did anything.
    pub fn was_busy(&self) -> bool {
        self.received.is_some() || !self.sent.is_empty()
    }
}

/// A network card, through which the stack uses this end of the wire.
struct Card<'a> {
    side: Side,
    wire: &'a mut Wire,
    received: Option<usize>,
}

impl Device for Card<'_> {
    type RxToken<'b>
        = Arrived
    where
        Self: 'b;
    type TxToken<'b>
        = Sender<'b>
    where
        Self: 'b;

    fn capabilities(&self) -> DeviceCapabilities {
        // By default the stack computes and checks all checksums. It must, because this wire
        // damages packets.
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = MTU;
        capabilities
    }

    fn receive(&mut self, now: Instant) -> Option<(Arrived, Sender<'_>)> {
        if self.received.is_some() {
            return None;
        }
        let arrived = self.wire.receive(self.side, now)?;
        self.received = Some(arrived.index);
        Some((arrived, self.transmit(now)?))
    }

    fn transmit(&mut self, now: Instant) -> Option<Sender<'_>> {
        Some(Sender {
            side: self.side,
            wire: self.wire,
            now,
        })
    }
}

impl phy::RxToken for Arrived {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.bytes)
    }
}

/// The right to send one packet.
struct Sender<'a> {
    side: Side,
    wire: &'a mut Wire,
    now: Instant,
}

impl phy::TxToken for Sender<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut bytes = vec![0; length];
        let result = write(&mut bytes);
        self.wire.send(self.side, bytes, self.now);
        result
    }
}
