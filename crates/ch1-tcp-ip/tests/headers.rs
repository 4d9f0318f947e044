//! Judges `exercises/headers.rs`: see `judging::function`.

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
    pub mod headers;
}
#[path = "../exercises/headers.rs"]
mod headers;

fn main() -> ExitCode {
    let source = include_str!("../exercises/headers.rs");
    let checks = checks::headers::checks(headers::ipv4, headers::tcp);
    run(starter("exercises/headers.rs", source, checks))
}
