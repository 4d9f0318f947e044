//! Wraps a text layer by layer, until it can go over a wire.

use std::fmt::{self, Display};
use std::ops::Range;

use colored::Colorize;
use console::{Error, safe};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, IpProtocol, Ipv4Packet,
    Ipv4Repr, TcpControl, TcpPacket, TcpRepr, TcpSeqNumber,
};

use crate::host::{MTU, address};
use crate::network::{CLIENT_PORT, SERVER_PORT};
use crate::wire::Side;

const ETHERNET: usize = 14;

/// An Ethernet frame carries at least this many bytes; a card adds zeros to a shorter packet
/// (RFC 894).
const LEAST: usize = 46;

/// Bytes of the checksum that an Ethernet card appends to a frame.
const FRAME_CHECK: usize = 4;

const IP: usize = 20;
const TCP: usize = 20;

/// Maximum number of bytes in a segment: the size of an IP packet without its headers (RFC 9293,
/// section 3.7.1).
pub const MOST_BYTES: usize = MTU - IP - TCP;

/// A field of a header.
#[derive(Debug)]
struct Field {
    /// Its bytes in the header.
    bytes: Range<usize>,
    name: &'static str,
    value: String,
}

/// A link frame and everything in it.
#[derive(Debug)]
pub struct Frame {
    bytes: Vec<u8>,
    text_length: usize,
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
            text_length: text.len(),
        })
    }

    /// All of its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Wraps from the inside out: TCP around the data, IP around TCP, Ethernet around IP.
fn frame(data: &[u8]) -> Vec<u8> {
    let checksums = ChecksumCapabilities::default();
    let (from, to) = (address(Side::Client), address(Side::Server));

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
    let ip = Ipv4Repr {
        src_addr: from,
        dst_addr: to,
        next_header: IpProtocol::Tcp,
        payload_len: tcp.buffer_len(),
        hop_limit: 64,
    };
    // The second bit says "locally administered": no real network card has these addresses.
    let ethernet = EthernetRepr {
        src_addr: EthernetAddress([0x02, 0, 0, 0, 0, 0x01]),
        dst_addr: EthernetAddress([0x02, 0, 0, 0, 0, 0x02]),
        ethertype: EthernetProtocol::Ipv4,
    };

    let mut bytes = vec![0; ethernet.buffer_len() + ip.buffer_len() + tcp.buffer_len()];
    let mut frame = EthernetFrame::new_unchecked(&mut bytes);
    ethernet.emit(&mut frame);
    let mut packet = Ipv4Packet::new_unchecked(frame.payload_mut());
    ip.emit(&mut packet, &checksums);
    let mut segment = TcpPacket::new_unchecked(packet.payload_mut());
    tcp.emit(&mut segment, &from.into(), &to.into(), &checksums);
    bytes
}

/// The fields of a TCP header without options (RFC 9293, section 3.1).
fn tcp_fields(segment: &TcpPacket<&[u8]>) -> Vec<Field> {
    let words = segment.header_len() / 4;
    vec![
        field(0..2, "source port", segment.src_port()),
        field(2..4, "destination port", segment.dst_port()),
        field(4..8, "sequence number", segment.seq_number()),
        field(8..12, "acknowledgement number", segment.ack_number()),
        field(12..13, "header length", format!("{words} words of 4 bytes")),
        field(13..14, "flags", "PSH ACK"),
        field(14..16, "window", format!("{} bytes", segment.window_len())),
        field(16..18, "checksum", "covers addresses, header, data"),
        field(18..20, "urgent pointer", "none"),
    ]
}

/// The fields of an IP header without options (RFC 791, section 3.1).
fn ip_fields(packet: &Ipv4Packet<&[u8]>) -> Vec<Field> {
    let words = packet.header_len() / 4;
    let version = format!("IPv{}, {words} words of 4 bytes", packet.version());
    vec![
        field(0..1, "version, header length", version),
        field(1..2, "type of service", "ordinary"),
        field(
            2..4,
            "total length",
            format!("{} bytes", packet.total_len()),
        ),
        field(4..6, "identification", "to join a packet that was cut"),
        field(6..8, "flags, fragment offset", "don't cut"),
        field(8..9, "time to live", format!("{} hops", packet.hop_limit())),
        field(
            9..10,
            "protocol",
            format!("{}: TCP", u8::from(packet.next_header())),
        ),
        field(10..12, "checksum", "covers only this header"),
        field(12..16, "source address", packet.src_addr()),
        field(16..20, "destination address", packet.dst_addr()),
    ]
}

/// The fields of an Ethernet header (RFC 894).
fn ethernet_fields(frame: &EthernetFrame<&[u8]>) -> Vec<Field> {
    vec![
        field(0..6, "destination card", frame.dst_addr()),
        field(6..12, "source card", frame.src_addr()),
        field(12..14, "type of the content", frame.ethertype()),
    ]
}

fn field(bytes: Range<usize>, name: &'static str, value: impl Display) -> Field {
    Field {
        bytes,
        name,
        value: value.to_string(),
    }
}

impl Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ethernet_header, packet) = self.bytes.split_at(ETHERNET);
        let (ip_header, segment) = packet.split_at(IP);
        let (tcp_header, data) = segment.split_at(TCP);

        let text = self.text_length;
        title(f, "1. Application", &format!("{text} bytes of data"))?;
        hex_dump(f, data)?;

        let (tcp, ip, all) = (TCP + text, IP + TCP + text, self.bytes.len());
        title(f, "2. TCP segment", &wrapped(TCP, text, "data", tcp))?;
        let fields = tcp_fields(&TcpPacket::new_unchecked(segment));
        print_fields(f, tcp_header, &fields)?;

        title(f, "3. IP packet", &wrapped(IP, tcp, "segment", ip))?;
        let fields = ip_fields(&Ipv4Packet::new_unchecked(packet));
        print_fields(f, ip_header, &fields)?;

        title(f, "4. Link frame", &wrapped(ETHERNET, ip, "packet", all))?;
        let fields = ethernet_fields(&EthernetFrame::new_unchecked(&self.bytes));
        print_fields(f, ethernet_header, &fields)?;

        title(
            f,
            "The frame as the network card gets it",
            &format!("{all} bytes"),
        )?;
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
        let (padding, on_the_wire) = match zeros {
            0 => (String::new(), all + FRAME_CHECK),
            1 => ("a zero and ".to_owned(), all + 1 + FRAME_CHECK),
            _ => (format!("{zeros} zeros and "), all + zeros + FRAME_CHECK),
        };
        writeln!(
            f,
            "\nAn Ethernet card adds {padding}a checksum of {FRAME_CHECK} bytes: {on_the_wire} \
             bytes on the wire.\n\
             The receiver unwraps in the opposite order: frame, packet, segment, data."
        )
    }
}

fn wrapped(header: usize, inside: usize, name: &str, all: usize) -> String {
    format!("{header} bytes of header + {inside} bytes of {name} = {all} bytes")
}

fn title(f: &mut fmt::Formatter<'_>, name: &str, size: &str) -> fmt::Result {
    let gap = if name.starts_with('1') { "" } else { "\n" };
    writeln!(f, "{gap}{}: {size}", name.bold())
}

fn print_fields(f: &mut fmt::Formatter<'_>, header: &[u8], fields: &[Field]) -> fmt::Result {
    for Field { bytes, name, value } in fields {
        let bytes = hex(header.get(bytes.clone()).unwrap_or_default());
        writeln!(f, "  {bytes:<18} {name:<23} {value}")?;
    }
    Ok(())
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
