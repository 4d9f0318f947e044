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

/// Expects that a starter that nobody has begun fails its first check at once, and that the failure
/// says what to write first. (In a student's tree it has been begun, and then this expects nothing.)
///
/// `source` is the starter's text.
///
/// # Panics
///
/// It doesn't.
pub fn expect_a_helpful_starter(role: Role, program: &str, source: &str) {
    const STEP_1: &str = "Return the first word of std::env::args()";
    if !source.contains(STEP_1) {
        return;
    }
    let submission = Submission::new(Command::new(program, ["{port}"]));
    let begin = Instant::now();
    let saw = role
        .checks()
        .first()
        .map(|first| first.judge(&submission).saw);
    let saw = saw.flatten().unwrap_or_default();
    assert!(saw.contains(STEP_1), "{saw}");
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
