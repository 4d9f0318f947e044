//! A chapter's `tests/exercise.rs`: a trial for each check of an exercise's role.
//!
//! As long as the exercise has a `todo!(` in it, its trials are ignored, with the reason. From then
//! on plain `cargo test` judges it. `--include-ignored` judges it anyway, up to the first check
//! that fails: the `todo!` behind it would fail most of the others.
//!
//! A trial says so if the exercise uses what others wrote, such as the chapter's own program.

use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

use checks::check::{Check, Outcome, Role, Verdict};
use checks::judge::{Submission, judge};
use checks::report;
use libtest_mimic::{Arguments, Completion, Conclusion, Failed, Trial};
use supervise::{Command, lock};

use crate::source::{borrowed, unfinished};

/// What a student writes.
#[derive(Debug, Clone, Copy)]
pub struct Exercise {
    /// What it is to become.
    pub role: Role,
    /// The file, from the crate's root.
    pub file: &'static str,
    /// What is in it: `include_str!` of the file.
    pub source: &'static str,
    /// The program that it is compiled to: `env!("CARGO_BIN_EXE_…")`. Its only argument is the
    /// port.
    pub program: &'static str,
}

/// Judges the exercises, as the command line says: that of every test program.
pub fn main(exercises: &[Exercise]) -> ExitCode {
    run(exercises, Arguments::from_args()).exit_code()
}

/// Judges the exercises as these arguments say.
pub fn run(exercises: &[Exercise], mut arguments: Arguments) -> Conclusion {
    let trials = exercises.iter().flat_map(|it| trials_of(it, &arguments));
    let trials = trials.collect();
    // The checks run in parallel all the same, in the background: so the trials are in order.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials)
}

fn trials_of(exercise: &Exercise, arguments: &Arguments) -> Vec<Trial> {
    let anyway = arguments.include_ignored || arguments.ignored;
    let waits = unfinished(exercise.source);
    let waits = waits.map(|line| format!("{}:{line} has a todo!", exercise.file));
    let ignored = waits.is_some() && anyway;
    let note = borrowed(exercise.source).map_or(String::new(), |what| format!("uses {what}"));
    let wanted: Vec<&'static Check> = exercise
        .role
        .checks()
        .iter()
        .filter(|check| {
            let trial = Trial::test(check.id, || Ok(())).with_ignored_flag(ignored);
            !arguments.is_filtered_out(&trial)
        })
        .collect();
    let (program, all) = (exercise.program, wanted.clone());
    let judging = Arc::new(LazyLock::new(move || Judging::start(program, all)));
    let trial = |check: &'static Check| {
        let (waits, judging) = (waits.clone(), Arc::clone(&judging));
        let run = move || match waits {
            Some(why) if !anyway => Ok(Completion::ignored_with(why)),
            unfinished => lock(&judging).next(check, unfinished.is_some()),
        };
        Trial::ignorable_test(check.id, run)
            .with_ignored_flag(ignored)
            .with_kind(note.clone())
    };
    wanted.into_iter().map(trial).collect()
}

/// The checks of one exercise, under way.
#[derive(Debug)]
struct Judging {
    /// In the order of the checks, which is that of the trials.
    outcomes: Receiver<Outcome>,
    first_failed: Option<&'static Check>,
}

impl Judging {
    fn start(program: &str, checks: Vec<&'static Check>) -> Mutex<Self> {
        let submission = Submission::new(Command::new(program, ["{port}"]));
        let (sender, outcomes) = mpsc::channel();
        thread::spawn(move || {
            judge(&checks, &submission, |_, outcome| {
                // Nobody receives it any more after the first failure of an unfinished program.
                let _ = sender.send(outcome);
            });
        });
        Mutex::new(Self {
            outcomes,
            first_failed: None,
        })
    }

    /// The next check's outcome. While the program is unfinished, only the first failure counts.
    fn next(&mut self, check: &'static Check, is_unfinished: bool) -> Result<Completion, Failed> {
        if let Some(first) = self.first_failed.filter(|_| is_unfinished) {
            return Ok(Completion::ignored_with(format!("first {}", first.id)));
        }
        let outcome = self.outcomes.recv()?;
        match outcome.verdict {
            Verdict::Passed | Verdict::Unsteady => Ok(Completion::Completed),
            Verdict::Failed => {
                self.first_failed.get_or_insert(check);
                Err(format!("{}\n{}", check.title, report::explanation(check, &outcome)).into())
            }
            Verdict::Skipped => Ok(Completion::ignored_with(outcome.saw.unwrap_or_default())),
        }
    }
}

/// Expects that a starter that nobody has begun fails its first check at once, and that the failure
/// says what to write first. (In a student's tree it has been begun, and then this expects
/// nothing.)
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
    let first = role.checks().first();
    let advice = first.and_then(|first| first.judge(&submission).advice);
    let advice = advice.unwrap_or_default();
    assert!(advice.starts_with("Next: write `port`"), "{advice}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_says_so_if_the_exercise_uses_what_others_wrote() {
        let kinds = |source| {
            let exercise = Exercise {
                role: Role::TcpServer,
                file: "server.rs",
                source,
                program: "./server",
            };
            let mut kinds: Vec<_> = trials_of(&exercise, &Arguments::default())
                .iter()
                .map(|trial| (trial.kind().to_owned(), trial.has_ignored_flag()))
                .collect();
            kinds.dedup();
            kinds
        };
        let robust = "ch4_tcp_server::robust::serve(listener) // todo!(";
        assert_eq!(kinds(robust), [("uses ch4_tcp_server".to_owned(), false)]);
        assert_eq!(kinds("// ch4_tcp_server"), [(String::new(), false)]);
    }
}
