//! The tests of this crate's programs, in one binary: cargo runs one after another, and these tests
//! mostly wait.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

mod checks;
mod common;
mod console;
mod robust;
mod steps;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch5-udp");
