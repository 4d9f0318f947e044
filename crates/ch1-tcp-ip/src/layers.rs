//! Wraps a text layer by layer, until it can go over a wire.

use std::fmt::Display;

use colored::Colorize;
use console::{Error, safe};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    ETHERNET_HEADER_LEN as ETHERNET, EthernetAddress, EthernetFrame, EthernetProtocol,
    EthernetRepr, IPV4_HEADER_LEN as IP, IpProtocol, Ipv4Packet, TCP_HEADER_LEN as TCP, TcpControl,
    TcpPacket, TcpRepr, TcpSeqNumber,
};

use crate::host::{MTU, address};
use crate::ip;
use crate::network::{CLIENT_PORT, SERVER_PORT};
use crate::wire::Side;

/// An Ethernet frame carries at least this many bytes; a card adds zeros to a shorter packet
/// (RFC 894).
const LEAST: usize = 46;

/// Bytes of the checksum that an Ethernet card appends to a frame.
const FRAME_CHECK: usize = 4;

/// Maximum number of bytes in a segment: the size of an IP packet without its headers (RFC 9293,
/// section 3.7.1).
pub const MOST_BYTES: usize = MTU - IP - TCP;

/// A link frame with this text in it. Wraps from the inside out: TCP around the text, IP around
/// TCP, Ethernet around IP.
///
/// # Errors
///
/// The text is longer than [`MOST_BYTES`].
pub fn frame(text: &str) -> Result<Vec<u8>, Error> {
    if text.len() > MOST_BYTES {
        return Err(Error::cannot(
            format_args!("put {} bytes into one segment", text.len()),
            format!("the limit is {MOST_BYTES}"),
            "use a shorter text; `ch1-tcp-ip tcp` shows how TCP cuts a long one",
        ));
    }
    let tcp = TcpRepr {
        src_port: CLIENT_PORT,
        dst_port: SERVER_PORT,
        control: TcpControl::Psh,
        seq_number: TcpSeqNumber(1001),
        ack_number: Some(TcpSeqNumber(5001)),
        window_len: 16_384,
        window_scale: None,
        max_seg_size: None,
        sack_permitted: false,
        sack_ranges: [None; 3],
        timestamp: None,
        payload: text.as_bytes(),
    };
    let mut segment = vec![0; tcp.buffer_len()];
    tcp.emit(
        &mut TcpPacket::new_unchecked(&mut segment),
        &address(Side::Client).into(),
        &address(Side::Server).into(),
        &ChecksumCapabilities::default(),
    );

    let packet = ip::packet(IpProtocol::Tcp, &segment);

    // The second bit says "locally administered": no real network card has these addresses.
    let ethernet = EthernetRepr {
        src_addr: EthernetAddress([0x02, 0, 0, 0, 0, 0x01]),
        dst_addr: EthernetAddress([0x02, 0, 0, 0, 0, 0x02]),
        ethertype: EthernetProtocol::Ipv4,
    };
    let mut bytes = vec![0; ETHERNET];
    ethernet.emit(&mut EthernetFrame::new_unchecked(&mut bytes));
    bytes.extend(packet);
    Ok(bytes)
}

/// A frame as text, layer by layer.
pub fn unwrapped(frame: &[u8]) -> String {
    let (ethernet_header, packet) = frame.split_at(ETHERNET);
    let (ip_header, segment) = packet.split_at(IP);
    let (tcp_header, data) = segment.split_at(TCP);

    let (all, ip, tcp, text) = (frame.len(), packet.len(), segment.len(), data.len());
    let title = |name: &str, size: String| format!("{}: {size}\n", name.bold());
    [
        title("1. Application", format!("{text} bytes of data")) + &hex_dump(data),
        title("2. TCP segment", wrapped(TCP, "data", text)) + &tcp_fields(segment),
        title("3. IP packet", wrapped(IP, "segment", tcp)) + &ip_fields(packet),
        title("4. Link frame", wrapped(ETHERNET, "packet", ip)) + &ethernet_fields(frame),
        title(
            "The frame as the network card gets it",
            format!("{all} bytes"),
        ) + &twenty_a_line("link", ethernet_header)
            + &twenty_a_line("IP", ip_header)
            + &twenty_a_line("TCP", tcp_header)
            + &twenty_a_line("data", data),
        on_the_wire(packet),
    ]
    .join("\n")
}

fn wrapped(header: usize, name: &str, inside: usize) -> String {
    let all = header + inside;
    format!("{header} bytes of header + {inside} bytes of {name} = {all} bytes")
}

/// What the card adds.
fn on_the_wire(packet: &[u8]) -> String {
    let zeros = LEAST.saturating_sub(packet.len());
    let padding = match zeros {
        0 => String::new(),
        1 => "a zero and ".to_owned(),
        _ => format!("{zeros} zeros and "),
    };
    let all = ETHERNET + packet.len() + zeros + FRAME_CHECK;
    format!(
        "An Ethernet card adds {padding}a checksum of {FRAME_CHECK} bytes: {all} bytes on the wire.\n\
         The receiver unwraps in the opposite order: frame, packet, segment, data.\n"
    )
}

/// A field of a header: how many bytes it has, its name and its value.
type Field<'a> = (usize, &'a str, &'a dyn Display);

/// The fields of a TCP header without options (RFC 9293, section 3.1).
fn tcp_fields(bytes: &[u8]) -> String {
    let segment = TcpPacket::new_unchecked(bytes);
    let words = segment.header_len() / 4;
    let window = segment.window_len();
    let fields: &[Field] = &[
        (2, "source port", &segment.src_port()),
        (2, "destination port", &segment.dst_port()),
        (4, "sequence number", &segment.seq_number()),
        (4, "acknowledgement number", &segment.ack_number()),
        (1, "header length", &format!("{words} words of 4 bytes")),
        (1, "flags", &"PSH ACK"),
        (2, "window", &format!("{window} bytes")),
        (2, "checksum", &"covers addresses, header, data"),
        (2, "urgent pointer", &"none"),
    ];
    lines_of(bytes, fields)
}

/// The fields of an IP header without options (RFC 791, section 3.1).
fn ip_fields(bytes: &[u8]) -> String {
    let packet = Ipv4Packet::new_unchecked(bytes);
    let words = packet.header_len() / 4;
    let version = format!("IPv{}, {words} words of 4 bytes", packet.version());
    let length = packet.total_len();
    let hops = packet.hop_limit();
    let protocol = u8::from(packet.next_header());
    let fields: &[Field] = &[
        (1, "version, header length", &version),
        (1, "type of service", &"ordinary"),
        (2, "total length", &format!("{length} bytes")),
        (2, "identification", &"to join a packet that was cut"),
        (2, "flags, fragment offset", &"don't cut"),
        (1, "time to live", &format!("{hops} hops")),
        (1, "protocol", &format!("{protocol}: TCP")),
        (2, "checksum", &"covers only this header"),
        (4, "source address", &packet.src_addr()),
        (4, "destination address", &packet.dst_addr()),
    ];
    lines_of(bytes, fields)
}

/// The fields of an Ethernet header (RFC 894).
fn ethernet_fields(bytes: &[u8]) -> String {
    let frame = EthernetFrame::new_unchecked(bytes);
    let fields: &[Field] = &[
        (6, "destination card", &frame.dst_addr()),
        (6, "source card", &frame.src_addr()),
        (2, "type of the content", &frame.ethertype()),
    ];
    lines_of(bytes, fields)
}

/// A line for each field at the beginning of these bytes.
fn lines_of(bytes: &[u8], fields: &[Field]) -> String {
    let mut rest = bytes;
    let lines = fields.iter().map(|(length, name, value)| {
        let (field, after) = rest.split_at(*length);
        rest = after;
        format!("  {:<18} {name:<23} {value}\n", hex(field))
    });
    lines.collect::<Vec<_>>().concat()
}

fn hex_dump(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut characters = text.char_indices().peekable();
    let lines = bytes.chunks(16).enumerate().map(|(place, line)| {
        // Show a character in the line of its first byte.
        let end = (place + 1) * 16;
        let mut shown = String::new();
        while let Some((_, character)) = characters.next_if(|&(start, _)| start < end) {
            shown.push(character);
        }
        format!("  {:<47}  {}\n", hex(line), safe::escape(&shown))
    });
    lines.collect::<Vec<_>>().concat()
}

/// The bytes, with the name in front of the first of them.
fn twenty_a_line(name: &str, bytes: &[u8]) -> String {
    let lines = bytes.chunks(20).enumerate().map(|(place, line)| {
        let name = if place == 0 { name } else { "" };
        format!("  {name:<5} {}\n", hex(line))
    });
    lines.collect::<Vec<_>>().concat()
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}
