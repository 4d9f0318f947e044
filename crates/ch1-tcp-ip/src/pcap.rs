//! Packets in a file that Wireshark, tshark and tcpdump read.

use std::io::{self, Write};

use crate::wire::Packet;

/// `LINKTYPE_RAW`: each record begins with an IP header.
const LINKTYPE_RAW: u32 = 101;

/// Longer than any packet here.
const MOST_BYTES: u32 = 65_535;

/// Writes what was put on the wire, lost packets too, each at the time when it was sent: the
/// classic pcap format, with microseconds
/// (<https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap/>).
///
/// The virtual clock starts at zero, which a reader shows as the beginning of 1970.
///
/// # Errors
///
/// The file can't be written.
pub fn write<'a>(
    mut file: impl Write,
    packets: impl IntoIterator<Item = &'a Packet>,
) -> io::Result<()> {
    file.write_all(&0xa1b2_c3d4_u32.to_le_bytes())?; // By its order of bytes a reader knows ours.
    file.write_all(&2_u16.to_le_bytes())?; // Version 2.4.
    file.write_all(&4_u16.to_le_bytes())?;
    file.write_all(&[0; 8])?; // Two fields that nobody uses.
    file.write_all(&MOST_BYTES.to_le_bytes())?;
    file.write_all(&LINKTYPE_RAW.to_le_bytes())?;
    for packet in packets {
        let micros = packet.sent.total_micros();
        let length = u32::try_from(packet.bytes.len()).unwrap_or(MOST_BYTES);
        for number in [
            field(micros / 1_000_000),
            field(micros % 1_000_000),
            length,
            length,
        ] {
            file.write_all(&number.to_le_bytes())?;
        }
        file.write_all(&packet.bytes)?;
    }
    file.flush()
}

/// The virtual clock is stopped long before this many seconds.
fn field(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use smoltcp::time::Instant;

    use super::*;
    use crate::wire::Side;

    #[test]
    fn a_file_is_a_header_and_a_record_for_each_packet() {
        let packet = Packet {
            from: Side::Client,
            sent: Instant::from_micros(3_000_020),
            bytes: vec![0x45, 0x00],
            arrivals: Vec::new(),
            late: false,
            damaged: false,
        };
        let mut file = Vec::new();
        write(&mut file, [&packet]).unwrap();
        assert_eq!(
            file,
            [
                0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 101,
                0, 0, 0, // the header
                3, 0, 0, 0, 20, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0x45, 0x00, // the record
            ]
        );
    }
}
