//! Exercise: the Internet checksum (RFC 1071), by which IP, TCP and UDP notice damage.
//!
//! Read docs/1.1-ip.md first. Then write the function, and let it be judged:
//! `cargo course checksum`

#![allow(unused_variables, reason = "for each `todo!`: delete this line last")]

/// The checksum of these bytes: take them in pairs as 16-bit numbers, first byte first; add the
/// numbers up; add whatever doesn't fit into 16 bits to the lowest bits again; invert all bits.
///
/// If a byte is left over, it is paired with a zero. Packets may be long.
pub fn checksum(bytes: &[u8]) -> u16 {
    todo!("write `checksum`: add up pairs of bytes, fold what is carried back in, invert the sum")
}
