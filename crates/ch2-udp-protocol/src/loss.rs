//! The same numbered messages over UDP and over TCP, across wires with the same faults.

pub mod report;
pub mod tcp;
pub mod udp;

use ch1_tcp_ip::wire::{Faults, Packet};
use smoltcp::time::{Duration, Instant};

/// The time between two messages.
pub const INTERVAL: Duration = Duration::from_millis(10);

/// What to send over which wire.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many messages.
    pub count: usize,
    /// How many bytes each has.
    pub size: usize,
    /// What the wire does to packets.
    pub faults: Faults,
    /// The same seed gives the same packets.
    pub seed: u64,
}

/// What the server got over one of the protocols.
#[derive(Debug)]
pub struct Outcome {
    /// What it got, in the order of arrival.
    pub deliveries: Vec<Delivery>,
    /// What was on the wire.
    pub packets: Vec<Packet>,
    /// A side was left without an answer for so long that it gave up (TCP only: UDP waits for
    /// none).
    pub gave_up: bool,
}

/// Something that the server got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// The number of the message, from 1. `None`: these bytes were never sent.
    pub number: Option<usize>,
    /// When the server's program got it.
    pub at: Instant,
}

impl Plan {
    /// The message with this number: all have the same length.
    pub fn message(&self, number: usize) -> Vec<u8> {
        let text = format!("message {number} ");
        let filler = b"abcdefghijklmnopqrstuvwxyz".iter().cycle();
        text.bytes()
            .chain(filler.copied())
            .take(self.size)
            .collect()
    }

    /// When the program sends it.
    pub fn due(number: usize) -> Instant {
        let before = u32::try_from(number.saturating_sub(1)).unwrap_or(u32::MAX);
        Instant::ZERO + INTERVAL * before
    }

    /// Which message these bytes are. One changed byte, and they are none.
    pub fn recognise(&self, bytes: &[u8]) -> Option<usize> {
        let text = String::from_utf8_lossy(bytes);
        let number = text.split(' ').nth(1)?.parse().ok()?;
        let is_sent = (1..=self.count).contains(&number) && self.message(number) == bytes;
        is_sent.then_some(number)
    }
}
