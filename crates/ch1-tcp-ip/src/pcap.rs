//! Writes packets as a file that Wireshark, tshark and tcpdump can read.

use smoltcp::phy::{PcapLinkType, PcapSink};

use crate::wire::Packet;

/// A file with all packets, including lost ones, and the time when each was sent. It has the
/// classic pcap format, with microseconds
/// (<https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/>). Each record begins with an IP
/// header.
///
/// The virtual clock starts at zero, which readers show as the beginning of 1970.
pub fn file<'a>(packets: impl IntoIterator<Item = &'a Packet>) -> Vec<u8> {
    // smoltcp's writer panics if a write fails, and a write to a `Vec` can't fail.
    let mut file = Vec::new();
    file.global_header(PcapLinkType::Ip);
    for packet in packets {
        file.packet(packet.sent, &packet.bytes);
    }
    file
}

#[cfg(test)]
mod tests {
    use smoltcp::time::Instant;

    use super::*;
    use crate::wire::Side;

    #[test]
    #[cfg(target_endian = "little")] // The first four bytes tell a reader the byte order.
    fn a_file_is_a_header_and_a_record_for_each_packet() {
        let packet = Packet {
            from: Side::Client,
            sent: Instant::from_micros(3_000_020),
            bytes: vec![0x45, 0x00],
            arrivals: Vec::new(),
            late: false,
            damaged: false,
        };
        assert_eq!(
            file([&packet]),
            [
                0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 101, 0, 0,
                0, // the header
                3, 0, 0, 0, 20, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0x45, 0x00, // the record
            ]
        );
    }
}
