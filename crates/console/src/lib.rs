//! The parts that all chapters' programs share.
//!
//! - [`Flags`]: `--host`, `--port` and `--tutorial`, the same in every program; [`try_each`] tries
//!   every address of a name.
//! - [`Columns`]: `--width`, for programs that print pictures and tables; [`terminal_width`]: how
//!   wide the terminal is, for lines of peers.
//! - [`stdin`] and [`stdout`]: the standard streams, even if they are non-blocking.
//! - [`read_line`]: a line of bounded length.
//! - [`say`]: a line to the user; [`Style`] gives it its colour. [`print()`]: a whole table or
//!   picture; [`show`]: any text, at once.
//! - [`safe`]: a peer's bytes, made harmless before a terminal sees them.
//! - [`Printer`]: prints lines on its own thread, so a slow terminal holds up nobody.
//! - [`Log`]: what a server tells its user.
//! - [`DeadlineStream`]: reads and writes that end by a certain instant.
//! - [`own_address`]: where a server listens; [`refuse_self`] refuses a connection to oneself;
//!   [`refuse_multicast`] refuses a group's address, where nobody can listen for connections.
//! - [`Stage`]: several programs on one terminal, each line after the name of the program that
//!   printed it.
//! - [`is_timeout`], [`is_cut_short`], [`client_has_gone`], [`is_about_one_peer`],
//!   [`is_short_of_descriptors`], [`is_too_long`], [`end_accept`]: what differs between systems.
//! - [`Error`]: what failed, where, why and what to do next.

mod deadline;
mod error;
mod flags;
mod line;
mod log;
mod printer;
pub mod safe;
mod stage;
mod stdio;
mod style;
mod systems;

pub use deadline::DeadlineStream;
pub use error::{Action, Error, OrCannot, exit};
pub use flags::{Columns, Flags, Width, ipv4_first, own_address, terminal_width, try_each};
pub use line::{Line, read_line};
pub use log::Log;
pub use printer::Printer;
pub use stage::{PlayerKeyboard, PlayerScreen, Stage};
pub use stdio::{Stdin, Stdout, print, show, stdin, stdout};
pub use style::{Style, say};
pub use systems::*;
