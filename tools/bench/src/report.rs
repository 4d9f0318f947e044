//! The figures, before they are given a form.

use std::fs;
use std::thread;

use serde::Serialize;

use crate::stats::Spread;

/// All that one run has found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// On what it ran.
    pub machine: Machine,
    /// What was measured, in order.
    pub sections: Vec<Section>,
}

/// One thing that was measured.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Section {
    /// Several programs doing the same.
    Comparison(Comparison),
    /// Figures that stand for themselves.
    Facts(Facts),
}

impl Section {
    /// Its name in files and between the page's markers: `tcp-16`.
    pub fn id(&self) -> &str {
        match self {
            Self::Comparison(comparison) => &comparison.id,
            Self::Facts(facts) => &facts.id,
        }
    }

    /// Whether everything in it is as it has to be.
    pub fn holds(&self) -> bool {
        match self {
            Self::Comparison(comparison) => comparison.targets.iter().all(Target::is_met),
            Self::Facts(facts) => facts.facts.iter().all(Fact::holds),
        }
    }
}

/// Several programs under the same load, in alternating rounds.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// Its name in files: `tcp-16`.
    pub id: String,
    /// What is compared.
    pub title: String,
    /// What is counted: "requests".
    pub unit: &'static str,
    /// How many rounds each had.
    pub rounds: usize,
    /// The programs; the first is what the others are compared with.
    pub rows: Vec<Row>,
    /// What had to be reached.
    pub targets: Vec<Target>,
}

/// What one program did.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The program.
    pub name: String,
    /// Requests, or messages, a second.
    pub rate: Spread,
    /// Its rate divided by the first row's, round by round.
    pub ratio: Option<Spread>,
    /// Half of the answers came within this time, in microseconds, all rounds together.
    pub p50_us: f64,
    /// 99 in 100 answers did.
    pub p99_us: f64,
    /// All did.
    pub worst_us: f64,
    /// The program's processor time for each request, in microseconds, the system's part included.
    pub processor_us: Option<Spread>,
    /// The most memory that it had resident, in KiB.
    pub peak_kib: Option<u64>,
    /// What went wrong, as often as it did.
    pub errors: u64,
    /// What else there is to say.
    pub remark: Option<String>,
}

/// A ratio that has to be reached.
#[derive(Debug, Serialize)]
pub struct Target {
    /// The program that has to reach it.
    pub name: String,
    /// What it is compared with.
    pub against: String,
    /// The ratio.
    pub at_least: f64,
    /// What was reached.
    pub reached: Option<Spread>,
}

impl Target {
    /// A target is met if its median is, or if what it is compared with isn't installed here.
    pub fn is_met(&self) -> bool {
        self.reached
            .is_none_or(|reached| reached.median >= self.at_least)
    }
}

/// Figures that aren't compared with one another.
#[derive(Debug, Serialize)]
pub struct Facts {
    /// Its name in files: `idle`.
    pub id: String,
    /// What they are about.
    pub title: String,
    /// The figures.
    pub facts: Vec<Fact>,
}

/// One figure.
#[derive(Debug, Serialize)]
pub struct Fact {
    /// What was counted.
    pub what: String,
    /// How much of it there was.
    pub value: f64,
    /// In what it is counted: `KiB`.
    pub unit: &'static str,
    /// How much of it there may be at most.
    pub at_most: Option<f64>,
}

impl Fact {
    /// A figure without a limit.
    pub fn new(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            what: what.into(),
            value,
            unit,
            at_most: None,
        }
    }

    /// The same with a limit.
    #[must_use]
    pub fn at_most(self, limit: f64) -> Self {
        Self {
            at_most: Some(limit),
            ..self
        }
    }

    /// Whether its limit is kept.
    pub fn holds(&self) -> bool {
        self.at_most.is_none_or(|limit| self.value <= limit)
    }
}

/// On what a run ran.
#[derive(Debug, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many threads run at the same time.
    pub cores: usize,
    /// The system and its version.
    pub system: String,
    /// How the programs were built.
    pub build: &'static str,
}

impl Machine {
    /// This one.
    pub fn this() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let processor = read("/proc/cpuinfo")
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .map_or("unknown", |name| name.trim_start_matches([' ', '\t', ':']))
            .to_owned();
        let release = read("/proc/sys/kernel/osrelease");
        Self {
            processor,
            cores: thread::available_parallelism().map_or(1, usize::from),
            system: format!("{} {}", std::env::consts::OS, release.trim()),
            build: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
        }
    }
}
