//! Loads on real programs: they need the other crates' programs, which bench builds with cargo.
//!
//! Tests of behaviour: nothing here looks at how fast anything is.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::fs;
use std::process::{Command, Output, Stdio};

fn bench(arguments: &[&str]) -> Output {
    let bench = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&bench.stderr);
    assert!(
        bench.status.success(),
        "{}\n{told}",
        String::from_utf8_lossy(&bench.stdout)
    );
    bench
}

#[test]
#[ignore = "needs the other crates' programs, built"]
fn hostile_peers_harm_nobody_and_leave_nothing_behind() {
    let told = String::from_utf8(bench(&["soak", "--quick"]).stdout).unwrap();
    for line in ["TCP server: lost, cut or wrong", "room: lost, cut or wrong"] {
        let row = told.lines().find(|row| row.contains(line));
        assert!(row.is_some_and(|row| row.ends_with(" met |")), "{told}");
    }
}

#[test]
#[ignore = "needs the other crates' programs, built"]
fn every_measurement_works_and_every_answer_is_right() {
    for work in ["tcp", "udp", "chat", "idle"] {
        let told = String::from_utf8(bench(&[work, "--quick"]).stdout).unwrap();
        let mut count = 0;
        for line in told.lines() {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            // The rows of contenders: name, rate, …, errors.
            let [name, rate, _, _, _, _, _, _, errors] = cells[..] else {
                continue;
            };
            if !["", "---"].contains(&name) {
                assert!(!rate.starts_with("0 ") && errors == "0", "{line}");
                count += 1;
            }
        }
        assert!(count > 0 || work == "idle", "{told}");
    }
}

/// Measuring takes long, so neither a lost reader nor a lost page may cost the figures.
#[test]
#[ignore = "needs the other crates' programs, built"]
fn files_are_written_without_a_reader_and_figures_printed_without_a_page() {
    let directory = tempfile::tempdir().unwrap();
    let (page, charts) = (
        directory.path().join("page.md"),
        directory.path().join("charts"),
    );
    let place = |id| format!("<!-- bench: {id} -->\n<!-- bench end -->\n");
    fs::write(&page, ["machine", "chat", "chat-deaf"].map(place).concat()).unwrap();
    let mut bench = Command::new(env!("CARGO_BIN_EXE_bench"));
    bench
        .args(["chat", "--quick", "--svg"])
        .arg(&charts)
        .arg("--markdown");

    let mut unread = Command::new(bench.get_program());
    unread
        .args(bench.get_args())
        .arg(&page)
        .stdout(Stdio::piped());
    let mut unread = unread.spawn().unwrap();
    drop(unread.stdout.take());
    assert!(unread.wait().unwrap().success());
    let text = fs::read_to_string(&page).unwrap();
    assert_eq!(text.matches("| robust room ").count(), 2, "{text}");
    assert!(charts.join("bench-chat-deaf.svg").is_file());

    let lost = bench
        .arg(directory.path().join("no page"))
        .output()
        .unwrap();
    let told = String::from_utf8(lost.stdout).unwrap();
    assert_eq!(told.matches("| robust room ").count(), 2, "{told}");
    let error = String::from_utf8(lost.stderr).unwrap();
    assert!(error.contains("error: can't read "), "{error}");
    assert_eq!(lost.status.code(), Some(1));
}
