//! The same chat, done so that no guest can hold up the others.
//!
//! Each thread waits for one thing. Those that wait for a connection, a peer or the user put what
//! happened into one inbox, as an event. One loop handles the events, one after the other. Only
//! this loop holds the room's state, so it needs no lock, and it waits for nothing but its inbox.
//! These are the host's threads:
//!
//! ```text
//!  listener ---> accept ----.                            .-> outbox -> writer ---> guest 1
//!  guest 1 ----> reader ----+--> inbox --> loop: Room ---+-> outbox -> writer ---> guest 2
//!  guest 2 ----> reader ----|                            `-> Log ---> printer ---> screen
//!  keyboard ---> typing ----'
//! ```
//!
//! | thread | started by | waits for | ends |
//! | --- | --- | --- | --- |
//! | typing | `Chat::start` | a permit, then a line | when no more permits can come |
//! | accept | [`host()`] | a permit, then a guest | the same |
//! | reader | `Peer::start` | a permit, then bytes | the same |
//! | writer | `Peer::start` | its outbox, then 20 ms | after `byebye`, or with the peer |
//! | printer | `Keyboard::open` | lines | when the `Log` is dropped |
//!
//! A guest has the same threads without `accept`, and only one peer, the host. At a terminal one
//! more thread waits for the signals that end a program.
//!
//! Before each event a thread waits for a [permit](event::start_thread), the time from which it may
//! send it. So every queue has a bound, and a rule for when it is full ([`Limits`]):
//!
//! - Inbox: one event from each thread. If a guest talks too fast, its next permit is for later.
//!   Meanwhile its words wait in the network, where TCP's flow control holds them up.
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
//! | [`keyboard`] | its `next` reads the line: [`event::Event::Typed`] | |
//! | [`reader`] | | its `next` reads bytes: [`event::Event::Said`] |
//! | [`framing`] | | `push` makes messages of them |
//! | [`event`] | `start_thread` puts it into the inbox | the same |
//! | [`chat`] | `next_event` takes it out | the same |
//! | [`host()`] | `run` calls `speak` | `run` calls `hear`, and later `pass_on` |
//! | [`room`] | `speak`, `broadcast` | `hear`: it waits; `pass_on`, `broadcast` |
//! | [`peer`] | `push` to each outbox; `write_texts` sends it | the same |
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
