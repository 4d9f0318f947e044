//! Exercise: read the headers of IP and TCP from the bytes of a packet.
//!
//! `cargo run -p ch1-tcp-ip -- layers` shows such bytes, with the name of each field.
//! Read docs/1.1-ip.md and docs/1.2-tcp.md first. Then write the functions, and check them:
//! `cargo course headers`
//!
//! Numbers of more than one byte have their high byte first: see `u16::from_be_bytes`. Bytes from a
//! network may be anything: never let them make your program panic.

#![allow(unused_variables, reason = "for each `todo!`: delete this line last")]

use std::net::Ipv4Addr;

/// The fields of an IPv4 header (RFC 791, section 3.1). Don't change this type.
#[derive(Debug, PartialEq, Eq)]
pub struct Ipv4Header {
    /// In bytes. The header counts words of 4 bytes.
    pub header_length: usize,
    /// In bytes, including the header.
    pub total_length: u16,
    pub time_to_live: u8,
    /// 6 is TCP.
    pub protocol: u8,
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
}

/// The fields of a TCP header (RFC 9293, section 3.1). Don't change this type.
#[derive(Debug, PartialEq, Eq)]
pub struct TcpHeader {
    pub source_port: u16,
    pub destination_port: u16,
    pub sequence_number: u32,
    pub acknowledgement_number: u32,
    /// In bytes. The header counts words of 4 bytes, in the upper half of a byte.
    pub header_length: usize,
    pub ack: bool,
    pub syn: bool,
    pub fin: bool,
    pub window: u16,
}

/// Reads the header at the beginning of a packet.
///
/// Returns `None` if the bytes can't be an IPv4 packet: the version isn't 4, the header length is
/// less than 20 bytes, or there are fewer bytes than the header length says.
pub fn ipv4(packet: &[u8]) -> Option<Ipv4Header> {
    todo!("write `ipv4`: read the fields of the IPv4 header, or return None if it can't be one")
}

/// Reads the header at the beginning of a segment.
///
/// Returns `None` if the bytes can't be a TCP segment: the header length is less than 20 bytes, or
/// there are fewer bytes than the header length says.
pub fn tcp(segment: &[u8]) -> Option<TcpHeader> {
    todo!("write `tcp`: read the fields of the TCP header, or return None if it can't be one")
}
