//! What a student reads about a program: the first failure in full, the others by name.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;

use checks::check::{Check, Level, Outcome, Role, Verdict};
use checks::report;

/// A check, and what came of it.
pub(crate) type Judged = (&'static Check, Outcome);

/// Tells of one check after the other.
#[derive(Debug, Default)]
pub(crate) struct Teller {
    all: bool,
    first_failed: Option<&'static Check>,
    failed: usize,
    /// How many checks were skipped for each reason.
    skipped: BTreeMap<String, usize>,
}

impl Teller {
    /// With `all`, every failure is told in full, and every skipped check is named.
    pub(crate) fn new(all: bool) -> Self {
        Self {
            all,
            ..Self::default()
        }
    }

    /// What to print of this check, without a line end. `None` if it is told later.
    pub(crate) fn tell(&mut self, check: &'static Check, outcome: &Outcome) -> Option<String> {
        let mut text = report::line(check, outcome);
        match outcome.verdict {
            Verdict::Skipped if !self.all => {
                let why = outcome.saw.clone().unwrap_or_default();
                *self.skipped.entry(why).or_default() += 1;
                return None;
            }
            Verdict::Failed => {
                self.failed += 1;
                self.first_failed.get_or_insert(check);
                if self.all || self.failed == 1 {
                    text.push('\n');
                    text.push_str(report::explanation(check, outcome).trim_end());
                }
            }
            _ => {}
        }
        Some(text)
    }

    /// The skipped checks, in a line for each reason. Empty if there are none.
    pub(crate) fn folded(&self) -> String {
        let mut text = String::new();
        for (why, count) in &self.skipped {
            let checks = if *count == 1 { "check" } else { "checks" };
            // Writing to a string can't fail.
            let _ = writeln!(text, "skipped {count} {checks}: {why}");
        }
        text
    }

    /// How to read more about the failures. `None` if there are none. With `command`, for a
    /// reader who didn't type it, this has the whole command line.
    pub(crate) fn hint(&self, role: Role, command: Option<&str>) -> Option<String> {
        let first = self.first_failed?;
        let page = format!(
            "This check's page, in a terminal: {} {role} --list {}",
            this_command(),
            first.id
        );
        if self.all || self.failed == 1 {
            return Some(page);
        }
        let all = command.map_or("add --all".to_owned(), |command| {
            // Its author's own folder takes the place of a copy that is gone.
            let command = command.replace("{dir}", ".");
            format!("{} {role} --all -- {command}", this_command())
        });
        Some(format!("{page}\nTo see the other failures in full: {all}"))
    }
}

/// What the user has typed to start this program. Cargo sets the variable for what it runs.
fn this_command() -> &'static str {
    if env::var_os("CARGO").is_some() {
        "cargo run -p checks --"
    } else {
        "checks"
    }
}

/// How many passed, in words: in all, and of each level.
pub(crate) fn summary(judged: &[Judged]) -> String {
    let count = |wanted| judged.iter().filter(|it| it.1.verdict == wanted).count();
    let unsteady = count(Verdict::Unsteady);
    let mut summary = format!(
        "{} of {} passed",
        count(Verdict::Passed) + unsteady,
        judged.len()
    );
    if unsteady > 0 {
        let _ = write!(summary, ", {unsteady} of them unsteady");
    }
    let (failed, skipped) = (count(Verdict::Failed), count(Verdict::Skipped));
    let _ = write!(summary, ", {failed} failed, {skipped} skipped");
    let levels = Level::ALL.into_iter().filter_map(|level| {
        let (points, of) = points(judged, level);
        (of > 0).then(|| format!("{level} {points} of {of}"))
    });
    let levels: Vec<_> = levels.collect();
    let _ = write!(summary, " ({})", levels.join(", "));
    summary
}

/// How many checks of this level passed, and how many there are.
pub(crate) fn points(judged: &[Judged], level: Level) -> (usize, usize) {
    let of_level = || judged.iter().filter(|(check, _)| check.level == level);
    let passed = of_level().filter(|(_, outcome)| outcome.verdict.is_pass());
    (passed.count(), of_level().count())
}
