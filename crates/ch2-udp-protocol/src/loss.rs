//! Sends the same numbered messages over UDP and over TCP, across wires with the same faults.

pub mod comparison;
pub mod tcp;
pub mod udp;

use ch1_tcp_ip::wire::Packet;
use smoltcp::time::{Duration, Instant};

/// The time between two messages.
pub const INTERVAL: Duration = Duration::from_millis(10);

/// The messages: numbered from 1, all of the same length, one every [`INTERVAL`].
#[derive(Debug, Clone, Copy)]
pub struct Messages {
    /// How many there are.
    pub count: usize,
    /// Bytes in each.
    pub size: usize,
}

/// What happened to the messages over one protocol.
#[derive(Debug)]
pub struct Transmission {
    /// What the server received, in the order of arrival.
    pub deliveries: Vec<Delivery>,
    /// The packets on the wire.
    pub packets: Vec<Packet>,
}

/// Something that the server received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// The number of the message, from 1. `None` if these bytes were never sent.
    pub number: Option<usize>,
    /// When the server's program received it.
    pub at: Instant,
}

impl Messages {
    /// The message with this number.
    pub fn message(self, number: usize) -> Vec<u8> {
        let text = format!("message {number} ");
        let filler = b"abcdefghijklmnopqrstuvwxyz".iter().cycle();
        text.bytes()
            .chain(filler.copied())
            .take(self.size)
            .collect()
    }

    /// When the client sends the message with this number.
    pub fn due(number: usize) -> Instant {
        let before = u32::try_from(number.saturating_sub(1)).unwrap_or(u32::MAX);
        Instant::ZERO + INTERVAL * before
    }

    /// The number of the message with these bytes. `None` if a single byte differs.
    pub fn recognise(self, bytes: &[u8]) -> Option<usize> {
        let text = String::from_utf8_lossy(bytes);
        let number = text.split(' ').nth(1)?.parse().ok()?;
        let is_sent = (1..=self.count).contains(&number) && self.message(number) == bytes;
        is_sent.then_some(number)
    }
}
