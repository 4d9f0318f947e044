//! Every check is able to fail, for its own reason, and what it says then teaches.
//!
//! `faulty` (in `faulty/`) is a minimal good program for each role, with one fault at a time.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;

use checks::check::{Check, Outcome, Role, Verdict};
use checks::judge::{Submission, judge};
use checks::program::Command;
use checks::report;
use checks::roles::limits;
use checks::run::Patience;
use insta::assert_snapshot;
use testkit::normalise;

use crate::FAULTY;

/// How many programs run at the same time. They mostly wait.
const AT_ONCE: usize = 32;

fn name(check: &Check) -> &'static str {
    check.id.split_once('/').unwrap().1
}

fn faulty(role: Role, fault: &str) -> Submission {
    let role = role.to_string();
    let command = Command::new(FAULTY, [role.as_str(), "--fault", fault, "{port}"]);
    Submission {
        patience: Patience::short(),
        ..Submission::new(command)
    }
}

/// Each check, and what comes of it for the program with its fault, with less patience than users
/// get, judged once for all tests of this file.
fn found() -> &'static [(&'static Check, Outcome)] {
    static FOUND: OnceLock<Vec<(&Check, Outcome)>> = OnceLock::new();
    FOUND.get_or_init(|| {
        // The last ones wait longest, so they come first.
        let all: Vec<(Role, usize)> = Role::ALL
            .iter()
            .rev()
            .flat_map(|role| (0..role.checks().len()).map(|index| (*role, index)))
            .collect();
        let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some(&(role, index)) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let one = find(role, &role.checks()[index]);
                        found.lock().unwrap().push(one);
                    }
                });
            }
        });
        found.into_inner().unwrap()
    })
}

/// Judges a program with this fault. It gets so little time that a busy machine may make it fail for
/// another reason: so if it doesn't fail as the snapshot says, it is judged again.
fn find(role: Role, check: &'static Check) -> (&'static Check, Outcome) {
    const TRIES: usize = 5;
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks/snapshots");
    let expected = fs::read_to_string(snapshots.join(format!("checks__verdicts__{role}.snap")));
    let expected = expected.unwrap_or_default();
    let submission = faulty(role, name(check));
    let mut outcome = check.judge(&submission);
    for _ in 1..TRIES {
        if expected.contains(&message(role, check, &outcome)) {
            break;
        }
        outcome = check.judge(&submission);
    }
    (check, outcome)
}

/// All checks, and what comes of them for a program without a fault, with a user's patience but not
/// at a user's pace, judged once for all tests of this file.
fn without_a_fault() -> &'static [(&'static Check, Outcome)] {
    static OUTCOMES: OnceLock<Vec<(&Check, Outcome)>> = OnceLock::new();
    OUTCOMES.get_or_init(|| {
        let outcomes = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for role in Role::ALL {
                let outcomes = &outcomes;
                scope.spawn(move || {
                    let checks: Vec<&Check> = role.checks().iter().collect();
                    let role = role.to_string();
                    let submission = Submission {
                        jobs: checks.len(),
                        patience: Patience {
                            speed: 10,
                            ..Patience::default()
                        },
                        ..Submission::new(Command::new(FAULTY, [role.as_str(), "{port}"]))
                    };
                    judge(&checks, &submission, |check, outcome| {
                        outcomes.lock().unwrap().push((check, outcome.clone()));
                    });
                });
            }
        });
        outcomes.into_inner().unwrap()
    })
}

#[test]
fn a_program_without_a_fault_passes_every_check() {
    let mut failures = String::new();
    for (check, outcome) in without_a_fault() {
        if outcome.verdict != Verdict::Passed {
            let line = report::line(check, outcome);
            let explanation = report::explanation(check, outcome);
            writeln!(failures, "{line}\n{explanation}").unwrap();
        }
    }
    assert_eq!(failures, "");
}

#[test]
fn each_pause_stands_in_the_description() {
    let mut missing = Vec::new();
    for (check, outcome) in without_a_fault() {
        for step in &outcome.steps {
            let pause = [" is quiet for ", " one byte at a time, every "]
                .iter()
                .find_map(|words| step.split_once(words))
                .and_then(|(_, after)| after.split([',', ';']).next());
            if pause.is_some_and(|pause| !check.about.contains(pause)) {
                missing.push(format!("{}: {step}", check.id));
            }
            let later = step.strip_prefix("the program should still run ");
            assert!(later.is_none_or(|later| limits().contains(later)), "{step}");
        }
    }
    assert!(
        missing.is_empty(),
        "not in their descriptions: {missing:#?}"
    );
}

/// The messages, below, show that the check got as far as its fault.
#[test]
fn each_fault_is_found_by_its_check() {
    let missed = found()
        .iter()
        .filter(|(_, outcome)| outcome.verdict != Verdict::Failed)
        .map(|(check, _)| check.id);
    assert_eq!(missed.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn each_failure_says_what_to_change_and_where_to_read() {
    for role in Role::ALL {
        let mut messages = String::new();
        for check in role.checks() {
            let (_, outcome) = found().iter().find(|(it, _)| it.id == check.id).unwrap();
            writeln!(messages, "{}", message(role, check, outcome)).unwrap();
        }
        assert_snapshot!(role.to_string(), messages);
    }
}

/// What a student reads, without what differs from run to run.
fn message(role: Role, check: &Check, outcome: &Outcome) -> String {
    let outcome = always_the_same(role, check, outcome);
    let line = report::line(check, &outcome);
    format!("{line}\n{}", report::explanation(check, &outcome))
}

/// The outcome without what differs from run to run: the ports, and how a panic is located.
fn always_the_same(role: Role, check: &Check, outcome: &Outcome) -> Outcome {
    let started = format!("{FAULTY} {role} --fault {} ", name(check));
    let same = |text: &String| {
        let text = match text.split_once(&started) {
            Some((before, port)) => {
                let after = port.trim_start_matches(|c: char| c.is_ascii_digit());
                format!(
                    "{before}faulty {role} --fault {} [port]{after}",
                    name(check)
                )
            }
            None => text.clone(),
        };
        let text = match text.split_once("thread '") {
            Some((before, _)) => format!("{before}[a panic]"),
            None => text,
        };
        normalise(&text)
    };
    Outcome {
        verdict: outcome.verdict,
        expected: outcome.expected.as_ref().map(same),
        saw: outcome.saw.as_ref().map(same),
        advice: outcome.advice.clone(),
        steps: outcome.steps.iter().map(same).collect(),
        by_hand: outcome.by_hand.iter().map(|it| without_port(it)).collect(),
    }
}

/// A command of `tap` without its port, which is the first number.
fn without_port(command: &str) -> String {
    let digits = |c: char| c.is_ascii_digit();
    let (before, rest) = command.split_at(command.find(digits).unwrap());
    format!("{before}[port]{}", rest.trim_start_matches(digits))
}

#[test]
fn ids_are_unique_and_name_their_role() {
    let mut ids = BTreeSet::new();
    for role in Role::ALL {
        for check in role.checks() {
            assert!(ids.insert(check.id), "{} stands twice", check.id);
            assert!(check.id.starts_with(&format!("{role}/")), "{}", check.id);
        }
    }
}
