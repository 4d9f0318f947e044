//! Reads the TCP header of a packet.

use std::collections::BTreeMap;
use std::fmt;

use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{IpProtocol, Ipv4Packet, TcpPacket};

use crate::wire::{Packet, Side};

/// The TCP flags that appear on this wire (RFC 9293, section 3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "the header has these bits")]
pub struct Flags {
    /// Asks for a connection.
    pub syn: bool,
    /// No more data will come.
    pub fin: bool,
    /// Ends the connection at once.
    pub rst: bool,
    /// The receiver should hand the data to its program now.
    pub psh: bool,
    /// The acknowledgement number is valid.
    pub ack: bool,
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (self.syn, "SYN"),
            (self.fin, "FIN"),
            (self.rst, "RST"),
            (self.psh, "PSH"),
            (self.ack, "ACK"),
        ];
        let set: Vec<&str> = names
            .into_iter()
            .filter_map(|(is_set, name)| is_set.then_some(name))
            .collect();
        f.write_str(&set.join(" "))
    }
}

/// A TCP segment on the wire. Its numbers are relative: each side's SYN has the number 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Who sent it.
    pub from: Side,
    /// Its flags.
    pub flags: Flags,
    /// The number of its first byte. SYN and FIN count as one byte each.
    pub seq: u32,
    /// The number of the next byte that its sender expects.
    pub ack: Option<u32>,
    /// How many bytes of data it carries.
    pub length: usize,
    /// How many bytes its sender has room for.
    pub window: u16,
    /// How long ago it was last sent, if it was sent before.
    pub again: Option<Duration>,
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seq {}", self.flags, self.seq)?;
        if let Some(ack) = self.ack {
            write!(f, " ack {ack}")?;
        }
        if self.length > 0 {
            write!(f, " len {}", self.length)?;
        }
        Ok(())
    }
}

/// Reads packets in the order of sending. It remembers each side's first number, and what the side
/// sent before.
#[derive(Debug, Default)]
pub struct Reader {
    client: Sequence,
    server: Sequence,
}

/// The sequence numbers that one side has used.
#[derive(Debug, Default)]
struct Sequence {
    /// The number of its SYN.
    first: Option<u32>,
    /// The relative number after the last byte that it sent.
    end: u32,
    /// When the segment that begins with each number was last sent.
    times: BTreeMap<u32, Instant>,
}

impl Reader {
    /// The segment in this packet. `None` if it has none.
    pub fn read(&mut self, packet: &Packet) -> Option<Segment> {
        let ip = Ipv4Packet::new_checked(packet.bytes.as_slice()).ok()?;
        if ip.next_header() != IpProtocol::Tcp {
            return None;
        }
        let tcp = TcpPacket::new_checked(ip.payload()).ok()?;
        let flags = Flags {
            syn: tcp.syn(),
            fin: tcp.fin(),
            rst: tcp.rst(),
            psh: tcp.psh(),
            ack: tcp.ack(),
        };
        let (own, peer) = match packet.from {
            Side::Client => (&mut self.client, &self.server),
            Side::Server => (&mut self.server, &self.client),
        };
        let number = tcp.seq_number().0.cast_unsigned();
        if flags.syn {
            own.first = Some(number);
        }
        // A side that resets an unknown connection sent no SYN, so its numbers can't be relative
        // to one. They stay as they are.
        let seq = number.wrapping_sub(own.first.unwrap_or(0));
        let ack = flags.ack.then(|| {
            let ack = tcp.ack_number().0.cast_unsigned();
            ack.wrapping_sub(peer.first.unwrap_or(0))
        });
        let length = ip.payload().len().checked_sub(tcp.header_len().into())?;
        let again = match u32::try_from(tcp.segment_len()) {
            Ok(count) if count > 0 && !flags.rst => own.note(seq, count, packet.sent),
            _ => None,
        };
        Some(Segment {
            from: packet.from,
            flags,
            seq,
            ack,
            length,
            window: tcp.window_len(),
            again,
        })
    }
}

impl Sequence {
    /// Records a segment, and returns how long ago it was last sent.
    fn note(&mut self, seq: u32, count: u32, now: Instant) -> Option<Duration> {
        let before = self.times.range(..=seq).next_back().map(|(_, &at)| at);
        let again = before.filter(|_| seq < self.end).map(|at| now - at);
        self.times.insert(seq, now);
        self.end = self.end.max(seq.saturating_add(count));
        again
    }
}
