//! Where one message ends and the next begins.
//!
//! TCP keeps no boundaries, so a message is a line, ended by LF. The tutorial's programs send no
//! LF. Until a peer has sent one, its message ends when the peer is quiet. That is a guess: a pause
//! inside a message makes two of it, and two without a pause count as one.
//!
//! Bytes in, messages out: nothing here reads a socket or knows the time.

use std::mem;

/// Puts messages together from the pieces that one peer sends.
#[derive(Debug, Default)]
pub struct Framing {
    /// Maximum size of a message in bytes.
    limit: usize,
    /// The current message: at most `limit` bytes, and one more, which may be a CR.
    kept: Vec<u8>,
    /// How many bytes it has so far, kept or not.
    length: u64,
    /// The peer has sent an LF, so quiet no longer ends a message.
    speaks_lines: bool,
}

impl Framing {
    /// A framing that cuts messages of more than `limit` bytes, and says so in them.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Adds bytes and returns the messages that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut messages = Vec::new();
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let text = piece.strip_suffix(b"\n").unwrap_or(piece);
            let free = self.limit + 1 - self.kept.len();
            self.kept.extend(text.iter().take(free));
            self.length += text.len() as u64;
            if piece.ends_with(b"\n") {
                self.speaks_lines = true;
                messages.extend(self.complete());
            }
        }
        messages
    }

    /// Whether a message has begun that ends when the peer is quiet.
    pub fn ends_when_quiet(&self) -> bool {
        !self.speaks_lines && self.length > 0
    }

    /// Returns the message that ends now, unless it is empty. Bytes that aren't UTF-8 become
    /// U+FFFD.
    pub fn complete(&mut self) -> Option<String> {
        let kept = mem::take(&mut self.kept);
        let length = mem::take(&mut self.length);
        // CRLF is a line end too: telnet sends it.
        let bytes = kept.strip_suffix(b"\r").unwrap_or(&kept);
        let decoded = String::from_utf8_lossy(bytes);
        // U+FFFD is longer than the byte that it replaces, so cut after decoding.
        let mut text = decoded[..decoded.floor_char_boundary(self.limit)].to_owned();
        if text.len() < decoded.len() || length > kept.len() as u64 {
            text = format!("{text} [cut: it had {length} bytes]");
        }
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    const LIMIT: usize = 4096;

    /// What a peer does.
    #[derive(Debug, Clone)]
    enum Peer<'a> {
        Sends(&'a [u8]),
        IsQuiet,
        Ends,
    }
    use Peer::{Ends, IsQuiet, Sends};

    fn messages(peer: &[Peer<'_>]) -> Vec<String> {
        let mut framing = Framing::new(LIMIT);
        let mut messages = Vec::new();
        for does in peer {
            match does {
                Sends(bytes) => messages.extend(framing.push(bytes)),
                IsQuiet if !framing.ends_when_quiet() => {}
                IsQuiet | Ends => messages.extend(framing.complete()),
            }
        }
        messages
    }

    #[track_caller]
    fn gives(peer: &[Peer<'_>], texts: &[&str]) {
        assert_eq!(messages(peer), texts);
    }

    #[test]
    fn a_message_may_come_in_three_segments() {
        gives(
            &[Sends(b"hel"), Sends(b"lo, "), Sends(b"you\n")],
            &["hello, you"],
        );
        gives(
            &[Sends(b"hel"), Sends(b"lo, "), Sends(b"you"), IsQuiet],
            &["hello, you"],
        );
        // Once a line has come, quiet ends nothing.
        gives(
            &[Sends(b"a\nhel"), IsQuiet, Sends(b"lo\n")],
            &["a", "hello"],
        );
    }

    #[test]
    fn a_segment_may_hold_two_messages() {
        gives(&[Sends(b"one\ntwo\n")], &["one", "two"]);
        gives(&[Sends(b"hi\nbyebye"), Ends], &["hi", "byebye"]);
    }

    /// Without LF nothing tells them apart: it is one message.
    #[test]
    fn two_messages_without_lf_in_one_segment_are_one() {
        gives(&[Sends(b"hibyebye"), IsQuiet], &["hibyebye"]);
    }

    #[test]
    fn byebye_may_come_in_two_pieces() {
        gives(&[Sends(b"bye"), Sends(b"bye"), IsQuiet], &["byebye"]);
        gives(&[Sends(b"bye"), Sends(b"bye"), Ends], &["byebye"]);
        gives(&[Sends(b"hi\nbye"), Sends(b"bye"), Ends], &["hi", "byebye"]);
    }

    #[test]
    fn a_message_ends_with_the_stream_too() {
        gives(&[Sends(b"one\ntwo"), Ends], &["one", "two"]);
        gives(&[Sends(b"one\n"), Ends], &["one"]);
        gives(&[Ends], &[]);
    }

    #[test]
    fn crlf_is_a_line_end_and_a_lone_cr_is_not() {
        gives(
            &[Sends(b"one\r"), Sends(b"\ntwo\rthree\r\n")],
            &["one", "two\rthree"],
        );
    }

    #[test]
    fn an_empty_line_says_nothing() {
        gives(&[Sends(b"\n\r\n\n"), IsQuiet, Ends], &[]);
        // So a peer that is quiet from the beginning ends nothing.
        assert!(!Framing::new(LIMIT).ends_when_quiet());
    }

    #[test]
    fn nul_and_escapes_are_left_to_whoever_prints_them() {
        gives(&[Sends(b"\0\x1b[2J\n")], &["\0\u{1b}[2J"]);
    }

    #[test]
    fn what_is_not_utf_8_is_replaced() {
        gives(&[Sends(b"caf\xe9\n")], &["caf\u{fffd}"]);
    }

    #[test]
    fn two_and_a_half_thousand_bytes_of_chinese_are_one_message() {
        let text = "你".repeat(833);
        let (first, rest) = text.as_bytes().split_at(1024);
        gives(&[Sends(first), Sends(rest), IsQuiet], &[&text]);
    }

    #[test]
    fn a_message_that_is_too_long_is_cut_and_says_so() {
        let long = [b'x'; 5000];
        let cut = "x".repeat(LIMIT) + " [cut: it had 5000 bytes]";
        for peer in [
            &[Sends(&long), IsQuiet][..],
            &[Sends(&long), Sends(b"\n")],
            &[Sends(&long), Ends],
        ] {
            gives(peer, &[&cut]);
        }
        for line_end in [&b"\n"[..], b"\r\n"] {
            let exact = [Sends(&long[..LIMIT]), Sends(line_end)];
            gives(&exact, &[&"x".repeat(LIMIT)]);
        }
        // A CR that is not before the LF counts.
        let cr = [Sends(&long[..LIMIT]), Sends(b"\rx\n")];
        gives(&cr, &[&("x".repeat(LIMIT) + " [cut: it had 4098 bytes]")]);
        // U+FFFD has three bytes, so 4,000 bytes that aren't UTF-8 don't fit.
        let cut_after_decoding = "\u{fffd}".repeat(LIMIT / 3) + " [cut: it had 4000 bytes]";
        gives(&[Sends(&[0xff; 4000]), Ends], &[&cut_after_decoding]);
        // The next message is whole again.
        gives(&[Sends(&long), Sends(b"\nshort\n")], &[&cut, "short"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn it_makes_no_difference_where_lines_are_cut(
            bytes in vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>(), Just(0xe4)], 0..100),
            cuts in vec(any::<Index>(), 0..10),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces = cuts.windows(2).map(|ends| Sends(&bytes[ends[0]..ends[1]]));
            let pieces: Vec<_> = pieces.chain([Ends]).collect();
            prop_assert_eq!(messages(&pieces), messages(&[Sends(&bytes), Ends]));
        }

        #[test]
        fn no_message_is_longer_than_the_limit(
            pieces in vec(vec(any::<u8>(), 0..60), 0..20),
            quiet in any::<bool>(),
        ) {
            let mut framing = Framing::new(50);
            for piece in &pieces {
                let mut messages = framing.push(piece);
                if quiet && framing.ends_when_quiet() {
                    messages.extend(framing.complete());
                }
                prop_assert!(framing.kept.len() <= 51);
                for message in messages {
                    let (text, _) = message.split_once(" [cut: ").unwrap_or((&message, ""));
                    prop_assert!(text.len() <= 50 && !message.contains('\n'));
                }
            }
        }

        #[test]
        fn every_line_that_fits_arrives_as_it_was(lines in vec("[^\n\r]{1,20}", 0..10)) {
            let stream = lines.join("\n");
            let texts: Vec<&str> = lines.iter().map(String::as_str).collect();
            gives(&[Sends(stream.as_bytes()), Ends], &texts);
        }
    }
}
