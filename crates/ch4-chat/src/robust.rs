//! The same chat, done so that no guest can hold up the others.
//!
//! Three kinds of threads wait for what happens, and put it into one inbox, as an
//! [event](event::Event). One loop handles the events in order. Only this loop holds the room's
//! state, so it needs no lock. It waits for nothing but its inbox. These are the host's threads:
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
//! | loop | `main` | the next event | when the host's user leaves |
//! | typing | `Chat::start` | a line from the user | when no permit can come |
//! | accept | [`host()`] | a guest | the same |
//! | reader | `Peer::start` | bytes from its guest | the same |
//! | writer | `Peer::start` | text in its outbox | after `byebye`, or what waited for a dropped `Peer` |
//! | printer | `Keyboard::open` | text for the screen | with the `Log` |
//!
//! A guest has the same threads, but not `accept`, and only one peer. (A peer is the other end of a
//! connection: at the host a guest, at a guest the host.) On Unix, the line editor needs one more
//! thread, which waits for signals that end the program.
//!
//! **Permits.** Typing, accept and the readers do the same, in [`event::start_thread`]: wait for a
//! permit, wait for one thing, send one event. When the loop has handled the event, it sends the
//! next permit. So the inbox holds one event from each of them at most (at the goodbye, two). A permit is a time: the
//! thread waits until then. For a guest that talks too fast, the time lies in the future: its
//! [`Budget`](limits::Budget) says when it may say more. Until then its words wait in the network,
//! and TCP's flow control slows it down.
//!
//! **Bounds.** The other queues have limits, too (most are in [`Limits`]):
//!
//! - Room: what a guest has said waits here until the inbox is empty and the room's budget allows
//!   it. Then it is passed on, and only then does the guest's reader get a permit.
//! - Outbox: a guest for whom too much waits is dropped. If too much waits for all together, so is
//!   the guest for whom most waits.
//! - Screen: lines that don't fit are left out and counted (`Printer`).
//! - Connections: if the room is full, the host says so, and keeps the last 16 such connections
//!   open.
//!
//! Read [`event`] first. Then follow a line. Each file covers one part of its way:
//!
//! | file | a line that the host types | a line that a guest sends |
//! | --- | --- | --- |
//! | [`keyboard`] | its `next` reads the line: [`event::Event::Typed`] | |
//! | [`reader`] | | the closure of `message_reader` reads bytes |
//! | [`framing`] | | `push` makes messages of them: [`event::Event::Said`] |
//! | [`event`] | `start_thread` puts it into the inbox | the same |
//! | [`chat`] | `next_event` takes it out | the same |
//! | [`host()`] | `run` calls `speak` | `run` calls `hear`, and later `pass_on` |
//! | [`room`] | `speak`, `broadcast` | `hear`: it waits; `pass_on`: to the log, and `broadcast` |
//! | [`peer`] | `push` to each outbox; `write_texts` sends it | the same |
//!
//! [`guest()`] is the other side: a separate loop, with the same [`chat`] and no room. A line that
//! the host sends takes the same way up to `next_event`; then `show` gives it to the log. A line
//! that the guest types goes to the outbox of its only peer.
//!
//! Leave these for later: [`editor`] edits lines at a terminal, [`name`] cleans names, [`limits`] has
//! the sizes, times and budgets, [`mod@meet`] opens the sockets. The crate `console` is this
//! workspace's: its `Log` and `Printer` show text without making the loop wait, its
//! `DeadlineStream` reads until a time, and its `safe::escape` shows control characters.

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
