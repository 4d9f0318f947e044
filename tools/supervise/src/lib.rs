//! Starts programs that end with their owner, even if the owner is killed.
//!
//! - [`Child`]: a process that ends when it is dropped. [`guard`] ends it if this process is killed.
//! - [`Process`]: a program that may do anything, started by a [`Command`]. It has a keyboard and a
//!   screen (`terminal`) in our hands, and [`limits`] of what it may take of the machine. `strays`
//!   ends its processes wherever they have gone. [`ending`] and [`last_words`] say how it ended.

mod child;
mod command;
pub mod ending;
pub mod guard;
pub mod last_words;
pub mod limits;
mod lock;
mod process;
#[cfg(target_os = "linux")]
mod signals;
mod strays;
mod terminal;

pub use child::Child;
pub use command::Command;
pub use lock::lock;
pub use process::{OUTPUT_LIMIT, Process};
pub use strays::while_none_starts;
