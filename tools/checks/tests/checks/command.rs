//! The command: what it prints, how it ends, and that it leaves nothing behind.

use std::iter;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::Path;

use checks::check::Role;
use checks::port::Port;
use insta::assert_snapshot;
use serde_json::Value;
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
    let ended = Program::run_unread(CHECKS, ["udp-client", "--list"]);
    assert_eq!(ended.errors, "");
}

#[test]
fn a_program_that_is_not_there_is_reported_once() {
    let ended = checks(&["tcp-server", "--", "./no-such-program", "{port}"]);
    assert_snapshot!(printed(&ended));
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

/// Each check finds the port free, although this server can't be started while a connection of its
/// is in TIME-WAIT. Only the check that makes for that fails. (Windows lets it start all the same.)
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
    let fails = ["FAILED  tcp-server/restart            Can be started again at once"];
    let expected = if cfg!(windows) { &[][..] } else { &fails };
    assert_eq!(verdicts, expected, "{}", ended.output);
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
