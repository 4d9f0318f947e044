//! Several programs under the same load, in alternating rounds.

use std::time::Duration;

use console::Error;
use hdrhistogram::Histogram;

use crate::load::Load;
use crate::process::Running;
use crate::progress::Progress;
use crate::report::{Comparison, Row, Target};
use crate::stats::{Spread, number};

/// How long a program is under load before its time counts.
const WARM_UP: Duration = Duration::from_millis(100);

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Rounds for each program.
    pub rounds: usize,
    /// How long each round lasts.
    pub time: Duration,
    /// Only to see that it works.
    pub quick: bool,
}

impl Plan {
    /// Enough for a median, or just enough to see that it works.
    pub fn new(quick: bool) -> Self {
        Self {
            rounds: if quick { 2 } else { 7 },
            time: Duration::from_millis(if quick { 200 } else { 1000 }),
            quick,
        }
    }
}

/// What a program did in one round.
pub struct Round {
    /// What its clients saw.
    pub load: Load,
    /// Its processor time meanwhile.
    pub processor: Option<Duration>,
    /// The most memory that it had resident so far, in KiB.
    pub peak_kib: Option<u64>,
}

/// One of the programs that are compared.
pub struct Contender<'a> {
    /// What it is called.
    pub name: String,
    /// Starts it, puts it under load for this long, and ends it.
    round: Box<dyn Fn(Duration) -> Result<Round, Error> + 'a>,
}

impl<'a> Contender<'a> {
    /// A program that `start` starts, and the `load` that it is put under for a given time.
    pub fn new(
        name: impl Into<String>,
        start: impl Fn() -> Result<Running, Error> + 'a,
        load: impl Fn(&Running, Duration) -> Result<Load, Error> + Sync + 'a,
    ) -> Self {
        let round = move |time| {
            let mut running = start()?;
            running.under(WARM_UP, |running| load(running, WARM_UP))?;
            let before = running.usage();
            let load = running.under(time, |running| load(running, time))?;
            let after = running.usage();
            Ok(Round {
                load,
                processor: after
                    .processor
                    .zip(before.processor)
                    .map(|(after, before)| after.saturating_sub(before)),
                peak_kib: after.peak_kib,
            })
        };
        Self {
            name: name.into(),
            round: Box::new(round),
        }
    }

    /// Something that isn't one program under load. `round` does it for the given time.
    pub fn round(name: &str, round: impl Fn(Duration) -> Result<Round, Error> + 'a) -> Self {
        Self {
            name: name.to_owned(),
            round: Box::new(round),
        }
    }
}

/// Who has to reach which ratio, compared with whom.
pub type Goal<'g> = (&'g str, &'g str, f64);

/// Lets all contenders take turns: A B C, C B A, A B C, …
///
/// # Errors
///
/// One of them can't be started, or ends before its time.
pub fn compare(
    id: &str,
    title: &str,
    unit: &'static str,
    plan: &Plan,
    contenders: &[Contender],
    goals: &[Goal],
) -> Result<Comparison, Error> {
    let mut progress = Progress::new(plan.rounds * contenders.len());
    let mut results: Vec<Vec<Round>> = contenders.iter().map(|_| Vec::new()).collect();
    for number in 0..plan.rounds {
        let mut turns: Vec<_> = contenders.iter().zip(&mut results).collect();
        if number % 2 == 1 {
            turns.reverse();
        }
        for (contender, rounds) in turns {
            progress.step(&format!("{id}: {}", contender.name));
            rounds.push((contender.round)(plan.time)?);
        }
    }
    let rates: Vec<Vec<f64>> = results.iter().map(|rounds| rates(rounds)).collect();
    let of = |name: &str| {
        let index = contenders.iter().position(|it| it.name == name)?;
        rates.get(index)
    };
    let targets = goals
        .iter()
        .filter_map(|&(name, against, at_least)| {
            Some(Target {
                name: name.to_owned(),
                against: against.to_owned(),
                at_least,
                // Who isn't installed here can't be compared with.
                reached: Spread::of_ratios(of(name)?, of(against)?),
            })
        })
        .collect();
    let floor = rates.first().cloned().unwrap_or_default();
    let rows = contenders
        .iter()
        .zip(&results)
        .zip(&rates)
        .map(|((contender, rounds), rates)| row(&contender.name, rounds, rates, &floor))
        .collect();
    Ok(Comparison {
        id: id.to_owned(),
        title: title.to_owned(),
        unit,
        rounds: plan.rounds,
        rows,
        targets,
    })
}

fn rates(rounds: &[Round]) -> Vec<f64> {
    let rate = |round: &Round| number(round.load.done) / round.load.elapsed.as_secs_f64();
    rounds.iter().map(rate).collect()
}

fn row(name: &str, rounds: &[Round], rates: &[f64], floor: &[f64]) -> Row {
    const NOTHING: Spread = Spread {
        median: 0.0,
        min: 0.0,
        max: 0.0,
    };
    let latencies = together(rounds.iter().map(|round| &round.load.latency));
    let microseconds = |nanoseconds: u64| number(nanoseconds) / 1000.0;
    let processor = rounds.iter().filter_map(|round| {
        let each = round.processor?.as_secs_f64() / number(round.load.done);
        Some(each * 1e6)
    });
    Row {
        name: name.to_owned(),
        rate: Spread::of(rates.iter().copied()).unwrap_or(NOTHING),
        ratio: Spread::of_ratios(rates, floor),
        p50_us: microseconds(latencies.value_at_quantile(0.5)),
        p99_us: microseconds(latencies.value_at_quantile(0.99)),
        worst_us: microseconds(latencies.max()),
        processor_us: Spread::of(processor),
        peak_kib: rounds.iter().filter_map(|round| round.peak_kib).max(),
        errors: rounds.iter().map(|round| round.load.errors).sum(),
        remark: rounds
            .iter()
            .rev()
            .find_map(|round| round.load.remark.clone()),
    }
}

fn together<'h>(histograms: impl Iterator<Item = &'h Histogram<u64>>) -> Histogram<u64> {
    let mut all = crate::load::histogram();
    for histogram in histograms {
        // All have the same bounds, so each fits into another.
        let _ = all.add(histogram);
    }
    all
}
