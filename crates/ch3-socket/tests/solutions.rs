//! The project's own answers pass the checks of `exercises/`, and wrong answers don't.

#![allow(clippy::pedantic, reason = "an exercise is judged by what it does")]
#![allow(
    unreachable_pub,
    missing_docs,
    reason = "an exercise is written with plain `pub`, as in a separate program"
)]

use std::process::ExitCode;

use judging::function::{answer, check, run, starter, wrong_answers};
use socket2::{Domain, Type};

#[allow(dead_code, reason = "of a starter only its types are used here")]
#[path = "../exercises/choose.rs"]
mod choose;

mod checks {
    pub mod choose;
}
mod solutions {
    pub mod choose;
}

use choose::Service;

type Choose = fn(Service) -> (Domain, Type);

/// Wrong answers that students write on the way to a right one.
const WRONG: &[(&str, Choose)] = &[
    ("everything is a TCP socket", |_| {
        (Domain::IPV4, Type::STREAM)
    }),
    (
        "IPv6 is forgotten",
        |service| match solutions::choose::choose(service) {
            (Domain::IPV6, socket_type) => (Domain::IPV4, socket_type),
            right => right,
        },
    ),
    (
        "local services use loopback",
        |service| match solutions::choose::choose(service) {
            (Domain::UNIX, socket_type) => (Domain::IPV4, socket_type),
            right => right,
        },
    ),
    ("a log is a stream", |service| match service {
        Service::SystemLog => (Domain::UNIX, Type::STREAM),
        _ => solutions::choose::choose(service),
    }),
    ("UDP is never used", |service| {
        (solutions::choose::choose(service).0, Type::STREAM)
    }),
];

fn main() -> ExitCode {
    let (file, judge) = ("exercises/choose.rs", checks::choose::checks);
    let mut trials = Vec::new();
    trials.push(answer(file, judge(solutions::choose::choose)));
    let wrong = WRONG.iter().map(|&(fault, wrong)| (fault, judge(wrong)));
    trials.push(wrong_answers(file, wrong.collect()));
    let family = check("only a wrong family is told as one", || {
        // Two answers with a wrong family, and then two with a wrong type.
        for ((_, wrong), is_family) in WRONG[1..].iter().zip([true, true, false, false]) {
            let told = checks::choose::checks(*wrong);
            let mut told = told.iter().filter_map(|it| it.run().err());
            if let Some(why) = told.find(|it| it.contains("the family") != is_family) {
                return Err(why);
            }
        }
        Ok(())
    });
    trials.extend(starter(file, "", vec![family]));
    run(trials)
}
