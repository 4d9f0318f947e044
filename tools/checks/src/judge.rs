//! All checks of a role against one program, several at a time.

use std::any::Any;
use std::fmt::Debug;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use crate::check::{Check, Outcome, Role, Verdict};
use crate::lab::Lab;
use crate::lock::lock;
use crate::port::Port;
use crate::program::Command;
use crate::run::{Kind, Patience, Run, Stop};

/// How many checks run at the same time, as usual.
pub const JOBS: usize = 8;

/// How often a check is tried on another port if somebody else has the one it had.
const TRIES: u32 = 5;

/// How long to wait until a port that can't be changed is free. On Linux a connection is in
/// TIME-WAIT for 60 s.
const TIME_WAIT: Duration = Duration::from_secs(65);

/// Checks share it. While a check has it alone, no other program under test runs.
static MACHINE: RwLock<()> = RwLock::new(());

/// How many that share it have begun their work, and how many of them have ended it.
static BEGUN: AtomicUsize = AtomicUsize::new(0);
static ENDED: AtomicUsize = AtomicUsize::new(0);

/// What is judged, and how.
#[derive(Debug, Clone)]
pub struct Submission {
    /// How the program is started.
    pub command: Command,
    /// Its port, if it can't be told another. Then its checks run one after the other.
    pub fixed_port: Option<u16>,
    /// How long it may take.
    pub patience: Patience,
    /// How many checks run at the same time, each with its own program. They mostly wait.
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

impl Check {
    /// Whether it is its role's very first, which says whether the program is there at all.
    pub fn is_first(&self) -> bool {
        Role::ALL.iter().any(|role| {
            role.checks()
                .first()
                .is_some_and(|first| first.id == self.id)
        })
    }

    /// Runs it against a program, once: again, on another port if possible, only if somebody else
    /// has the program's port.
    ///
    /// If the program has a fixed port, no two checks may run at the same time.
    pub fn judge(&self, submission: &Submission) -> Outcome {
        self.attempt(submission).0
    }

    /// Returns the kind of its failure, too, if it has failed.
    fn attempt(&self, submission: &Submission) -> (Outcome, Option<Kind>) {
        // Where there is no other port, one more try has to do.
        let tries = submission.fixed_port.map_or(TRIES, |_| 2);
        for _ in 1..tries {
            let (outcome, kind) = self.attempt_on_a_port(submission);
            if kind != Some(Kind::PortLost) {
                return (outcome, kind);
            }
            if let Some(number) = submission.fixed_port {
                Port::fixed(number).wait_until_free(TIME_WAIT);
            }
        }
        self.attempt_on_a_port(submission)
    }

    fn attempt_on_a_port(&self, submission: &Submission) -> (Outcome, Option<Kind>) {
        let prepared = submission.prepare.as_ref().map(|it| it.prepare());
        let (command, _needed) = match prepared.transpose() {
            Ok(prepared) => prepared.unwrap_or_else(|| (submission.command.clone(), Box::new(()))),
            Err(error) => {
                let why = format!("its folder can't be copied: {error}");
                // Other programs may have filled the disk for a moment.
                return (Outcome::skipped(why), Some(Kind::Missing));
            }
        };
        let fixed_port = submission.fixed_port;
        let run = Run::new(fixed_port.is_some(), &submission.patience);
        let mut lab = Lab::new(&command, fixed_port, run.clone());
        let end = (self.run)(&mut lab);
        // A flood is a reason for much else.
        let end = lab.expects_no_flood().and(end);
        run.close();
        let outcome = |verdict| Outcome {
            steps: run.steps(),
            ..Outcome::of(verdict)
        };
        match end {
            Ok(()) => (outcome(Verdict::Passed), None),
            Err(Stop::Failed(failure)) => {
                let advice = failure.advice.as_deref().unwrap_or(self.advice);
                let words = failure.first.into_iter().chain([advice]);
                let failed = Outcome {
                    advice: Some(words.collect::<Vec<_>>().join(" ")),
                    expected: Some(failure.expected),
                    saw: Some(failure.saw),
                    by_hand: run.by_hand().commands(),
                    ..outcome(Verdict::Failed)
                };
                (failed, Some(failure.kind))
            }
            Err(Stop::Skipped(why)) => {
                let skipped = Outcome {
                    saw: Some(why),
                    ..outcome(Verdict::Skipped)
                };
                (skipped, None)
            }
        }
    }
}

/// Runs these checks, and calls `report` with each outcome, in the order of the checks, as soon as
/// all before it are known. Returns the verdicts in that order.
///
/// If the very first check of the role is among them, it is made before the others. If it fails, the
/// program isn't there, and the others are skipped.
pub fn judge(
    checks: &[&'static Check],
    submission: &Submission,
    mut report: impl FnMut(&'static Check, &Outcome),
) -> Vec<Verdict> {
    let board = Board::new(checks.to_vec());
    let helpers = if submission.fixed_port.is_some() {
        1
    } else {
        submission.jobs.max(1)
    };
    thread::scope(|scope| {
        let work = || board.work(submission);
        let start = |_| thread::Builder::new().spawn_scoped(scope, work);
        // A busy system may have no more threads. One does, if it is this one.
        if (0..helpers).flat_map(start).count() == 0 {
            work();
        }
        let outcomes = checks.iter().enumerate().map(|(index, check)| {
            let outcome = board.outcome(index);
            report(check, &outcome);
            outcome.verdict
        });
        outcomes.collect()
    })
}

/// If a check panics, that is a bug of the check, and nothing may wait for it forever.
fn attempt(check: &Check, submission: &Submission) -> (Outcome, Option<Kind>) {
    let attempt = || check.attempt(submission);
    panic::catch_unwind(AssertUnwindSafe(attempt)).unwrap_or_else(|_| {
        let outcome = Outcome::skipped("the check itself broke, which is a bug of it");
        (outcome, None)
    })
}

/// Which checks are taken, and the outcomes of those that are done.
#[derive(Debug)]
pub struct Board {
    checks: Vec<&'static Check>,
    next: AtomicUsize,
    /// The checks to be made when the program runs alone, and whether that is their second time.
    later: Mutex<Vec<(usize, bool)>>,
    /// The program can't run twice at the same time: a copy of it ended at once.
    runs_alone: AtomicBool,
    outcomes: Mutex<Vec<Option<Outcome>>>,
    done: Condvar,
}

impl Board {
    /// Nothing is done yet.
    pub fn new(checks: Vec<&'static Check>) -> Self {
        Self {
            next: AtomicUsize::new(0),
            later: Mutex::default(),
            runs_alone: AtomicBool::new(false),
            outcomes: Mutex::new(vec![None; checks.len()]),
            checks,
            done: Condvar::new(),
        }
    }

    /// Makes one check after another, until none is left to take.
    pub fn work(&self, submission: &Submission) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(check) = self.checks.get(index) else {
                break;
            };
            match self.obstacle(index) {
                Some(why) => self.settle(index, Outcome::skipped(why)),
                None => self.first_try(index, check, submission),
            }
        }
        let next = || {
            let mut later = lock(&self.later);
            (!later.is_empty()).then(|| later.remove(0))
        };
        while let Some((index, is_second)) = next() {
            if let Some(check) = self.checks.get(index) {
                self.settle(index, try_alone(check, submission, is_second));
            }
        }
    }

    fn first_try(&self, index: usize, check: &'static Check, submission: &Submission) {
        if self.runs_alone.load(Ordering::Relaxed) {
            return lock(&self.later).push((index, false));
        }
        let ((outcome, kind), was_alone) = shares_the_machine(|| attempt(check, submission));
        let is_missing = matches!(kind, Some(Kind::Missing | Kind::Ended));
        if index == 0 && check.is_first() {
            // All others of this program wait for it. If it was late although no other program ran,
            // that counts: only what takes no time is repeated.
            let outcome = match kind {
                Some(Kind::Missing) if was_alone => outcome,
                _ if is_missing => try_alone(check, submission, true),
                _ => outcome,
            };
            self.settle(index, outcome);
        } else if is_missing {
            let cannot_run_twice = kind == Some(Kind::Ended);
            self.runs_alone
                .fetch_or(cannot_run_twice, Ordering::Relaxed);
            lock(&self.later).push((index, !cannot_run_twice));
        } else {
            self.settle(index, outcome);
        }
    }

    fn settle(&self, index: usize, outcome: Outcome) {
        if let Some(place) = lock(&self.outcomes).get_mut(index) {
            *place = Some(outcome);
        }
        self.done.notify_all();
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
        let mut outcomes = lock(&self.outcomes);
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
}

/// Does something that takes much of the machine, such as to compile a program, while no check has
/// the machine alone.
pub fn beside_others<T>(work: impl FnOnce() -> T) -> T {
    shares_the_machine(work).0
}

/// The same. Returns whether nobody else did such a thing meanwhile, too.
fn shares_the_machine<T>(work: impl FnOnce() -> T) -> (T, bool) {
    let _beside_others = MACHINE.read().unwrap_or_else(PoisonError::into_inner);
    // In this order: then nobody is missed who is at work at any time meanwhile.
    let ended = ENDED.load(Ordering::SeqCst);
    let begun = BEGUN.fetch_add(1, Ordering::SeqCst);
    let result = work();
    let was_alone = begun == ended && BEGUN.load(Ordering::SeqCst) == begun + 1;
    ENDED.fetch_add(1, Ordering::SeqCst);
    (result, was_alone)
}

/// The try that counts: no other program under test runs. If it is the first one, beside nobody, a
/// missing answer is worth a second one.
fn try_alone(check: &Check, submission: &Submission, is_second: bool) -> Outcome {
    let _alone = MACHINE.write().unwrap_or_else(PoisonError::into_inner);
    let (mut outcome, kind) = attempt(check, submission);
    let mut is_second = is_second;
    if !is_second && matches!(kind, Some(Kind::Missing | Kind::Ended)) {
        (outcome, _) = attempt(check, submission);
        is_second = true;
    }
    if is_second && outcome.verdict == Verdict::Passed {
        outcome.verdict = Verdict::Unsteady;
    }
    outcome
}
