//! A peer's bytes, made harmless before a terminal sees them.
//!
//! A terminal obeys what it is sent: ESC can recolour it, rename its window or answer for the
//! user; CR and backspace overwrite what is there; bidirectional controls show text in another
//! order than it has. Other characters can't be seen at all, so two different names look alike.
//! So bytes from a peer pass through here first. They come out as text in which each such
//! character is visibly escaped and what isn't UTF-8 is U+FFFD.
//!
//! A terminal also goes on at its left edge when a line is longer than the terminal is wide, and
//! there our own lines begin. So a line of a peer's is folded before that.

mod decoder;
mod escape;
mod fold;
mod peer_text;

pub use decoder::Decoder;
pub use escape::{MAX_MARKS, escape, escape_bytes, is_harmless};
pub use fold::{MARGIN, fold, fold_part};
pub use peer_text::PeerText;
