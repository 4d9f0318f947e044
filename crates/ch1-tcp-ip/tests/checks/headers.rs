//! Checks of `exercises/headers.rs`, and of any functions that claim to do the same job.

use std::net::Ipv4Addr;

use ch1_tcp_ip::layers::frame;
use judging::function::{Check, check, expect};

use crate::headers::{Ipv4Header, TcpHeader};

const IP: &str = "docs/1.1-ip.md, and RFC 791, section 3.1";
const TCP: &str = "docs/1.2-tcp.md, and RFC 9293, section 3.1";

type Ipv4 = fn(&[u8]) -> Option<Ipv4Header>;
type Tcp = fn(&[u8]) -> Option<TcpHeader>;

pub fn checks(ipv4: Ipv4, tcp: Tcp) -> Vec<Check> {
    let mut checks = ipv4_checks(ipv4);
    checks.extend(tcp_checks(tcp));
    checks
}

/// The packet that `ch1-tcp-ip layers` shows, without its link header.
fn packet() -> Vec<u8> {
    frame("Hello World!").unwrap()[14..].to_vec()
}

fn ipv4_header() -> Ipv4Header {
    Ipv4Header {
        header_length: 20,
        total_length: 52,
        time_to_live: 64,
        protocol: 6,
        source: Ipv4Addr::new(10, 0, 0, 1),
        destination: Ipv4Addr::new(10, 0, 0, 2),
    }
}

fn ipv4_checks(ipv4: Ipv4) -> Vec<Check> {
    let is = move |name, what: &'static str, bytes: Vec<u8>, expected: Option<Ipv4Header>| {
        check(name, move || {
            expect(&format!("ipv4({what})"), &expected, &ipv4(&bytes), IP)
        })
    };
    let changed = |place: usize, byte: u8| {
        let mut packet = packet();
        packet[place] = byte;
        packet
    };
    let long = || {
        let mut packet = changed(0, 0x46);
        packet.splice(20..20, [0x94, 4, 0, 0]);
        packet
    };
    vec![
        is(
            "an IPv4 packet",
            "the packet of `layers`",
            packet(),
            Some(ipv4_header()),
        ),
        is(
            "an IPv4 header with options",
            "the packet of `layers` with 4 bytes of options",
            long(),
            Some(Ipv4Header {
                header_length: 24,
                ..ipv4_header()
            }),
        ),
        is(
            "an IPv4 packet of more than 255 bytes",
            "a packet whose total length is 0x05dc",
            {
                let mut packet = changed(2, 0x05);
                packet[3] = 0xdc;
                packet
            },
            Some(Ipv4Header {
                total_length: 1500,
                ..ipv4_header()
            }),
        ),
        is(
            "a packet of version 6",
            "a packet that begins with 0x65",
            changed(0, 0x65),
            None,
        ),
        is(
            "an IPv4 header that says it is too short",
            "a packet that begins with 0x44",
            changed(0, 0x44),
            None,
        ),
        is(
            "an IPv4 packet that ends inside its options",
            "22 bytes of a header of 24 bytes",
            long()[..22].to_vec(),
            None,
        ),
        check(
            "an IPv4 packet that ends anywhere in its header",
            move || {
                for length in 0..20 {
                    let call = format!("ipv4(the first {length} bytes of a packet)");
                    expect(&call, &None, &ipv4(&packet()[..length]), IP)?;
                }
                Ok(())
            },
        ),
    ]
}

fn tcp_header() -> TcpHeader {
    TcpHeader {
        source_port: 49_152,
        destination_port: 80,
        sequence_number: 1001,
        acknowledgement_number: 5001,
        header_length: 20,
        ack: true,
        syn: false,
        fin: false,
        window: 16_384,
    }
}

fn tcp_checks(tcp: Tcp) -> Vec<Check> {
    let is = move |name, what: &'static str, bytes: Vec<u8>, expected: Option<TcpHeader>| {
        check(name, move || {
            expect(&format!("tcp({what})"), &expected, &tcp(&bytes), TCP)
        })
    };
    let segment = || packet()[20..].to_vec();
    let changed = move |place: usize, byte: u8| {
        let mut segment = segment();
        segment[place] = byte;
        segment
    };
    vec![
        is(
            "a TCP segment",
            "the segment of `layers`",
            segment(),
            Some(tcp_header()),
        ),
        is(
            "a TCP segment with SYN",
            "the segment of `layers`, its flags 0x02",
            changed(13, 0x02),
            Some(TcpHeader {
                ack: false,
                syn: true,
                ..tcp_header()
            }),
        ),
        is(
            "a TCP segment with FIN, ACK and flags that don't matter here",
            "the segment of `layers`, its flags 0xf1",
            changed(13, 0xf1),
            Some(TcpHeader {
                fin: true,
                ..tcp_header()
            }),
        ),
        is(
            "a TCP header with options, and with reserved bits set",
            "the segment of `layers`, with 0x6f before the flags",
            changed(12, 0x6f),
            Some(TcpHeader {
                header_length: 24,
                ..tcp_header()
            }),
        ),
        is(
            "a TCP header with large numbers",
            "the segment of `layers`, its sequence number 0xff0003e9",
            changed(4, 0xff),
            Some(TcpHeader {
                sequence_number: 0xff00_03e9,
                ..tcp_header()
            }),
        ),
        is(
            "a TCP header that says it is too short",
            "the segment of `layers`, with 0x40 before the flags",
            changed(12, 0x40),
            None,
        ),
        is(
            "a TCP header that says it is longer than the segment",
            "the segment of `layers`, with 0xf0 before the flags",
            changed(12, 0xf0),
            None,
        ),
        check(
            "a TCP segment that ends anywhere in its header",
            move || {
                for length in 0..20 {
                    let call = format!("tcp(the first {length} bytes of a segment)");
                    expect(&call, &None, &tcp(&segment()[..length]), TCP)?;
                }
                Ok(())
            },
        ),
    ]
}
