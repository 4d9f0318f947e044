//! Judges `exercises/checksum.rs`: see `judging::function`.

#![allow(clippy::pedantic, reason = "an exercise is judged by what it does")]
#![allow(
    clippy::unwrap_used,
    reason = "a check fails with a panic, and so may an exercise"
)]
#![allow(
    unreachable_pub,
    missing_docs,
    reason = "an exercise is written with plain `pub`, as in a separate program"
)]

use std::process::ExitCode;

use judging::function::{run, starter};

mod checks {
    pub mod checksum;
}
#[path = "../exercises/checksum.rs"]
mod checksum;

fn main() -> ExitCode {
    let source = include_str!("../exercises/checksum.rs");
    let checks = checks::checksum::checks(checksum::checksum);
    run(starter("exercises/checksum.rs", source, checks))
}
