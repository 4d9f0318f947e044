//! Black-box checks of any program that claims to do the job of a chapter of the tutorial.
//!
//! A program is known as a command and a port, nothing else: it may be written in any language and
//! say what it likes on its console. A server is judged by what comes over the wire, a client by
//! what it sends and by whether its peer's words show up in its output.
//!
//! - [`roles`]: the catalogue. Read one file of it first; each check reads like a story.
//! - [`lab`]: what a check works with. [`program`] runs the program under test, [`peer`], [`listener`]
//!   and [`datagram`] are its misbehaving peers, [`run`] records what they do (and `by_hand` how to
//!   repeat it with `tap`), and [`port`] finds ports that nobody else has.
//! - [`limits`]: what a program under test may take of the machine.
//! - [`check`]: what a check is and what comes of it; [`judge`]: all checks of a role;
//!   [`report`]: in words, as JSON, as a table.
//! - [`testing`], and `exercise` (a feature): the same checks as the chapters' tests run them.

mod by_hand;
pub mod check;
pub mod datagram;
#[cfg(feature = "exercise")]
pub mod exercise;
mod guard;
pub mod judge;
pub mod lab;
pub mod limits;
pub mod listener;
pub mod peer;
pub mod port;
pub mod program;
pub mod report;
pub mod roles;
pub mod run;
mod strays;
mod terminal;
pub mod testing;
