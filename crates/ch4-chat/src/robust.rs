//! The same chat, done so that no guest can hold up the others.
//!
//! Each thread waits for one thing. Those that wait for a connection, a peer or the user send what
//! happened to one inbox, as an event. (So does the printer's, if the screen fails.) One loop
//! handles the events, one after the other. Only this loop holds the room's state, so it needs no
//! lock, and it waits for nothing but its inbox. (Each outbox has a lock, held only
//! while a text is added or taken.) The host:
//!
//! ```text
//!  listener ---> accept ----.                            .-> outbox -> writer ---> guest 1
//!  guest 1 ----> reader ----+--> inbox --> loop: Room ---+-> outbox -> writer ---> guest 2
//!  guest 2 ----> reader ----|                            `-> Log ---> printer ---> screen
//!  keyboard ---> typing ----'
//! ```
//!
//! The guest has the same threads, except the one that accepts, and one peer: the host. Besides
//! these, up to 16 short-lived threads close the connections of guests who were turned away, and one
//! waits for the signals that end a program at a terminal.
//!
//! Every queue has a bound, and a rule for when it is full ([`Limits`]):
//!
//! - Inbox: one event from each thread, and one that says that the thread has ended. After an event
//!   a thread waits for a [permit](event::wait_for_permit). If a guest talks too fast, its next
//!   permit is for later. Meanwhile its words wait in the network, where TCP's flow control holds
//!   them up.
//! - Room: what guests have said waits here, one event from each, until nothing else is in the
//!   inbox and the room's budget allows it. Then it is passed on, and the permit comes after that.
//! - Outbox: the loop never waits. It drops a guest for whom too much waits ([`room`]). The writer
//!   sends all that waits in one write, and rests for a moment ([`peer`]).
//! - Screen: lines that don't fit are left out and counted (`console::Printer`).
//! - Connections: one is accepted at a time. If the room is full, the host says so, and closes at
//!   most 16 connections in stages at the same time.
//!
//! Read [`event`] first: threads pass everything on as events. Then follow a line. One that the host
//! types goes through [`keyboard`], [`host()`], [`room`] and [`peer`], whose writer sends it. One
//! that a guest sends goes through [`reader`], [`framing`], [`host()`], [`room`] and, to the others,
//! [`peer`]. [`guest()`] is the other side, without a room.

pub mod editor;
pub mod event;
pub mod framing;
pub mod keyboard;
pub mod limits;
pub mod meet;
pub mod name;
pub mod peer;
pub mod reader;

pub mod guest;
pub mod host;
pub mod room;

pub use guest::guest;
pub use host::host;
pub use limits::{Limits, MESSAGE_BYTES};
pub use meet::{Meeting, connect, listen, meet};
