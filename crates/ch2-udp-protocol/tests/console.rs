//! What each command prints: exactly where time is virtual, in outline where it is real.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

mod properties;
mod race;

use std::process::Command;

use insta::assert_snapshot;
use regex_lite::Regex;
use testkit::Program;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ch2-udp-protocol");

/// Runs the program with these words, and returns everything that it prints and how it ends.
fn run(words: &str) -> String {
    Program::run(PROGRAM, words.split_whitespace()).report()
}

#[test]
fn loss_without_loss() {
    assert_snapshot!("loss_without_loss", run("loss --count 5"));
}

#[test]
fn loss_with_loss() {
    assert_snapshot!("loss_with_loss", run("loss --drop 20"));
}

#[test]
fn loss_with_every_fault() {
    let words = "loss --drop 10 --reorder 20 --duplicate 10 --corrupt 10 --seed 3";
    assert_snapshot!("loss_with_every_fault", run(words));
}

#[test]
fn loss_of_everything() {
    assert_snapshot!("loss_of_everything", run("loss --count 3 --drop 100"));
}

#[test]
fn loss_of_many_messages_is_folded() {
    let folded = run("loss --count 1000 --drop 5");
    assert!(folded.lines().count() < 60, "{folded}");
    assert!(
        folded.contains("960 more messages; --all shows them"),
        "{folded}"
    );
    let all = run("loss --count 1000 --drop 5 --all");
    assert!(all.lines().count() > 1000, "{all}");
    for line in all.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

/// Times differ from machine to machine, and so may the sentences.
#[test]
fn race_in_outline() {
    let report = run("race --count 50 --size 1000");
    let rule = |pattern, replacement, text: &str| {
        let pattern = Regex::new(pattern).unwrap();
        pattern.replace_all(text, replacement).into_owned()
    };
    let outline = rule(r" +\d+\.\d (µs|ms|s)", " [time]", &report);
    let outline = rule(r" █+", " [bar]", &outline);
    let new = r"(UDP|TCP) .*(fast|as) .*new connection each time.*";
    let outline = rule(new, "[UDP and a new connection each time]", &outline);
    let kept = r".*on an open connection.*";
    let outline = rule(kept, "[UDP and an open connection]", &outline);
    assert_snapshot!("race", outline);
    for line in report.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn help() {
    assert_snapshot!("help", run("--help"));
    assert_snapshot!("help_loss", run("loss --help"));
    assert_snapshot!("help_race", run("race --help"));
}

/// (Chapter 1 tests the flags of the wire.)
#[test]
fn bad_flags() {
    let errors = [
        "loss --count 0",
        "loss --size 1401",
        "race --count 0",
        "race --size 1073741824",
    ]
    .map(|words| {
        let report = run(words);
        assert!(report.ends_with("[exit status: 2]"), "{report}");
        report.lines().next().unwrap_or_default().to_owned()
    });
    assert_snapshot!(errors.join("\n"), @"
    error: invalid value '0' for '--count <N>': 0 is not in 1..=1000
    error: invalid value '1401' for '--size <N>': 1401 is not in 16..=1400
    error: invalid value '0' for '--count <N>': 0 is not in 1..=10000
    error: invalid value '1073741824' for '--size <N>': 1073741824 is not in 1..=8192
    ");
}

#[test]
fn in_colour() {
    let mut command = Command::new(PROGRAM);
    command
        .args(["loss", "--drop", "20"])
        .env("CLICOLOR_FORCE", "1")
        .env_remove("NO_COLOR");
    let ended = Program::start_command(command).wait();
    let lost = ended.output.lines().find(|line| line.contains("lost"));
    assert_snapshot!(lost.unwrap_or_default().replace('\x1b', "ESC"), @"      7  0.060 ESC[31m  lost                      ESC[0m   0.080");
}
