//! What the user sees: lines, JSON, or a table of many programs.

use std::fmt::Write as _;
use std::iter;

use serde::Serialize;

use crate::check::{Check, Lesson, Outcome, Verdict};

/// A check and what came of it, in the form that `--format json` prints. Its fields stay as they
/// are; others may be added.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// The check's name, such as `tcp-server/split-request`.
    pub id: &'static str,
    /// What a program does that passes.
    pub title: &'static str,
    /// `passed`, `failed` or `skipped`.
    pub verdict: Verdict,
    /// If it failed: what should have happened; else null.
    pub expected: Option<String>,
    /// If it failed: what happened instead. If it was skipped: why. Else null.
    pub saw: Option<String>,
    /// What was done, in order; if it failed, the last step is the one that did.
    pub steps: Vec<String>,
    /// What to change and where to read.
    pub lesson: Reading,
}

/// What to change in a program that has failed, and where to read about it.
#[derive(Debug, Serialize)]
pub struct Reading {
    /// The page's file, and the heading on it, or null for all of the page.
    #[serde(flatten)]
    pub place: Lesson,
    /// What to change, in a sentence or two.
    pub advice: String,
}

/// A program of many, as `--submissions` with `--format json` prints it.
#[derive(Debug, Serialize)]
pub struct Submitted {
    /// Its file's name.
    pub submission: String,
    /// All its checks.
    pub checks: Vec<Entry>,
}

impl Entry {
    /// Of a check and its outcome.
    pub fn new(check: &Check, outcome: &Outcome) -> Self {
        let Outcome {
            verdict,
            expected,
            saw,
            advice,
            steps,
        } = outcome.clone();
        Self {
            id: check.id,
            title: check.title,
            verdict,
            expected,
            saw,
            steps,
            lesson: Reading {
                place: check.lesson,
                advice: advice.unwrap_or_else(|| check.advice.to_owned()),
            },
        }
    }
}

/// The line of a check that has been made, without a line end.
pub fn line(check: &Check, outcome: &Outcome) -> String {
    let (verdict, what) = match outcome.verdict {
        Verdict::Passed => ("passed", check.title),
        Verdict::Unsteady => ("unsteady ", check.title),
        Verdict::Failed => ("FAILED", check.title),
        Verdict::Skipped => ("skipped", outcome.saw.as_deref().unwrap_or_default()),
    };
    format!("{verdict:<8}{:<29} {what}", check.id)
}

/// Why a check has failed, and what to do: some lines, indented. Nothing if it hasn't failed.
pub fn explanation(check: &Check, outcome: &Outcome) -> String {
    lines(&parts(check, outcome), 78)
}

/// The same in parts, each with its name. The name of a step after the first is empty.
pub fn parts(check: &Check, outcome: &Outcome) -> Vec<(String, String)> {
    let (Some(expected), Some(saw)) = (&outcome.expected, &outcome.saw) else {
        return Vec::new();
    };
    let part = |name: &str, content: &str| (name.to_owned(), content.to_owned());
    let mut parts = vec![part("expected", expected), part("saw", saw)];
    let last = outcome.steps.len();
    for (number, step) in (1..).zip(&outcome.steps) {
        let name = if number == 1 { "steps" } else { "" };
        let here = if number == last { "  <- here" } else { "" };
        parts.push(part(name, &format!("{number}. {step}{here}")));
    }
    let advice = outcome.advice.as_deref().unwrap_or(check.advice);
    parts.push(part("change", advice));
    parts.push(part("read", &check.lesson.to_string()));
    parts
}

/// Parts, indented, in lines of at most `width` characters unless a word is longer.
pub fn lines(parts: &[(String, String)], width: usize) -> String {
    let mut text = String::new();
    for (name, content) in parts {
        let lines = wrap(content, width.saturating_sub(INDENT));
        let names = iter::once(name.as_str()).chain(iter::repeat(""));
        for (line, name) in lines.iter().zip(names) {
            // Writing to a string can't fail.
            let row = format!("  {name:<width$}{line}", width = INDENT - 2);
            let _ = writeln!(text, "{}", row.trim_end());
        }
    }
    text
}

/// Where the second column begins.
const INDENT: usize = 12;

/// The text in lines of at most `width` characters, unless a word is longer.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        if let Some(line) = lines.last_mut() {
            if line.is_empty() {
                line.push_str(word);
            } else if line.chars().count() + 1 + word.chars().count() <= width {
                line.push(' ');
                line.push_str(word);
            } else {
                lines.push(word.to_owned());
            }
        }
    }
    lines
}

/// How many passed, in words.
pub fn summary(verdicts: &[Verdict]) -> String {
    let count = |wanted| {
        verdicts
            .iter()
            .filter(|&&verdict| verdict == wanted)
            .count()
    };
    format!(
        "{} of {} passed, {} failed, {} skipped",
        count(Verdict::Passed),
        verdicts.len(),
        count(Verdict::Failed),
        count(Verdict::Skipped),
    )
}

/// The table's first row: the checks' numbers.
pub fn table_head(checks: &[&Check]) -> String {
    (1..=checks.len()).fold(String::new(), |head, number| format!("{head} {number:>2}"))
}

/// A submission's row: + passed, - failed, . skipped. Its name stands last, as nobody knows how wide
/// a terminal prints it.
pub fn table_row(name: &str, verdicts: &[Verdict]) -> String {
    let mut row = String::new();
    for verdict in verdicts {
        row.push_str(match verdict {
            Verdict::Passed => "  +",
            Verdict::Unsteady => "  ~",
            Verdict::Failed => "  -",
            Verdict::Skipped => "  .",
        });
    }
    let passed = verdicts.iter().filter(|verdict| verdict.is_pass()).count();
    let _ = write!(row, "  {passed:>3} of {}  {name}", verdicts.len());
    row
}

/// What the table's numbers and signs mean.
pub fn table_legend(checks: &[&Check]) -> String {
    let mut legend = String::from("+ passed   - failed   . skipped\n");
    for (number, check) in (1..).zip(checks) {
        let _ = writeln!(legend, "{number:>2} {:<29} {}", check.id, check.title);
    }
    legend
}
