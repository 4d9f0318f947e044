//! What the chapters' `tests/checks.rs` share: both versions of a program, and the starter of the
//! exercise, judged.

use std::fmt::Write;
use std::time::Instant;

use crate::check::{Check, Outcome, Role};
use crate::judge::{Submission, judge};
use crate::program::Command;
use crate::report;
use crate::run::Patience;

/// Why the program doesn't stand all checks of the role: an explanation of each that it fails, and
/// nothing if it passes all.
///
/// It is started with these arguments, `{port}` among them.
pub fn failures<const N: usize>(role: Role, program: &str, arguments: [&str; N]) -> String {
    let mut text = String::new();
    judge_all(
        role,
        program,
        arguments,
        Patience::default(),
        |check, outcome| {
            if !outcome.verdict.is_pass() {
                let (line, why) = (
                    report::line(check, outcome),
                    report::explanation(check, outcome),
                );
                // Writing to a string can't fail.
                let _ = writeln!(text, "{line}\n{why}");
            }
        },
    );
    text
}

/// What the program falls for: a line for each check, with the verdict, the same in every run.
///
/// Why it fails is printed for the test's own report, which shows it if the list isn't as it was.
#[allow(
    clippy::print_stderr,
    reason = "a test prints what explains its failure"
)]
pub fn verdicts<const N: usize>(role: Role, program: &str, arguments: [&str; N]) -> String {
    let mut list = String::new();
    judge_all(
        role,
        program,
        arguments,
        Patience::short(),
        |check, outcome| {
            let line = report::line(check, outcome);
            let _ = writeln!(list, "{line}");
            eprintln!("{line}\n{}", report::explanation(check, outcome));
        },
    );
    list
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
        let command = Command::new(*file, arguments.split(' '));
        let verdicts = [(); 3].map(|()| {
            let verdicts = judge(&checks, &Submission::new(command.clone()), |_, _| {});
            verdicts.iter().map(|it| it.is_pass()).collect()
        });
        let [first, second, third]: [Vec<bool>; 3] = verdicts;
        assert_eq!(first, second, "{name}");
        assert_eq!(first, third, "{name}");
        columns.push(first);
    }
    let mut table = format!("{:32}", "");
    let _ = writeln!(
        table,
        "{}",
        programs
            .iter()
            .map(|it| it.0)
            .collect::<Vec<_>>()
            .join("  ")
    );
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

/// Expects that a starter that nobody has begun fails its first check at once, and that the failure
/// says what to write first. (In a student's tree it has been begun, and then this expects nothing.)
///
/// `source` is the starter's text.
///
/// # Panics
///
/// It doesn't.
pub fn expect_a_helpful_starter(role: Role, program: &str, source: &str) {
    if !source.contains("write `port`") {
        return;
    }
    let submission = Submission::new(Command::new(program, ["{port}"]));
    let begin = Instant::now();
    let first = role.checks().first();
    let advice = first.and_then(|first| first.judge(&submission).advice);
    let advice = advice.unwrap_or_default();
    assert!(advice.starts_with("Next: write `port`"), "{advice}");
    assert!(begin.elapsed() < submission.patience.start, "it hangs");
}

fn judge_all<const N: usize>(
    role: Role,
    program: &str,
    arguments: [&str; N],
    patience: Patience,
    report: impl FnMut(&'static Check, &Outcome),
) {
    let checks: Vec<&Check> = role.checks().iter().collect();
    let submission = Submission {
        again_alone: false,
        patience,
        // They mostly wait.
        jobs: checks.len(),
        ..Submission::new(Command::new(program, arguments))
    };
    judge(&checks, &submission, report);
}
