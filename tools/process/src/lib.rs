//! A program that can't outlive whoever started it.
//!
//! - [`Child`]: a process that ends with its owner, and [`guard`]: even if this process is killed.
//! - [`Process`]: the same for a program that nobody trusts, which a [`Command`] starts. It has a
//!   keyboard and a screen (`terminal`) in our hands, and [`limits`] of what it may take of the
//!   machine. `strays` ends its processes, wherever they have gone. [`last_words`] says how it ended.

mod child;
mod command;
pub mod guard;
pub mod last_words;
pub mod limits;
mod lock;
mod process;
mod strays;
mod terminal;

pub use child::Child;
pub use command::Command;
pub use lock::lock;
pub use process::{OUTPUT_LIMIT, Process};
