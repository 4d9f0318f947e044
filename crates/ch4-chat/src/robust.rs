//! The same chat, done so that no guest can hold up the others.
//!
//! One loop, on the thread that calls [`host()`], holds the room's state, so it needs no lock. It
//! waits only for its inbox. Other threads wait for everything else, and put what happens into the
//! inbox as [events](event::Event): the typing thread, the accept thread, and a reader for each
//! guest. These are the host's threads:
//!
//! ```text
//!  keyboard ---> typing ----.
//!  listener ---> accept ----+                            .-> outbox -> writer ---> guest 1
//!  guest 1 ----> reader ----+--> inbox --> loop: Room ---+-> outbox -> writer ---> guest 2
//!  guest 2 ----> reader ----'                            `-> Log ----> printer --> screen
//! ```
//!
//! `Chat::start` starts the typing thread, [`host()`] the accept thread, and `Peer::start` a reader
//! and a writer. (A peer is the other end of a connection.) A guest's program has no accept thread,
//! and only one peer: the host.
//!
//! **Permits.** The typing thread, the accept thread and each reader wait for a permit, then for
//! one thing, and send one event. When the loop has handled the event, it sends the next permit. So
//! each thread has at most one event in the inbox. A permit is the time at which the thread may go
//! on. If a guest talks too fast, the time is later. Until then its text waits in the network, where
//! TCP's flow control slows the guest down.
//!
//! **Bounds.** A guest's text waits in the room until the inbox is empty; only then does its reader
//! get a permit. If too much waits in an outbox, or in all of them together, the room drops the
//! guest with the most. If the screen is too slow, the log leaves out lines and counts them.
//! [`Limits`] has the numbers.
//!
//! To read the program, follow a line through these files, from top to bottom:
//!
//! | file | a line that the host types | a line that a guest sends |
//! | --- | --- | --- |
//! | [`event`] | the typing thread runs in `start_thread` | so does the reader |
//! | [`keyboard`] | `plain`, or the editor, reads it: `Typed` | |
//! | [`reader`] | | `message_reader` reads its bytes: `Said` |
//! | [`framing`] | | `push` makes messages of them |
//! | [`limits`] | `Budget::spend` says when the next line may come | the same |
//! | [`chat`] | `next_event` takes it from the inbox | the same |
//! | [`mod@host`] | `run` calls `speak` | `run` calls `hear`; when the inbox is empty: `pass_on` |
//! | [`room`] | `speak`, `broadcast`, `send` | `hear`; `pass_on` shows it; `broadcast`; `send` |
//! | [`peer`] | `push` to each outbox; `write_texts` sends it | the same |
//!
//! [`mod@guest`] is the other side: its loop has no room. It gives what the user types to its only
//! peer, and what the host sends to the log.
//!
//! Leave these for later: [`editor`] edits lines at a terminal (on Unix, a separate thread waits for
//! signals), [`name`] cleans names, [`mod@meet`] opens the sockets. The crate `console` has what all
//! chapters share, such as `Log`.

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
