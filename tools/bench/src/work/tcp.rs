//! Section 4.1: a new connection for each request.

use std::time::Duration;

use console::Error;

use crate::compare::{Contender, Scale, compare};
use crate::figures::Section;
use crate::load::tcp::{answer_length, connect, requests};
use crate::peers::{is_installed, start_nginx, start_python};
use crate::programs::start;
use crate::server::Server;

const FLOOR: &str = "floor";
const ROBUST: &str = "robust, --quiet";
const PRINTS: &str = "robust, printing to a file";
const AMONG_IDLE: &str = "robust, with 500 idle clients";
const NGINX: &str = "nginx, 2 workers";

/// The robust server beside the floors and the peers, with 4 and with 16 clients; then the ways to
/// arrange a server's threads.
///
/// # Errors
///
/// A server can't be started, or doesn't answer.
pub fn measure(scale: &Scale) -> Result<Vec<Section>, Error> {
    let server = start("ch4-tcp-server --quiet")?;
    let bytes = server.under(Duration::ZERO, answer_length)?;
    drop(server);
    Ok(vec![
        beside_others(scale, 4, bytes)?,
        beside_others(scale, 16, bytes)?,
        arrangements(scale, bytes)?,
    ])
}

fn beside_others(scale: &Scale, clients: usize, bytes: usize) -> Result<Section, Error> {
    let load = |address, time| requests(address, clients, time);
    let line = format!("bench floor together --count {clients} --answer-bytes {bytes}");
    let floor = || start(&line);
    let robust = || start("ch4-tcp-server --quiet");
    let prints = || start("ch4-tcp-server");
    let tutorial = || start("ch4-tcp-server --tutorial");
    // Who is compared with whom is side by side, and so is measured one after the other.
    let mut contenders = vec![
        Contender::new(FLOOR, floor, load),
        Contender::new(ROBUST, robust, load),
    ];
    if is_installed("nginx") {
        contenders.push(Contender::new(NGINX, || start_nginx(bytes), load));
    }
    contenders.extend([
        Contender::new(PRINTS, prints, load),
        Contender::new(AMONG_IDLE, || among_idle(robust()?), load),
        Contender::new("tutorial", tutorial, load),
    ]);
    if is_installed("python3") {
        let start = || start_python(bytes);
        contenders.push(Contender::new("python3 -m http.server", start, load));
    }
    contenders.push(Contender::new("floor again (the noise)", floor, load));
    // With few clients a processor is idle at times, so what the robust server does besides the
    // floor's work shows more.
    let of_the_floor = if clients < 16 { 0.90 } else { 0.95 };
    let goals = [
        (ROBUST, FLOOR, of_the_floor),
        (ROBUST, NGINX, 1.05),
        (AMONG_IDLE, ROBUST, 0.90),
        (PRINTS, ROBUST, 0.75),
    ];
    let id = format!("tcp-{clients}");
    let title = format!("TCP: a connection for each request, {clients} clients");
    compare(&id, title, "requests", scale, &contenders, &goals)
}

/// The server with 500 connections on which nothing is sent. It ends each after 5 s, which is
/// longer than a round.
fn among_idle(server: Server) -> Result<Server, Error> {
    let idle = server.under(Duration::ZERO, |address| connect(address, 500))?;
    Ok(server.keep(idle))
}

/// The floor's few lines, with its threads arranged in four ways.
fn arrangements(scale: &Scale, bytes: usize) -> Result<Section, Error> {
    let load = |address, time| requests(address, 16, time);
    let ways = [
        ("16 threads, each accepts", "together"),
        ("workers that accept (robust)", "workers"),
        ("one accepts, 16 in a pool serve", "pool"),
        ("one accepts, a thread for each", "each-its-own"),
    ];
    let contenders = ways.map(|(name, way)| {
        let line = format!("bench floor {way} --count 16 --answer-bytes {bytes}");
        Contender::new(name, move || start(&line), load)
    });
    let title = "TCP: the floor with its threads arranged in four ways, 16 clients".to_owned();
    compare("tcp-threads", title, "requests", scale, &contenders, &[])
}
