//! How a program under test is started, judged again and ended.

use std::any::Any;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use checks::check::{Check, Outcome, Role, Verdict};
use checks::judge::{Prepare, Submission, judge};
use checks::program::{Command, Program};
use checks::run::Patience;
use tempfile::tempdir;
use testkit::PATIENCE;

use crate::FAULTY;
use crate::command::{judged, judged_with, script};
#[cfg(target_os = "linux")]
use crate::command::{own_word, processes_with, wait_until};

fn checks(role: Role, names: &[&str]) -> Vec<&'static Check> {
    let is_wanted = |check: &&Check| names.iter().any(|name| check.id.ends_with(name));
    role.checks().iter().filter(is_wanted).collect()
}

/// What becomes of these checks, in this folder.
fn outcomes(role: Role, names: &[&str], shell_command: &str, folder: &Path) -> Vec<Outcome> {
    let mut command = Command::new("sh", ["-c", shell_command, "sh", "{port}"]);
    command.dir = Some(folder.to_owned());
    let submission = Submission {
        patience: Patience {
            speed: 10,
            ..Patience::short()
        },
        ..Submission::new(command)
    };
    let mut outcomes = Vec::new();
    judge(&checks(role, names), &submission, |_, outcome| {
        outcomes.push(outcome.clone());
    });
    outcomes
}

fn verdicts(outcomes: &[Outcome]) -> Vec<Verdict> {
    outcomes.iter().map(|outcome| outcome.verdict).collect()
}

/// How often a program was started that adds a line to this file.
fn starts(folder: &Path) -> usize {
    let starts = fs::read_to_string(folder.join("starts"));
    starts.unwrap_or_default().lines().count()
}

#[test]
fn what_is_missing_once_is_unsteady() {
    let folder = tempdir().unwrap();
    let second_time = format!(
        "echo >> starts
        if [ -e once ]; then exec {FAULTY} udp-client $1; fi
        touch once; exec {FAULTY} udp-client --fault lost-answer $1"
    );
    let outcomes = outcomes(
        Role::UdpClient,
        &["/lost-answer"],
        &second_time,
        folder.path(),
    );
    assert_eq!(verdicts(&outcomes), [Verdict::Unsteady], "{outcomes:#?}");
    assert_eq!(starts(folder.path()), 2);
}

/// Other programs may have filled the disk, but not for long.
#[test]
fn a_folder_that_cannot_be_copied_is_tried_again() {
    let submission = Submission {
        prepare: Some(Arc::new(FailsOnce::default())),
        patience: Patience::short(),
        ..Submission::new(Command::new("no such program", [""; 0]))
    };
    let checks = checks(Role::UdpServer, &["/empty"]);
    let verdicts = judge(&checks, &submission, |_, _| ());
    assert_eq!(verdicts, [Verdict::Unsteady]);
}

#[derive(Debug, Default)]
struct FailsOnce(AtomicBool);

impl Prepare for FailsOnce {
    fn prepare(&self) -> io::Result<(Command, Box<dyn Any>)> {
        if self.0.swap(true, Ordering::Relaxed) {
            let command = Command::new(FAULTY, ["udp-server", "{port}"]);
            Ok((command, Box::new(())))
        } else {
            Err(io::ErrorKind::StorageFull.into())
        }
    }
}

#[test]
fn what_is_missing_twice_has_failed() {
    let folder = tempdir().unwrap();
    let never = format!("echo >> starts; exec {FAULTY} udp-client --fault lost-answer $1");
    let outcomes = outcomes(Role::UdpClient, &["/lost-answer"], &never, folder.path());
    assert_eq!(verdicts(&outcomes), [Verdict::Failed]);
    assert_eq!(starts(folder.path()), 2);
}

#[test]
fn what_is_wrong_counts_at_once() {
    let folder = tempdir().unwrap();
    let wrong = format!("echo >> starts; exec {FAULTY} udp-server --fault converts $1");
    let outcomes = outcomes(Role::UdpServer, &["/converts"], &wrong, folder.path());
    assert_eq!(verdicts(&outcomes), [Verdict::Failed]);
    assert_eq!(starts(folder.path()), 1);
}

/// It keeps a lock in its folder, and tidies up when it is asked to end.
#[test]
fn a_program_that_cannot_run_twice_runs_alone() {
    let folder = tempdir().unwrap();
    let locked = format!(
        "mkdir lock || exit 1; trap 'rmdir lock; kill $!; exit' INT TERM
        {FAULTY} udp-server $1 & wait"
    );
    let names = [
        "/binds",
        "/converts",
        "/serves-again",
        "/two-clients",
        "/nan",
    ];
    let outcomes = outcomes(Role::UdpServer, &names, &locked, folder.path());
    assert_eq!(verdicts(&outcomes), [Verdict::Passed; 5], "{outcomes:#?}");
}

/// What a program says that can't be started, and what it is told to change.
fn advice(program: &Path) -> (String, String) {
    let submission = Submission::new(Command::new(program, ["{port}"]));
    let listens = checks(Role::TcpServer, &["/listens"])[0];
    let outcome = listens.judge(&submission);
    (outcome.saw.unwrap(), outcome.advice.unwrap_or_default())
}

#[test]
fn a_program_that_does_not_start_hears_why() {
    let folder = tempdir().unwrap();
    let cases = [
        ("ends", "#!/bin/sh\necho oops >&2; exit 3\n", "last words"),
        ("no-shebang", "import socket\n", "no first line"),
        ("crlf", "#!/bin/sh\r\nexit 0\r\n", "end with CR and LF"),
        (
            "crlf-env",
            "#!/usr/bin/env sh\r\nexit 0\r\n",
            "end with CR and LF",
        ),
    ];
    for (name, text, expected) in cases {
        script(folder.path(), name, text);
        let (saw, advice) = advice(&folder.path().join(name));
        assert!(advice.contains(expected), "{name}: {saw}\n{advice}");
        if name == "ends" {
            assert_eq!(
                saw,
                "it ended at once (exit status 3); it printed last: oops"
            );
        }
    }
    fs::write(folder.path().join("data"), "#!/bin/sh\n").unwrap();
    let (saw, told) = advice(&folder.path().join("data"));
    assert!(saw.starts_with("it could not be started"), "{saw}");
    assert!(told.contains("isn't executable"), "{told}");
    let (saw, told) = advice(&folder.path().join("nothing"));
    assert!(saw.starts_with("it could not be started"), "{saw}");
    assert!(told.contains("Check the path"), "{told}");
}

#[test]
fn a_program_that_never_listens_is_told_where_its_port_is() {
    let patience = Patience {
        start: Duration::from_millis(500),
        ..Patience::short()
    };
    let outcome = judged_with(patience, Role::TcpServer, "listens", "echo Port:; cat");
    let saw = outcome.saw.unwrap();
    let expected = "it never did, and still runs; it printed last: Port:";
    assert_eq!(saw, expected);
    assert!(outcome.advice.unwrap().contains("neither ask for it"));
}

/// Several loops, and another look if that isn't enough: others may need the processors.
#[cfg(target_os = "linux")]
#[test]
fn a_program_that_is_busy_before_it_listens_is_told_to_look_for_a_loop() {
    let patience = Patience {
        start: Duration::from_millis(100),
        ..Patience::short()
    };
    wait_until(|| {
        let busy = "for i in 1 2; do while :; do :; done & done; wait";
        let outcome = judged_with(patience.clone(), Role::TcpServer, "listens", busy);
        let (saw, advice) = (outcome.saw.unwrap(), outcome.advice.unwrap());
        assert!(saw.starts_with("it never did, and still runs"), "{saw}");
        saw.contains("it is busy all the time") && advice.starts_with("Look for a loop")
    });
}

/// Expects these verdicts of this check, each for a command of the shell.
fn expect<const N: usize>(role: Role, name: &str, cases: [(String, Verdict); N]) {
    thread::scope(|scope| {
        for (command, verdict) in cases {
            scope.spawn(move || {
                let outcome = judged(role, name, &command);
                assert_eq!(outcome.verdict, verdict, "{command}: {outcome:#?}");
            });
        }
    });
}

/// What it says when all is well is no message.
#[test]
fn a_banner_does_not_say_that_the_port_is_taken() {
    let server = format!("echo Starting; {FAULTY} udp-server $1");
    let silent = format!("{server} 2>/dev/null");
    let only_a_rule = format!("{silent} || echo ---");
    let cases = [
        (server, Verdict::Passed),
        (silent, Verdict::Failed),
        (only_a_rule, Verdict::Failed),
    ];
    expect(Role::UdpServer, "port-taken", cases);
}

#[test]
fn a_prompt_does_not_say_that_nobody_is_there() {
    let client = format!("printf 'You: '; {FAULTY} chat-client $1");
    let silent = format!("{client} 2>/dev/null");
    let cases = [(client, Verdict::Passed), (silent, Verdict::Failed)];
    expect(Role::ChatClient, "nobody-there", cases);
}

/// It asks, reads an empty line and ends: only its question is on the screen.
#[test]
fn a_question_is_no_answer_to_an_empty_line() {
    let silent = "printf 'Celsius: '; read x".to_owned();
    let client = format!("{silent}; echo no number");
    let cases = [(client, Verdict::Passed), (silent, Verdict::Failed)];
    expect(Role::UdpClient, "empty-line", cases);
}

fn start(shell_command: &str) -> Program {
    Program::start(&Command::new("sh", ["-c", shell_command]), 1).unwrap()
}

#[cfg(unix)]
#[test]
fn a_program_has_a_terminal_that_does_not_echo() {
    let mut program = start("[ -t 0 ] && [ -t 1 ] && ! [ -t 2 ] && cat && echo the end");
    assert!(program.has_terminal());
    program.types("typed").unwrap();
    assert!(program.wait_for(PATIENCE, |text| text.contains("typed\n")));
    program.end_input();
    program.wait_for_end(PATIENCE);
    assert_eq!(program.text(), "typed\nthe end\n");
}

/// Nothing in its environment is ours but what a terminal and a locale are known by.
#[test]
fn no_variable_tells_a_program_that_it_is_judged() {
    let mut program = start("env | sed 's/=.*//' | sort");
    program.wait_for_end(PATIENCE);
    let ours = [
        "LC_ALL",
        "NO_COLOR",
        "PYTHONUNBUFFERED",
        "TERM",
        "PWD",
        "_",
        "SHLVL",
        "OLDPWD",
    ];
    for name in program.text().lines() {
        let known = std::env::var_os(name).is_some() || ours.contains(&name);
        assert!(known, "{name}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_that_forks_twice_and_empties_its_environment_is_ended() {
    let word = own_word("twice");
    let twice = format!(
        "(setsid env -i sh -c '(sleep 1000; : {word}) & sleep 1000; :' {word} </dev/null \
         >/dev/null 2>&1 &) ; exec {FAULTY} tcp-server $1"
    );
    let outcome = judged(Role::TcpServer, "listens", &twice);
    assert_eq!(outcome.verdict, Verdict::Passed, "{outcome:#?}");
    assert_eq!(processes_with(&word), [""; 0]);
}
