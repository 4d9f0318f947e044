//! Reads the TCP header of a packet.

use std::collections::BTreeMap;
use std::fmt;

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{Ipv4Packet, TcpControl, TcpPacket, TcpRepr};

use crate::wire::{Packet, Side};

/// A TCP segment on the wire. Its numbers are relative: each side's SYN has the number 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its flag besides ACK. No host here sends two of them in one segment.
    pub control: TcpControl,
    /// The number of its first byte. SYN and FIN count as one byte each.
    pub seq: u32,
    /// The number of the next byte that its sender expects, if it has the flag ACK.
    pub ack: Option<u32>,
    /// How many bytes of data it carries.
    pub length: usize,
    /// How long ago it was last sent, if it was sent before.
    pub again: Option<Duration>,
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.control {
            TcpControl::None => "",
            TcpControl::Syn => "SYN ",
            TcpControl::Fin => "FIN ",
            TcpControl::Rst => "RST ",
            TcpControl::Psh => "PSH ",
        })?;
        let seq = self.seq;
        match self.ack {
            Some(ack) => write!(f, "ACK seq {seq} ack {ack}")?,
            None => write!(f, "seq {seq}")?,
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
        let tcp = TcpPacket::new_checked(ip.payload()).ok()?;
        let (from, to) = (ip.src_addr().into(), ip.dst_addr().into());
        let tcp = TcpRepr::parse(&tcp, &from, &to, &ChecksumCapabilities::default()).ok()?;
        let (own, peer) = match packet.from {
            Side::Client => (&mut self.client, &self.server),
            Side::Server => (&mut self.server, &self.client),
        };
        let number = tcp.seq_number.0.cast_unsigned();
        if tcp.control == TcpControl::Syn {
            own.first = Some(number);
        }
        // A side that resets an unknown connection sent no SYN, so its numbers can't be relative
        // to one. They stay as they are.
        let seq = number.wrapping_sub(own.first.unwrap_or(0));
        let peer_first = peer.first.unwrap_or(0);
        let ack = tcp.ack_number;
        let ack = ack.map(|ack| ack.0.cast_unsigned().wrapping_sub(peer_first));
        let again = match u32::try_from(tcp.segment_len()) {
            Ok(count) if count > 0 => own.note(seq, count, packet.sent),
            _ => None,
        };
        Some(Segment {
            control: tcp.control,
            seq,
            ack,
            length: tcp.payload.len(),
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
