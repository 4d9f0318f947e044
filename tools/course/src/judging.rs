//! Judges an exercise that has been built.

use std::path::Path;

use checks::check::{Check, Role, Verdict};
use checks::judge::{Submission, judge};
use checks::report;
use indicatif::ProgressBar;
use supervise::Command;

use crate::exercises::Exercise;
use crate::finding::Finding;
use crate::functions;

/// Judges what was built from an exercise, and says meanwhile which check it is at.
pub fn findings(
    root: &Path,
    exercise: &Exercise,
    executable: &Path,
    progress: &ProgressBar,
) -> Vec<Finding> {
    let tell = |at| progress.set_message(format!("judging {}{at}", exercise.name));
    tell(String::new());
    if let Some(role) = exercise.role {
        return programs_findings(role, executable, tell);
    }
    functions::findings(executable, &root.join("crates").join(exercise.package))
}

fn programs_findings(role: Role, program: &Path, tell: impl Fn(String)) -> Vec<Finding> {
    let checks: Vec<&Check> = role.checks().iter().collect();
    let submission = Submission::new(Command::new(program, ["{port}"]));
    let mut findings = Vec::new();
    judge(&checks, &submission, |check, outcome| {
        findings.push(Finding {
            id: check.id.to_owned(),
            title: check.title.to_owned(),
            passed: match outcome.verdict {
                Verdict::Skipped => None,
                verdict => Some(verdict.is_pass()),
            },
            why: report::parts(check, &outcome),
        });
        tell(format!(
            ", {} of {} checks run",
            findings.len(),
            checks.len()
        ));
    });
    findings
}
