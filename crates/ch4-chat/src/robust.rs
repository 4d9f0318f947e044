//! The same chat, done so that no guest can hold up the others.
//!
//! Everything that waits is a thread of its own. Threads send events to one inbox; one loop deals
//! with them, one after the other. Only that loop knows who is in the room, so it needs no lock,
//! and it waits for nothing but its inbox. The host:
//!
//! ```text
//!  listener ---> accept ----.                            .-> outbox -> writer ---> guest 1
//!  guest 1 ----> reader ----+--> inbox --> loop: Room ---+-> outbox -> writer ---> guest 2
//!  guest 2 ----> reader ----'      ^                     `-> Log ----------------> screen
//!  keyboard ---> keyboard ---------' (overtakes the others)
//! ```
//!
//! The guest has the same loop with one peer. It needs no outbox: the keyboard's thread sends what
//! was typed, and may wait for the host.
//!
//! Every queue has a bound, and whoever fills it waits or goes ([`Limits`]):
//!
//! - Inbox: each sender has one event in it at most, and its end, as after an event it waits for a
//!   turn. The loop gives a guest that talks too fast its next turn later ([`budget`]). Meanwhile its words wait in
//!   the network, where TCP's flow control holds them up.
//! - Outbox: the loop never waits. A guest for whom too much waits is dropped ([`room`]).
//! - Screen: lines that don't fit are left out and counted (`console::Printer`).
//! - Accepted connections: one at a time. Who comes to a full room is told so, and 16 at most are
//!   closed in stages at the same time.
//!
//! A typed line goes through [`keyboard`], [`event`], [`host()`], [`room`], [`outbox`]; one that a
//! guest sends through [`peer`], [`framing`], [`event`], [`host()`], [`room`], [`outbox`].

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

pub use guest::guest;
pub use host::host;
pub use limits::{Limits, MESSAGE_BYTES};
pub use socket::{connect, listen};
