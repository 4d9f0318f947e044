//! What the student sees, as plain text.

use std::fmt::Write as _;

use checks::report::{lines, wrap};

use crate::exercises::{Exercise, SECTIONS, Section};
use crate::finding::Finding;
use crate::steps::Step;

/// How far an exercise is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It doesn't compile. This is the compiler's first error.
    Broken(String),
    /// It was judged.
    Judged(Vec<Finding>),
}

impl State {
    fn passed(&self) -> usize {
        self.findings()
            .iter()
            .filter(|it| it.passed == Some(true))
            .count()
    }

    fn findings(&self) -> &[Finding] {
        match self {
            Self::Broken(_) => &[],
            Self::Judged(findings) => findings,
        }
    }

    /// Whether there is nothing left to do.
    pub fn is_done(&self) -> bool {
        self.passed() > 0 && self.first_failure().is_none()
    }

    /// The first check that failed.
    pub fn first_failure(&self) -> Option<&Finding> {
        self.findings().iter().find(|it| it.passed == Some(false))
    }

    /// How many checks pass, in words.
    fn count(&self) -> String {
        match self {
            Self::Broken(_) => "-".to_owned(),
            Self::Judged(findings) => format!("{} of {}", self.passed(), findings.len()),
        }
    }

    /// What comes next, in a few words.
    fn next(&self) -> String {
        match (self, self.first_failure()) {
            (Self::Broken(error), _) => {
                format!(
                    "doesn't compile: {}",
                    error.lines().next().unwrap_or_default()
                )
            }
            (_, Some(failure)) => format!("next: {}", failure.next()),
            _ if self.is_done() => "done".to_owned(),
            _ => "couldn't be judged".to_owned(),
        }
    }
}

/// All sections and exercises, each with its state, and what to do next.
pub fn overview(states: &[(Exercise, State)], width: usize) -> String {
    const NAME: usize = 14;
    const INDENT: usize = 26;
    let mut text = String::new();
    let mut first = None;
    let mut begun = None;
    for section in SECTIONS {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{:<24}  {}", section.title, section.page);
        for exercise in section.exercises {
            let Some((_, state)) = states.iter().find(|(it, _)| it == exercise) else {
                continue;
            };
            let count = state.count();
            let start = format!("  {:<NAME$}{count:<10}", exercise.name);
            for (number, line) in wrap(&state.next(), width.saturating_sub(INDENT))
                .iter()
                .enumerate()
            {
                let start = if number == 0 { &start } else { "" };
                let _ = writeln!(text, "{start:<INDENT$}{line}");
            }
            if !state.is_done() {
                first = first.or(Some((section, exercise)));
                let is_begun = state.passed() > 0 || matches!(state, State::Broken(_));
                begun = begun.or(is_begun.then_some((section, exercise)));
            }
        }
    }
    text.push('\n');
    match begun.or(first) {
        Some((section, exercise)) => {
            let _ = writeln!(text, "Next: {}, {}", exercise.name, section.title);
            text.push_str(&what_to_do(section, exercise, width));
        }
        None => text.push_str(&all_done(width)),
    }
    text
}

fn what_to_do(section: &Section, exercise: &Exercise, width: usize) -> String {
    let parts = [
        ("read", section.page.to_owned()),
        ("write", exercise.file()),
        ("judge", format!("cargo course {}", exercise.name)),
    ];
    lines(&parts.map(|(name, what)| (name.to_owned(), what)), width)
}

fn all_done(width: usize) -> String {
    let parts = [
        (
            "compare",
            "your programs with src/robust.rs in each crate of chapters 4 and 5",
        ),
        (
            "write",
            "one of them in another language, and judge it: cargo run -p checks -- --help",
        ),
        (
            "measure",
            "how fast they are: cargo run --release -p bench -- --help",
        ),
    ];
    let parts = parts.map(|(name, what)| (name.to_owned(), what.to_owned()));
    format!("All exercises are done. Next:\n{}", lines(&parts, width))
}

/// One exercise: how far it is, and its first failure in full; as a hint, the step that passes that
/// check.
pub fn one(
    exercise: &Exercise,
    state: &State,
    step: Option<&Step>,
    hint: bool,
    width: usize,
) -> String {
    let Some(section) = SECTIONS.iter().find(|it| it.exercises.contains(exercise)) else {
        return String::new();
    };
    let mut text = format!("{}, {}: ", exercise.name, section.title);
    let failure = match (state, state.first_failure()) {
        (State::Broken(error), _) => {
            let _ = writeln!(text, "it doesn't compile\n\n{error}\n");
            text.push_str(&what_to_do(section, exercise, width));
            return text;
        }
        (_, Some(failure)) => failure,
        _ if state.is_done() => {
            text.push_str("done\n\nNext: cargo course\n");
            return text;
        }
        _ => {
            text.push_str("it couldn't be judged\n\n");
            for finding in state.findings() {
                let _ = writeln!(text, "{}", finding.title);
            }
            return text;
        }
    };
    let _ = writeln!(text, "{} checks pass\n", state.count());
    let mut next = Vec::new();
    if let Some(task) = failure.task() {
        for line in wrap(&format!("Next: {task}"), width) {
            let _ = writeln!(text, "{line}");
        }
        next.push(("read", section.page.to_owned()));
    } else {
        let name = format!("{} {}", failure.id, failure.title);
        let _ = writeln!(text, "First failure: {}", name.trim());
        match failure.why.as_slice() {
            [(name, said)] if name.is_empty() => {
                for line in said.lines() {
                    let _ = writeln!(text, "  {line}");
                }
            }
            parts => text.push_str(&lines(parts, width)),
        }
    }
    text.push('\n');
    next.push(("write", exercise.file()));
    match (step, hint) {
        (Some(step), true) => {
            next.push(("hint", format!("{} passes this check", step.file)));
            next.push(("run it", step.command.clone()));
        }
        (None, true) => {
            next.push((
                "hint",
                format!(
                    "read {} again; one answer is in crates/{}/tests/solutions/{}.rs",
                    section.page, exercise.package, exercise.name
                ),
            ));
        }
        (_, false) => next.push(("hint", format!("cargo course {} --hint", exercise.name))),
    }
    let next: Vec<_> = next
        .into_iter()
        .map(|(name, what)| (name.to_owned(), what))
        .collect();
    text.push_str(&lines(&next, width));
    text
}
