//! Judges `exercises/choose.rs`: see `judging::function`.

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
    pub mod choose;
}
#[path = "../exercises/choose.rs"]
mod choose;

fn main() -> ExitCode {
    let source = include_str!("../exercises/choose.rs");
    let checks = checks::choose::checks(choose::choose);
    run(starter("exercises/choose.rs", source, checks))
}
