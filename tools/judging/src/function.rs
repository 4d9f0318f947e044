//! Judges exercises that are functions: a starter in a crate's `exercises/`, with a trial for each
//! check.
//!
//! A starter's functions are `todo!("…")`. As long as one of them is, all its trials are ignored,
//! and `cargo test` passes; from then on they count. The project's own answer goes through the
//! same checks, and so does each wrong answer, which one of them has to find.

use std::cell::RefCell;
use std::fmt::Debug;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::source::{borrowed, may_end_its_process, unfinished};

/// What a check returns: if it fails, what the student should read.
pub type Checked = Result<(), String>;

/// What is checked, and how.
pub struct Check {
    name: &'static str,
    judge: Box<dyn Fn() -> Checked + Send>,
}

/// Puts a name and a closure together to a [`Check`].
pub fn check(name: &'static str, judge: impl Fn() -> Checked + Send + 'static) -> Check {
    let judge = Box::new(judge);
    Check { name, judge }
}

/// Whether a function returned what it should. If not, says so, and where to read on.
///
/// # Errors
///
/// It didn't.
pub fn expect<T: PartialEq + Debug>(call: &str, expected: &T, saw: &T, read: &str) -> Checked {
    if expected == saw {
        return Ok(());
    }
    Err(format!(
        "{call}\n  expected: {expected:#?}\n  saw:      {saw:#?}\n  read:     {read}"
    ))
}

/// The same for a function that picks one of a few answers: the failure doesn't tell the right one.
///
/// # Errors
///
/// It didn't.
pub fn expect_untold<T: PartialEq + Debug>(
    call: &str,
    expected: &T,
    saw: &T,
    read: &str,
) -> Checked {
    if expected == saw {
        return Ok(());
    }
    Err(format!(
        "{call}\n  saw:      {saw:?}, which is wrong\n  read:     {read}"
    ))
}

/// The trials of a student's file, one for each check. `source` is its text, by which it is known
/// whether it is done, and whether it is the student's own.
pub fn starter(file: &'static str, source: &str, checks: Vec<Check>) -> Vec<Trial> {
    let waits = unfinished(source).map(|_| "has a todo!".to_owned());
    let borrows = borrowed(source).map(|what| format!("uses {what}"));
    let notes: Vec<_> = waits.iter().chain(&borrows).cloned().collect();
    let trials = allowed(source, checks).into_iter().map(|check| {
        Trial::test(format!("{file}: {}", check.name), move || Ok(check.run()?))
            .with_ignored_flag(waits.is_some())
            .with_kind(notes.join(", "))
    });
    trials.collect()
}

/// The function runs in the judge's process. One that ended it would pass: with status 0, and
/// whatever it printed. So if it may do that, each check fails.
fn allowed(source: &str, mut checks: Vec<Check>) -> Vec<Check> {
    if may_end_its_process(source) {
        let why = "it uses std::process, which may end the judge: do without it";
        for check in &mut checks {
            check.judge = Box::new(|| Err(why.to_owned()));
        }
    }
    checks
}

/// The trial of the project's own answer: each check passes.
pub fn answer(file: &'static str, checks: Vec<Check>) -> Trial {
    Trial::test(
        format!("{file}: the project's answer is right"),
        move || checks.iter().try_for_each(Check::run).map_err(Failed::from),
    )
}

/// The trial of wrong answers, each named by its fault: each is found by a check.
pub fn wrong_answers(file: &'static str, answers: Vec<(&'static str, Vec<Check>)>) -> Trial {
    let name = format!("{file}: {} wrong answers are found", answers.len());
    Trial::test(name, move || {
        for (fault, checks) in &answers {
            if checks.iter().all(|check| check.run().is_ok()) {
                return Err(format!("no check finds that {fault}").into());
            }
        }
        Ok(())
    })
}

/// Runs trials as `cargo test` runs tests, with the same flags.
pub fn run(trials: Vec<Trial>) -> ExitCode {
    // A check that panics says so by itself: see `Check::run`.
    panic::set_hook(Box::new(|panic| LAST_PANIC.set(panic.to_string())));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

thread_local! {
    static LAST_PANIC: RefCell<String> = RefCell::default();
}

impl Check {
    /// A panic is a failure, with its place and its words.
    ///
    /// # Errors
    ///
    /// What is checked doesn't hold.
    pub fn run(&self) -> Checked {
        panic::catch_unwind(AssertUnwindSafe(&self.judge)).unwrap_or_else(|_| {
            // The starter is a module of the test by its path, and so the compiler calls it.
            let words = LAST_PANIC.take().replace("tests/../", "");
            Err(match words.split_once("not yet implemented: ") {
                Some((_, task)) => format!("Next: {task}"),
                None => words,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Once;

    use super::*;

    fn failure(judge: impl Fn() -> Checked + Send + 'static) -> String {
        static REMEMBER: Once = Once::new();
        REMEMBER.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                LAST_PANIC.set(panic.to_string());
                before(panic); // Other tests of this process fail with words.
            }));
        });
        check("it works", judge).run().unwrap_err()
    }

    #[test]
    fn a_failure_says_what_was_expected_what_was_seen_and_where_to_read() {
        let failure = failure(|| expect("half(4)", &2, &3, "docs/half.md"));
        insta::assert_snapshot!(failure, @"
        half(4)
          expected: 2
          saw:      3
          read:     docs/half.md
        ");
    }

    #[test]
    fn a_failure_may_keep_the_answer_to_itself() {
        let failure = failure(|| expect_untold("parity(4)", &"even", &"odd", "docs/half.md"));
        insta::assert_snapshot!(failure, @r#"
        parity(4)
          saw:      "odd", which is wrong
          read:     docs/half.md
        "#);
    }

    #[test]
    fn a_starter_that_is_run_all_the_same_says_what_is_to_be_written() {
        let failure = failure(|| todo!("write `half`"));
        insta::assert_snapshot!(failure, @"Next: write `half`");
    }

    #[test]
    fn trials_are_ignored_while_the_starter_has_a_todo() {
        for (source, ignored) in [("todo!(\"halve\")", true), ("number / 2", false)] {
            let checks = vec![check("it works", || Ok(()))];
            let trials = starter("half.rs", source, checks);
            assert!(
                trials
                    .iter()
                    .all(|trial| trial.has_ignored_flag() == ignored)
            );
        }
    }

    #[test]
    fn a_function_that_may_end_the_judge_fails() {
        for (source, passes) in [("std::process::exit(0)", false), ("number / 2", true)] {
            let checks = allowed(source, vec![check("it works", || Ok(()))]);
            assert_eq!(checks[0].run().is_ok(), passes, "{source}");
        }
    }
}
