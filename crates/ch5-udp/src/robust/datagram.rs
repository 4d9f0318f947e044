//! What both sides need for a datagram that may contain anything.

use console::safe;

/// Room for any datagram, in bytes: UDP's length field has 16 bits (RFC 768). So no datagram is
/// silently cut or, on Windows, refused with an error.
pub const ANY_DATAGRAM: usize = 65_535;

/// How much of a request a line shows, in characters.
pub const REQUEST_SHOWN: usize = 40;

/// The other side's bytes as a part of one of our lines: harmless, and cut after `limit`
/// characters.
pub fn shown(bytes: &[u8], limit: usize) -> String {
    if bytes.is_empty() {
        return "(empty)".to_owned();
    }
    let text = safe::escape(&String::from_utf8_lossy(bytes));
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("(cut, {} bytes) {}", bytes.len(), &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_harmless_and_cut() {
        assert_eq!(shown(b"", 5), "(empty)");
        assert_eq!(shown("3６.6C".as_bytes(), 5), "3６.6C");
        assert_eq!(shown("3６.6 C".as_bytes(), 5), "(cut, 8 bytes) 3６.6 ");
        assert_eq!(shown(b"\x1b\xff", 10), "\\u{1b}\u{fffd}");
    }
}
