//! Wrong answers that students write on the way to a right one. A check has to find each.

use super::{checksum, headers, states};
use crate::headers::{Ipv4Header, TcpHeader};
use crate::states::{Event, State};

type Checksum = fn(&[u8]) -> u16;

pub const CHECKSUMS: &[(&str, Checksum)] = &[
    ("the sum isn't inverted", |bytes| !checksum::checksum(bytes)),
    ("the carry is dropped", |bytes| {
        let pairs = bytes.chunks(2).map(|pair| number(pair, 0));
        !pairs.fold(0, u16::wrapping_add)
    }),
    ("the carry is added only once", |bytes| {
        let pairs = bytes.chunks(2).map(|pair| u64::from(number(pair, 0)));
        let sum: u64 = pairs.sum();
        !((sum & 0xffff).wrapping_add(sum >> 16) as u16)
    }),
    ("the last odd byte is forgotten", |bytes| {
        checksum::checksum(&bytes[..bytes.len() / 2 * 2])
    }),
    ("the last odd byte counts as the lower one", |bytes| {
        let (pairs, rest) = bytes.split_at(bytes.len() / 2 * 2);
        let last: Vec<u8> = rest.iter().flat_map(|&byte| [0, byte]).collect();
        checksum::checksum(&[pairs, &last].concat())
    }),
    ("the lower byte comes first", |bytes| {
        checksum::checksum(bytes).swap_bytes()
    }),
    ("the sum of a long packet overflows", |bytes| {
        let pairs = bytes.chunks(2).map(|pair| u32::from(number(pair, 0)));
        let mut sum = pairs.fold(0_u32, |sum, number| sum.checked_add(number).unwrap());
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }),
];

fn number(pair: &[u8], fill: u8) -> u16 {
    u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&fill)])
}

type Ipv4 = fn(&[u8]) -> Option<Ipv4Header>;

pub const IPV4: &[(&str, Ipv4)] = &[
    ("the header length is in words", |packet| {
        let header = headers::ipv4(packet)?;
        Some(Ipv4Header {
            header_length: header.header_length / 4,
            ..header
        })
    }),
    ("the lower byte comes first", |packet| {
        let header = headers::ipv4(packet)?;
        Some(Ipv4Header {
            total_length: header.total_length.swap_bytes(),
            ..header
        })
    }),
    ("the version isn't looked at", |packet| {
        let mut packet = packet.to_vec();
        *packet.first_mut()? = 0x40 | (packet.first()? & 0x0f);
        headers::ipv4(&packet)
    }),
    ("a cut packet makes it panic", |packet| {
        assert!(packet.len() >= 20, "range end index 20 out of range");
        headers::ipv4(packet)
    }),
    ("cut options aren't noticed", |packet| {
        let mut packet = packet.to_vec();
        let missing = 24_usize.saturating_sub(packet.len());
        if packet.len() >= 20 {
            packet.extend(vec![0; missing]);
        }
        headers::ipv4(&packet)
    }),
];

type Tcp = fn(&[u8]) -> Option<TcpHeader>;

pub const TCP: &[(&str, Tcp)] = &[
    ("the header length includes the reserved bits", |segment| {
        let header = headers::tcp(segment)?;
        Some(TcpHeader {
            header_length: usize::from(segment[12]),
            ..header
        })
    }),
    ("SYN and FIN are mixed up", |segment| {
        let header = headers::tcp(segment)?;
        Some(TcpHeader {
            syn: header.fin,
            fin: header.syn,
            ..header
        })
    }),
    ("ACK is read from the bit of PSH", |segment| {
        let header = headers::tcp(segment)?;
        Some(TcpHeader {
            ack: segment[13] & 0x08 != 0,
            ..header
        })
    }),
    ("the ports are mixed up", |segment| {
        let header = headers::tcp(segment)?;
        Some(TcpHeader {
            source_port: header.destination_port,
            destination_port: header.source_port,
            ..header
        })
    }),
    (
        "a header longer than the segment isn't noticed",
        |segment| {
            let mut segment = segment.to_vec();
            if segment.len() >= 20 {
                segment.resize(60, 0);
            }
            headers::tcp(&segment)
        },
    ),
];

type Next = fn(State, Event) -> State;

pub const STATES: &[(&str, Next)] = &[
    (
        "the side that closes first doesn't wait",
        |state, event| match (state, event) {
            (State::FinWait2, Event::FinArrives) => State::Closed,
            _ => states::next(state, event),
        },
    ),
    ("CLOSE-WAIT closes at once", |state, event| {
        match (state, event) {
            (State::CloseWait, Event::Closes) => State::Closed,
            _ => states::next(state, event),
        }
    }),
    ("a FIN before the ACK is forgotten", |state, event| {
        match (state, event) {
            (State::FinWait1, Event::FinArrives) => State::FinWait2,
            _ => states::next(state, event),
        }
    }),
    ("a handshake of two packets", |state, event| {
        match (state, event) {
            (State::Listen, Event::SynArrives) => State::Established,
            _ => states::next(state, event),
        }
    }),
    ("an unexpected event closes", |state, event| {
        let next = states::next(state, event);
        if next == state { State::Closed } else { next }
    }),
];
