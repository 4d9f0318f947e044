//! Chapter 5: a datagram there, a datagram back.

use console::Error;

use crate::compare::{Contender, Scale, compare};
use crate::figures::Section;
use crate::load::{tcp, udp};
use crate::programs::start;

const FLOOR: &str = "floor";
const ROBUST: &str = "robust, --quiet";

/// The robust server beside the floor, with 1 and with 4 clients, and the same over TCP.
///
/// # Errors
///
/// A server can't be started, or doesn't answer.
pub fn measure(scale: &Scale) -> Result<Vec<Section>, Error> {
    [1, 4]
        .into_iter()
        .map(|clients| with(scale, clients))
        .collect()
}

fn with(scale: &Scale, clients: usize) -> Result<Section, Error> {
    let load = |address, time| udp::requests(address, clients, time);
    let messages = |address, time| tcp::messages(address, clients, time);
    let requests = |address, time| tcp::requests(address, clients, time);
    let together = format!("bench floor together --answer-bytes {}", udp::REPLY.len());
    let floor = || start("bench floor udp");
    let robust = || start("ch5-udp server --quiet");
    let prints = || start("ch5-udp server");
    let stream = || start("bench floor stream");
    let connections = || start(&together);
    let contenders = [
        Contender::new(FLOOR, floor, load),
        Contender::new(ROBUST, robust, load),
        Contender::new("floor again (the noise)", floor, load),
        Contender::new("robust, printing to a file", prints, load),
        Contender::new("floor over TCP, one connection", stream, messages),
        Contender::new("floor over TCP, a connection each", connections, requests),
    ];
    let id = format!("udp-{clients}");
    let title = format!("UDP: a question and its answer, {clients} at a time");
    let goals = [(ROBUST, FLOOR, 0.95)];
    compare(&id, title, "requests", scale, &contenders, &goals)
}
