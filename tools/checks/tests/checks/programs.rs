//! How a program under test is started, judged again and ended.

use std::any::Any;
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use checks::check::{Check, Outcome, Role, Verdict};
use checks::judge::{Submission, judge};
use checks::machine::Machine;
use checks::port::Port;
use checks::run::Patience;
use supervise::Command;
use tempfile::tempdir;

use crate::FAULTY;
use crate::shell::wait_until;
use crate::shell::{in_shell, judged, judged_with, script};
#[cfg(target_os = "linux")]
use crate::shell::{nothing_is_left_of, own_word};

fn checks(role: Role, names: &[&str]) -> Vec<&'static Check> {
    let is_wanted = |check: &&Check| names.iter().any(|name| check.id.ends_with(name));
    role.checks().iter().filter(is_wanted).collect()
}

/// What becomes of these checks, in this folder.
fn outcomes(role: Role, names: &[&str], shell_command: &str, folder: &Path) -> Vec<Outcome> {
    let patience = Patience {
        speed: 10,
        ..Patience::short()
    };
    let mut submission = in_shell(patience, shell_command);
    submission.command.dir = Some(folder.to_owned());
    all_outcomes(&checks(role, names), &submission)
}

fn all_outcomes(checks: &[&'static Check], submission: &Submission) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    judge(checks, submission, |_, outcome| outcomes.push(outcome));
    outcomes
}

/// Tests all cases at the same time: a judge mostly waits.
fn each<T: Send, const N: usize>(cases: [T; N], test: impl Fn(T) + Sync) {
    thread::scope(|scope| {
        for case in cases {
            let test = &test;
            scope.spawn(move || test(case));
        }
    });
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
        if [ -e once ]; then exec \"{FAULTY}\" udp-client $1; fi
        touch once; exec \"{FAULTY}\" udp-client --fault lost-answer $1"
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
    let has_failed = AtomicBool::new(false);
    let fails_once = move || -> io::Result<(Command, Box<dyn Any>)> {
        if has_failed.swap(true, Ordering::Relaxed) {
            let command = Command::new(FAULTY, ["udp-server", "{port}"]);
            Ok((command, Box::new(())))
        } else {
            Err(io::ErrorKind::StorageFull.into())
        }
    };
    let submission = Submission {
        prepare: Some(Arc::new(fails_once)),
        patience: Patience::short(),
        ..Submission::new(Command::new("no such program", [""; 0]))
    };
    let checks = checks(Role::UdpServer, &["/empty"]);
    let outcomes = all_outcomes(&checks, &submission);
    assert_eq!(verdicts(&outcomes), [Verdict::Unsteady]);
}

#[test]
fn what_is_missing_twice_has_failed() {
    let folder = tempdir().unwrap();
    let never = format!("echo >> starts; exec \"{FAULTY}\" udp-client --fault lost-answer $1");
    let outcomes = outcomes(Role::UdpClient, &["/lost-answer"], &never, folder.path());
    assert_eq!(verdicts(&outcomes), [Verdict::Failed]);
    assert_eq!(starts(folder.path()), 2);
}

/// Nobody else has taken the machine's time.
#[test]
fn a_late_start_of_a_program_that_runs_alone_counts() {
    let folder = tempdir().unwrap();
    let patience = Patience {
        start: Duration::from_millis(300),
        speed: 10,
        ..Patience::short()
    };
    let mut submission = in_shell(patience, "echo >> starts; cat");
    submission.command.dir = Some(folder.path().to_owned());
    let outcomes = all_outcomes(&checks(Role::UdpServer, &["/binds"]), &submission);
    assert_eq!(verdicts(&outcomes), [Verdict::Failed]);
    assert_eq!(starts(folder.path()), 1);
}

/// Its first check was late, and another program ran meanwhile: so did the first check of that.
#[test]
fn a_late_start_beside_another_program_does_not_count() {
    let both = Arc::new(Barrier::new(2));
    let machine = Arc::<Machine>::default();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let folder = tempdir().unwrap();
                let second_time = format!(
                    "if [ -e once ]; then exec \"{FAULTY}\" udp-server $1; fi; touch once; cat"
                );
                let command = Command::new("sh", ["-c", &second_time, "sh", "{port}"]);
                let command = command.within(folder.path());
                let (same, both) = (command.clone(), Arc::clone(&both));
                let has_met = AtomicBool::new(false);
                // They start at the same time, once.
                let together = move || -> io::Result<(Command, Box<dyn Any>)> {
                    if !has_met.swap(true, Ordering::Relaxed) {
                        both.wait();
                    }
                    Ok((same.clone(), Box::new(())))
                };
                let submission = Submission {
                    patience: Patience {
                        start: Duration::from_secs(3),
                        speed: 10,
                        ..Patience::short()
                    },
                    prepare: Some(Arc::new(together)),
                    machine: machine.clone(),
                    ..Submission::new(command)
                };
                let binds = checks(Role::UdpServer, &["/binds"]);
                let outcomes = all_outcomes(&binds, &submission);
                assert_eq!(verdicts(&outcomes), [Verdict::Unsteady]);
            });
        }
    });
}

/// A terminal that was typed at before it became raw keeps the end of the input as a NUL.
#[test]
fn the_input_ends_only_when_the_program_has_made_its_terminal_raw() {
    let reads_keys = r#"stty -icanon; printf "Celsius: "
        key=$(dd bs=1 count=1 2>/dev/null | od -An -tx1)
        [ $key = 04 ]"#;
    let patience = Patience {
        speed: 1,
        ..Patience::short()
    };
    let outcome = judged_with(patience, Role::UdpClient, "end-of-input", reads_keys);
    assert_eq!(outcome.verdict, Verdict::Passed, "{outcome:#?}");
}

/// This test speaks for the program.
#[test]
fn a_client_may_reconnect() {
    let port = Port::free().unwrap();
    let submission = Submission {
        fixed_port: Some(port.number),
        patience: Patience {
            speed: 10,
            ..Patience::default()
        },
        ..Submission::new(Command::new("cat", [""; 0]))
    };
    let connect = || {
        let mut stream = None;
        wait_until(|| {
            stream = TcpStream::connect(port.address()).ok();
            stream.is_some()
        });
        stream.unwrap()
    };
    let client = thread::scope(|scope| {
        let client = scope.spawn(|| {
            let mut server = connect();
            server.write_all(b"ping 4711\n").unwrap();
            server.read_to_end(&mut Vec::new()).unwrap();
            connect()
        });
        let check = Role::TcpClient.check("server-closes").unwrap();
        let outcome = check.judge(&submission);
        assert_eq!(outcome.verdict, Verdict::Passed, "{outcome:#?}");
        client.join()
    });
    client.unwrap();
}

/// Unless the program writes a file in its folder, which another copy may read.
#[test]
fn what_is_wrong_counts_at_once() {
    each(
        [("..", 1), (".", 2), ("data", 2), (".git", 1)],
        |(writes_in, count)| {
            let folder = tempdir().unwrap();
            let here = folder.path().join("here");
            fs::create_dir(&here).unwrap();
            fs::create_dir_all(here.join(writes_in)).unwrap();
            let wrong = format!(
                "echo >> {writes_in}/starts; exec \"{FAULTY}\" udp-server --fault converts $1"
            );
            let outcomes = outcomes(Role::UdpServer, &["/converts"], &wrong, &here);
            assert_eq!(verdicts(&outcomes), [Verdict::Failed]);
            assert_eq!(starts(&here.join(writes_in)), count, "{writes_in}");
        },
    );
}

/// It reads what its first run has written, and that alone.
#[test]
fn a_file_that_only_the_first_run_writes_is_not_shared() {
    let folder = tempdir().unwrap();
    let here = folder.path().join("here");
    fs::create_dir(&here).unwrap();
    let wrong = format!(
        "[ -e cache ] || echo > cache
        echo >> ../starts; exec \"{FAULTY}\" udp-server --fault converts $1"
    );
    let outcomes = outcomes(Role::UdpServer, &["/binds", "/converts"], &wrong, &here);
    assert_eq!(verdicts(&outcomes), [Verdict::Passed, Verdict::Failed]);
    assert_eq!(starts(folder.path()), 2);
}

/// One fault fails many checks, with their own lines, at the same step.
#[test]
fn what_fails_at_the_same_step_as_a_basic_check_says_so() {
    let folder = tempdir().unwrap();
    // It ends after a line, so nobody waits for another one.
    let mute = format!("(read -r line; echo mute) | \"{FAULTY}\" tcp-client $1");
    let names = ["/sends", "/shows", "/goes-on", "/speaks-first"];
    let outcomes = outcomes(Role::TcpClient, &names, &mute, folder.path());
    let (last, failed) = outcomes.split_last().unwrap();
    assert_eq!(verdicts(failed), [Verdict::Failed; 3]);
    // On a busy machine it may pass only when it is tried again.
    assert!(last.verdict.is_pass(), "{last:#?}");
    let same_as: Vec<_> = failed.iter().map(|it| it.same_as).collect();
    let first = Some("tcp-client/sends");
    assert_eq!(same_as, [None, first, first]);
    let advice = "tcp-client/sends fails at the same step: fix that first.";
    assert_eq!(outcomes[1].advice.as_deref(), Some(advice));
}

/// Once it has been seen that nothing comes, even when the program runs alone, the same is not
/// waited for again.
#[test]
fn what_fails_at_the_same_step_as_a_basic_check_is_not_tried_again() {
    let mute =
        format!("echo >> starts; while read -r line; do :; done | \"{FAULTY}\" tcp-client $1");
    let cases = [
        // The second one passes.
        (&["/sends", "/speaks-first"][..], 3),
        (&["/sends", "/shows", "/split-reply"], 4),
        (&["/sends", "/goes-on"], 3),
    ];
    each(cases, |(names, count)| {
        let folder = tempdir().unwrap();
        let outcomes = outcomes(Role::TcpClient, names, &mute, folder.path());
        assert_eq!(outcomes[0].verdict, Verdict::Failed);
        let is_unsteady = |it: &&Outcome| it.verdict == Verdict::Unsteady;
        // On a busy machine what passes may be late, and is tried again.
        let late = outcomes.iter().filter(is_unsteady).count();
        assert_eq!(
            starts(folder.path()),
            count + late,
            "{names:?}: {outcomes:#?}"
        );
    });
}

/// Of a word that has to come alone, nothing comes either.
#[test]
fn a_chat_that_sends_nothing_hears_that_first() {
    let folder = tempdir().unwrap();
    let sends_nothing = format!("while read -r line; do :; done | \"{FAULTY}\" chat-client $1");
    let names = ["/sends", "/byebye-typed"];
    let outcomes = outcomes(Role::ChatClient, &names, &sends_nothing, folder.path());
    assert_eq!(verdicts(&outcomes), [Verdict::Failed; 2]);
    assert_eq!(outcomes[1].same_as, Some("chat-client/sends"));
}

/// What each of these checks is about can't be seen in it.
#[test]
fn a_server_that_greets_nobody_hears_that_first() {
    let folder = tempdir().unwrap();
    let greets_nobody = format!("exec \"{FAULTY}\" tcp-server --fault answers $1");
    let names = [
        "/answers",
        "/half-close",
        "/dripping-client",
        "/many-clients",
        "/endless-header",
    ];
    let outcomes = outcomes(Role::TcpServer, &names, &greets_nobody, folder.path());
    let (first, others) = outcomes.split_first().unwrap();
    assert_eq!(first.same_as, None);
    for other in others {
        assert_eq!(other.same_as, Some("tcp-server/answers"), "{other:#?}");
    }
}

/// As a server does that doesn't look whether bind fails.
#[test]
fn a_quick_server_that_stays_away_after_its_restart_is_waited_for_as_for_an_answer() {
    let folder = tempdir().unwrap();
    let once = format!(
        "cd '{}'; if mkdir once; then exec \"{FAULTY}\" tcp-server $1; fi; exec sleep 60",
        folder.path().display()
    );
    let patience = Patience {
        // By then, the program has ended.
        start: Duration::from_mins(2),
        ..Patience::short()
    };
    let outcome = judged_with(patience, Role::TcpServer, "restart", &once);
    let saw = outcome.saw.unwrap();
    assert!(saw.starts_with("it never did, and still runs"), "{saw}");
}

/// It has asked, so it has started, although it says nothing.
#[test]
fn a_silent_client_that_has_asked_gets_no_more_time_to_start() {
    let silent = format!("\"{FAULTY}\" udp-client --fault no-answer $1 >/dev/null");
    let patience = Patience {
        start: Duration::from_mins(5),
        speed: 10,
        ..Patience::short()
    };
    let start = patience.start;
    let begun = Instant::now();
    let outcome = judged_with(patience, Role::UdpClient, "no-answer", &silent);
    assert_eq!(outcome.verdict, Verdict::Failed, "{outcome:#?}");
    assert!(begun.elapsed() < start);
}

/// It keeps a lock in its folder, and tidies up when it is asked to end.
#[test]
fn a_program_that_cannot_run_twice_runs_alone() {
    let folder = tempdir().unwrap();
    let locked = format!(
        "mkdir lock || exit 1; trap 'rmdir lock; kill $!; exit' INT TERM
        \"{FAULTY}\" udp-server $1 & wait"
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
    let listens = Role::TcpServer.check("listens").unwrap();
    let outcome = listens.judge(&submission);
    (outcome.saw.unwrap(), outcome.advice.unwrap_or_default())
}

#[test]
fn a_program_that_does_not_start_hears_why() {
    let folder = tempdir().unwrap();
    let cases = [
        ("ends", "#!/bin/sh\necho oops >&2; exit 3\n", "last words"),
        ("over", "#!/bin/sh\n", "reached its end"),
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
    // On a busy machine it may need another one of these half seconds to print.
    wait_until(|| {
        let outcome = judged_with(
            patience.clone(),
            Role::TcpServer,
            "listens",
            "echo Port:; cat",
        );
        let (saw, advice) = (outcome.saw.unwrap(), outcome.advice.unwrap());
        assert!(advice.contains("neither ask for it"), "{saw}");
        saw == "it never did, and still runs; it printed last: Port:"
    });
}

/// As many have it in their source. It may take a moment to listen.
#[cfg(target_os = "linux")]
#[test]
fn a_server_with_a_port_of_its_own_hears_which_one_it_is() {
    let patience = Patience {
        start: Duration::from_millis(300),
        ..Patience::short()
    };
    for (role, name) in [(Role::TcpServer, "listens"), (Role::UdpServer, "binds")] {
        let own = Port::free().unwrap();
        let server = format!("exec '{FAULTY}' {role} {}", own.number);
        let expected = format!("it is at 127.0.0.1:{} instead", own.number);
        wait_until(|| {
            let outcome = judged_with(patience.clone(), role, name, &server);
            let (saw, advice) = (outcome.saw.unwrap(), outcome.advice.unwrap());
            let is_seen = saw.starts_with(&expected);
            assert_eq!(advice.contains("sys.argv"), is_seen, "{saw}");
            is_seen
        });
    }
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

/// As one does whose thread takes a read of 0 bytes for a message, while the main one has said
/// byebye.
#[cfg(target_os = "linux")]
#[test]
fn a_program_that_is_busy_instead_of_ending_is_told_to_look_for_a_loop() {
    let goes_on = format!("'{FAULTY}' chat-client $1; while :; do :; done");
    wait_until(|| {
        let outcome = judged(Role::ChatClient, "byebye-typed", &goes_on);
        let advice = outcome.advice.unwrap();
        advice.starts_with("Look for a loop that goes on without waiting")
    });
}

/// As one does whose keyboard thread still waits for a line.
#[test]
fn a_chat_that_is_over_and_goes_on_waiting_is_told_so() {
    let waits = format!("'{FAULTY}' chat-client $1; exec sleep 60");
    each(["byebye-heard", "byebye-typed"], |name| {
        let advice = judged(Role::ChatClient, name, &waits).advice.unwrap();
        assert!(advice.contains("still waits"), "{name}: {advice}");
    });
}

/// What becomes of this check, in haste. If that isn't as expected, as on a busy machine: as the
/// command judges.
fn judged_twice(
    role: Role,
    name: &str,
    command: &str,
    is_expected: impl Fn(&Outcome) -> bool,
) -> Outcome {
    let outcome = judged_with(Patience::short(), role, name, command);
    if is_expected(&outcome) {
        return outcome;
    }
    judged_with(Patience::default(), role, name, command)
}

/// Expects these verdicts of this check, each for a command of the shell.
fn expect<const N: usize>(role: Role, name: &str, cases: [(String, Verdict); N]) {
    each(cases, |(command, verdict)| {
        let is_expected = |outcome: &Outcome| outcome.verdict == verdict;
        let outcome = judged_twice(role, name, &command, is_expected);
        assert!(is_expected(&outcome), "{command}: {outcome:#?}");
    });
}

/// What it says when all is well is no message.
#[test]
fn a_banner_does_not_say_that_the_port_is_taken() {
    let server = format!("echo Starting; \"{FAULTY}\" udp-server $1");
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
    let client = format!("printf 'You: '; \"{FAULTY}\" chat-client $1");
    let silent = format!("{client} 2>/dev/null");
    let cases = [(client, Verdict::Passed), (silent, Verdict::Failed)];
    expect(Role::ChatClient, "nobody-there", cases);
}

/// A program whose own input never ends: what is typed goes to it through a FIFO that stays open.
/// These words follow when the user has no more to say.
fn deaf_to_the_end(role: Role, then: &str) -> String {
    format!(
        "cd \"$(mktemp -d)\"; mkfifo fifo; exec 3<>fifo; rm -r \"$PWD\"
        \"{FAULTY}\" {role} $1 <&3 & cat >&3; {then}; wait $!"
    )
}

/// It ends when the server closes, as programs do that haven't noticed it.
#[test]
fn a_client_that_ignores_the_end_of_its_input_fails_although_it_ends() {
    let cases = [
        (format!("\"{FAULTY}\" tcp-client $1"), Verdict::Passed),
        (deaf_to_the_end(Role::TcpClient, ":"), Verdict::Failed),
    ];
    expect(Role::TcpClient, "end-of-input", cases);
}

/// To listen on is fine, but not to read the end again and again.
#[cfg(target_os = "linux")]
#[test]
fn a_loop_at_the_end_of_the_input_is_found() {
    let reads_on = "while kill -0 $! 2>/dev/null; do :; done";
    let cases = [
        (deaf_to_the_end(Role::ChatClient, ":"), Verdict::Passed),
        (deaf_to_the_end(Role::ChatClient, reads_on), Verdict::Failed),
    ];
    expect(Role::ChatClient, "end-of-input", cases);
}

/// A stack trace that has the answer in it shows it to nobody.
#[test]
fn the_words_of_a_crash_are_no_answer() {
    let client = format!("\"{FAULTY}\" udp-client $1");
    let crashes = format!("{client} | while read x; do echo \"Stack trace: $x\"; done");
    let cases = [(client, Verdict::Passed), (crashes, Verdict::Failed)];
    expect(Role::UdpClient, "shows", cases);
}

/// A program has ended before its last words are read: here, those of a child of its.
#[test]
fn a_stack_trace_that_comes_late_is_one() {
    let client = format!("\"{FAULTY}\" tcp-client $1");
    let late = "(sleep 0.6; echo Traceback '(most recent call last):') &";
    let crashes = format!("{client}; {late}");
    let cases = [(client, Verdict::Passed), (crashes, Verdict::Failed)];
    expect(Role::TcpClient, "server-resets", cases);
}

/// What it says at its end, whatever has come, is no message either.
#[test]
fn a_goodbye_does_not_say_that_no_answer_has_come() {
    let client = format!("\"{FAULTY}\" udp-client $1 && echo Goodbye");
    let silent = format!("\"{FAULTY}\" udp-client $1 2>/dev/null; echo Goodbye");
    thread::scope(|scope| {
        for name in ["no-answer", "nobody-listens"] {
            let cases = [
                (client.clone(), Verdict::Passed),
                (silent.clone(), Verdict::Failed),
            ];
            scope.spawn(move || expect(Role::UdpClient, name, cases));
        }
    });
}

/// It asks, reads an empty line and ends: many programs are left like that, but not by an error
/// without a word.
#[test]
fn an_empty_line_may_end_a_client() {
    let quits = "printf 'Celsius (Enter to quit): '; read x".to_owned();
    let fails = format!("{quits}; exit 1");
    let client = format!("{quits}; echo no number; exit 1");
    let cases = [
        (quits, Verdict::Passed),
        (client, Verdict::Passed),
        (fails, Verdict::Failed),
    ];
    expect(Role::UdpClient, "empty-line", cases);
}

#[cfg(target_os = "linux")]
#[test]
fn a_child_that_forks_twice_and_empties_its_environment_is_ended() {
    let word = own_word("twice");
    let twice = format!(
        "(setsid env -i sh -c '(sleep 1000; : {word}) & sleep 1000; :' {word} </dev/null \
         >/dev/null 2>&1 &) ; exec \"{FAULTY}\" tcp-server $1"
    );
    // On a busy machine it takes a while to start, and what was killed a moment to end.
    let patience = Patience {
        start: Duration::from_mins(1),
        ..Patience::short()
    };
    let outcome = judged_with(patience, Role::TcpServer, "listens", &twice);
    assert_eq!(outcome.verdict, Verdict::Passed, "{outcome:#?}");
    nothing_is_left_of(&word);
}

/// One of them is enough to harm a terminal.
#[test]
fn each_raw_escape_sequence_is_found() {
    let client = format!("\"{FAULTY}\" udp-client --fault terminal-escapes $1");
    let without = |signs: &str| {
        format!("{client} | while read -r x; do printf '%s\\n' \"$x\" | tr -d '{signs}'; done")
    };
    let cases = [
        (without(r"[]\007"), Verdict::Passed),
        (without(r"[\007"), Verdict::Failed),
        (without(r"]\007"), Verdict::Failed),
        (without("[]"), Verdict::Failed),
    ];
    expect(Role::UdpClient, "terminal-escapes", cases);
}

/// A program that takes turns with its user isn't heard to the end before the user's turn.
#[test]
fn what_a_terminal_shows_only_when_the_input_has_ended_is_too_late() {
    let client = format!("\"{FAULTY}\" udp-client $1");
    let cases = [
        (format!("all=$({client}); echo \"$all\""), Verdict::Failed),
        (client, Verdict::Passed),
    ];
    expect(Role::UdpClient, "shows", cases);
}

/// The check has ended the input, so a crash at that is for another check.
#[test]
fn a_crash_at_the_end_of_the_input_is_no_reason_for_what_was_wrong_before() {
    each(["shows", "terminal-escapes"], |name| {
        let client = format!(
            "\"{FAULTY}\" udp-client --fault {name} $1; echo 'Traceback (most recent call last):'"
        );
        let outcome = judged(Role::UdpClient, name, &client);
        let advice = outcome.advice.as_deref().unwrap();
        assert!(!advice.contains("stack trace"), "{outcome:#?}");
    });
}

#[test]
fn a_program_that_an_empty_line_ends_hears_so() {
    each([("q", true), ("d;s/after//", false)], |(fault, ends)| {
        let client = format!("sed -u '/^$/{fault}' | \"{FAULTY}\" tcp-client $1");
        let is_expected = |outcome: &Outcome| {
            let advice = outcome.advice.as_deref();
            advice.is_some_and(|it| it.contains("isn't the end of the input") == ends)
        };
        let outcome = judged_twice(Role::TcpClient, "empty-line", &client, is_expected);
        assert!(is_expected(&outcome), "{outcome:#?}");
    });
}

/// One that ends after a question has nothing to mix up. One that goes on without asking is wrong.
#[test]
fn a_client_may_end_after_one_question() {
    let once = format!("read x; echo $x | \"{FAULTY}\" udp-client $1");
    let cases = [
        (once.clone(), Verdict::Passed),
        (
            format!("{once}; echo Traceback '(most recent call last):'"),
            Verdict::Failed,
        ),
        (format!("{once}; cat"), Verdict::Failed),
    ];
    expect(Role::UdpClient, "answered-twice", cases);
}
