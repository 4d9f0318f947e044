//! The same chat, done so that a guest does the others limited harm.
//!
//! What is new:
//!
//! - Anybody speaks at any time: each side reads the keyboard and the network on threads of their
//!   own. They only send events ([`event`]); one loop deals with them, one after the other, and it
//!   alone owns what there is to know. So nothing needs a lock.
//! - A message is a line, not a `recv` ([`framing`]).
//! - Any number of guests make a room, in which the host speaks too ([`host()`]).
//! - What a peer sends is printed harmless, behind a margin, by a thread of its own.

pub mod budget;
pub mod event;
pub mod framing;
pub mod keyboard;
pub mod limits;
pub mod name;
pub mod socket;

pub mod guest;
pub mod host;
pub mod outbox;
pub mod peer;
pub mod room;
pub mod screen;

pub use guest::guest;
pub use host::host;
pub use limits::{Limits, MESSAGE_BYTES};
pub use socket::{connect, listen};
