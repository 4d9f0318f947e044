//! Wraps a text layer by layer, until it can go over a wire.

use std::fmt::{self, Display};

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

/// A link frame and everything in it.
#[derive(Debug)]
pub struct Frame {
    bytes: Vec<u8>,
}

impl Frame {
    /// Wraps the text.
    ///
    /// # Errors
    ///
    /// The text is longer than [`MOST_BYTES`].
    pub fn around(text: &str) -> Result<Self, Error> {
        if text.len() > MOST_BYTES {
            return Err(Error::cannot(
                format_args!("put {} bytes into one segment", text.len()),
                format!("the limit is {MOST_BYTES}"),
                "use a shorter text; `ch1-tcp-ip tcp` shows how TCP cuts a long one",
            ));
        }
        Ok(Self {
            bytes: frame(text.as_bytes()),
        })
    }

    /// All of its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Wraps from the inside out: TCP around the data, IP around TCP, Ethernet around IP.
fn frame(data: &[u8]) -> Vec<u8> {
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
        payload: data,
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
    bytes
}

impl Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ethernet_header, packet) = self.bytes.split_at(ETHERNET);
        let (ip_header, segment) = packet.split_at(IP);
        let (tcp_header, data) = segment.split_at(TCP);

        let text = data.len();
        title(f, "1. Application", &format!("{text} bytes of data"))?;
        hex_dump(f, data)?;

        let (tcp, ip, all) = (segment.len(), packet.len(), self.bytes.len());
        title(f, "2. TCP segment", &wrapped(TCP, text, "data", tcp))?;
        tcp_fields(f, segment)?;

        title(f, "3. IP packet", &wrapped(IP, tcp, "segment", ip))?;
        ip_fields(f, packet)?;

        title(f, "4. Link frame", &wrapped(ETHERNET, ip, "packet", all))?;
        ethernet_fields(f, &self.bytes)?;

        let whole = "The frame as the network card gets it";
        title(f, whole, &format!("{all} bytes"))?;
        for (name, bytes) in [
            ("link", ethernet_header),
            ("IP", ip_header),
            ("TCP", tcp_header),
            ("data", data),
        ] {
            for (place, line) in bytes.chunks(20).enumerate() {
                let name = if place == 0 { name } else { "" };
                writeln!(f, "  {name:<5} {}", hex(line))?;
            }
        }
        let zeros = LEAST.saturating_sub(ip);
        let padding = match zeros {
            0 => String::new(),
            1 => "a zero and ".to_owned(),
            _ => format!("{zeros} zeros and "),
        };
        let on_the_wire = all + zeros + FRAME_CHECK;
        writeln!(
            f,
            "\nAn Ethernet card adds {padding}a checksum of {FRAME_CHECK} bytes: {on_the_wire} \
             bytes on the wire.\n\
             The receiver unwraps in the opposite order: frame, packet, segment, data."
        )
    }
}

/// A field of a header: how many bytes it has, its name and its value.
type Field<'a> = (usize, &'a str, &'a dyn Display);

/// The fields of a TCP header without options (RFC 9293, section 3.1).
fn tcp_fields(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
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
    print_fields(f, bytes, fields)
}

/// The fields of an IP header without options (RFC 791, section 3.1).
fn ip_fields(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
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
    print_fields(f, bytes, fields)
}

/// The fields of an Ethernet header (RFC 894).
fn ethernet_fields(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    let frame = EthernetFrame::new_unchecked(bytes);
    let fields: &[Field] = &[
        (6, "destination card", &frame.dst_addr()),
        (6, "source card", &frame.src_addr()),
        (2, "type of the content", &frame.ethertype()),
    ];
    print_fields(f, bytes, fields)
}

/// Prints the fields at the beginning of these bytes.
fn print_fields(f: &mut fmt::Formatter<'_>, bytes: &[u8], fields: &[Field]) -> fmt::Result {
    let mut rest = bytes;
    for (length, name, value) in fields {
        let (field, after) = rest.split_at(*length);
        writeln!(f, "  {:<18} {name:<23} {value}", hex(field))?;
        rest = after;
    }
    Ok(())
}

fn wrapped(header: usize, inside: usize, name: &str, all: usize) -> String {
    format!("{header} bytes of header + {inside} bytes of {name} = {all} bytes")
}

fn title(f: &mut fmt::Formatter<'_>, name: &str, size: &str) -> fmt::Result {
    let gap = if name.starts_with('1') { "" } else { "\n" };
    writeln!(f, "{gap}{}: {size}", name.bold())
}

fn hex_dump(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    let text = String::from_utf8_lossy(bytes);
    let mut characters = text.char_indices().peekable();
    for (place, line) in bytes.chunks(16).enumerate() {
        // Show a character in the line of its first byte.
        let end = (place + 1) * 16;
        let mut shown = String::new();
        while let Some((_, character)) = characters.next_if(|&(start, _)| start < end) {
            shown.push(character);
        }
        writeln!(f, "  {:<47}  {}", hex(line), safe::escape(&shown))?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}
