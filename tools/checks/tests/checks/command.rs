//! The command: what it prints, how it ends, and that it leaves nothing behind.

use std::fs;
use std::io::Write;
use std::iter;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use checks::check::{Outcome, Role, Verdict};
use checks::judge::{Submission, judge};
use checks::port::Port;
use checks::run::Patience;
use insta::assert_snapshot;
use serde_json::Value;
use supervise::Command;
use testkit::{Ended, PATIENCE, Program, normalise};

use crate::FAULTY;

pub(crate) const CHECKS: &str = env!("CARGO_BIN_EXE_checks");
const ANY_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// Runs the command to its end.
fn checks(arguments: &[&str]) -> Ended {
    Program::run(CHECKS, arguments)
}

/// The lines of JSON that it prints.
pub(crate) fn json_lines(ended: &Ended) -> Vec<Value> {
    let lines = ended.output.lines();
    lines.map(|it| serde_json::from_str(it).unwrap()).collect()
}

/// What it prints, without what differs from run to run.
fn printed(ended: &Ended) -> String {
    let text = ended.report().replace(FAULTY, "faulty");
    text.lines()
        .map(|line| match line.split_once("{port}") {
            Some(_) => line.to_owned(),
            None => without_port(line),
        })
        .collect::<Vec<_>>()
        .join("\n")
}

pub(crate) fn without_port(line: &str) -> String {
    let is_port = |word: &&str| word.parse().is_ok_and(|number: u16| number >= 20_000);
    let mut words = line.split([' ', '"']);
    match words.find(is_port) {
        Some(port) => line.replace(port, "[port]"),
        None => line.to_owned(),
    }
}

/// Waits for something that the system doesn't tell us: what other processes do.
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

pub(crate) fn processes_with(word: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok())
        .filter(|words| words.contains(word) && !words.contains("checks\0"))
        .collect()
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
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = shell.stdin.take().unwrap();
    input.write_all(text.as_bytes()).unwrap();
    drop(input);
    assert!(shell.wait().unwrap().success());
}

#[test]
fn a_program_that_passes_all_ends_it_with_status_0() {
    let some = ["binds", "converts", "two-clients", "empty", "nan"];
    let some = some.map(|name| format!("--only={name}"));
    let mut arguments = vec!["udp-server"];
    arguments.extend(some.iter().map(String::as_str));
    arguments.extend(["--", FAULTY, "udp-server", "{port}"]);
    let ended = checks(&arguments);
    assert_snapshot!(printed(&ended));
}

#[test]
fn a_failure_is_explained_and_ends_it_with_status_1() {
    // Where a line is broken depends on its words, so the path has to be the same everywhere.
    let mut checks = std::process::Command::new(CHECKS);
    checks
        .current_dir(Path::new(FAULTY).parent().unwrap())
        .args([
            "tcp-server",
            "--only=tcp-server/answers",
            "--only=tcp-server/split-request",
            "--",
            "./faulty",
            "tcp-server",
            "--fault",
            "split-request",
            "{port}",
        ]);
    let ended = Program::start_command(checks).wait();
    assert_snapshot!(printed(&ended));
}

#[test]
fn json_has_the_documented_fields() {
    let ended = checks(&[
        "tcp-server",
        "--format=json",
        "--",
        FAULTY,
        "tcp-server",
        "--fault",
        "listens",
        "{port}",
    ]);
    assert_eq!(ended.status.code(), Some(1));
    let checks = json_lines(&ended);
    for check in &checks {
        let fields: Vec<_> = check.as_object().unwrap().keys().collect();
        let documented = [
            "expected", "id", "lesson", "level", "saw", "steps", "title", "verdict",
        ];
        assert_eq!(fields, documented);
    }
    let verdicts: Vec<_> = checks.iter().map(|check| &check["verdict"]).collect();
    assert_eq!(verdicts[0], "failed");
    assert!(verdicts[1..].iter().all(|verdict| *verdict == "skipped"));
    let first_two = serde_json::to_string_pretty(&checks[..2]).unwrap();
    let first_two = normalise(&first_two.replace(FAULTY, "faulty"));
    let shown: Vec<_> = first_two.lines().map(without_port).collect();
    assert_snapshot!(shown.join("\n"));
}

#[test]
fn list_runs_nothing_and_shows_each_check() {
    let ended = checks(&["udp-client", "--list"]);
    assert_snapshot!(ended.report());
}

#[test]
fn a_list_is_for_other_programs_as_well() {
    let lines = json_lines(&checks(&["udp-client", "--list", "--format=json"]));
    assert_eq!(lines.len(), Role::UdpClient.checks().len());
    let fields: Vec<_> = lines[0].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["about", "id", "lesson", "level", "title"]);
    assert_eq!(lines[0]["level"], "basic");
}

#[test]
fn help() {
    assert_snapshot!(checks(&["--help"]).report());
}

#[test]
fn a_wrong_command_line_ends_it_with_status_2() {
    for (arguments, why) in [
        (&["tcp-server"][..], "which program?"),
        (&["tcp-server", "--", FAULTY], "where does the port go?"),
        (
            &["tcp-server", "--only=x", "--list"],
            "no check of tcp-server",
        ),
        (&["web-server", "--list"], "invalid value"),
    ] {
        let ended = checks(arguments);
        assert_eq!(ended.status.code(), Some(2), "{arguments:?}");
        assert!(ended.errors.contains(why), "{}", ended.errors);
    }
}

#[test]
fn a_reader_that_has_gone_ends_it_quietly() {
    let command = format!("\"{CHECKS}\" udp-client --list | head -1");
    let ended = Program::run("sh", ["-c", &command]);
    assert_eq!(ended.errors, "");
}

#[test]
fn a_program_that_is_not_there_is_reported_once() {
    let ended = checks(&["tcp-server", "--", "./no-such-program", "{port}"]);
    assert_snapshot!(printed(&ended));
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
            .all(|saw| saw == "it needs tcp-server/listens")
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
#[cfg(unix)]
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
#[cfg(unix)]
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

/// Otherwise a server that still runs in another terminal would be judged.
#[test]
fn a_fixed_port_that_somebody_serves_is_reported() {
    let (tcp, udp) = (TcpListener::bind(ANY_PORT), UdpSocket::bind(ANY_PORT));
    let (tcp, udp) = (tcp.unwrap(), udp.unwrap());
    for (role, first, here) in [
        ("tcp-server", "listens", tcp.local_addr()),
        ("udp-server", "binds", udp.local_addr()),
    ] {
        let number = here.unwrap().port().to_string();
        let only = format!("--only={role}/{first}");
        let arguments = [role, &only, "--port", &number, "--", FAULTY, role, &number];
        let ended = checks(&arguments);
        assert_eq!(ended.status.code(), Some(1));
        let saw = format!("another program serves at 127.0.0.1:{number} already");
        assert!(ended.output.contains(&saw), "{}", ended.output);
    }
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
    let ended = checks(&[
        "tcp-server",
        "--only=tcp-server/listens",
        "--only=tcp-server/browser",
        "--",
        "sh",
        "-c",
        &command,
        &word,
        "{port}",
    ]);
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

#[test]
fn what_is_judged_ends_even_if_the_checks_are_killed() {
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
    let stray = format!("\0{stray}\0");
    wait_until(|| !processes_with(&word).is_empty() && !processes_with(&stray).is_empty());
    // This is a SIGKILL.
    drop(checks);
    nothing_is_left_of(&word);
    nothing_is_left_of(&stray);
}

/// Each check finds the port free, although this server can't be started while a connection of its
/// is in TIME-WAIT. Only the check that makes for that fails.
#[test]
fn a_fixed_port_is_left_free_by_each_check() {
    // Nor does a connection of an earlier run's linger there.
    let mut ports = iter::repeat_with(|| Port::free().unwrap());
    let port = ports.find(|port| !port.is_taken()).unwrap();
    let number = port.number.to_string();
    let some = ["answers", "browser", "not-utf8", "restart", "port-taken"];
    let mut arguments = some
        .map(|name| format!("--only=tcp-server/{name}"))
        .to_vec();
    let command = [FAULTY, "tcp-server", "--fault", "restart", &number];
    arguments.extend(["tcp-server", "--port", &number, "--"].map(ToOwned::to_owned));
    arguments.extend(command.map(ToOwned::to_owned));
    let checks = Program::start(CHECKS, arguments);
    // If a connection of an earlier program lingers there, the judge waits for a minute. It judges
    // the restart last, and twice.
    let _ = checks
        .output
        .shows_within("tcp-server/restart", 8 * PATIENCE);
    let ended = checks.wait();
    let verdicts: Vec<&str> = ended
        .output
        .lines()
        .filter(|line| line.starts_with("FAILED") || line.starts_with("skipped"))
        .collect();
    assert_eq!(
        verdicts,
        ["FAILED  tcp-server/restart            Can be started again at once"],
        "{}",
        ended.output
    );
}

#[test]
fn a_folder_without_submissions_is_an_error() {
    let empty = tempfile::tempdir().unwrap();
    let ended = checks(&[
        "udp-server",
        "--submissions",
        empty.path().to_str().unwrap(),
    ]);
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        ended.errors.contains("find a submission"),
        "{}",
        ended.errors
    );
}

#[test]
fn one_check_is_explained_wherever_the_command_is() {
    let elsewhere = tempfile::tempdir().unwrap();
    let mut checks = std::process::Command::new(CHECKS);
    checks
        .current_dir(elsewhere.path())
        .args(["tcp-server", "--list", "split-request"]);
    let ended = Program::start_command(checks).wait();
    assert_snapshot!(ended.report());
}

#[test]
fn the_first_failure_is_told_in_full_and_the_others_by_name() {
    let only = ["answers", "half-close", "long-request", "cut-character"];
    let only = only.map(|name| format!("--only={name}"));
    let told = |more: &[&str]| {
        let command = ["--", FAULTY, "tcp-server", "--fault", "answers", "{port}"];
        let arguments = only.iter().map(String::as_str).chain(more.iter().copied());
        let arguments = ["tcp-server"].into_iter().chain(arguments).chain(command);
        let output = checks(&arguments.collect::<Vec<_>>()).output;
        let in_full = output.matches("\n  expected").count();
        let by_name = output.matches("FAILED").count();
        (by_name, in_full, output.contains("--all"))
    };
    assert_eq!(told(&[]), (4, 1, true));
    assert_eq!(told(&["--all"]), (4, 4, false));
}
