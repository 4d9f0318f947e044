//! Black-box checks of any program that claims to do the job of a chapter of the tutorial.
//!
//! The judge knows a program only as a command and a port: it may be written in any language and
//! say what it likes on its console. The judge looks at what a server sends over the wire, and, for
//! a client, at what it sends and whether its peer's words appear in its output.
//!
//! - [`roles`]: all checks. Read one of its files first; each check is a list of steps.
//! - [`lab`]: what a check works with. [`supervise`] runs the program under test, [`peer`] and
//!   [`datagram`] are its misbehaving peers, [`run`] records what they do (`by_hand` how to repeat
//!   it with `tap`), and [`port`] finds ports that nobody else has.
//! - [`check`]: what a check is and what comes of it; [`judge`]: all checks of a role, several at a
//!   time ([`parallel`]) or one alone ([`machine`]); [`report`]: in words.

mod by_hand;
pub mod check;
pub mod datagram;
pub mod judge;
pub mod lab;
pub mod machine;
pub mod parallel;
pub mod peer;
pub mod port;
pub mod report;
pub mod roles;
pub mod run;
