//! Chapter 5: a datagram there, a datagram back.

use std::time::{Duration, Instant};

use console::Error;

use crate::compare::{Contender, Goal, Plan, Round, compare};
use crate::load::{Load, tcp, udp};
use crate::process::Running;
use crate::programs::{Programs, start_floor};
use crate::report::Section;

const FLOOR: &str = "floor";
const ROBUST: &str = "robust, --quiet";

const GOALS: [Goal; 1] = [(ROBUST, FLOOR, 0.95)];

/// The robust server beside the floor, with 1 and with 4 clients, and the same over TCP.
///
/// # Errors
///
/// A program can't be started, or doesn't answer.
pub fn measure(programs: &Programs, plan: &Plan) -> Result<Vec<Section>, Error> {
    [1, 4]
        .map(|clients| with(programs, plan, clients))
        .into_iter()
        .collect()
}

fn with(programs: &Programs, plan: &Plan, clients: usize) -> Result<Section, Error> {
    let load =
        move |running: &Running, time: Duration| udp::requests(running.address, clients, time);
    let floor = || start_floor(&["udp"]);
    let length = udp::REPLY.len().to_string();
    let connections = || start_floor(&["tcp", "--count", "4", "--answer-bytes", &length]);
    // The tutorial's server answers once: each request needs another one.
    let tutorial = |time: Duration| {
        let mut load = Load::new();
        let begin = Instant::now();
        while begin.elapsed() < time {
            let asked = Instant::now();
            let server = programs.start("ch5-udp", &["server", "--tutorial"])?;
            match udp::once(server.address) {
                Ok(()) => load.right(asked),
                Err(error) => load.wrong(|| error.to_string()),
            }
        }
        load.elapsed = begin.elapsed();
        Ok(Round {
            load,
            processor: None,
            peak_kib: None,
        })
    };
    let contenders = [
        Contender::new(FLOOR, floor, load),
        Contender::new("floor again (the noise)", floor, load),
        Contender::new(
            ROBUST,
            || programs.start("ch5-udp", &["server", "--quiet"]),
            load,
        ),
        Contender::new(
            "robust, printing to a file",
            || programs.start("ch5-udp", &["server"]),
            load,
        ),
        Contender::round("tutorial, started anew for each", tutorial),
        Contender::new(
            "floor over TCP, the connection stays",
            || start_floor(&["stream"]),
            move |running: &Running, time| tcp::messages(running.address, clients, time),
        ),
        Contender::new(
            "floor over TCP, a connection for each",
            connections,
            move |running: &Running, time| tcp::requests(running.address, clients, time),
        ),
    ];
    compare(
        &format!("udp-{clients}"),
        &format!("UDP: a question and its answer, {clients} at a time"),
        "requests",
        plan,
        &contenders,
        &GOALS,
    )
    .map(Section::Comparison)
}
