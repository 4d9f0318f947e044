//! Several contenders under the same load, in alternating rounds.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use console::Error;

use crate::figures::{Row, Section, Spread, Target, number};
use crate::load::Load;
use crate::progress;
use crate::server::Server;

/// How long a server is under load before its time counts.
const WARM_UP: Duration = Duration::from_millis(100);

/// How much to measure.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Rounds for each contender.
    pub rounds: usize,
    /// How long each round lasts.
    pub time: Duration,
    /// Only to see that it works.
    pub quick: bool,
}

impl Scale {
    /// Enough for a median on a machine that isn't quiet, or just enough to see that it works.
    pub fn new(quick: bool) -> Self {
        Self {
            rounds: if quick { 2 } else { 15 },
            time: Duration::from_millis(if quick { 200 } else { 1000 }),
            quick,
        }
    }
}

/// A server and its load.
pub struct Contender<'a> {
    name: &'a str,
    /// Starts the server, puts it under load for this long, and ends it.
    round: Box<dyn Fn(Duration) -> Result<Load, Error> + 'a>,
}

impl<'a> Contender<'a> {
    /// The server that `start` starts, under a `load` that lasts for a given time.
    pub fn new(
        name: &'a str,
        start: impl Fn() -> Result<Server, Error> + 'a,
        load: impl Fn(SocketAddr, Duration) -> io::Result<Load> + 'a,
    ) -> Self {
        let round = move |time| {
            let server = start()?;
            let run = |time| server.under(time, |address| load(address, time));
            run(WARM_UP)?;
            let before = server.usage();
            let mut load = run(time)?;
            if let Some((before, after)) = before.zip(server.usage()) {
                load.processor = after.processor.checked_sub(before.processor);
                load.peak_kib = Some(after.peak_kib);
            }
            Ok(load)
        };
        Self {
            name,
            round: Box::new(round),
        }
    }
}

/// Which contender has to reach which ratio, compared with which.
pub type Goal<'a> = (&'a str, &'a str, f64);

/// Lets all contenders take turns: A B C, C B A, A B C, …
///
/// # Errors
///
/// One of them can't be started, or ends before its time.
pub fn compare(
    id: &str,
    title: String,
    unit: &'static str,
    scale: &Scale,
    contenders: &[Contender],
    goals: &[Goal],
) -> Result<Section, Error> {
    let bar = progress::bar(scale.rounds * contenders.len());
    let mut results: Vec<Vec<Load>> = contenders.iter().map(|_| Vec::new()).collect();
    for number in 0..scale.rounds {
        let mut turns: Vec<_> = contenders.iter().zip(&mut results).collect();
        if number % 2 == 1 {
            turns.reverse();
        }
        for (contender, rounds) in turns {
            progress::step(&bar, &format!("{id}: {}", contender.name));
            rounds.push((contender.round)(scale.time)?);
        }
    }
    let rates: Vec<Vec<f64>> = results.iter().map(|rounds| rates(rounds)).collect();
    let of = |name: &str| rates.get(contenders.iter().position(|it| it.name == name)?);
    let target = |&(name, against, at_least): &Goal| {
        Some(Target {
            name: name.to_owned(),
            against: against.to_owned(),
            at_least,
            reached: Spread::of_ratios(of(name)?, of(against)?)?,
        })
    };
    let rows = contenders.iter().zip(&results).zip(&rates);
    let rows = rows.map(|((it, rounds), own)| row(it.name, rounds, own, rates.first()));
    Ok(Section {
        id: id.to_owned(),
        title,
        unit,
        rows: rows.collect(),
        // A peer that isn't installed here has no target.
        targets: goals.iter().filter_map(target).collect(),
        ..Section::default()
    })
}

fn rates(rounds: &[Load]) -> Vec<f64> {
    let rate = |round: &Load| number(round.done) / round.elapsed.as_secs_f64();
    rounds.iter().map(rate).collect()
}

fn row(name: &str, rounds: &[Load], rates: &[f64], first: Option<&Vec<f64>>) -> Row {
    let processor = rounds.iter().filter_map(|round| {
        let each = round.processor?.as_secs_f64() / number(round.done);
        Some(each * 1e6)
    });
    Row {
        name: name.to_owned(),
        rate: Spread::of(rates.iter().copied()).unwrap_or_default(),
        ratio: first.and_then(|first| Spread::of_ratios(rates, first)),
        processor_us: Spread::of(processor),
        all: rounds.iter().fold(Load::default(), Load::and),
    }
}
