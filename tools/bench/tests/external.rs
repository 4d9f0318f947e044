//! Loads on real programs: they need the other crates' programs, which bench builds with cargo.
//!
//! Tests of behaviour: nothing here looks at how fast anything is.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::process::{Command, Output};

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
        let json = bench(&[work, "--quick", "--json"]).stdout;
        let report: serde_json::Value = serde_json::from_slice(&json).unwrap();
        let sections = report["sections"].as_array().unwrap();
        assert!(!sections.is_empty());
        let rows = sections
            .iter()
            .filter_map(|section| section["rows"].as_array())
            .flatten();
        for row in rows {
            assert!(row["rate"]["median"].as_f64() > Some(0.0), "{row}");
            assert!(row["errors"] == 0, "{row}");
        }
    }
}
