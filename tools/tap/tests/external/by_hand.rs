//! The commands with which a failed check ends show the fault to whoever runs them.
//!
//! Each check judges the program that has its fault (`faulty` of `tools/checks`). Its commands then
//! run against this program, and against the same one without the fault. What a user sees, of the
//! tap and of the program, differs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use checks::check::{Check, Outcome, Role};
use checks::judge::Submission;
use checks::run::Patience;
use supervise::Command;
use tap::escapes;
use testkit::{PATIENCE, Program};

use crate::common::{TAP, lines};

/// How many checks are made at the same time: they mostly wait.
const AT_ONCE: usize = 12;

/// How long a command that stays connected is watched, and one that others follow.
const WATCHED: Duration = Duration::from_secs(4);
const FOLLOWED: Duration = Duration::from_secs(1);

#[test]
#[ignore = "needs the program with faults, built, and takes a minute"]
fn what_a_failed_check_prints_shows_the_fault_again() {
    let _alone = crate::alone();
    let words = [
        "build",
        "-q",
        "-p=checks",
        "--bin=faulty",
        "--features=faulty",
    ];
    let built = std::process::Command::new(env!("CARGO"))
        .args(words)
        .status();
    assert!(built.unwrap().success());
    let all: Vec<_> = Role::ALL
        .into_iter()
        .flat_map(|role| role.checks().iter().map(move |check| (role, check)))
        .collect();
    let (next, report, seen) = (AtomicUsize::new(0), Mutex::default(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((role, check)) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let commands = judged(*role, check);
                    if commands.by_hand.is_empty() {
                        continue;
                    }
                    seen.fetch_add(1, Ordering::Relaxed);
                    let fault = ["--fault", name(check)];
                    let bad = observed(*role, &fault, &commands);
                    if bad == observed(*role, &[], &commands) {
                        let mut report: std::sync::MutexGuard<String> = report.lock().unwrap();
                        writeln!(report, "{}: {:#?}\n{bad}", check.id, commands.by_hand).unwrap();
                    }
                }
            });
        }
    });
    let report = report.into_inner().unwrap();
    assert!(
        report.is_empty(),
        "these look as if there were no fault:\n{report}"
    );
    assert!(seen.into_inner() > 60, "most checks can be repeated");
}

fn name(check: &Check) -> &'static str {
    check.id.split_once('/').unwrap().1
}

fn faulty() -> String {
    TAP.replace("/tap", "/faulty")
}

/// What the check says of the program that has its fault.
fn judged(role: Role, check: &Check) -> Outcome {
    let role = role.to_string();
    let words = [&role, "--fault", name(check), "{port}"];
    check.judge(&Submission {
        patience: Patience::short(),
        ..Submission::new(Command::new(faulty(), words))
    })
}

/// What a user sees who runs the commands as they are printed, but for the port.
fn observed(role: Role, fault: &[&str], outcome: &Outcome) -> String {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
    let port = port.unwrap().port().to_string();
    let role = role.to_string();
    let start = || {
        let mut program = Program::start(faulty(), [&[role.as_str()], fault, &[&port]].concat());
        type_all(&mut program, &outcome.steps);
        program
    };
    let commands: Vec<_> = outcome
        .by_hand
        .iter()
        // `type_all` needs no time to type.
        .map(|it| with_port(it, &port).replace("--pause 5s", "--pause 700ms"))
        .collect();
    if role.ends_with("client") {
        // With `exec`, the shell is the tap, and ends with the test.
        let tap = shell(&commands[0].replace("cargo tap", &format!("exec {TAP}")));
        let _ = tap.output.wait_for("Listening");
        let program = start();
        // On a busy machine the program takes a while to start. With some faults it never connects.
        let _ = tap.output.shows_within("client", PATIENCE);
        let _ = tap.output.shows_within("ended", WATCHED);
        return seen(&[tap], &program);
    }
    let program = start();
    let mut taps = Vec::new();
    for (number, command) in commands.iter().enumerate() {
        let is_last = number + 1 == commands.len();
        let command = command.replace("cargo tap", TAP) + "; echo [it has ended]";
        let run = || {
            let tap = shell(&command);
            let _ = tap
                .output
                .shows_within("[it", if is_last { WATCHED } else { FOLLOWED });
            tap
        };
        let mut tap = run();
        // A user waits until the program listens. With UDP a refused command goes on for a while.
        for _ in 0..100 {
            if number > 0 || !is_refused(&tap) {
                break;
            }
            tap = run();
        }
        taps.push(tap);
    }
    let seen = seen(&taps, &program);
    // Without a server, they end.
    drop(program);
    for tap in taps {
        drop(tap.wait());
    }
    seen
}

/// What all of them have shown, in a form that is the same each time: what a side sent in one piece
/// comes out in one or in several, and two sides speak in any order.
fn seen(taps: &[Program], program: &Program) -> String {
    // Its last words may still be on their way, and its end.
    let _ = program.output.shows_within("[never]", FOLLOWED);
    let mut sent = BTreeMap::<String, String>::new();
    let mut events = Vec::new();
    for (number, tap) in taps.iter().enumerate() {
        for line in lines(&(tap.output.text() + &tap.errors.text())).lines() {
            let line = line.replace("[time] ", "");
            match line.split_once(" > \"") {
                Some((side, bytes)) => {
                    let (bytes, _) = bytes.rsplit_once('"').unwrap();
                    let key = format!("tap {number}: {side}");
                    sent.entry(key).or_default().push_str(bytes);
                }
                None => events.push(format!("tap {number}: {line}")),
            }
        }
    }
    let printed = program.output.text() + &program.errors.text();
    events.extend(
        lines(&printed)
            .lines()
            .map(|line| format!("program: {line}")),
    );
    // Nobody has waited for it yet, so it is a zombie if it has ended.
    let id = program.id().to_string();
    let state = Program::run("ps", ["-o", "stat=", "-p", &id]).output;
    if state.contains('Z') {
        events.push("program: it has ended".to_owned());
    }
    events.sort();
    format!("{sent:#?}\n{}", events.join("\n"))
}

fn is_refused(tap: &Program) -> bool {
    let shown = tap.errors.text() + &tap.output.text();
    shown.contains("nobody listens") || shown.contains("nobody has")
}

fn shell(command: &str) -> Program {
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", command]);
    Program::start_command(shell)
}

fn with_port(command: &str, port: &str) -> String {
    let is_digit = |c: char| c.is_ascii_digit();
    let (before, rest) = command.split_at(command.find(is_digit).unwrap());
    format!("{before}{port}{}", rest.trim_start_matches(is_digit))
}

/// Types what the user typed in these steps.
fn type_all(program: &mut Program, steps: &[String]) {
    for step in steps {
        if let Some((_, typed)) = step.split_once("the user types \"") {
            let (line, _) = typed.rsplit_once("\" (").unwrap();
            program.types(escapes::parse(line).unwrap());
        }
        if step == "the input ends" {
            program.end_input();
        }
    }
}
