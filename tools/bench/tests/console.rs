//! What `bench` says about itself, and what its tables look like.

#![allow(clippy::unwrap_used, reason = "a test fails with a panic")]

use std::process::Command;

use bench::report::{Comparison, Fact, Facts, Row, Section, Target};
use bench::stats::Spread;
use bench::{chart, table};

fn spread(median: f64, min: f64, max: f64) -> Spread {
    Spread { median, min, max }
}

fn made_up() -> Comparison {
    let row = |name: &str, rate: Spread, ratio: Spread| Row {
        name: name.to_owned(),
        rate,
        ratio: Some(ratio),
        p50_us: 64.2,
        p99_us: 1_234.5,
        worst_us: 2_500_000.0,
        processor_us: Some(spread(31.25, 30.0, 33.0)),
        peak_kib: Some(2_560),
        errors: 0,
        remark: None,
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
    rows[2].peak_kib = None;
    rows[2].errors = 3;
    rows[2].remark = Some("an answer of 7 bytes, not 8".to_owned());
    let target = |against: &str, at_least, reached| Target {
        name: "robust <&>".to_owned(),
        against: against.to_owned(),
        at_least,
        reached,
    };
    Comparison {
        id: "tcp-4".to_owned(),
        title: "TCP: made up".to_owned(),
        unit: "requests",
        rounds: 5,
        rows,
        targets: vec![
            target("floor", 0.85, Some(spread(0.9, 0.852, 0.97))),
            target("elsewhere", 1.0, Some(spread(0.99, 0.9, 1.1))),
            target("not installed", 1.0, None),
        ],
    }
}

fn made_up_facts() -> Facts {
    Facts {
        id: "idle".to_owned(),
        title: "Idle: made up".to_owned(),
        facts: vec![
            Fact::new("memory", 14.26, "KiB").at_most(40.0),
            Fact::new("lost", 1.0, "").at_most(0.0),
            Fact::new("threads", 1_500.0, "threads"),
        ],
    }
}

#[test]
fn a_table_on_a_terminal() {
    let sections = [
        Section::Comparison(made_up()),
        Section::Facts(made_up_facts()),
    ];
    insta::assert_snapshot!(table::text(&sections));
}

#[test]
fn a_table_on_a_page() {
    let page = [
        Section::Comparison(made_up()),
        Section::Facts(made_up_facts()),
    ];
    let page: Vec<String> = page.iter().map(table::markdown).collect();
    insta::assert_snapshot!(page.join("\n"));
}

#[test]
fn a_chart() {
    insta::assert_snapshot!(chart::svg(&made_up()));
}

#[test]
fn a_target_is_met_by_the_median_and_a_limit_by_the_figure() {
    let met: Vec<bool> = made_up().targets.iter().map(Target::is_met).collect();
    assert_eq!(met, [true, false, true]);
    let kept: Vec<bool> = made_up_facts().facts.iter().map(Fact::holds).collect();
    assert_eq!(kept, [true, false, true]);
    assert!(!Section::Comparison(made_up()).holds());
    assert!(!Section::Facts(made_up_facts()).holds());
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
