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

    /// The first check that failed.
    pub fn first_failure(&self) -> Option<&Finding> {
        let mut findings = self.findings().iter();
        findings.find(|it| it.passed == Some(false))
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
    let last_done = states.iter().rposition(|(_, state)| state.is_done());
    let after = states.iter().skip(last_done.map_or(0, |place| place + 1));
    let mut begun = states.iter().filter(|(_, state)| state.is_begun());
    let mut others = after.chain(states).filter(|(_, state)| !state.is_done());
    match begun.next().or_else(|| others.next()) {
        Some((exercise, _)) => {
            let (title, _) = exercise.section();
            let _ = writeln!(text, "\nNext: {}, {title}", exercise.name);
            text + &what_to_do(exercise, width)
        }
        None => {
            text + "\nAll exercises are done. Next:\n"
                + &table(
                    width,
                    [
                        (
                            "compare",
                            "your programs with src/robust.rs in the crates of chapters 4 and 5",
                        ),
                        (
                            "write",
                            "one in another language, and judge it: cargo run -p checks -- --help",
                        ),
                        (
                            "measure",
                            "how fast they are: cargo run --release -p bench -- --help",
                        ),
                    ],
                )
        }
    }
}

/// One exercise: how far it is, and its first failure in full. `hint` says what passes there.
pub fn details(exercise: &Exercise, state: &State, hint: Option<String>, width: usize) -> String {
    let (title, page) = exercise.section();
    let mut text = format!("{}, {title}: ", exercise.name);
    let mut read = page;
    match (state, state.first_failure()) {
        (State::Broken(error), _) => {
            let _ = writeln!(text, "it doesn't compile\n\n{error}\n");
            return text + &what_to_do(exercise, width);
        }
        (_, None) => {
            let _ = writeln!(text, "{} checks pass\n\nNext:", state.count());
            let robust = format!("crates/{}/src/robust", exercise.package);
            let compare = format!("yours with the files in {robust}: its limits go further");
            let compare = exercise.role.map(|_| ("compare", compare.as_str()));
            let rows = compare.into_iter().chain([("go on", "cargo course")]);
            return text + &table(width, rows);
        }
        (_, Some(failure)) => {
            let _ = writeln!(text, "{} checks pass\n", state.count());
            if let Some(task) = failure.task() {
                let _ = writeln!(text, "{}", wrap(&format!("Next: {task}"), width).join("\n"));
            } else {
                read = "";
                let name = format!("{} {}", failure.id, failure.title);
                let name = format!("First failure: {}", name.trim());
                let _ = writeln!(text, "{}", wrap(&name, width).join("\n"));
                match failure.why.as_slice() {
                    [(name, said)] if name.is_empty() => {
                        let _ = writeln!(text, "  {}", said.replace('\n', "\n  "));
                    }
                    parts => text.push_str(&lines(parts, width)),
                }
                let others = state
                    .findings()
                    .iter()
                    .skip_while(|it| *it != failure)
                    .skip(1);
                let others = others.filter(|it| it.passed == Some(false) && !it.id.is_empty());
                let others: Vec<_> = others.map(|it| it.id.as_str()).collect();
                if !others.is_empty() {
                    let others = format!("These fail, too: {}", others.join(", "));
                    let _ = write!(text, "\n{}\n", wrap(&others, width).join("\n"));
                }
            }
        }
    }
    let hint = hint.unwrap_or_else(|| format!("cargo course {} --hint", exercise.name));
    let rows = [("read", read), ("write", &exercise.file()), ("hint", &hint)];
    text + "\n" + &table(width, rows.into_iter().filter(|(_, what)| !what.is_empty()))
}

fn what_to_do(exercise: &Exercise, width: usize) -> String {
    let judge = format!("cargo course {}", exercise.name);
    let (_, page) = exercise.section();
    let rows = [
        ("read", page),
        ("write", &exercise.file()),
        ("judge", &judge),
    ];
    table(width, rows)
}

fn table<'a>(width: usize, rows: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let rows = rows.into_iter();
    let rows: Vec<_> = rows
        .map(|(name, what)| (name.to_owned(), what.to_owned()))
        .collect();
    lines(&rows, width)
}
