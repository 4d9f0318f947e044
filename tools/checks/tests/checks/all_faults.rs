//! Every check is able to fail, for its own reason, and what it says then teaches.
//!
//! `faulty` (in `faulty/`) is a minimal good program for each role, with one fault at a time. (That
//! it passes all checks without one is tested in `tests/external.rs`. The chapters' robust programs
//! show here that each check can be passed.)

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use checks::check::{Check, Outcome, Role, Verdict};
use checks::judge::Submission;
use checks::parallel::in_order;
use checks::report;
use checks::roles::limits;
use checks::run::Patience;
use insta::assert_snapshot;
use supervise::Command;
use testkit::normalise;

use crate::FAULTY;

/// How many programs run at the same time. They mostly wait.
const AT_ONCE: usize = 64;

/// What Windows can't get wrong: there, a port is free at once, and nothing has to be said for it.
const FAULT_OF_UNIX: &str = "tcp-server/restart";

fn name(check: &Check) -> &'static str {
    check.id.split_once('/').unwrap().1
}

fn faulty(role: Role, fault: &str, speed: u32) -> Submission {
    let role = role.to_string();
    let command = Command::new(FAULTY, [role.as_str(), "--fault", fault, "{port}"]);
    Submission {
        patience: Patience {
            start: Duration::from_secs(2),
            speed,
            ..Patience::short()
        },
        ..Submission::new(command)
    }
}

/// Each check, and what comes of it for the program with its fault, with less patience than users
/// get, judged once for all tests of this file.
fn found() -> &'static [(&'static Check, Outcome)] {
    static FOUND: OnceLock<Vec<(&Check, Outcome)>> = OnceLock::new();
    FOUND.get_or_init(|| {
        // The last ones wait longest, so they come first.
        let roles = Role::ALL.into_iter().rev();
        let all = roles.flat_map(|role| role.checks().iter().map(move |check| (role, check)));
        let has_fault = |check: &Check| cfg!(unix) || check.id != FAULT_OF_UNIX;
        let all: Vec<_> = all.filter(|(_, check)| has_fault(check)).collect();
        let mut found = Vec::new();
        in_order(&all, AT_ONCE, find, |(_, check), outcome| {
            found.push((*check, outcome));
            true
        });
        found
    })
}

/// Judges a program with this fault. It gets so little time that a busy machine may make it fail
/// for another reason: so if it doesn't fail as the snapshot says, it is judged again, at the speed
/// of people.
fn find(&(role, check): &(Role, &Check)) -> Outcome {
    const TRIES: usize = 5;
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks/snapshots");
    let file = format!("checks__all_faults__{}.snap", snapshot(role, check));
    let expected = fs::read_to_string(snapshots.join(file));
    let expected = expected.unwrap_or_default();
    let mut outcome = check.judge(&faulty(role, name(check), 10));
    for _ in 1..TRIES {
        if expected.contains(&message(role, check, &outcome)) {
            break;
        }
        outcome = check.judge(&faulty(role, name(check), 1));
    }
    outcome
}

#[test]
fn each_pause_stands_in_the_description() {
    let mut missing = Vec::new();
    for (check, outcome) in found() {
        for step in &outcome.steps {
            let pause = [" is quiet for ", " one byte at a time, every "]
                .iter()
                .find_map(|words| step.split_once(words))
                .and_then(|(_, after)| after.split([',', ';']).next());
            if pause.is_some_and(|pause| !check.about.contains(pause)) {
                missing.push(format!("{}: {step}", check.id));
            }
            let later = step.strip_prefix("the program should still run ");
            let said = limits() + check.about;
            let pause = later.and_then(|it| it.split(" later").next());
            assert!(pause.is_none_or(|pause| said.contains(pause)), "{step}");
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
    let mut snapshots = BTreeMap::new();
    for role in Role::ALL {
        for check in role.checks() {
            let found = found().iter().find(|(it, _)| it.id == check.id);
            if let Some((_, outcome)) = found {
                let messages: &mut String = snapshots.entry(snapshot(role, check)).or_default();
                writeln!(messages, "{}", message(role, check, outcome)).unwrap();
            }
        }
    }
    for (name, messages) in snapshots {
        assert_snapshot!(name, messages);
    }
}

/// The name of the snapshot that has the message of this check.
fn snapshot(role: Role, check: &Check) -> String {
    if check.id == FAULT_OF_UNIX {
        check.id.replace('/', "-")
    } else {
        role.to_string()
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
        // Where there is no terminal, it may be told that the program has ended.
        let text = text.replace(" (the program has closed its input)", "");
        let text = match text.split_once("thread '") {
            Some((before, _)) => format!("{before}[a panic]"),
            None => text,
        };
        normalise(&text)
    };
    Outcome {
        expected: outcome.expected.as_ref().map(same),
        saw: outcome.saw.as_ref().map(same),
        steps: outcome.steps.iter().map(same).collect(),
        by_hand: outcome.by_hand.iter().map(|it| without_port(it)).collect(),
        ..outcome.clone()
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
