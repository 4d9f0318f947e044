//! The wire between the two hosts, and everything that can happen to a packet on it.

use std::array;
use std::collections::BTreeMap;

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use smoltcp::time::{Duration, Instant};

use crate::faults::Faults;

/// One end of the wire, and its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The host that connects.
    Client,
    /// The host that answers.
    Server,
}

impl Side {
    /// Both sides, in the order of their turns.
    pub const BOTH: [Self; 2] = [Self::Client, Self::Server];

    /// The opposite end.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// "client" or "server".
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// A packet as it was sent, and what happened to it.
#[derive(Debug, Clone)]
pub struct Packet {
    /// The side that sent it.
    pub from: Side,
    /// When it was sent.
    pub sent: Instant,
    /// Its bytes as they were sent.
    pub bytes: Vec<u8>,
    /// When each copy arrives. Empty if it was lost.
    pub arrivals: Vec<Instant>,
    /// It took a detour.
    pub late: bool,
    /// One of its bytes changed on the way.
    pub damaged: bool,
}

impl Packet {
    /// Whether it never arrives.
    pub fn lost(&self) -> bool {
        self.arrivals.is_empty()
    }

    /// Whether it arrives twice.
    pub fn twice(&self) -> bool {
        self.arrivals.len() > 1
    }
}

/// A packet, or a copy of it, that has arrived.
#[derive(Debug)]
pub struct Arrived {
    /// The packet's index in [`Wire::packets`].
    pub index: usize,
    /// Its bytes as they arrived.
    pub bytes: Vec<u8>,
}

/// A wire that delays packets, loses, doubles or damages some, and remembers all of them.
///
/// It has no rate: packets sent at the same instant arrive at the same instant, in the same order.
#[derive(Debug)]
pub struct Wire {
    faults: Faults,
    random: SplitMix64,
    packets: Vec<Packet>,
    /// Packets on the way to each side, by time of arrival, then in the order of sending.
    to_client: BTreeMap<(Instant, usize), Arrived>,
    to_server: BTreeMap<(Instant, usize), Arrived>,
    copies: usize,
}

impl Wire {
    /// An idle wire.
    pub fn new(faults: Faults) -> Self {
        Self {
            random: SplitMix64::seed_from_u64(faults.seed),
            faults,
            packets: Vec::new(),
            to_client: BTreeMap::new(),
            to_server: BTreeMap::new(),
            copies: 0,
        }
    }

    /// All packets sent so far, including lost ones, in the order of sending.
    pub fn packets(&self) -> &[Packet] {
        &self.packets
    }

    /// All packets that were sent.
    pub fn into_packets(self) -> Vec<Packet> {
        self.packets
    }

    /// Puts a packet on the wire, and decides its fate.
    pub fn send(&mut self, from: Side, bytes: Vec<u8>, now: Instant) {
        let index = self.packets.len();
        // Each packet draws the same number of times, whatever happens to it. So with one seed,
        // `--drop 30` loses the same packets with `--reorder` and without.
        let [drop, detour, longer, copy, copy_longer, change, place, mask]: [u64; 8] =
            array::from_fn(|_| self.random.next_u64());
        let hit = |draw: u64, percent: u8| draw % 100 < u64::from(percent);
        let faults = &self.faults;

        let lost = hit(drop, faults.drop) || faults.drop_packets.contains(&(index + 1));
        let late = !lost && hit(detour, faults.reorder);
        let damaged = !lost && hit(change, faults.corrupt);

        // A detour takes one to two delays longer, and at least a millisecond.
        let delay = faults.delay;
        let up_to_a_delay =
            |draw: u64| Duration::from_millis(1 + draw % delay.total_millis().max(1));
        let mut arrival = now + delay;
        if late {
            arrival += delay + up_to_a_delay(longer);
        }
        let mut arrivals = Vec::new();
        if !lost {
            arrivals.push(arrival);
            if hit(copy, faults.duplicate) {
                arrivals.push(arrival + up_to_a_delay(copy_longer));
            }
        }

        let mut arriving = bytes.clone();
        if damaged {
            change_a_byte(&mut arriving, place, mask);
        }
        let on_the_way = match from {
            Side::Client => &mut self.to_server,
            Side::Server => &mut self.to_client,
        };
        for &at in &arrivals {
            self.copies += 1;
            let bytes = arriving.clone();
            on_the_way.insert((at, self.copies), Arrived { index, bytes });
        }
        self.packets.push(Packet {
            from,
            sent: now,
            bytes,
            arrivals,
            late,
            damaged,
        });
    }

    /// Takes the next packet that has arrived at this side by now.
    pub fn receive(&mut self, at: Side, now: Instant) -> Option<Arrived> {
        let on_the_way = match at {
            Side::Client => &mut self.to_client,
            Side::Server => &mut self.to_server,
        };
        let next = on_the_way.first_entry()?;
        (next.key().0 <= now).then(|| next.remove())
    }

    /// When the next packet arrives, on either side.
    pub fn next_arrival(&self) -> Option<Instant> {
        [&self.to_client, &self.to_server]
            .into_iter()
            .filter_map(|on_the_way| on_the_way.keys().next())
            .map(|&(at, _)| at)
            .min()
    }
}

/// Changes one byte, at a place that the draw decides, by at least one bit.
///
/// The Internet checksum (RFC 1071, section 1) shows each change of a single byte: the sum changes
/// by less than 65,535, so it can't come out the same.
fn change_a_byte(bytes: &mut [u8], place: u64, mask: u64) {
    let place = usize::try_from(place % bytes.len().max(1) as u64).unwrap_or(0);
    let [low, ..] = (1 + mask % 255).to_le_bytes();
    if let Some(byte) = bytes.get_mut(place) {
        *byte ^= low;
    }
}
