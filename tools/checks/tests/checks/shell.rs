//! Programs that are commands of the shell, which Windows doesn't have: how they are judged, and
//! that nothing of them stays behind.

use std::fs;
use std::io::Write;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use checks::check::{Outcome, Role, Verdict};
use checks::judge::{Submission, judge};
use checks::port::Port;
use checks::run::Patience;
use supervise::Command;
use testkit::{PATIENCE, Program};

use crate::FAULTY;
use crate::command::CHECKS;

/// Waits for something that the system doesn't tell us: what other processes do.
#[track_caller]
pub(crate) fn wait_until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never comes to that");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until no process has this word in its command line.
pub(crate) fn nothing_is_left_of(word: &str) {
    wait_until(|| processes_with(word).is_empty());
}

fn processes_with(word: &str) -> Vec<String> {
    let mut words = command_lines();
    words.retain(|words| words.contains(word) && !words.contains("checks "));
    words
}

/// Those of all processes, each word with a space behind it. (A container may have no `ps`, and a
/// Mac has no `/proc`.)
fn command_lines() -> Vec<String> {
    if cfg!(target_os = "linux") {
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let words = processes.map(|entry| fs::read_to_string(entry.path().join("cmdline")));
        words.flatten().map(|it| it.replace('\0', " ")).collect()
    } else {
        let lines = Program::run("ps", ["-A", "-ww", "-o", "args="]).succeeds();
        lines.lines().map(|line| format!("{line} ")).collect()
    }
}

/// A word that no other process on this machine has.
pub(crate) fn own_word(test: &str) -> String {
    format!("{test}-{}", std::process::id())
}

/// Writes an executable script. (In another process: one that is started from this one at the same
/// instant would have the file open for writing, and then it can't be executed.)
pub(crate) fn script(directory: &Path, name: &str, text: &str) {
    let mut shell = std::process::Command::new("sh")
        .args(["-c", r#"cat > "$0" && chmod +x "$0""#])
        .arg(directory.join(name))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = shell.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    assert!(shell.wait().unwrap().success());
}

#[test]
fn a_program_that_never_listens_is_reported_and_not_checked_further() {
    let word = own_word("never-listens");
    let patience = Patience {
        start: Duration::from_millis(200),
        ..Patience::short()
    };
    let submission = in_shell(patience, &format!("sleep 1000; : {word}"));
    let checks: Vec<_> = Role::TcpServer.checks().iter().collect();
    let mut saw = Vec::new();
    judge(&checks, &submission, |_, outcome| {
        saw.extend(outcome.saw);
    });
    assert!(
        saw[0].starts_with("it never did, and still runs"),
        "{saw:?}"
    );
    assert!(
        saw[1..]
            .iter()
            .all(|saw| saw == "tcp-server/listens must pass first")
    );
    nothing_is_left_of(&word);
}

#[test]
fn a_program_that_does_not_end_when_it_should_is_killed() {
    let word = own_word("hangs");
    let command = format!("trap '' TERM INT HUP; \"{FAULTY}\" tcp-client $1; sleep 1000; : {word}");
    // Only its end is waited for in vain.
    let patience = Patience {
        end: Patience::short().end,
        speed: Patience::short().speed,
        ..Patience::default()
    };
    let outcome = judged_with(patience, Role::TcpClient, "exit", &command);
    assert!(outcome.saw.unwrap().starts_with("it still runs"));
    nothing_is_left_of(&word);
}

/// What becomes of the check with this name, for a command of the shell.
pub(crate) fn judged(role: Role, name: &str, shell_command: &str) -> Outcome {
    let patience = Patience {
        // On a busy machine even a client that asks quickly takes a while to ask three times.
        giving_up: PATIENCE,
        ..Patience::short()
    };
    judged_with(patience, role, name, shell_command)
}

pub(crate) fn judged_with(
    patience: Patience,
    role: Role,
    name: &str,
    shell_command: &str,
) -> Outcome {
    let submission = in_shell(patience, shell_command);
    role.check(name).unwrap().judge(&submission)
}

/// A program that is this command of the shell.
pub(crate) fn in_shell(patience: Patience, shell_command: &str) -> Submission {
    let command = Command::new("sh", ["-c", shell_command, "sh", "{port}"]);
    Submission {
        patience,
        ..Submission::new(command)
    }
}

/// As when a child of a program reads the connection, and ends its parent.
#[test]
fn a_process_of_a_program_may_end_the_others() {
    for signal in ["TERM", "KILL"] {
        let told = format!("\"{FAULTY}\" chat-client $1; kill -{signal} $$");
        let outcome = judged(Role::ChatClient, "byebye-heard", &told);
        assert_eq!(outcome.verdict, Verdict::Passed, "{outcome:#?}");
    }
}

#[test]
fn a_crash_without_a_stack_trace_is_one() {
    let outcome = judged(
        Role::ChatClient,
        "nobody-there",
        &format!("\"{FAULTY}\" chat-client $1 || kill -SEGV $$"),
    );
    let saw = outcome.saw.unwrap();
    assert!(saw.starts_with("the program ended (signal"), "{saw}");
}

#[test]
fn a_host_that_takes_a_little_longer_to_end_has_ended() {
    let command = format!("\"{FAULTY}\" chat-server $1; sleep 1.2");
    let patience = Patience {
        speed: 1,
        ..Patience::short()
    };
    let outcome = judged_with(patience, Role::ChatServer, "guest-leaves", &command);
    assert_eq!(outcome.verdict, Verdict::Passed, "{outcome:#?}");
}

/// Somebody else takes the port before the program can: then it is tried on another.
#[test]
fn a_program_that_has_lost_its_port_gets_another() {
    let directory = tempfile::tempdir().unwrap();
    // Whoever opens one of these waits for the other end.
    let [port_is, is_taken] = ["port-is", "is-taken"].map(|name| directory.path().join(name));
    Program::run("mkfifo", [&port_is, &is_taken]).succeeds();
    let shell_command = format!(
        "cd '{}'; mkdir once || exec \"{FAULTY}\" tcp-server $1
        echo $1 >port-is; read x <is-taken; exit 1",
        directory.path().display()
    );
    thread::scope(|scope| {
        let somebody = scope.spawn(|| {
            let port = fs::read_to_string(&port_is).unwrap();
            let socket = UdpSocket::bind(("127.0.0.1", port.trim().parse().unwrap())).unwrap();
            fs::write(&is_taken, "").unwrap();
            socket
        });
        // Both may be late on a busy machine.
        let patience = Patience {
            start: Duration::from_mins(1),
            ..Patience::short()
        };
        let outcome = judged_with(patience, Role::TcpServer, "listens", &shell_command);
        // If the program never came, this ends the wait for it: fifo(7).
        for waited_for in [&port_is, &is_taken] {
            let _ = fs::File::options().read(true).write(true).open(waited_for);
        }
        assert_eq!(outcome.verdict, Verdict::Passed, "{outcome:#?}");
        drop(somebody.join());
    });
}

#[test]
fn a_flood_of_output_is_cut_off_and_reported() {
    for (role, command) in [
        ("tcp-server", "yes"),
        ("tcp-server", "exec yes >&2"),
        // Few lines, as the judge looks at each.
        ("udp-client", "yes \"$(seq -s' ' 500)\""),
    ] {
        let checks = Program::start(CHECKS, [role, "--", "sh", "-c", command, "{port}"]);
        let saw = "it printed more than 1024 KiB";
        // On a busy machine it takes a while to read so much.
        let is_reported = checks.output.shows_within(saw, 8 * PATIENCE);
        let ended = checks.wait();
        assert!(is_reported, "{}", ended.output);
        assert_eq!(ended.status.code(), Some(1));
    }
}

#[test]
fn a_program_with_children_is_judged_and_ended_with_them() {
    let word = own_word("children");
    let command = format!("\"{FAULTY}\" tcp-server $1 & wait");
    let arguments = [
        "tcp-server",
        "--only=tcp-server/listens",
        "--only=tcp-server/browser",
        "--",
        "sh",
        "-c",
        &command,
        &word,
        "{port}",
    ];
    let ended = Program::run(CHECKS, arguments);
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output);
    nothing_is_left_of(&word);
}

#[test]
fn a_program_that_goes_into_the_background_is_reported_and_ended() {
    let word = own_word("background");
    // A server that listens only when its parent has ended for sure.
    let background = format!(
        "(sh -c 'while kill -0 '$$' 2>/dev/null; do :; done; exec \"{FAULTY}\" tcp-server '$1 {word}) &"
    );
    let outcome = judged_with(Patience::short(), Role::TcpServer, "listens", &background);
    assert_eq!(outcome.verdict, Verdict::Failed);
    let saw = outcome.saw.unwrap();
    assert!(saw.contains("(exit status 0)"), "{saw}");
    nothing_is_left_of(&word);
}

/// What leaves its session is found on Linux only. (A Mac has no `setsid`.)
#[cfg(target_os = "linux")]
#[test]
fn a_daemon_is_reported_and_ended() {
    let word = own_word("daemon");
    let daemon = format!(
        "setsid sh -c '\"{FAULTY}\" tcp-server '$1' & wait' {word} </dev/null >/dev/null 2>&1 &"
    );
    let outcome = judged(Role::TcpServer, "listens", &daemon);
    assert_eq!(outcome.verdict, Verdict::Failed, "{outcome:#?}");
    // On a busy machine what was killed takes a moment to end.
    nothing_is_left_of(&word);
}

#[cfg(target_os = "linux")]
#[test]
fn what_has_left_its_session_ends_even_if_the_checks_are_killed() {
    let word = own_word("orphan");
    let stray = own_word("stray");
    let command = format!(
        "setsid env -i sh -c 'sleep 1000; :' {stray} & \"{FAULTY}\" udp-client --fault no-answer $1"
    );
    let arguments = ["-c", &command, &word, "{port}"];
    let checks = Program::start(
        CHECKS,
        ["udp-client", "--only=udp-client/no-answer", "--", "sh"]
            .iter()
            .chain(&arguments),
    );
    // A word of the stray's own command line, not of that of the shell that starts it.
    let stray = format!(" {stray} ");
    wait_until(|| !processes_with(&word).is_empty() && !processes_with(&stray).is_empty());
    // This is a SIGKILL.
    drop(checks);
    nothing_is_left_of(&word);
    nothing_is_left_of(&stray);
}

/// What is killed ends nothing by itself.
#[test]
fn what_is_judged_ends_even_if_the_checks_are_killed() {
    let port = Port::free().unwrap();
    let number = port.number.to_string();
    // It never answers, so the judge waits.
    let server = [FAULTY, "tcp-server", "--fault", "answers", &number];
    // Not as the other tests do: what they start doesn't outlive them anyway.
    let mut checks = std::process::Command::new(CHECKS)
        .args(["tcp-server", "--only=answers", "--port", &number, "--"])
        .args(server)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    wait_until(|| port.has_tcp_listener());
    checks.kill().unwrap();
    checks.wait().unwrap();
    wait_until(|| !port.has_tcp_listener());
}
