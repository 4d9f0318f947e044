//! All checks of a role against one program, several at a time.

use std::any::Any;
use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use supervise::Command;

use crate::check::{Check, Level, Outcome, Role, Verdict};
use crate::lab::Lab;
use crate::machine::Machine;
use crate::parallel::in_order;
use crate::port::Port;
use crate::run::{Kind, Patience, Stop};

/// How many checks run at the same time, as usual.
pub const JOBS: usize = 8;

/// How often a check is tried on another port if somebody else has the one it had.
const TRIES: u32 = 5;

/// How long to wait until a port that can't be changed is free. On Linux a connection is in
/// TIME-WAIT for 60 s.
const TIME_WAIT: Duration = Duration::from_secs(65);

/// How deep below a program's folder its files are looked at.
const DEPTH: u32 = 3;

/// What is judged, and how.
#[derive(Clone)]
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
    pub prepare: Option<Arc<Prepare>>,
    /// Lets a check run alone. Submissions that are judged at the same time share it.
    pub machine: Arc<Machine>,
}

/// Makes the command of one check, such as one that runs in a folder that no other check has, and
/// what it needs while the check runs. If the system can't give that, the check is skipped.
pub type Prepare = dyn Fn() -> io::Result<(Command, Box<dyn Any>)> + Send + Sync;

impl Submission {
    /// A program that is told its port, judged as usual.
    pub fn new(command: Command) -> Self {
        Self {
            command,
            fixed_port: None,
            patience: Patience::default(),
            jobs: JOBS,
            prepare: None,
            machine: Arc::default(),
        }
    }

    /// The command of the next check, and what it needs while the check runs.
    fn prepared(&self) -> io::Result<(Command, Box<dyn Any>)> {
        match &self.prepare {
            Some(prepare) => prepare(),
            None => Ok((self.command.clone(), Box::new(()))),
        }
    }

    /// Whether a file in the folder in which all copies of the program run has changed since then.
    /// One of them may have written it, and another read it.
    fn shares_files(&self, since: SystemTime) -> bool {
        let folder = self.command.dir.as_deref().unwrap_or(Path::new("."));
        // What the judge prints may go there: checks … > marks.txt. (What goes through tee is not
        // known as ours.)
        let ours = fs::metadata("/dev/stdout").ok();
        self.prepare.is_none() && has_changed(folder, since, DEPTH, ours.as_ref())
    }
}

/// Whether a file in this folder, or in those below it, down to this depth, has changed since then,
/// other than ours.
fn has_changed(folder: &Path, since: SystemTime, depth: u32, ours: Option<&Metadata>) -> bool {
    let mut entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.any(|entry| {
        let Ok(it) = entry.metadata() else {
            return false;
        };
        if it.is_dir() {
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            return depth > 0 && !is_hidden && has_changed(&entry.path(), since, depth - 1, ours);
        }
        it.modified().is_ok_and(|time| time >= since)
            && !ours.is_some_and(|ours| is_same_file(ours, &it))
    })
}

#[cfg(unix)]
fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Windows has no `/dev/stdout`, so there our file isn't known.
#[cfg(not(unix))]
fn is_same_file(_: &Metadata, _: &Metadata) -> bool {
    false
}

impl Check {
    /// Whether it is its role's very first, which says whether the program is there at all.
    fn is_first(&self) -> bool {
        let mut firsts = Role::ALL.iter().filter_map(|role| role.checks().first());
        firsts.any(|first| first.id == self.id)
    }

    /// Runs it against a program, once: again, on another port if possible, only if somebody else
    /// has the program's port.
    ///
    /// If the program has a fixed port, no two checks may run at the same time.
    pub fn judge(&self, submission: &Submission) -> Outcome {
        // Where there is no other port, one more try has to do.
        let tries = submission.fixed_port.map_or(TRIES, |_| 2);
        for _ in 1..tries {
            let outcome = self.judge_on_a_port(submission);
            if outcome.kind != Some(Kind::PortLost) {
                return outcome;
            }
            if let Some(number) = submission.fixed_port {
                Port::fixed(number).wait_until_free(TIME_WAIT);
            }
        }
        self.judge_on_a_port(submission)
    }

    fn judge_on_a_port(&self, submission: &Submission) -> Outcome {
        let (command, _needed) = match submission.prepared() {
            Ok(prepared) => prepared,
            // Other programs may have filled the disk for a moment.
            Err(error) => {
                return Outcome {
                    kind: Some(Kind::Missing),
                    ..Outcome::skipped(format!("its folder can't be copied: {error}"))
                };
            }
        };
        let mut lab = Lab::new(&command, submission.fixed_port, &submission.patience);
        let end = panic::catch_unwind(AssertUnwindSafe(|| (self.run)(&mut lab)));
        let broke = "the check itself broke, which is a bug in it";
        let end = end.unwrap_or_else(|_| Err(Stop::skipped(broke)));
        // A flood is a reason for much else.
        let end = lab.expects_no_flood().and(end);
        lab.close();
        self.outcome(&lab, end.err())
    }

    /// What comes of a run in this lab, which is over, and was stopped for this reason, if any.
    fn outcome(&self, lab: &Lab, stop: Option<Stop>) -> Outcome {
        let steps = lab.steps();
        let Some(stop) = stop else {
            return Outcome {
                verdict: Verdict::Passed,
                steps,
                ..Outcome::default()
            };
        };
        if stop.kind == Kind::Skipped {
            let skipped = Outcome::skipped(stop.saw);
            return Outcome { steps, ..skipped };
        }
        let advice = stop.advice.as_deref().unwrap_or(self.advice);
        let words: Vec<_> = stop.first.into_iter().chain([advice]).collect();
        Outcome {
            verdict: Verdict::Failed,
            kind: Some(stop.kind),
            crash: stop.crash().map(str::to_owned),
            expected: Some(stop.expected),
            saw: Some(stop.saw),
            advice: Some(words.join(" ")),
            is_silence: stop.is_silence,
            steps,
            by_hand: lab.by_hand().commands(),
            ..Outcome::default()
        }
    }
}

/// Runs these checks, and calls `report` with each outcome, in the order of the checks, as soon as
/// all before it are known.
///
/// If the very first check of the role is among them, it is made before the others. If it fails,
/// the program isn't there, and the others are skipped.
pub fn judge(
    checks: &[&'static Check],
    submission: &Submission,
    report: impl FnMut(&'static Check, Outcome),
) {
    let mut settled = Settled {
        report,
        failures: Vec::new(),
        came: HashSet::new(),
    };
    let mut others = checks;
    if let Some((first, rest)) = checks.split_first().filter(|(first, _)| first.is_first()) {
        others = rest;
        let outcome = try_first(first, submission);
        let is_there = outcome.verdict.is_pass();
        settled.settle(first, outcome);
        if !is_there {
            for check in others {
                settled.settle(
                    check,
                    Outcome::skipped(format!("{} must pass first", first.id)),
                );
            }
            return;
        }
    }
    // What the first run has written, such as Python's __pycache__, was there before the others.
    let begun = SystemTime::now();
    // The program can't run twice at the same time: a copy of it ended at once, or they share files
    // and one of them did something wrong.
    let runs_alone = AtomicBool::new(false);
    let try_it = |check: &&Check| try_beside_others(check, submission, begun, &runs_alone);
    let has_missed = |outcome: &Outcome| outcome.kind == Some(Kind::Missing);
    // From the first check on that has to be made when the program runs alone.
    let mut later = Vec::new();
    let jobs = submission.fixed_port.map_or(submission.jobs, |_| 1);
    in_order(others, jobs, try_it, |check, tried| {
        match tried {
            Some(it) if later.is_empty() && !has_missed(&it) => settled.settle(check, it),
            tried => later.push((check, tried)),
        }
        true
    });
    for (check, tried) in later {
        let outcome = match tried {
            Some(it) if !has_missed(&it) || settled.has_seen(&it) => it,
            first => try_alone(check, submission, first.is_some()),
        };
        settled.settle(check, outcome);
    }
}

/// What is known of a program, in the order of its checks.
struct Settled<R> {
    report: R,
    /// The basic checks that failed, each at a step of its own.
    failures: Vec<(Outcome, &'static Check)>,
    /// The steps at which all was well, in any check.
    came: HashSet<String>,
}

impl<R: FnMut(&'static Check, Outcome)> Settled<R> {
    /// Whether a basic check whose outcome counts has missed the same, and no check has got it. It
    /// wouldn't come when the program runs alone, either, and to wait for it may take long.
    fn has_seen(&self, outcome: &Outcome) -> bool {
        let mut failures = self.failures.iter().map(|(first, _)| first);
        outcome.verdict == Verdict::Failed
            && failures.any(|first| first.kind == outcome.kind && is_same(first, outcome))
            && (outcome.steps.last()).is_some_and(|step| !self.came.contains(&plain(step)))
    }

    /// What a basic check asks for, others need as well: one fault early in a program fails many
    /// checks at the same step. Only the basic check's advice is about that step.
    fn settle(&mut self, check: &'static Check, mut outcome: Outcome) {
        if outcome.verdict == Verdict::Failed {
            let mut failures = self.failures.iter();
            if let Some((_, first)) = failures.find(|(first, _)| is_same(first, &outcome)) {
                let advice = format!("{} fails at the same step: fix that first.", first.id);
                (outcome.same_as, outcome.advice) = (Some(first.id), Some(advice));
            } else if check.level == Level::Basic {
                self.failures.push((outcome.clone(), check));
            }
        }
        let failed = usize::from(!outcome.verdict.is_pass());
        let well = outcome.steps.iter().rev().skip(failed);
        self.came.extend(well.map(|step| plain(step)));
        (self.report)(check, outcome);
    }
}

/// Whether these two have failed at the same step, and may have the same reason. A wrong answer has
/// other reasons than none, and a crash of the first has to be the other's.
fn is_same(first: &Outcome, other: &Outcome) -> bool {
    failed_step(first) == failed_step(other)
        && first.is_silence == other.is_silence
        && (first.crash.is_none() || first.crash == other.crash)
}

/// The step that failed, the one before it and what was expected.
fn failed_step(outcome: &Outcome) -> String {
    let texts = outcome.steps.iter().rev().take(2).chain(&outcome.expected);
    texts.map(|text| plain(text)).collect()
}

/// A step without what differs from check to check: texts in quotation marks, addresses, time
/// limits, which client it was, what number it expected, and how many texts.
fn plain(step: &str) -> String {
    let unquoted = step.split(" within ").take(1);
    let unquoted = unquoted.flat_map(|text| text.split('"').step_by(2));
    let words = unquoted.flat_map(str::split_whitespace);
    // How many bytes a text has is in parentheses.
    let is_number = |word: &str| word.trim_start_matches('(').parse::<f64>().is_ok();
    let differs = |word: &str| {
        let is_no_step = ["byte)", "bytes)", "ms", "s", "and"].contains(&word);
        word.contains("127.0.0.1") || is_number(word) || is_no_step
    };
    words.filter(|word| !differs(word)).collect()
}

/// The very first check: all others of this program wait for it. If it was late although no other
/// program ran, that counts: only what takes no time is repeated.
fn try_first(check: &Check, submission: &Submission) -> Outcome {
    let (outcome, was_alone) = submission.machine.beside_others(|| check.judge(submission));
    match outcome.kind {
        Some(Kind::Ended) => try_alone(check, submission, true),
        Some(Kind::Missing) if !was_alone => try_alone(check, submission, true),
        _ => outcome,
    }
}

/// What comes of the check, unless the program has to run alone. What is missing doesn't count yet.
fn try_beside_others(
    check: &Check,
    submission: &Submission,
    begun: SystemTime,
    runs_alone: &AtomicBool,
) -> Option<Outcome> {
    if runs_alone.load(Ordering::Relaxed) {
        return None;
    }
    let (outcome, _) = submission.machine.beside_others(|| check.judge(submission));
    let has_met_others = match outcome.kind {
        Some(Kind::Ended) => true,
        Some(Kind::Wrong) => submission.shares_files(begun),
        _ => false,
    };
    runs_alone.fetch_or(has_met_others, Ordering::Relaxed);
    (!has_met_others).then_some(outcome)
}

/// The try that counts: no other program under test runs. If it is the first one, beside nobody, a
/// missing answer is worth a second one.
fn try_alone(check: &Check, submission: &Submission, mut is_second: bool) -> Outcome {
    submission.machine.alone(|| {
        let mut outcome = check.judge(submission);
        if !is_second && matches!(outcome.kind, Some(Kind::Missing | Kind::Ended)) {
            outcome = check.judge(submission);
            is_second = true;
        }
        if is_second && outcome.verdict == Verdict::Passed {
            outcome.verdict = Verdict::Unsteady;
        }
        outcome
    })
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    use std::process;

    use super::*;
    use crate::run::shown;

    fn failed(before: &str, last: &str, expected: &str) -> Outcome {
        Outcome {
            steps: vec![before.to_owned(), last.to_owned()],
            expected: Some(expected.to_owned()),
            ..Outcome::default()
        }
    }

    /// Otherwise every check would be made alone from the first failure on, as if the copies of the
    /// program shared that file.
    #[cfg(unix)]
    #[test]
    fn the_file_that_the_judge_prints_to_is_not_shared() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let marks = folder.path().join("marks.txt");
        fs::write(&marks, "passed")?;
        let ours = fs::metadata(&marks)?;
        let is_changed = |ours| has_changed(folder.path(), SystemTime::UNIX_EPOCH, DEPTH, ours);
        assert!(is_changed(None) && !is_changed(Some(&ours)));
        // No file has to be there: what copies say to each other may go through a FIFO.
        let made = process::Command::new("mkfifo")
            .arg(folder.path().join("fifo"))
            .status()?;
        assert!(made.success() && is_changed(Some(&ours)));
        Ok(())
    }

    #[test]
    fn a_step_is_the_same_whichever_client_takes_it_and_whatever_it_asks() {
        let asks = |number: &str, client: u32, is_silence| Outcome {
            is_silence,
            ..failed(
                &format!("client {client} sends {}", shown(number.as_bytes())),
                &format!("client {client} expects an answer with the number {number}"),
                &format!("the number {number} reaches client {client} within 5 s"),
            )
        };
        for (number, client) in [("-40.5", 3), ("0", 2)] {
            assert!(is_same(&asks("212", 1, true), &asks(number, client, true)));
        }
        assert!(!is_same(&asks("212", 1, true), &asks("212", 1, false)));
    }

    /// Who shows nothing shows neither of two texts.
    #[test]
    fn a_step_is_the_same_however_many_texts_it_expects() {
        let shows = |texts: &str| {
            let shown = format!("the program's output should have {texts}");
            let expected = format!("the program's output has {texts} within 5 s");
            failed("the server sends \"pong\" (4 bytes)", &shown, &expected)
        };
        let two = shows("\"ping\" (4 bytes) and \"pong\" (4 bytes)");
        assert!(is_same(&shows("\"pong 4711\" (9 bytes)"), &two));
    }

    /// What answers nobody may crash as well.
    #[test]
    fn a_crash_is_another_if_its_error_is() {
        let crash = |name: Option<&str>| Outcome {
            crash: name.map(str::to_owned),
            ..failed("client 1 sends", "client 1 expects", "an answer")
        };
        let first = crash(Some("IndexError"));
        assert!(is_same(&first, &crash(Some("IndexError"))));
        assert!(is_same(&crash(None), &first));
        assert!(!is_same(&first, &crash(None)));
        assert!(!is_same(&first, &crash(Some("UnicodeDecodeError"))));
    }

    /// What ends a connection isn't the same: a word that was typed, or one that came.
    #[test]
    fn a_step_is_another_after_another() {
        let closes = |before| failed(before, "guest 1 expects the end", "the end comes");
        let typed = closes("the user types \"byebye\" (6 bytes)");
        assert!(is_same(
            &typed,
            &closes("the user types \"so long\" (7 bytes)")
        ));
        assert!(!is_same(&typed, &closes("guest 1 sends \"byebye\"")));
    }

    /// Who was answered once may be answered again, when the program runs alone.
    #[test]
    fn what_has_come_in_some_check_is_waited_for_again() {
        let of = |verdict, count| Outcome {
            verdict,
            kind: Some(Kind::Missing),
            steps: (1..=count)
                .map(|it| format!("client {it} expects an answer"))
                .collect(),
            ..Outcome::default()
        };
        let (check, none) = (&Role::TcpServer.checks()[1], of(Verdict::Failed, 1));
        for (other, has_seen) in [
            (of(Verdict::Failed, 1), true),
            (of(Verdict::Failed, 2), false),
            (of(Verdict::Passed, 1), false),
        ] {
            let mut settled = Settled {
                report: |_, _| {},
                failures: Vec::new(),
                came: HashSet::new(),
            };
            settled.settle(check, none.clone());
            assert!(settled.has_seen(&none));
            settled.settle(check, other);
            assert_eq!(settled.has_seen(&none), has_seen);
        }
    }
}
