//! A peer's bytes, made harmless before a terminal sees them.
//!
//! A terminal obeys control characters. ESC can recolour it, rename its window or answer for the
//! user. CR and backspace overwrite text. Bidirectional controls show text in another order. Other
//! characters are invisible, so two different names can look alike. So bytes from a peer pass
//! through here first. They come out as text in which each such character is visibly escaped and
//! bytes that aren't UTF-8 are U+FFFD.
//!
//! A terminal continues a line that is too long at its left edge, where our own lines begin. So a
//! peer's line is folded before that.

mod escape;
mod fold;
mod peer_text;

pub use escape::{MAX_MARKS, escape, escape_bytes, is_harmless};
pub use fold::{MARGIN, fold};
pub use peer_text::PeerText;
