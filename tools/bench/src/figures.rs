//! The figures of a run, before they become tables and charts.

use std::env;
use std::fs;
use std::thread;

use crate::load::Load;

/// The figures of one place on the page: several contenders under the same load, or single figures.
#[derive(Debug, Default)]
pub struct Section {
    /// Its name in files and in the page's markers: `tcp-16`.
    pub id: String,
    /// The heading of its tables.
    pub title: String,
    /// What a rate counts: "requests".
    pub unit: &'static str,
    /// The contenders; the others are compared with the first.
    pub rows: Vec<Row>,
    /// The ratios to reach.
    pub targets: Vec<Target>,
    /// Figures that aren't compared with one another.
    pub figures: Vec<Figure>,
}

impl Section {
    /// Single figures.
    pub fn of_figures(id: &str, title: impl Into<String>, figures: Vec<Figure>) -> Self {
        Self {
            id: id.to_owned(),
            title: title.into(),
            figures,
            ..Self::default()
        }
    }

    /// True unless a target isn't met, or a figure exceeds its limit.
    pub fn holds(&self) -> bool {
        let kept = |figure: &Figure| figure.is_kept() != Some(false);
        self.targets.iter().all(Target::is_met) && self.figures.iter().all(kept)
    }
}

/// What one contender did, in all rounds.
#[derive(Debug)]
pub struct Row {
    /// The contender.
    pub name: String,
    /// Requests, or deliveries, a second.
    pub rate: Spread,
    /// Its rate divided by the first row's, round by round.
    pub ratio: Option<Spread>,
    /// The server's processor time for each request, in microseconds, the system's part included.
    pub processor_us: Option<Spread>,
    /// What its clients saw, all rounds together.
    pub all: Load,
}

/// A ratio to reach.
#[derive(Debug)]
pub struct Target {
    /// The contender that has to reach it.
    pub name: String,
    /// The one it is compared with.
    pub against: String,
    /// The ratio.
    pub at_least: f64,
    /// The ratio measured.
    pub reached: Spread,
}

impl Target {
    /// True if the median reaches the ratio.
    pub fn is_met(&self) -> bool {
        self.reached.median >= self.at_least
    }
}

/// One figure.
#[derive(Debug)]
pub struct Figure {
    /// What was counted.
    pub what: String,
    /// How much of it there was.
    pub value: f64,
    /// The unit of the value: `KiB`.
    pub unit: &'static str,
    /// Maximum value.
    pub at_most: Option<f64>,
}

impl Figure {
    /// A figure, with a limit or without.
    pub fn new(
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
        at_most: Option<f64>,
    ) -> Self {
        Self {
            what: what.into(),
            value,
            unit,
            at_most,
        }
    }

    /// True if the value is within the limit; `None` without a limit.
    pub fn is_kept(&self) -> Option<bool> {
        self.at_most.map(|limit| self.value <= limit)
    }
}

/// This machine, in a line: processor, cores, system, build, and how many rounds it ran.
pub fn machine(rounds: usize) -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let information = read("/proc/cpuinfo");
    let mut lines = information.lines();
    let processor = lines.find_map(|line| line.strip_prefix("model name\t: "));
    let processor = processor.unwrap_or("unknown");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let (system, release) = (env::consts::OS, read("/proc/sys/kernel/osrelease"));
    let build = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let release = release.trim();
    format!("{processor}, {cores} cores; {system} {release}; {build} build; {rounds} rounds each")
}

/// The median of several rounds, and how far apart they are.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Half of the rounds are below, half above.
    pub median: f64,
    /// The lowest round.
    pub min: f64,
    /// The highest round.
    pub max: f64,
}

impl Spread {
    /// The spread of these rounds; `None` without any.
    pub fn of(rounds: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = rounds.into_iter().filter(|it| it.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let upper = *sorted.get(sorted.len() / 2)?;
        let lower = *sorted.get((sorted.len() - 1) / 2)?;
        Some(Self {
            median: f64::midpoint(lower, upper),
            min: *sorted.first()?,
            max: *sorted.last()?,
        })
    }

    /// The spread of the ratios, round by round: neighbours in time had the same machine.
    pub fn of_ratios(rounds: &[f64], others: &[f64]) -> Option<Self> {
        Self::of(rounds.iter().zip(others).map(|(one, other)| one / other))
    }
}

/// A count to calculate with. (Exact up to 2^53, which no load here comes near.)
#[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
pub fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_between_two_their_mean() {
        let spread = |rounds: &[f64]| {
            let spread = Spread::of(rounds.iter().copied())?;
            Some((spread.median, spread.min, spread.max))
        };
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[f64::NAN, f64::INFINITY]), None);
        assert_eq!(spread(&[3.0]), Some((3.0, 3.0, 3.0)));
        assert_eq!(spread(&[9.0, 1.0, 2.0]), Some((2.0, 1.0, 9.0)));
        assert_eq!(spread(&[9.0, 1.0, 2.0, 4.0]), Some((3.0, 1.0, 9.0)));
    }

    /// A machine that is half as fast in one round is so for both, and the ratio stays.
    #[test]
    fn a_ratio_compares_neighbours() {
        let (rounds, others) = ([90.0, 45.0, 91.0], [100.0, 50.0, 100.0]);
        let ratio = Spread::of_ratios(&rounds, &others).unwrap();
        assert_eq!((ratio.median, ratio.min, ratio.max), (0.9, 0.9, 0.91));
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        assert_eq!(Spread::of_ratios(&[1.0], &[0.0]), None);
    }
}
