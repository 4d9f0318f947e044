//! Marks: a table, CSV, JSON, and a text for each student.

use std::fmt::Write as _;
use std::io;

use checks::check::{Check, Level, Outcome, Role, Verdict};
use checks::run::Kind;
use console::Error;
use serde_json::{Value, json};

use crate::program_file::TO_MARK;
use crate::tell::{Judged, Teller, points, summary};
use crate::{Format, print};

/// Signs in a group of a table's row. The table's head numbers the first sign of each group.
const GROUP: usize = 5;

/// What to do about a program that may listen on another port than the judge's, or ask there.
const FIXED_PORT: &str =
    "if the program always uses the same port, judge it again, in its own folder, with --port N";

/// A program, and what came of it.
#[derive(Debug)]
pub(crate) struct Marked {
    /// What the student handed in: the name of the file or folder.
    pub(crate) name: String,
    /// How it was compiled, if it had to be.
    pub(crate) compiled: Option<String>,
    /// How it was started, if it could be.
    pub(crate) command: Option<String>,
    /// What came of each check; or why it has no points: it couldn't be started, or ended at once.
    pub(crate) judged: Result<Vec<Judged>, String>,
}

impl Marked {
    /// What came of each check; nothing if it has no points.
    pub(crate) fn judged(&self) -> &[Judged] {
        self.judged.as_deref().unwrap_or_default()
    }

    /// Why it has no points, in a line.
    fn not_started(&self) -> Option<&str> {
        self.judged.as_ref().err()?.lines().next()
    }

    /// The same; or what its first check saw, if that failed and all others were skipped.
    fn why_no_verdicts(&self) -> Option<String> {
        let Some(((_, first), others)) = self.judged().split_first() else {
            return self.not_started().map(str::to_owned);
        };
        let is_skipped = |judged: &Judged| judged.1.verdict == Verdict::Skipped;
        let are_skipped = !others.is_empty() && others.iter().all(is_skipped);
        let failed = first.expected.as_ref().zip(first.saw.as_ref());
        let (expected, saw) = failed.filter(|_| are_skipped)?;
        let why = format!("expected: {expected}; saw: {saw}");
        match first.kind {
            Some(Kind::Missing) => Some(format!("{why}; {FIXED_PORT}")),
            _ => Some(why),
        }
    }

    /// Whether it passed everything.
    pub(crate) fn has_passed(&self) -> bool {
        let is_pass = |(_, outcome): &Judged| outcome.verdict.is_pass();
        matches!(&self.judged, Ok(judged) if judged.iter().all(is_pass))
    }

    /// What to hand back to the student.
    pub(crate) fn report(&self, role: Role, all: bool) -> String {
        let mut text = format!("{role}: {}\n", self.name);
        // Writing to a string can't fail.
        if let Some(compiled) = &self.compiled {
            let _ = writeln!(text, "compiled with: {compiled}");
        }
        if let Some(command) = &self.command {
            let _ = writeln!(text, "started with: {command}");
        }
        let judged = match &self.judged {
            Ok(judged) => judged,
            Err(why) => {
                let for_student = |line: &str| line.split(TO_MARK).next().map(str::to_owned);
                let lines: Vec<_> = why.lines().filter_map(for_student).collect();
                let _ = writeln!(text, "\nnot judged: {}", lines.join("\n"));
                return text;
            }
        };
        let _ = writeln!(text, "{}\n", summary(judged));
        let mut teller = Teller::new(all);
        let mut lines = String::new();
        for (check, outcome) in judged {
            let Some(mut told) = teller.tell(check, outcome) else {
                continue;
            };
            if let Some(end_of_line) = told.find('\n')
                && !all
            {
                // What to mend comes first.
                let _ = writeln!(text, "{told}\n");
                // A list that begins with it comes right below.
                if lines.is_empty() {
                    continue;
                }
                told.truncate(end_of_line);
            }
            let _ = writeln!(lines, "{:<7}{told}", check.level);
        }
        text.push_str(&lines);
        text.push_str(&teller.folded());
        if let Some(hint) = teller.hint(role, self.command.as_deref()) {
            let _ = writeln!(text, "\n{hint}");
        }
        text
    }
}

/// The marks of several programs, printed one after the other.
pub(crate) struct Marks {
    format: Format,
    checks: Vec<&'static Check>,
    csv: csv::Writer<io::Stdout>,
    /// How many programs failed each check.
    failed: Vec<usize>,
    /// How many have verdicts.
    judged: usize,
}

impl Marks {
    /// Prints the head of the table, if the format has one.
    ///
    /// # Errors
    ///
    /// The output can't be written.
    pub(crate) fn begin(format: Format, checks: &[&'static Check]) -> Result<Self, Error> {
        let mut marks = Self {
            format,
            checks: checks.to_vec(),
            csv: csv::Writer::from_writer(io::stdout()),
            failed: vec![0; checks.len()],
            judged: 0,
        };
        match format {
            Format::Lines => {
                let firsts = (1..=checks.len()).step_by(GROUP);
                let firsts = firsts.map(|number| format!("{number:<GROUP$} "));
                print(firsts.collect::<String>().trim_end())?;
            }
            Format::Csv => {
                let ids = checks.iter().map(|check| check.id);
                let head = ["submission", "command"].into_iter().chain(ids);
                let tail = ["basic", "solid", "expert", "total", "why no points"];
                marks.csv_row(head.chain(tail).map(str::to_owned))?;
            }
            Format::Json => {}
        }
        Ok(marks)
    }

    /// Prints a row.
    ///
    /// # Errors
    ///
    /// The output can't be written.
    pub(crate) fn add(&mut self, marked: &Marked) -> Result<(), Error> {
        self.judged += usize::from(marked.judged.is_ok());
        for (failed, (_, outcome)) in self.failed.iter_mut().zip(marked.judged()) {
            *failed += usize::from(!outcome.verdict.is_pass());
        }
        match self.format {
            Format::Lines => print(&self.table_row(marked)),
            Format::Csv => self.csv_marked(marked),
            Format::Json => print(&submission(marked).to_string()),
        }
    }

    fn table_row(&self, marked: &Marked) -> String {
        let (name, of) = (&marked.name, self.checks.len());
        if let Some(why) = marked.not_started() {
            let width = of + of.saturating_sub(1) / GROUP;
            return format!("{:<width$} {:>3} of {of}  {name}: {why}", "no points", "-");
        }
        let verdicts = marked.judged().iter().map(|(_, outcome)| outcome.verdict);
        let signs: Vec<char> = verdicts.clone().map(sign).collect();
        let groups: Vec<String> = signs.chunks(GROUP).map(String::from_iter).collect();
        let passed = verdicts.filter(|verdict| verdict.is_pass()).count();
        let command = marked.command.as_deref().unwrap_or_default();
        let why = marked.why_no_verdicts().map(|why| format!(": {why}"));
        format!(
            "{} {passed:>3} of {of}  {name}  ({command}){}",
            groups.join(" "),
            why.unwrap_or_default()
        )
    }

    fn csv_marked(&mut self, marked: &Marked) -> Result<(), Error> {
        let command = marked.command.as_deref().unwrap_or_default();
        let mut row = vec![for_a_spreadsheet(&marked.name), for_a_spreadsheet(command)];
        let verdicts = marked.judged().iter().map(|(_, it)| word(it.verdict));
        row.extend(verdicts.map(str::to_owned));
        // It has no verdicts if it couldn't be started.
        row.resize(2 + self.checks.len(), String::new());
        let points = points_of(marked).map(|it| it.map(|it| it.to_string()));
        row.extend(points.unwrap_or_default());
        row.push(marked.why_no_verdicts().unwrap_or_default());
        self.csv_row(row)
    }

    fn csv_row(&mut self, row: impl IntoIterator<Item = String>) -> Result<(), Error> {
        let written = self.csv.write_record(row).map_err(io::Error::from);
        written
            .and_then(|()| self.csv.flush())
            .map_err(Error::output)
    }

    /// Prints what the table's signs mean, and how many fail each check.
    ///
    /// # Errors
    ///
    /// The output can't be written.
    pub(crate) fn end(self) -> Result<(), Error> {
        if self.format != Format::Lines {
            return Ok(());
        }
        let mut legend =
            String::from("\n+ passed   ~ unsteady, counts as passed   - failed   . skipped\n\n");
        let _ = writeln!(
            legend,
            "    not passed by (of {} that were judged)",
            self.judged
        );
        for ((number, check), failed) in (1..).zip(&self.checks).zip(&self.failed) {
            // Writing to a string can't fail.
            let _ = writeln!(
                legend,
                "{number:>2} {failed:>4}  {:<6} {:<29} {}",
                check.level, check.id, check.title
            );
        }
        print(legend.trim_end())
    }
}

fn sign(verdict: Verdict) -> char {
    match verdict {
        Verdict::Passed => '+',
        Verdict::Unsteady => '~',
        Verdict::Failed => '-',
        Verdict::Skipped => '.',
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Unsteady => "unsteady",
        Verdict::Failed => "failed",
        Verdict::Skipped => "skipped",
    }
}

/// A spreadsheet would take such a text for a formula, and a name may be anything.
fn for_a_spreadsheet(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// A check, as `--list --format json` prints it. The fields of all that is printed as JSON stay as
/// they are; others may be added.
pub(crate) fn listed(check: &Check) -> Value {
    json!({
        "id": check.id,
        "title": check.title,
        "level": check.level.to_string(),
        "about": check.about,
        "lesson": reading(check, None),
    })
}

/// A check and what came of it.
pub(crate) fn entry(check: &Check, outcome: &Outcome) -> Value {
    json!({
        "id": check.id,
        "title": check.title,
        "level": check.level.to_string(),
        "verdict": word(outcome.verdict),
        "expected": outcome.expected,
        "saw": outcome.saw,
        "steps": outcome.steps,
        "lesson": reading(check, outcome.advice.as_deref()),
    })
}

/// What to change in a program that failed, and where to read about it.
fn reading(check: &Check, advice: Option<&str>) -> Value {
    json!({
        "page": check.lesson.page,
        "heading": check.lesson.heading,
        "advice": advice.unwrap_or(check.advice),
    })
}

/// A program of many.
fn submission(marked: &Marked) -> Value {
    let points = points_of(marked);
    let entries = marked.judged().iter().map(|(check, it)| entry(check, it));
    json!({
        "submission": marked.name,
        "command": marked.command,
        "not_started": marked.not_started(),
        "points": {
            "basic": points.map(|it| it[0]),
            "solid": points.map(|it| it[1]),
            "expert": points.map(|it| it[2]),
            "total": points.map(|it| it[3]),
        },
        "checks": entries.collect::<Vec<_>>(),
    })
}

/// How many points it has of each level, and in all. Nobody has judged a program that wasn't
/// started, so it has no points, and not 0.
fn points_of(marked: &Marked) -> Option<[usize; 4]> {
    let judged = marked.judged.as_ref().ok()?;
    let [basic, solid, expert] = Level::ALL.map(|level| points(judged, level).0);
    Some([basic, solid, expert, basic + solid + expert])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_nothing_is_known_of_a_program_is_told() {
        let [check, another, ..] = Role::TcpServer.checks() else {
            panic!("there are two")
        };
        let failed = || Outcome {
            verdict: Verdict::Failed,
            expected: Some("it listens".to_owned()),
            saw: Some("it never did".to_owned()),
            ..Outcome::default()
        };
        let passed = Outcome {
            verdict: Verdict::Passed,
            ..Outcome::default()
        };
        let missing = Outcome {
            kind: Some(Kind::Missing),
            ..failed()
        };
        for (judged, why) in [
            (Err("no program in it\nmore"), Some("no program in it")),
            (
                Ok(vec![
                    failed(),
                    Outcome::skipped("the first must pass first"),
                ]),
                Some("expected: it listens; saw: it never did"),
            ),
            (
                Ok(vec![missing, Outcome::skipped("the first must pass first")]),
                Some(&format!(
                    "expected: it listens; saw: it never did; {FIXED_PORT}"
                )),
            ),
            (Ok(vec![failed(), failed()]), None),
            (Ok(vec![passed.clone(), failed()]), None),
            (Ok(vec![passed, Outcome::skipped("no network")]), None),
            // It was the only check that was asked for.
            (Ok(vec![failed()]), None),
        ] {
            let judged = judged.map_err(str::to_owned);
            let marked = Marked {
                compiled: None,
                name: "ada.py".to_owned(),
                command: None,
                judged: judged.map(|outcomes| [check, another].into_iter().zip(outcomes).collect()),
            };
            assert_eq!(marked.why_no_verdicts().as_deref(), why);
            let told = submission(&marked);
            assert_eq!(
                told["not_started"].as_str(),
                why.filter(|_| marked.judged.is_err())
            );
        }
    }

    /// Right below the explanation its line would be the same again.
    #[test]
    fn a_first_check_that_failed_is_named_once() {
        let first = &Role::TcpServer.checks()[0];
        let failed = Outcome {
            verdict: Verdict::Failed,
            ..Outcome::default()
        };
        let marked = Marked {
            compiled: None,
            name: "ada.py".to_owned(),
            command: None,
            judged: Ok(vec![(first, failed)]),
        };
        for all in [false, true] {
            let report = marked.report(Role::TcpServer, all);
            assert_eq!(report.matches("FAILED").count(), 1, "{report}");
        }
    }
}
