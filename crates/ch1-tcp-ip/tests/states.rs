//! Judges `exercises/states.rs`: see `judging::function`.

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
    pub mod states;
}
#[path = "../exercises/states.rs"]
mod states;

fn main() -> ExitCode {
    let source = include_str!("../exercises/states.rs");
    let checks = checks::states::checks(states::next);
    run(starter("exercises/states.rs", source, checks))
}
