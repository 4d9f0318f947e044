//! Figures as tables: for a terminal, and for a page.

use std::fmt::Write;

use crate::report::{Comparison, Facts, Machine, Section, Target};
use crate::stats::{Spread, number};

/// Cells, still without a form. The first row is the head, the first column holds names.
type Grid = Vec<Vec<String>>;

/// All tables, for a terminal.
pub fn text(sections: &[Section]) -> String {
    let mut text = String::new();
    for section in sections {
        let (title, grids, remarks) = parts(section);
        text.extend(["\n", title, "\n"]);
        for grid in grids {
            text.push('\n');
            text.push_str(&aligned(&grid));
        }
        for remark in remarks {
            text.extend(["  ", &remark, "\n"]);
        }
    }
    text
}

/// One section's tables in Markdown.
pub fn markdown(section: &Section) -> String {
    let (title, grids, remarks) = parts(section);
    let mut text = format!("**{title}**\n");
    for grid in grids {
        text.push('\n');
        for (number, row) in grid.iter().enumerate() {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                let is_figure = number > 0 && column > 0;
                if is_figure {
                    unbroken(cell)
                } else {
                    cell.clone()
                }
            });
            text.extend(["| ", &cells.collect::<Vec<_>>().join(" | "), " |\n"]);
            if number == 0 {
                let rule = ["| ---".to_owned(), " | ---:".repeat(row.len() - 1)].concat();
                text.push_str(&(rule + " |\n"));
            }
        }
    }
    for remark in remarks {
        text.extend(["\n", &remark, "\n"]);
    }
    text
}

/// A cell that a page shows on one line, or its median on one and its spread on the next.
fn unbroken(cell: &str) -> String {
    cell.replace(' ', "\u{a0}").replace("\u{a0}(", " (")
}

/// What the machine is, in a line.
pub fn machine(machine: &Machine, rounds: usize) -> String {
    let Machine {
        processor,
        cores,
        system,
        build,
    } = machine;
    format!("{processor}, {cores} cores; {system}; {build} build; {rounds} rounds each")
}

fn parts(section: &Section) -> (&str, Vec<Grid>, Vec<String>) {
    match section {
        Section::Comparison(comparison) => {
            let remarks = comparison.rows.iter().filter_map(|row| {
                let remark = row.remark.as_deref()?;
                Some(format!("{}: {remark}.", row.name))
            });
            let mut grids = vec![comparison_grid(comparison)];
            if !comparison.targets.is_empty() {
                grids.push(targets_grid(&comparison.targets));
            }
            (&comparison.title, grids, remarks.collect())
        }
        Section::Facts(facts) => (&facts.title, vec![facts_grid(facts)], Vec::new()),
    }
}

fn comparison_grid(comparison: &Comparison) -> Grid {
    let head = [
        "",
        &format!("{}/s", comparison.unit),
        "of the first",
        "50 %",
        "99 %",
        "worst",
        "processor µs each",
        "memory",
        "errors",
    ];
    let rows = comparison.rows.iter().map(|row| {
        vec![
            row.name.clone(),
            spread(Some(row.rate), thousands),
            spread(row.ratio, ratio),
            time(row.p50_us),
            time(row.p99_us),
            time(row.worst_us),
            spread(row.processor_us, |us| format!("{us:.1}")),
            row.peak_kib
                .map_or_else(nothing, |kib| format!("{:.1} MiB", number(kib) / 1024.0)),
            row.errors.to_string(),
        ]
    });
    let head = head.map(ToOwned::to_owned).to_vec();
    [head].into_iter().chain(rows).collect()
}

fn targets_grid(targets: &[Target]) -> Grid {
    let head = ["target", "compared with", "at least", "reached", ""];
    let rows = targets.iter().map(|target| {
        let verdict = match target.reached {
            None => "not measured here",
            Some(_) if target.is_met() => "met",
            Some(_) => "not met",
        };
        vec![
            target.name.clone(),
            target.against.clone(),
            ratio(target.at_least),
            spread(target.reached, ratio),
            verdict.to_owned(),
        ]
    });
    [head.map(ToOwned::to_owned).to_vec()]
        .into_iter()
        .chain(rows)
        .collect()
}

fn facts_grid(facts: &Facts) -> Grid {
    let head = ["", "figure", "at most", ""];
    let rows = facts.facts.iter().map(|fact| {
        let verdict = match fact.at_most {
            None => "",
            Some(_) if fact.holds() => "met",
            Some(_) => "not met",
        };
        let shown = |value: f64| format!("{} {}", plain(value), fact.unit);
        vec![
            fact.what.clone(),
            shown(fact.value),
            fact.at_most.map(shown).unwrap_or_default(),
            verdict.to_owned(),
        ]
    });
    [head.map(ToOwned::to_owned).to_vec()]
        .into_iter()
        .chain(rows)
        .collect()
}

/// The median, and between parentheses the lowest and the highest round.
fn spread(spread: Option<Spread>, shown: impl Fn(f64) -> String) -> String {
    let Some(Spread { median, min, max }) = spread else {
        return nothing();
    };
    format!("{} ({} to {})", shown(median), shown(min), shown(max))
}

fn nothing() -> String {
    "-".to_owned()
}

fn ratio(value: f64) -> String {
    format!("{value:.2}")
}

/// A whole number with a comma between thousands.
pub(crate) fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut shown = String::new();
    for (number, digit) in digits.chars().enumerate() {
        if number > 0 && (digits.len() - number).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// Whole if it is, else with a decimal.
fn plain(value: f64) -> String {
    if value.fract() == 0.0 {
        thousands(value)
    } else {
        format!("{value:.1}")
    }
}

fn time(microseconds: f64) -> String {
    if microseconds < 1000.0 {
        format!("{microseconds:.0} µs")
    } else if microseconds < 1_000_000.0 {
        format!("{:.1} ms", microseconds / 1000.0)
    } else {
        format!("{:.1} s", microseconds / 1_000_000.0)
    }
}

/// Names to the left, figures to the right.
fn aligned(grid: &Grid) -> String {
    let columns = grid.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let cells = grid.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in grid {
        let mut line = String::from(" ");
        for (number, (cell, width)) in row.iter().zip(&widths).enumerate() {
            // Writing to a string can't fail.
            let _ = if number == 0 {
                write!(line, " {cell:<width$}")
            } else {
                write!(line, "  {cell:>width$}")
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
