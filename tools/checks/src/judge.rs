//! All checks of a role against one program, several at a time.

use std::any::Any;
use std::fmt::Debug;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::check::{Check, Outcome, Verdict};
use crate::program::Command;
use crate::story::Patience;

/// How many checks run at the same time, as usual.
pub const JOBS: usize = 8;

/// What is judged, and how.
#[derive(Debug, Clone)]
pub struct Submission {
    /// How the program is started.
    pub command: Command,
    /// Its port, if it can't be told another. Then its checks run one after the other.
    pub fixed_port: Option<u16>,
    /// How long it may take.
    pub patience: Patience,
    /// How many checks run at the same time, each with a program of its own. They mostly wait.
    pub jobs: usize,
    /// What makes the command of each check, if it isn't the same one for all.
    pub prepare: Option<Arc<dyn Prepare>>,
}

/// Makes the command of one check, such as one that runs in a folder that no other check has.
pub trait Prepare: Debug + Send + Sync {
    /// The command, and what it needs for as long as the check runs.
    ///
    /// # Errors
    ///
    /// The system can't give what is needed. Then the check is skipped.
    fn prepare(&self) -> io::Result<(Command, Box<dyn Any>)>;
}

impl Submission {
    /// A program that is told its port, judged as usual.
    pub fn new(command: Command) -> Self {
        Self {
            command,
            fixed_port: None,
            patience: Patience::default(),
            jobs: JOBS,
            prepare: None,
        }
    }
}

/// Runs these checks, and calls `report` with each outcome, in the order of the checks, as soon as
/// all before it are known. Returns the verdicts in that order.
///
/// If the very first check of the role is among them, it runs alone. If it fails, the program isn't
/// there, and the others are skipped.
pub fn judge(
    checks: &[&'static Check],
    submission: &Submission,
    mut report: impl FnMut(&'static Check, &Outcome),
) -> Vec<Verdict> {
    let board = Board::new(checks.to_vec());
    let helpers = if submission.fixed_port.is_some() {
        1
    } else {
        submission.jobs
    };
    thread::scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(|| board.work(submission));
        }
        let outcomes = checks.iter().enumerate().map(|(index, check)| {
            let outcome = board.outcome(index);
            report(check, &outcome);
            outcome.verdict
        });
        outcomes.collect()
    })
}

/// A check that breaks is its own fault, and nobody shall wait for it.
fn judge_one(check: &Check, submission: &Submission) -> Outcome {
    let judge = || check.judge(submission);
    panic::catch_unwind(AssertUnwindSafe(judge))
        .unwrap_or_else(|_| Outcome::skipped("the check itself broke, which is a bug of it"))
}

/// Who does which check, and what came of those that are done.
#[derive(Debug)]
pub struct Board {
    checks: Vec<&'static Check>,
    next: AtomicUsize,
    outcomes: Mutex<Vec<Option<Outcome>>>,
    done: Condvar,
}

impl Board {
    /// Nothing is done yet.
    pub fn new(checks: Vec<&'static Check>) -> Self {
        Self {
            next: AtomicUsize::new(0),
            outcomes: Mutex::new(vec![None; checks.len()]),
            checks,
            done: Condvar::new(),
        }
    }

    /// Does one check after another, until none is left that nobody does.
    pub fn work(&self, submission: &Submission) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(check) = self.checks.get(index) else {
                return;
            };
            let outcome = match self.obstacle(index) {
                Some(why) => Outcome::skipped(why),
                None => judge_one(check, submission),
            };
            if let Some(place) = self.lock().get_mut(index) {
                *place = Some(outcome);
            }
            self.done.notify_all();
        }
    }

    /// Why this check needn't be done.
    fn obstacle(&self, index: usize) -> Option<String> {
        let first = self.checks.first()?;
        if index == 0 || !first.is_first() || self.outcome(0).verdict.is_pass() {
            return None;
        }
        Some(format!("it needs {}", first.id))
    }

    /// Waits until this check is done.
    pub fn outcome(&self, index: usize) -> Outcome {
        let mut outcomes = self.lock();
        loop {
            match outcomes.get(index) {
                Some(Some(outcome)) => return outcome.clone(),
                Some(None) => {
                    outcomes = self
                        .done
                        .wait(outcomes)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                None => return Outcome::skipped("there is no such check"),
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Outcome>>> {
        // Each outcome is put in whole.
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
