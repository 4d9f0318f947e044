//! The project's own answers pass the checks of `exercises/`, and wrong answers don't.

#![allow(
    clippy::pedantic,
    clippy::unwrap_used,
    reason = "an exercise is judged by what it does, and a check fails with a panic"
)]
#![allow(
    unreachable_pub,
    missing_docs,
    reason = "an exercise is written with plain `pub`, as in a separate program"
)]

use std::process::ExitCode;

use judging::function::{answer, run, wrong_answers};

#[allow(dead_code, reason = "of a starter only its types are used here")]
#[path = "../exercises/checksum.rs"]
mod checksum;
#[allow(dead_code, reason = "of a starter only its types are used here")]
#[path = "../exercises/headers.rs"]
mod headers;
#[allow(dead_code, reason = "of a starter only its types are used here")]
#[path = "../exercises/states.rs"]
mod states;

mod checks {
    pub mod checksum;
    pub mod headers;
    pub mod states;
}
mod solutions {
    pub mod checksum;
    pub mod headers;
    pub mod states;
    pub mod wrong;
}

fn main() -> ExitCode {
    let mut trials = Vec::new();

    let (file, judge) = ("exercises/checksum.rs", checks::checksum::checks);
    let wrong = solutions::wrong::CHECKSUMS.iter();
    trials.push(answer(file, judge(solutions::checksum::checksum)));
    let wrong = wrong.map(|&(fault, wrong)| (fault, judge(wrong)));
    trials.push(wrong_answers(file, wrong.collect()));

    let (file, judge) = ("exercises/headers.rs", checks::headers::checks);
    let (ipv4, tcp) = (solutions::headers::ipv4, solutions::headers::tcp);
    trials.push(answer(file, judge(ipv4, tcp)));
    let wrong_ipv4 = solutions::wrong::IPV4.iter();
    let wrong_ipv4 = wrong_ipv4.map(|&(fault, wrong)| (fault, judge(wrong, tcp)));
    let wrong_tcp = solutions::wrong::TCP.iter();
    let wrong_tcp = wrong_tcp.map(|&(fault, wrong)| (fault, judge(ipv4, wrong)));
    trials.push(wrong_answers(file, wrong_ipv4.chain(wrong_tcp).collect()));

    let (file, judge) = ("exercises/states.rs", checks::states::checks);
    trials.push(answer(file, judge(solutions::states::next)));
    let wrong = solutions::wrong::STATES.iter();
    let wrong = wrong.map(|&(fault, wrong)| (fault, judge(wrong)));
    trials.push(wrong_answers(file, wrong.collect()));

    run(trials)
}
