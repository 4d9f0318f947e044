//! The same chat, done so that no guest can hold up the others.
//!
//! Each thread waits for one thing. Those that wait for a connection, a peer or the user send what
//! happened to one inbox, as an event. One loop handles the events, one after the other. Only this
//! loop holds the room's state, so it needs no lock, and it waits for nothing but its inbox. These
//! are the host's threads:
//!
//! ```text
//!  listener ---> accept ----.                            .-> outbox -> writer ---> guest 1
//!  guest 1 ----> reader ----+--> inbox --> loop: Room ---+-> outbox -> writer ---> guest 2
//!  guest 2 ----> reader ----|                            `-> Log ---> printer ---> screen
//!  keyboard ---> typing ----'
//! ```
//!
//! A guest has the same threads without `accept`, and only one peer, the host. At a terminal one
//! more thread waits for the signals that end a program.
//!
//! After each event a thread waits for a [permit](event::wait_for_permit), the time from which it
//! may send its next event. So every queue has a bound, and a rule for when it is full
//! ([`Limits`]):
//!
//! - Inbox: one event from each thread, and one that says that the thread has ended. If a guest
//!   talks too fast, its next permit is for later. Meanwhile its words wait in the network, where
//!   TCP's flow control holds them up.
//! - Room: what guests have said waits here, one event from each, until nothing else is in the
//!   inbox and the room's budget allows it. Then it is passed on, and the permit comes after that.
//! - Outbox: the loop never waits. It drops a guest for whom too much waits.
//! - Screen: lines that don't fit are left out and counted (`console::Printer`).
//! - Connections: one is accepted for each permit. If the room is full, the host says so, and keeps
//!   the last 16 of these connections open.
//!
//! Read [`event`] first: what threads send to the loop, and the permits that they wait for. Then
//! follow a line. Each file covers one part of its way:
//!
//! | file | a line that the host types | a line that a guest sends |
//! | --- | --- | --- |
//! | [`keyboard`] | is read, and becomes [`event::Event::Typed`] | |
//! | [`reader`] | | its bytes are read, and become [`event::Event::Said`] |
//! | [`framing`] | | between the two, makes a message of the bytes |
//! | [`chat`] | takes the event from the inbox | the same |
//! | [`host()`] | the loop hands it to the room | the same |
//! | [`room`] | `speak`: goes to all guests | `hear`: waits; `pass_on`: goes to the others |
//! | [`peer`] | waits in each outbox, until the writer sends it | the same |
//!
//! [`guest()`] is the other side: a separate loop, with the same [`chat`] and no room. You can
//! read these later: [`editor`] edits lines at a terminal, [`name`] cleans names, [`limits`] has
//! the sizes and times, [`mod@meet`] opens the sockets.

pub mod chat;
pub mod editor;
pub mod event;
pub mod framing;
pub mod guest;
pub mod host;
pub mod keyboard;
pub mod limits;
pub mod meet;
pub mod name;
pub mod peer;
pub mod reader;
pub mod room;

pub use chat::Chat;
pub use guest::guest;
pub use host::host;
pub use limits::{Limits, MESSAGE_BYTES};
pub use meet::{Meeting, connect, listen, meet};
