//! The command, and what passes through `tap proxy`. All in one program, so that the tests of one
//! file run while those of another wait.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

mod common;
mod console;
mod tcp;
mod udp;
