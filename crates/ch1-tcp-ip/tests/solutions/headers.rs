//! The project's own answer to `exercises/headers.rs`.

use std::net::Ipv4Addr;

use crate::headers::{Ipv4Header, TcpHeader};

pub fn ipv4(packet: &[u8]) -> Option<Ipv4Header> {
    let &[
        version_and_length,
        _,
        t0,
        t1,
        _,
        _,
        _,
        _,
        time_to_live,
        protocol,
        _,
        _,
        s0,
        s1,
        s2,
        s3,
        d0,
        d1,
        d2,
        d3,
    ] = packet.first_chunk()?;
    let header_length = usize::from(version_and_length & 0x0f) * 4;
    if version_and_length >> 4 != 4 || header_length < 20 || packet.len() < header_length {
        return None;
    }
    Some(Ipv4Header {
        header_length,
        total_length: u16::from_be_bytes([t0, t1]),
        time_to_live,
        protocol,
        source: Ipv4Addr::from([s0, s1, s2, s3]),
        destination: Ipv4Addr::from([d0, d1, d2, d3]),
    })
}

pub fn tcp(segment: &[u8]) -> Option<TcpHeader> {
    let (&[s0, s1, d0, d1], rest) = segment.split_first_chunk()?;
    let (&sequence, rest) = rest.split_first_chunk()?;
    let (&acknowledgement, rest) = rest.split_first_chunk()?;
    let &[length, flags, w0, w1, _, _, _, _] = rest.first_chunk()?;
    let header_length = usize::from(length >> 4) * 4;
    if header_length < 20 || segment.len() < header_length {
        return None;
    }
    Some(TcpHeader {
        source_port: u16::from_be_bytes([s0, s1]),
        destination_port: u16::from_be_bytes([d0, d1]),
        sequence_number: u32::from_be_bytes(sequence),
        acknowledgement_number: u32::from_be_bytes(acknowledgement),
        header_length,
        ack: flags & 0x10 != 0,
        syn: flags & 0x02 != 0,
        fin: flags & 0x01 != 0,
        window: u16::from_be_bytes([w0, w1]),
    })
}
