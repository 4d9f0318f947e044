//! The checks are checked: they find each fault, the command reports it, and nothing stays behind.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails with a panic"
)]

// Its name is the first in the alphabet, so that its tests, which take longest, start first.
mod all_faults;
#[cfg(unix)]
mod class;
mod command;
#[cfg(unix)]
mod exercise;
mod lessons;
mod marking;
#[cfg(unix)]
mod programs;
#[cfg(unix)]
mod shell;

/// A minimal good program for each role, with one fault at a time: `faulty/`.
const FAULTY: &str = env!("CARGO_BIN_EXE_faulty");
