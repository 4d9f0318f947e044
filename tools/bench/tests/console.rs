//! What `bench` says about itself, and what its tables look like.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::process::Command;

use bench::figures::{Figure, Row, Section, Spread, Target};
use bench::load::Load;
use bench::{chart, table};

fn spread(median: f64, min: f64, max: f64) -> Spread {
    Spread { median, min, max }
}

/// The answers that a contender's clients got: of 1,000, most in 64 µs.
fn answers() -> Load {
    let mut load = Load {
        peak_kib: Some(2_560),
        ..Load::default()
    };
    for (nanoseconds, count) in [(63_700, 980), (1_234_500, 19), (2_500_000_000, 1)] {
        load.latency.record_n(nanoseconds, count).unwrap();
    }
    load
}

fn compared() -> Section {
    let row = |name: &str, rate: Spread, ratio: Spread| Row {
        name: name.to_owned(),
        rate,
        ratio: Some(ratio),
        processor_us: Some(spread(31.25, 30.0, 33.0)),
        all: answers(),
    };
    let mut rows = vec![
        row(
            "floor",
            spread(20_000.0, 19_000.0, 21_000.0),
            spread(1.0, 1.0, 1.0),
        ),
        row(
            "robust <&>",
            spread(1_234_567.0, 999.0, 2_000_000.0),
            spread(0.9, 0.852, 0.97),
        ),
        row(
            "elsewhere",
            spread(17_000.0, 17_000.0, 17_000.0),
            spread(0.85, 0.85, 0.85),
        ),
    ];
    rows[2].processor_us = None;
    rows[2].all.peak_kib = None;
    rows[2].all.errors = 3;
    rows[2].all.remark = Some("an answer of 7 bytes, not 8".to_owned());
    let target = |against: &str, at_least, reached| Target {
        name: "robust <&>".to_owned(),
        against: against.to_owned(),
        at_least,
        reached,
    };
    Section {
        id: "tcp-4".to_owned(),
        title: "TCP: made up".to_owned(),
        unit: "requests",
        rows,
        targets: vec![
            target("floor", 0.85, spread(0.9, 0.852, 0.97)),
            target("elsewhere", 1.0, spread(0.99, 0.9, 1.1)),
        ],
        ..Section::default()
    }
}

fn counted() -> Section {
    Section {
        id: "idle".to_owned(),
        title: "Idle: made up".to_owned(),
        figures: vec![
            Figure::new("memory", 14.26, "KiB", Some(40.0)),
            Figure::new("lost", 1.0, "", Some(0.0)),
            Figure::new("threads", 1_500.0, "threads", None),
        ],
        ..Section::default()
    }
}

#[test]
fn tables() {
    let tables = [compared(), counted()].map(|section| table::markdown(&section));
    insta::assert_snapshot!(tables.join("\n"));
}

#[test]
fn a_chart() {
    insta::assert_snapshot!(chart::svg(&compared()));
}

#[test]
fn a_target_is_met_by_the_median_and_a_limit_by_the_figure() {
    for (target, holds) in compared().targets.into_iter().zip([true, false]) {
        let targets = vec![target];
        let section = Section {
            targets,
            ..Section::default()
        };
        assert_eq!(section.holds(), holds, "{section:?}");
    }
    for (figure, holds) in counted().figures.into_iter().zip([true, false, true]) {
        let figures = vec![figure];
        let section = Section {
            figures,
            ..Section::default()
        };
        assert_eq!(section.holds(), holds, "{section:?}");
    }
}

fn printed(arguments: &[&str]) -> String {
    let ended = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(arguments)
        .env_remove("CLICOLOR_FORCE")
        .output()
        .unwrap();
    let text = [ended.stdout, ended.stderr].concat();
    format!("{}[{}]", String::from_utf8(text).unwrap(), ended.status)
}

#[test]
fn help_names_what_can_be_measured_and_not_the_floors() {
    insta::assert_snapshot!(printed(&["--help"]));
}

#[test]
fn a_word_that_it_does_not_know_is_a_mistake_on_the_command_line() {
    insta::assert_snapshot!(printed(&["speed"]));
}
