//! What each command prints.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use regex_lite::Regex;
use tempfile::TempDir;
#[cfg(unix)]
use testkit::has_ipv6;
use testkit::{Ended, Program, normalise};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch3-socket");

/// Runs the program with a separate folder for temporary files.
fn run_in(folder: &Path, words: &str) -> Ended {
    let mut command = Command::new(PROGRAM);
    command.args(words.split_whitespace()).env("TMPDIR", folder);
    Program::start_command(command).wait()
}

fn run(words: &str) -> String {
    let folder = TempDir::new().unwrap();
    let report = run_in(folder.path(), words).report();
    let path = folder.path().display().to_string();
    let folder = Regex::new(r"\[folder\]/\.tmp\w+").unwrap();
    let report = report.replace(&path, "[folder]");
    normalise(&folder.replace_all(&report, "[folder]"))
}

/// The parts of a table that are about IPv6, and the others.
#[cfg(unix)]
fn parts(table: &str, separator: &str) -> (Vec<String>, String) {
    let (ipv6, others): (Vec<&str>, Vec<&str>) = table
        .split(separator)
        .partition(|part| part.contains("AF_INET6"));
    let ipv6 = ipv6.into_iter().map(ToOwned::to_owned).collect();
    (ipv6, others.join(separator))
}

#[test]
#[cfg(unix)]
fn table() {
    let table = run("");
    assert_eq!(table, run("table"));
    let (ipv6, others) = parts(&table, "\n\n");
    assert_snapshot!("table", others);
    // A machine may have no IPv6. With it, the rows are like those of IPv4.
    for (place, row) in ipv6.iter().enumerate() {
        let ipv4 = others.split("\n\n").nth(place).unwrap();
        let as_ipv4 = row
            .replace("AF_INET6", "AF_INET")
            .replace("IPV6", "IPV4")
            .replace("IPv6", "IPv4")
            .replace("[::1]", "127.0.0.1");
        assert!(
            as_ipv4 == ipv4 || row.contains("not here    can't "),
            "{row}"
        );
        assert!(!row.contains("not here") || !has_ipv6(), "{row}");
    }
    assert_eq!(ipv6.len(), 2);
}

#[test]
#[cfg(unix)]
fn table_in_200_columns() {
    let (ipv6, others) = parts(&run("table --width 200"), "\n");
    // The placeholders are shorter than the addresses, so the columns aren't straight here.
    let blanks = Regex::new("  +").unwrap();
    assert_snapshot!("table_in_200_columns", blanks.replace_all(&others, " | "));
    assert_eq!(ipv6.len(), 2);
}

#[test]
fn no_line_is_longer_than_80_columns() {
    for words in ["table", "ports"] {
        for line in run(words).lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }
}

#[test]
#[cfg(unix)]
fn socket_files_are_removed() {
    let folder = TempDir::new().unwrap();
    let ended = run_in(folder.path(), "table");
    let in_folder = format!("{}/", folder.path().display());
    assert!(ended.output.contains(&in_folder), "{}", ended.output);
    let left: Vec<_> = folder.path().read_dir().unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
#[cfg(unix)]
fn socket_files_are_removed_if_a_name_is_too_long_and_the_row_says_so() {
    let folder = TempDir::new().unwrap();
    let deep = folder.path().join("x".repeat(100));
    std::fs::create_dir(&deep).unwrap();
    let ended = run_in(&deep, "table");
    assert!(ended.status.success());
    let rows = ended.output.split("\n\n");
    let local: Vec<_> = rows.filter(|row| row.starts_with("AF_UNIX")).collect();
    assert_eq!(local.len(), 2, "{}", ended.output);
    for row in local {
        assert!(row.contains("not here    can't"), "{row}");
    }
    assert_eq!(deep.read_dir().unwrap().count(), 0);
}

#[test]
#[cfg(target_os = "linux")]
fn ports() {
    keeping_time_wait(|| {
        let report = run("ports");
        move || assert_snapshot!("ports", report)
    });
}

/// The kernel says that TIME-WAIT kept the port: `/proc/net/tcp`, proc(5).
#[test]
#[cfg(target_os = "linux")]
fn ports_leaves_its_port_in_time_wait() {
    const TIME_WAIT: &str = "06";
    keeping_time_wait(|| {
        let program = Program::start(PROGRAM, ["ports"]);
        let port = format!(":{:04X}", program.address().port());
        assert!(program.wait().status.success());
        let connections = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let waits = connections.lines().any(|line| {
            let mut fields = line.split_whitespace().skip(1);
            let local = fields.next().unwrap_or_default();
            local.ends_with(&port) && fields.nth(1) == Some(TIME_WAIT)
        });
        move || assert!(waits, "{port} in\n{connections}")
    });
}

/// Judges the result, unless the kernel had no room for a connection in TIME-WAIT meanwhile. A
/// benchmark that runs at the same time fills that room, and then `ports` says so.
#[cfg(target_os = "linux")]
fn keeping_time_wait<Judge: FnOnce()>(see: impl FnOnce() -> Judge) {
    let without_room = || {
        let counters = std::fs::read_to_string("/proc/net/netstat").unwrap();
        let mut lines = counters.lines().map(str::split_whitespace);
        let (names, numbers) = (lines.next().unwrap(), lines.next().unwrap());
        let mut counters = names.zip(numbers);
        let counter = counters.find(|(name, _)| *name == "TCPTimeWaitOverflow");
        counter.map(|(_, number)| number.to_owned())
    };
    let before = without_room();
    let judge = see();
    if without_room() == before {
        judge();
    }
}

#[test]
fn help() {
    assert_snapshot!("help", run("--help"));
}

#[test]
fn bad_flags() {
    assert_snapshot!(run("socks"), @"
    error: unrecognized subcommand 'socks'

    Usage: ch3-socket [OPTIONS] [COMMAND]

    For more information, try '--help'.
    [exit status: 2]
    ");
    assert_snapshot!(run("--width wide"), @"
    error: invalid value 'wide' for '--width <N>': invalid digit found in string

    For more information, try '--help'.
    [exit status: 2]
    ");
}

#[test]
fn in_colour() {
    let mut command = Command::new(PROGRAM);
    command.env("CLICOLOR_FORCE", "1").env_remove("NO_COLOR");
    let ended = Program::start_command(command).wait();
    let first = ended.output.lines().next().unwrap_or_default();
    assert_snapshot!(first.replace('\x1b', "ESC"), @"ESC[36mAF_INET, SOCK_STREAMESC[0m");
}
