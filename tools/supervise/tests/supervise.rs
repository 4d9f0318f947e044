//! What a program has in front of it, and that its keyboard and its output are in our hands.

#![cfg(unix)] // A shell asks.
#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

#[cfg(target_os = "linux")]
use std::os::unix::process::ExitStatusExt;
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

/// A library that doesn't ask the terminal must not divide what it prints at 80 columns either.
#[test]
fn the_terminal_and_the_environment_have_the_same_width() {
    let mut program = start("stty size; echo $LINES $COLUMNS");
    program.wait_for_end(PATIENCE);
    assert_eq!(program.text(), "24 4000\n24 4000\n");
}

/// Nothing in its environment is ours but what a terminal and a locale are known by.
#[test]
fn no_variable_tells_a_program_who_has_started_it() {
    let mut program = start("env | sed 's/=.*//' | sort");
    program.wait_for_end(PATIENCE);
    let ours = [
        "COLUMNS",
        "LC_ALL",
        "LINES",
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

/// A script's background command ignores SIGINT. This test runs itself as one.
#[cfg(target_os = "linux")]
#[test]
fn a_program_ignores_no_signal_that_this_process_ignores() {
    const AGAIN: &str = "IN_THE_BACKGROUND";
    if std::env::var_os(AGAIN).is_none() {
        let this = "a_program_ignores_no_signal_that_this_process_ignores";
        let again =
            format!(r#"export {AGAIN}=; trap "" HUP INT QUIT TERM; exec "$0" --exact {this}"#);
        let this_test = std::env::current_exe().unwrap().into_os_string();
        let words = ["-c".into(), again.into(), this_test];
        let mut again = Process::start(&Command::new("sh", words)).unwrap();
        let status = again.wait_for_end(PATIENCE);
        assert!(status.is_some_and(|it| it.success()), "{}", again.text());
        return;
    }
    for signal in [1, 2, 3, 15] {
        let mut program = start(&format!("kill -{signal} $$"));
        let status = program.wait_for_end(PATIENCE).unwrap();
        assert_eq!(status.signal(), Some(signal));
    }
}

/// Another program that is started at the same instant has the copy open for writing, too. So this
/// file starts programs only in this way.
#[cfg(target_os = "linux")]
#[test]
fn a_program_that_was_copied_just_now_can_be_started() {
    let folder = tempfile::tempdir().unwrap();
    let starts = |name: &str| {
        let copy = folder.path().join(name);
        std::fs::copy("/bin/true", &copy).unwrap();
        Process::start(&Command::new(copy, [""; 0])).unwrap();
    };
    std::thread::scope(|scope| {
        for thread in 0..8 {
            scope.spawn(move || (0..25).for_each(|copy| starts(&format!("{thread}-{copy}"))));
        }
    });
}
