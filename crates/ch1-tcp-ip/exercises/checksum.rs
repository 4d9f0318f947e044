//! Exercise: the Internet checksum (RFC 1071), with which IP, TCP and UDP detect damage.
//!
//! Read docs/1.1-ip.md first. Then write the function, and check it:
//! `cargo course checksum`

#![allow(unused_variables, reason = "for each `todo!`: delete this line last")]

/// The checksum of these bytes. Take the bytes in pairs as 16-bit numbers, high byte first. Add up
/// the numbers. Add what doesn't fit into 16 bits to the low bits again. Invert all bits.
///
/// If a byte is left over, pair it with a zero. Packets may be long.
pub fn checksum(bytes: &[u8]) -> u16 {
    todo!("write `checksum`: add up pairs of bytes, fold the carry back in, invert the sum")
}
