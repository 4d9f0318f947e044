//! Judges both versions of a program, and the steps between them.
//!
//! Our own programs don't need a person's pace, so they are judged much faster first. Only if that
//! gives a verdict that the test doesn't expect, the check is made again as the command makes it,
//! and that verdict counts.

use std::fmt::Write;
use std::time::Duration;

use checks::check::{Check, Outcome, Role, Verdict};
use checks::judge::{Submission, judge};
use checks::parallel::in_order;
use checks::report;
use checks::run::Patience;
use supervise::Command;

/// How much faster than people the peers and the user are.
const SPEED: u32 = 20;

/// How long to wait for what the tutorial's version does in milliseconds, or never does.
const IN_VAIN: Duration = Duration::from_millis(400);

/// A check, and what came of it.
type Judged = (&'static Check, Outcome);

/// Why the program doesn't pass all checks of the role: an explanation of each that it fails, and
/// nothing if it passes all.
///
/// It is started with these arguments, `{port}` among them. `elsewhere` is the name of a check that
/// takes long, and is made by another test.
pub fn failures<const N: usize>(
    role: Role,
    program: &str,
    arguments: [&str; N],
    elsewhere: Option<&str>,
) -> String {
    let is_here = |check: &&Check| !elsewhere.is_some_and(|name| check.id.ends_with(name));
    let checks: Vec<_> = role.checks().iter().filter(is_here).collect();
    let patience = Patience {
        speed: SPEED,
        ..Patience::default()
    };
    let command = Command::new(program, arguments);
    let is_expected = |(_, outcome): &Judged| outcome.verdict == Verdict::Passed;
    let mut outcomes = outcomes(&checks, command, patience, is_expected);
    outcomes.retain(|(_, outcome)| !outcome.verdict.is_pass());
    outcomes.iter().map(explained).collect()
}

/// What the program falls for: a line for each check, with the verdict, the same in every run.
///
/// `expected` has the lines that the test expects, and maybe others. Why the program fails a check
/// unexpectedly is printed for the test's own report.
#[allow(
    clippy::print_stderr,
    reason = "a test prints what explains its failure"
)]
pub fn verdicts<const N: usize>(
    role: Role,
    program: &str,
    arguments: [&str; N],
    expected: &str,
) -> String {
    let patience = Patience {
        start: Patience::default().start,
        answer: IN_VAIN,
        meanwhile: IN_VAIN,
        next: IN_VAIN,
        end: IN_VAIN,
        giving_up: IN_VAIN,
        speed: SPEED,
    };
    let line = |(check, outcome): &Judged| report::line(check, outcome);
    let is_expected = |judged: &Judged| expected.lines().any(|it| it == line(judged));
    let command = Command::new(program, arguments);
    let checks: Vec<_> = role.checks().iter().collect();
    let outcomes = outcomes(&checks, command, patience, is_expected);
    for unexpected in outcomes.iter().filter(|it| !is_expected(it)) {
        eprintln!("{}", explained(unexpected));
    }
    outcomes.iter().map(|it| line(it) + "\n").collect()
}

/// The line of a check, and why the program has failed it.
fn explained((check, outcome): &Judged) -> String {
    let line = report::line(check, outcome);
    format!("{line}\n{}\n", report::explanation(check, outcome))
}

/// What comes of these checks: with this patience, or, where that isn't expected, as the command
/// judges.
fn outcomes(
    checks: &[&'static Check],
    command: Command,
    patience: Patience,
    is_expected: impl Fn(&Judged) -> bool,
) -> Vec<Judged> {
    let as_usual = Submission::new(command);
    let quick = &Submission {
        patience,
        ..as_usual.clone()
    };
    let mut outcomes = Vec::new();
    let judge_quickly = |check: &&Check| check.judge(quick);
    in_order(checks, checks.len(), judge_quickly, |check, outcome| {
        outcomes.push((*check, outcome));
        true
    });
    let unexpected = outcomes.extract_if(.., |it| !is_expected(it));
    let again: Vec<&Check> = unexpected.map(|(check, _)| check).collect();
    judge(&again, &as_usual, |check, outcome| {
        // The same line whether all checks were made again or this one alone.
        let same_as = None;
        outcomes.push((check, Outcome { same_as, ..outcome }));
    });
    outcomes.sort_by_key(|(judged, _)| checks.iter().position(|check| check.id == judged.id));
    outcomes
}

/// Which program passes which check: a row for each check of the role, a column for each program
/// (its name, its file, and its arguments in one text, `{port}` among them). `+` is a pass.
///
/// # Panics
///
/// A program isn't judged the same three times, or fails a check that the one before it passes.
pub fn table(role: Role, programs: &[(&str, &str, &str)]) -> String {
    let checks: Vec<&Check> = role.checks().iter().collect();
    let mut columns: Vec<Vec<bool>> = Vec::new();
    for (name, file, arguments) in programs {
        let submission = Submission::new(Command::new(*file, arguments.split(' ')));
        let passes = || {
            let mut passes = Vec::new();
            judge(&checks, &submission, |_, outcome| {
                passes.push(outcome.verdict.is_pass());
            });
            passes
        };
        let first = passes();
        for _ in 1..3 {
            assert_eq!(first, passes(), "{name}");
        }
        columns.push(first);
    }
    let names: Vec<_> = programs.iter().map(|(name, ..)| *name).collect();
    let mut table = format!("{:32}{}\n", "", names.join("  "));
    for (row, check) in checks.iter().enumerate() {
        let passes: Vec<bool> = columns.iter().map(|column| column[row]).collect();
        assert!(passes.is_sorted(), "{} is passed, then failed", check.id);
        let mut line = format!("{:32}", check.id);
        for ((name, ..), passes) in programs.iter().zip(passes) {
            let mark = if passes { '+' } else { '-' };
            let _ = write!(line, "{mark:<width$}", width = name.len() + 2);
        }
        let _ = writeln!(table, "{}", line.trim_end());
    }
    table
}
