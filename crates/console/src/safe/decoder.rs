use std::{mem, str};

/// Decodes UTF-8 that arrives in pieces, cut anywhere.
///
/// A `read` ends where the network happened to cut the stream, often inside a character. The
/// decoder holds back those first bytes (three at most) until the rest has come.
///
/// Together, the pieces are what [`String::from_utf8_lossy`] returns for all bytes at once.
#[derive(Debug, Default)]
pub struct Decoder {
    held: Vec<u8>,
}

impl Decoder {
    /// The text that these bytes complete.
    pub fn decode(&mut self, bytes: &[u8]) -> String {
        let mut bytes = [&self.held, bytes].concat();
        let last = bytes.utf8_chunks().last();
        let rest = last.map_or(&[][..], |chunk| chunk.invalid());
        // Only the beginning of a character is held: wait for its rest.
        let begins = str::from_utf8(rest).is_err_and(|error| error.error_len().is_none());
        let held = if begins { rest.len() } else { 0 };
        self.held = bytes.split_off(bytes.len() - held);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The rest, when no more bytes will come: nothing, or U+FFFD for an incomplete character.
    pub fn finish(&mut self) -> String {
        String::from_utf8_lossy(&mem::take(&mut self.held)).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Bytes as they come from peers: text, controls, and pieces of characters.
    fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            any::<char>().prop_map(|character| character.to_string().into_bytes()),
            vec(any::<u8>(), 0..6),
            Just("\u{202e}汉字\u{1f600}\x1b[2J\r\n\u{9b}".into()),
        ];
        vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn it_makes_no_difference_where_the_bytes_are_cut(
            bytes in hostile_bytes(),
            cuts in vec(any::<prop::sample::Index>(), 0..10),
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();

            let mut decoder = Decoder::default();
            let mut text = String::new();
            for ends in cuts.windows(2) {
                text += &decoder.decode(&bytes[ends[0]..ends[1]]);
                prop_assert!(decoder.held.len() <= 3);
            }
            text += &decoder.finish();
            prop_assert_eq!(text, String::from_utf8_lossy(&bytes));
        }
    }
}
