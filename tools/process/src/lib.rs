//! A program that can't outlive whoever started it.
//!
//! - [`Command`]: how it is started. [`Process`]: it runs, its keyboard and its output are in our
//!   hands, and it ends with this value.
//! - `terminal`: its keyboard and screen. [`limits`]: what it may take of the machine.
//! - `strays`: its processes, wherever they have gone. [`guard`]: their end, even if this process is
//!   killed.
//! - [`last_words`]: how it ended, in words.

mod command;
pub mod guard;
pub mod last_words;
pub mod limits;
mod lock;
mod process;
mod strays;
mod terminal;

pub use command::Command;
pub use lock::lock;
pub use process::{OUTPUT_LIMIT, Process};
