//! Sends numbered IP packets from one host. IP promises nothing: packets may get lost, overtake
//! each other, arrive twice or arrive changed (RFC 1122, section 1.1.3).

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{IpProtocol, Ipv4Packet, Ipv4Repr};

use crate::arrow::arrow;
use crate::clock::seconds;
use crate::fate::{self, Tone};
use crate::faults::Faults;
use crate::fold::fold;
use crate::host::address;
use crate::wire::{Packet, Side, Wire};

/// The time between two packets.
pub const INTERVAL: Duration = Duration::from_millis(10);

/// A protocol number for experiments (RFC 3692, section 2.1): the packets here carry neither TCP
/// nor UDP.
const EXPERIMENT: IpProtocol = IpProtocol::Unknown(253);

/// When all packets have arrived.
const AT_THE_END: Instant = Instant::from_micros_const(i64::MAX);

/// Room for the columns beside the arrow, up to "0.051 and 0.053 late twice changed".
const BESIDE_THE_ARROW: usize = 49;

/// The packets of one run, and what the server got.
#[derive(Debug)]
pub struct Trace {
    /// The packets on the wire, in the order of sending.
    pub packets: Vec<Packet>,
    /// The arrived packets, in the order of arrival.
    pub arrived: Vec<Arrival>,
}

/// A packet, or a copy of it, on the server's side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Its index in [`Trace::packets`].
    pub index: usize,
    /// Whether it arrived unchanged.
    pub integrity: Integrity,
}

/// Whether a packet arrived unchanged, and what the receiving host does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integrity {
    /// The packet is unchanged.
    Intact,
    /// The data changed. IP's checksum covers only the header, so IP doesn't notice.
    Changed,
    /// The header changed. The checksum shows it, so the host drops the packet.
    Dropped,
}

/// Sends this many packets from the client to the server, one every [`INTERVAL`].
pub fn send(count: usize, faults: Faults) -> Trace {
    let mut wire = Wire::new(faults);
    let mut now = Instant::ZERO;
    for number in 1..=count {
        wire.send(
            Side::Client,
            packet(EXPERIMENT, text(number).as_bytes()),
            now,
        );
        now += INTERVAL;
    }
    let mut arrived = Vec::new();
    while let Some(packet) = wire.receive(Side::Server, AT_THE_END) {
        let index = packet.index;
        let integrity = check(&packet.bytes, &text(index + 1));
        arrived.push(Arrival { index, integrity });
    }
    Trace {
        packets: wire.packets,
        arrived,
    }
}

fn text(number: usize) -> String {
    format!("packet {number}")
}

/// An IP packet (RFC 791, section 3.1) from the client to the server.
pub fn packet(protocol: IpProtocol, payload: &[u8]) -> Vec<u8> {
    let header = Ipv4Repr {
        src_addr: address(Side::Client),
        dst_addr: address(Side::Server),
        next_header: protocol,
        payload_len: payload.len(),
        hop_limit: 64,
    };
    let mut bytes = vec![0; header.buffer_len()];
    let mut packet = Ipv4Packet::new_unchecked(&mut bytes);
    header.emit(&mut packet, &ChecksumCapabilities::default());
    bytes.extend(payload);
    bytes
}

/// What a host does with an IP packet. It checks only the header.
fn check(bytes: &[u8], sent: &str) -> Integrity {
    match Ipv4Packet::new_checked(bytes) {
        Ok(packet) if Ipv4Repr::parse(&packet, &ChecksumCapabilities::default()).is_ok() => {
            if packet.payload() == sent.as_bytes() {
                Integrity::Intact
            } else {
                Integrity::Changed
            }
        }
        _ => Integrity::Dropped,
    }
}

/// A trace as text, in a terminal of `width` columns, with `all` packets or without the middle
/// ones.
pub fn listing(trace: &Trace, width: usize, all: bool) -> String {
    let arrow = width.clamp(80, 120) - BESIDE_THE_ARROW;
    let rows: Vec<(usize, &Packet)> = trace.packets.iter().enumerate().collect();
    let (first, hidden, last) = fold(&rows, all);
    let row = |&(index, packet)| row(trace, index, packet, arrow);
    let mut lines = vec![format!("   # seconds  {:<arrow$} arrives", "client")];
    lines.extend(first.iter().map(row));
    if !hidden.is_empty() {
        let count = hidden.len();
        lines.push(format!(
            "         ... {count} more packets; --all shows them ..."
        ));
    }
    lines.extend(last.iter().map(row));
    lines.push(order(trace, width.max(80)));

    let Trace { packets, arrived } = trace;
    let count = |is_so: fn(&Packet) -> bool| packets.iter().filter(|p| is_so(p)).count();
    let pairs = trace.delivered().zip(trace.delivered().skip(1));
    let overtaken = pairs.filter(|(one, next)| next.index < one.index).count();
    let counts = fate::counts(&[
        (packets.len(), "sent"),
        (count(Packet::lost), "lost"),
        (count(Packet::twice), "twice"),
        (overtaken, "overtaken"),
    ]);
    lines.push(counts.join(", "));
    let count = |integrity| arrived.iter().filter(|a| a.integrity == integrity).count();
    lines.extend(fate::counts(&[
        (
            count(Integrity::Dropped),
            "dropped on arrival: the header's checksum was wrong",
        ),
        (
            count(Integrity::Changed),
            "changed, and IP doesn't notice: its checksum covers only the header",
        ),
    ]));
    lines.join("\n") + "\n"
}

fn row(trace: &Trace, index: usize, packet: &Packet, width: usize) -> String {
    let number = index + 1;
    let arrow = arrow(packet.from, &text(number), packet.lost(), width);
    let times: Vec<String> = packet.arrivals.iter().copied().map(seconds).collect();
    let times = times.join(" and ");
    // For a damaged packet, the server's word says more.
    let fate = fate::words(packet).filter(|word| *word != "damaged");
    let arrival = trace.arrived.iter().find(|it| it.index == index);
    let integrity = match arrival.map(|arrival| arrival.integrity) {
        None | Some(Integrity::Intact) => None,
        Some(Integrity::Changed) => Some("changed"),
        Some(Integrity::Dropped) => Some("dropped"),
    };
    let happened: Vec<&str> = fate.chain(integrity).collect();
    let words = format!("{times} {}", happened.join(" "));
    let tone = Tone::from(packet);
    let (arrow, words) = (tone.paint(&arrow), tone.paint(words.trim()));
    let time = seconds(packet.sent);
    format!("{number:>4} {time:>7}  {arrow} {words}")
}

/// The numbers of the delivered packets, as many as fit into a line.
fn order(trace: &Trace, width: usize) -> String {
    let mut line = "\nin the order of arrival:".to_owned();
    for arrival in trace.delivered() {
        let number = format!(" {}", arrival.index + 1);
        if line.len() + number.len() + 4 > width {
            line.push_str(" ...");
            break;
        }
        line.push_str(&number);
    }
    line
}

impl Trace {
    /// The packets that the host didn't drop, in the order of arrival.
    fn delivered(&self) -> impl Iterator<Item = &Arrival> {
        let arrived = self.arrived.iter();
        arrived.filter(|arrival| arrival.integrity != Integrity::Dropped)
    }
}
