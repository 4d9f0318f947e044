//! What the student sees, as plain text.

use std::fmt::Write as _;

use checks::report::{lines, wrap};

use crate::exercises::{Exercise, SECTIONS};
use crate::finding::Finding;

/// How far an exercise is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It doesn't compile. This is the compiler's first error.
    Broken(String),
    /// It was judged.
    Judged(Vec<Finding>),
}

impl State {
    fn findings(&self) -> &[Finding] {
        match self {
            Self::Broken(_) => &[],
            Self::Judged(findings) => findings,
        }
    }

    fn passed(&self) -> usize {
        let passed = |it: &&Finding| it.passed == Some(true);
        self.findings().iter().filter(passed).count()
    }

    fn failures(&self) -> impl Iterator<Item = &Finding> {
        let findings = self.findings().iter();
        findings.filter(|it| it.passed == Some(false))
    }

    /// The first check that failed.
    pub fn first_failure(&self) -> Option<&Finding> {
        self.failures().next()
    }

    fn is_done(&self) -> bool {
        self.passed() > 0 && self.first_failure().is_none()
    }

    fn is_begun(&self) -> bool {
        matches!(self, Self::Broken(_)) || self.passed() > 0 && !self.is_done()
    }

    /// How many checks pass, in words.
    fn count(&self) -> String {
        format!("{} of {}", self.passed(), self.findings().len())
    }
}

/// All sections with these exercises, how far each is, and what to do next.
pub fn overview(states: &[(Exercise, State)], width: usize) -> String {
    const INDENT: usize = 26;
    let mut text = String::new();
    for section in SECTIONS {
        // Writing to a string can't fail.
        let _ = writeln!(text, "{:<INDENT$}{}", section.title, section.page);
        for (exercise, state) in states {
            if !section.exercises.contains(exercise) {
                continue;
            }
            let (count, what) = match (state, state.first_failure()) {
                (State::Broken(error), _) => {
                    let first = error.lines().next().unwrap_or_default();
                    ("-".to_owned(), format!("doesn't compile: {first}"))
                }
                (_, Some(failure)) => (state.count(), format!("next: {}", failure.next())),
                (_, None) if state.is_done() => (state.count(), "done".to_owned()),
                (_, None) => (state.count(), "can't be judged here".to_owned()),
            };
            let mut start = format!("  {:<14}{count}", exercise.name);
            for line in wrap(&what, width.saturating_sub(INDENT)) {
                let _ = writeln!(text, "{start:<INDENT$}{line}");
                start.clear();
            }
        }
    }
    text + "\n" + &next(states, width)
}

/// What is begun, or what comes after the last that is done, or anything else that isn't done.
fn next(states: &[(Exercise, State)], width: usize) -> String {
    let last_done = states.iter().rposition(|(_, state)| state.is_done());
    let after = states.iter().skip(last_done.map_or(0, |place| place + 1));
    let mut begun = states.iter().filter(|(_, state)| state.is_begun());
    let mut others = after.chain(states).filter(|(_, state)| !state.is_done());
    if let Some((exercise, _)) = begun.next().or_else(|| others.next()) {
        let (title, _) = exercise.section();
        let rows = what_to_do(exercise, width);
        return format!("Next: {}, {title}\n{rows}", exercise.name);
    }
    let compare = "your programs with src/robust.rs in the crates of chapters 4 and 5";
    let write = "one in another language, and judge it: cargo run -p checks -- --help";
    let measure = "how fast they are: cargo run --release -p bench -- --help";
    let rows = [("compare", compare), ("write", write), ("measure", measure)];
    format!("All exercises are done. Next:\n{}", table(&rows, width))
}

/// One exercise: how far it is, and its first failure in full. `hint` says what passes there.
pub fn details(exercise: &Exercise, state: &State, hint: Option<String>, width: usize) -> String {
    let (title, page) = exercise.section();
    let title = format!("{}, {title}", exercise.name);
    if let State::Broken(error) = state {
        let rows = what_to_do(exercise, width);
        return format!("{title}: it doesn't compile\n\n{error}\n\n{rows}");
    }
    let title = format!("{title}: {} checks pass", state.count());
    let Some(failure) = state.first_failure() else {
        let robust = format!("crates/{}/src/robust", exercise.package);
        let compare = format!("yours with the files in {robust}: its limits go further");
        let mut rows = vec![("go on", "cargo course")];
        if exercise.role.is_some() {
            rows.insert(0, ("compare", &compare));
        }
        return format!("{title}\n\nNext:\n{}", table(&rows, width));
    };
    let file = exercise.file();
    let hint = hint.unwrap_or_else(|| format!("cargo course {} --hint", exercise.name));
    let mut rows = vec![("write", file.as_str()), ("hint", &hint)];
    let why = if let Some(task) = failure.task() {
        rows.insert(0, ("read", page));
        paragraph(&format!("Next: {task}"), width)
    } else {
        explanation(failure, state, width)
    };
    format!("{title}\n\n{why}\n{}", table(&rows, width))
}

/// The first failure in full, and the names of the others.
fn explanation(first: &Finding, state: &State, width: usize) -> String {
    let name = format!("{} {}", first.id, first.title);
    let name = paragraph(&format!("First failure: {}", name.trim()), width);
    let why = match first.why.as_slice() {
        [(name, said)] if name.is_empty() => format!("  {}\n", said.replace('\n', "\n  ")),
        parts => lines(parts, width),
    };
    let others = state.failures().skip(1).map(|it| it.id.as_str());
    let others: Vec<&str> = others.filter(|id| !id.is_empty()).collect();
    if others.is_empty() {
        return name + &why;
    }
    let others = format!("These fail, too: {}", others.join(", "));
    format!("{name}{why}\n{}", paragraph(&others, width))
}

fn paragraph(text: &str, width: usize) -> String {
    wrap(text, width).join("\n") + "\n"
}

fn what_to_do(exercise: &Exercise, width: usize) -> String {
    let (_, page) = exercise.section();
    let file = exercise.file();
    let judge = format!("cargo course {}", exercise.name);
    table(
        &[("read", page), ("write", &file), ("judge", &judge)],
        width,
    )
}

fn table(rows: &[(&str, &str)], width: usize) -> String {
    let owned = |&(name, what): &(&str, &str)| (name.to_owned(), what.to_owned());
    lines(&rows.iter().map(owned).collect::<Vec<_>>(), width)
}
