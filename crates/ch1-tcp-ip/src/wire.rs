//! The wire between the two hosts, and everything that can happen to a packet on it.

use std::array;
use std::collections::BTreeMap;
use std::fmt::{self, Display};

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use smoltcp::time::{Duration, Instant};

use crate::faults::Faults;

/// One end of the wire, and its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
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
}

impl Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
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
    /// The side at which it arrives.
    pub at: Side,
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
    /// All packets sent so far, including lost ones, in the order of sending.
    pub packets: Vec<Packet>,
    /// Packets on the way, by their time of arrival, then by their index. (The two copies of a
    /// packet arrive at different times.)
    on_the_way: BTreeMap<(Instant, usize), Arrived>,
}

impl Wire {
    /// An idle wire.
    pub fn new(faults: Faults) -> Self {
        Self {
            random: SplitMix64::seed_from_u64(faults.seed),
            faults,
            packets: Vec::new(),
            on_the_way: BTreeMap::new(),
        }
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

        let mut numbers = faults.drop_packets.iter();
        let lost = hit(drop, faults.drop) || numbers.any(|&number| number as usize == index + 1);
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
        for &time in &arrivals {
            let arrived = Arrived {
                index,
                at: from.other(),
                bytes: arriving.clone(),
            };
            self.on_the_way.insert((time, index), arrived);
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
        let mut arrived = self.on_the_way.range(..=(now, usize::MAX));
        let (&next, _) = arrived.find(|(_, arrived)| arrived.at == at)?;
        self.on_the_way.remove(&next)
    }

    /// When the next packet arrives, on either side.
    pub fn next_arrival(&self) -> Option<Instant> {
        self.on_the_way.keys().next().map(|&(time, _)| time)
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
