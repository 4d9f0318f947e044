//! What a program has in front of it, and that its keyboard and its output are in our hands.

#![cfg(unix)] // A shell asks.
#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::time::Duration;

use supervise::{Command, Process};

/// How long a test waits before it fails.
const PATIENCE: Duration = Duration::from_secs(20);

fn start(shell_command: &str) -> Process {
    Process::start(&Command::new("sh", ["-c", shell_command])).unwrap()
}

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
fn no_variable_tells_a_program_who_has_started_it() {
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

#[test]
fn a_program_prints_utf8_whatever_the_locale() {
    let mut program = start("echo locale $LC_ALL");
    assert!(program.wait_for(PATIENCE, |text| text == "locale C.UTF-8\n"));
}
