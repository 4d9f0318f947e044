//! Checks of `exercises/checksum.rs`, and of any function that claims to do the same job.

use std::fmt;

use judging::function::{Check, check, expect};

const READ: &str = "docs/1.1-ip.md, and RFC 1071";

/// A number, shown as four hexadecimal digits.
#[derive(PartialEq)]
struct Hex(u16);

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", self.0)
    }
}

pub fn checks(checksum: fn(&[u8]) -> u16) -> Vec<Check> {
    let is = move |name, what: &'static str, bytes: Vec<u8>, expected: u16| {
        check(name, move || {
            let call = format!("checksum({what})");
            expect(&call, &Hex(expected), &Hex(checksum(&bytes)), READ)
        })
    };
    vec![
        is("two bytes", "&[0x12, 0x34]", vec![0x12, 0x34], 0xedcb),
        is(
            "the example of RFC 1071",
            "&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]",
            vec![0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7],
            0x220d,
        ),
        is("no bytes", "&[]", vec![], 0xffff),
        is(
            "an odd number of bytes",
            "&[0x12, 0x34, 0x56]",
            vec![0x12, 0x34, 0x56],
            0x97cb,
        ),
        is(
            "the carry may carry again",
            "&[0xff, 0xff, 0xff, 0xff, 0x00, 0x01]",
            vec![0xff, 0xff, 0xff, 0xff, 0x00, 0x01],
            0xfffe,
        ),
        is(
            "the header of an IP packet, its checksum set to zero",
            "the 20 bytes of `ch1-tcp-ip layers`",
            ip_header([0, 0]),
            0x26c2,
        ),
        is(
            "the right checksum gives zero",
            "the 20 bytes of `ch1-tcp-ip layers`, with their checksum",
            ip_header([0x26, 0xc2]),
            0,
        ),
        is(
            "very long data",
            "300,000 bytes 0xff",
            vec![0xff; 300_000],
            0,
        ),
    ]
}

fn ip_header([high, low]: [u8; 2]) -> Vec<u8> {
    vec![
        0x45, 0x00, 0x00, 0x34, 0x00, 0x00, 0x40, 0x00, 0x40, 0x06, high, low, 0x0a, 0x00, 0x00,
        0x01, 0x0a, 0x00, 0x00, 0x02,
    ]
}
