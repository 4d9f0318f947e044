//! The project's own answer to `exercises/checksum.rs`.

pub fn checksum(bytes: &[u8]) -> u16 {
    let mut sum = 0_u16;
    for pair in bytes.chunks(2) {
        let number = match *pair {
            [high, low] => u16::from_be_bytes([high, low]),
            [high] => u16::from_be_bytes([high, 0]),
            _ => 0,
        };
        // Fold at once, so the sum can't overflow, however long the packet is.
        let (added, carried) = sum.overflowing_add(number);
        sum = added + u16::from(carried);
    }
    !sum
}
