//! What clients cost that do nothing, and what happens past the limit.

use std::io;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use console::Error;

use crate::figures::{Figure, Section, number};
use crate::load::chat::join;
use crate::load::tcp::{answer_length, connect};
use crate::programs::start;
use crate::progress;
use crate::server::Server;

/// Longer than any client here has to wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// Memory that an idle client of the TCP server may cost, in KiB.
const CLIENT_KIB: f64 = 40.0;

/// Memory and threads of idle clients, and the wait of a client that comes when the server is full.
///
/// # Errors
///
/// A server can't be started, or doesn't answer.
pub fn measure(quick: bool) -> Result<Section, Error> {
    let bar = progress::bar(3);
    let count = if quick { 50 } else { 500 };

    progress::step(&bar, "idle: TCP server");
    let server = start("ch4-tcp-server --quiet")?;
    let most_kib = Some(CLIENT_KIB);
    let mut figures = cost("TCP server", &server, count, most_kib, answer_length)?;

    progress::step(&bar, "idle: chat");
    let two_guests = |address| join(address, 2);
    let room = start("ch4-chat server")?;
    figures.extend(cost("chat room", &room, count, None, two_guests)?);

    progress::step(&bar, "idle: past the limit");
    figures.extend(past_the_limit(quick)?);
    let title = format!("{count} idle clients, and a server that is full");
    Ok(Section::of_figures("idle", title, figures))
}

/// What `count` idle clients cost the server. It accepts clients in order, so once one more
/// `is_in`, all are.
fn cost<T>(
    who: &str,
    server: &Server,
    count: usize,
    most_kib: Option<f64>,
    is_in: impl Fn(SocketAddr) -> io::Result<T>,
) -> Result<Vec<Figure>, Error> {
    let usage = server.under(PATIENCE, |address| {
        is_in(address)?;
        let before = server.usage();
        let _idle = connect(address, count)?;
        is_in(address)?;
        Ok(before.zip(server.usage()))
    })?;
    let Some((before, after)) = usage else {
        return Ok(Vec::new());
    };
    let each = |before, after| (number(after) - number(before)) / number(count as u64);
    let memory = each(before.resident_kib, after.resident_kib);
    let threads = each(before.threads, after.threads);
    let what = format!("{who}: memory for each idle client");
    Ok(vec![
        Figure::new(what, memory, "KiB", most_kib),
        Figure::new(format!("{who}: threads for each"), threads, "threads", None),
    ])
}

/// Twice as many idle clients as the server takes, and then one that asks: it waits for as long as
/// two idle clients, one after the other, may be idle, and then it is answered.
fn past_the_limit(quick: bool) -> Result<Vec<Figure>, Error> {
    let (limit, idle) = if quick { (2, 2) } else { (50, 100) };
    let server = start(&format!("ch4-tcp-server --quiet --max-clients {limit}"))?;
    let (waited, usage) = server.under(PATIENCE, |address| {
        let _idle = connect(address, idle)?;
        let begin = Instant::now();
        // Until it is full. (Where no system tells the threads, there is no figure.)
        let usage = loop {
            match server.usage() {
                Some(usage) if usage.threads < limit => thread::yield_now(),
                usage => break usage,
            }
        };
        answer_length(address)?;
        Ok((begin.elapsed(), usage))
    })?;
    let what = format!("{idle} idle clients, {limit} served at once: wait of the next one");
    let mut figures = vec![Figure::new(what, waited.as_secs_f64(), "s", None)];
    let threads = usage.map(|usage| number(usage.threads));
    let what = "threads of the server meanwhile";
    figures.extend(threads.map(|threads| Figure::new(what, threads, "threads", None)));
    Ok(figures)
}
