//! `cargo course`: the way through the chapters and their exercises.
//!
//! - [`course`]: all of it, for one screen.
//! - [`exercises`]: which there are, in order.
//! - [`compile`]: builds them with cargo, or finds out why not.
//! - [`judging`]: judges a built one: a program with the crate `checks`, [`functions`] with their
//!   test. [`finding`]: what came of a check.
//! - [`memory`]: remembers what came of an executable.
//! - [`steps`]: which step of the workspace's own passes a check.
//! - [`screen`]: what the student sees.
//! - [`watch`]: waits for a file to change.

pub mod compile;
pub mod course;
pub mod exercises;
pub mod finding;
pub mod functions;
pub mod judging;
pub mod memory;
pub mod screen;
pub mod steps;
pub mod watch;
