//! Figures as tables in Markdown, for the terminal and for a page.

use comfy_table::{CellAlignment, ContentLineStyle, Table, TableStyle};
use indicatif::HumanFloatCount;

use crate::figures::{Figure, Row, Section, Spread, Target, number};

/// A section's tables.
pub fn markdown(section: &Section) -> String {
    let unit = section.unit;
    let tables = [
        table(
            &format!("|{unit}/s|ratio to first|50 %|99 %|worst|processor µs each|memory|errors"),
            section.rows.iter().map(row),
        ),
        table(
            "target|compared with|at least|reached|",
            section.targets.iter().map(target),
        ),
        table("|figure|at most|", section.figures.iter().map(figure)),
    ];
    let remarks = section.rows.iter().filter_map(|row| {
        let remark = row.all.remark.as_deref()?;
        Some(format!("{}: {remark}.\n", row.name))
    });
    let mut text = format!("**{}**\n", section.title);
    for part in tables.into_iter().flatten().chain(remarks) {
        text.push('\n');
        text.push_str(&part);
    }
    text
}

/// Names to the left, figures to the right; `None` without rows.
fn table<const N: usize>(head: &str, rows: impl Iterator<Item = [String; N]>) -> Option<String> {
    let bars = ContentLineStyle::new('|', '|', '|');
    let mut table = Table::new();
    table.load_style(TableStyle::new().content_lines(bars));
    table.add_row(head.split('|'));
    // The library's own rule between head and rows has no colons, which is how a page knows that
    // figures go to the right.
    table.add_row(["---"].into_iter().chain(["---:"; N]).take(N));
    table.add_rows(rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    (table.row_count() > 2).then(|| format!("{table}\n"))
}

fn row(row: &Row) -> [String; 9] {
    let (latency, peak_kib, errors) = (&row.all.latency, row.all.peak_kib, row.all.errors);
    [
        row.name.clone(),
        spread(Some(row.rate), count),
        spread(row.ratio, ratio),
        time(latency.value_at_quantile(0.5)),
        time(latency.value_at_quantile(0.99)),
        time(latency.max()),
        spread(row.processor_us, |us| format!("{us:.1}")),
        peak_kib.map_or("-".to_owned(), |kib| {
            format!("{:.1}\u{a0}MiB", number(kib) / 1024.0)
        }),
        errors.to_string(),
    ]
}

fn target(target: &Target) -> [String; 5] {
    [
        target.name.clone(),
        target.against.clone(),
        ratio(target.at_least),
        spread(Some(target.reached), ratio),
        verdict(target.is_met()),
    ]
}

fn figure(figure: &Figure) -> [String; 4] {
    let shown = |value: f64| {
        let (value, unit) = (HumanFloatCount(value), figure.unit);
        format!("{value:.1}\u{a0}{unit}").trim_end().to_owned()
    };
    [
        figure.what.clone(),
        shown(figure.value),
        figure.at_most.map(shown).unwrap_or_default(),
        figure.is_kept().map(verdict).unwrap_or_default(),
    ]
}

fn verdict(holds: bool) -> String {
    let verdict = if holds { "met" } else { "not met" };
    verdict.to_owned()
}

/// The median, and in parentheses the lowest and the highest round. A page may break the line
/// between the two, and nowhere else: the other spaces are no-break spaces.
fn spread(spread: Option<Spread>, shown: impl Fn(f64) -> String) -> String {
    let Some(Spread { median, min, max }) = spread else {
        return "-".to_owned();
    };
    let (median, min, max) = (shown(median), shown(min), shown(max));
    format!("{median} ({min}\u{a0}to\u{a0}{max})")
}

fn ratio(value: f64) -> String {
    format!("{value:.2}")
}

/// A whole number with a comma between thousands.
pub(crate) fn count(value: f64) -> String {
    format!("{:.0}", HumanFloatCount(value))
}

fn time(nanoseconds: u64) -> String {
    let microseconds = number(nanoseconds) / 1000.0;
    if microseconds < 1000.0 {
        format!("{microseconds:.0}\u{a0}µs")
    } else if microseconds < 1_000_000.0 {
        format!("{:.1}\u{a0}ms", microseconds / 1000.0)
    } else {
        format!("{:.1}\u{a0}s", microseconds / 1_000_000.0)
    }
}
