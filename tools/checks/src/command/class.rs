//! `--submissions`: marks a whole class.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::{MAIN_SEPARATOR, Path};
use std::sync::Arc;
use std::time::Duration;

use checks::check::{Check, Verdict};
use checks::judge::{Submission, judge};
use checks::machine::Machine;
use checks::parallel::in_order;
use checks::report;
use checks::run::Kind;
use console::{Error, OrCannot};
use indicatif::{ProgressBar, ProgressStyle};
use supervise::{Command, guard};
use tempfile::TempDir;

use crate::choose::other_side;
use crate::marks::{Marked, Marks};
use crate::submissions::{Class, Submitted};
use crate::tell::Judged;
use crate::{Args, Format, print};

/// Maximum submissions that are judged at the same time.
const AT_ONCE: usize = 4;

/// Marks all submissions in this directory. Returns whether all passed all.
///
/// # Errors
///
/// The directory can't be read, or the marks can't be written.
pub(crate) fn mark(
    args: &Args,
    checks: &[&'static Check],
    directory: &Path,
    given: Option<&Command>,
) -> Result<bool, Error> {
    let class = read(args, directory, given.is_some())?;
    let scratch =
        TempDir::new().or_cannot("create a folder for copies in", env::temp_dir().display())?;
    guard::remove(scratch.path());
    let left_out = left_out(&class);
    // If standard error is closed, nobody is there to be told.
    let tell = |text: &str| drop(io::stderr().write_all(text.as_bytes()));
    // The table ends with it. The other formats are for programs.
    if args.format != Format::Lines {
        tell(&left_out);
    }
    let bar = bar(class.submissions.len());
    let mut marks = bar.suspend(|| Marks::begin(args.format, checks))?;
    let mut all_passed = true;
    let (mut reported, mut printed) = (Ok(()), Ok(()));
    let machine = Arc::default();
    let mark_it = |submitted: &Submitted| {
        let mark = || mark_one(args, checks, submitted, given, scratch.path(), &machine);
        unless_broken(submitted, mark)
    };
    in_order(&class.submissions, at_once(args), mark_it, |it, marked| {
        all_passed &= marked.has_passed();
        bar.inc(1);
        let written = write_report(args, it, &marked, bar.position());
        // The others' marks don't depend on it.
        if reported.is_ok() {
            reported = written;
        }
        printed = bar.suspend(|| marks.add(&marked));
        if bar.is_hidden() && args.format != Format::Lines {
            let (count, of) = (bar.position(), class.submissions.len());
            tell(&format!("{count} of {of} judged: {}\n", marked.name));
        }
        printed.is_ok()
    });
    printed?;
    bar.finish_and_clear();
    marks.end()?;
    if args.format == Format::Lines {
        print(&format!("\n{left_out}"))?;
        if args.reports.is_none() {
            print("To see why a submission failed, add --reports DIR: it writes a text for each.")?;
        }
    }
    reported.map(|()| all_passed)
}

/// Reads the class, which isn't empty, after it has made sure that reports can be written.
fn read(args: &Args, directory: &Path, has_command: bool) -> Result<Class, Error> {
    let name = crate::safe_name(directory.as_os_str());
    if let Some(reports) = &args.reports {
        prepare(reports, directory)?;
    }
    let class = Class::read(directory, args.reports.as_deref(), has_command)
        .or_cannot("read the directory", &name)?;
    if class.submissions.is_empty() {
        return Err(Error::cannot(
            format_args!("find a submission in {name}"),
            "it has no folder and no program in it",
            "put a file or a folder for each student there",
        ));
    }
    Ok(class)
}

/// Creates the directory for reports, and makes sure that it can be written and isn't the class's.
fn prepare(reports: &Path, class: &Path) -> Result<(), Error> {
    let created = fs::create_dir_all(reports).and_then(|()| tempfile::tempfile_in(reports));
    let full = |path: &Path| fs::canonicalize(path).ok();
    let has_class = full(reports).is_some_and(|it| Some(it) == full(class));
    let usable = if has_class {
        Err(io::Error::other("it has the submissions"))
    } else {
        created.map(drop)
    };
    let name = crate::safe_name(reports.as_os_str());
    let action = format_args!("write reports into {name}");
    usable.map_err(|why| Error::cannot(action, why, "give --reports another directory"))
}

fn not_started(submitted: &Submitted, why: String) -> Marked {
    Marked {
        name: submitted.name.clone(),
        compiled: None,
        command: None,
        judged: Err(why),
    }
}

/// What comes of the submission, even if the judge itself fails: then the others are judged all the
/// same.
fn unless_broken(submitted: &Submitted, mark: impl FnOnce() -> Marked) -> Marked {
    panic::catch_unwind(AssertUnwindSafe(mark)).unwrap_or_else(|_| {
        let why = "the judge itself failed, which is a bug: please report it";
        not_started(submitted, why.to_owned())
    })
}

fn mark_one(
    args: &Args,
    checks: &[&'static Check],
    submitted: &Submitted,
    given: Option<&Command>,
    scratch: &Path,
    machine: &Arc<Machine>,
) -> Marked {
    let (ready, _) = machine.beside_others(|| submitted.get_ready(args.role, given, scratch));
    let ready = match ready {
        Ok(ready) => ready,
        Err(why) => return not_started(submitted, why.to_string()),
    };
    let (compiled, command) = (ready.compiled.clone(), ready.command.clone());
    let mut judged = Vec::new();
    let submission = Submission {
        prepare: Some(Arc::new(move || ready.prepare())),
        jobs: args.jobs / at_once(args),
        machine: Arc::clone(machine),
        ..crate::submission(args, command.clone())
    };
    // On macOS the path of a temporary folder has a link in it.
    let real = fs::canonicalize(scratch).unwrap_or_else(|_| scratch.to_owned());
    judge(checks, &submission, |check, mut outcome| {
        for text in outcome.saw.iter_mut().chain(&mut outcome.steps) {
            *text = without_copy(&without_copy(text, &real), scratch);
        }
        judged.push((check, outcome));
    });
    let command = command.to_string();
    // The teacher's words say nothing about the program.
    let its_own = |word: &&str| args.command.iter().all(|it| it != word);
    let names: String = command.split_whitespace().filter(its_own).collect();
    let other_side = other_side(&names, args.role);
    Marked {
        name: submitted.name.clone(),
        compiled,
        command: Some(command),
        judged: did_nothing(&judged, other_side).map_or(Ok(judged), Err),
    }
}

/// The text as if the program had run in its own folder: its copy is gone when somebody reads this.
fn without_copy(text: &str, scratch: &Path) -> String {
    let scratch = format!("{}{MAIN_SEPARATOR}", scratch.display());
    let mut parts = text.split(&scratch);
    let begin = parts.next().unwrap_or_default().to_owned();
    parts.fold(begin, |all, part| {
        let after = part.trim_start_matches(|it: char| it == '.' || it.is_ascii_alphanumeric());
        let within = after.strip_prefix(MAIN_SEPARATOR);
        all + &within.map_or(format!("{{dir}}{after}"), str::to_owned)
    })
}

/// Why nothing is known of a program that ended before it did anything: maybe its language finds a
/// fault in it, or the command doesn't fit. Or it did nothing, and is the other side's by its name.
fn did_nothing(judged: &[Judged], other_side: Option<&str>) -> Option<String> {
    let ((check, outcome), others) = judged.split_first()?;
    if others.iter().any(|(_, it)| it.verdict != Verdict::Skipped) {
        return None;
    }
    let why = match (outcome.kind?, other_side, outcome.saw.as_ref()?) {
        // Elsewhere than on Linux nobody can tell whether its port was another program's.
        (Kind::Ended | Kind::PortLost, _, saw) => saw.clone(),
        (Kind::Missing, Some(side), saw) => {
            let expected = outcome.expected.as_ref()?;
            format!("by its name it is a {side}: {expected}: {saw}")
        }
        _ => return None,
    };
    let mut parts = report::parts(check, outcome);
    parts.retain(|(name, _)| name != "expected" && name != "saw");
    Some(format!("{why}\n\n{}", report::lines(&parts, 78)))
}

fn write_report(
    args: &Args,
    submitted: &Submitted,
    marked: &Marked,
    row: u64,
) -> Result<(), Error> {
    let Some(reports) = &args.reports else {
        return Ok(());
    };
    let path = reports.join(report_name(&submitted.file_name, row));
    let what = format_args!("the report of {}", marked.name);
    fs::write(path, marked.report(args.role, args.all)).or_cannot("write", what)
}

/// The name of the report of the submission in this row.
fn report_name(file_name: &OsStr, row: u64) -> OsString {
    // Systems allow as many bytes, or characters.
    const LONGEST: usize = 255;
    let mut name = file_name.to_owned();
    name.push(".txt");
    if name.len() <= LONGEST {
        return name;
    }
    let end = format!("~{row}.txt");
    let mut name = crate::safe_name(file_name);
    name.truncate(name.floor_char_boundary(LONGEST - end.len()));
    OsString::from(name + &end)
}

/// What isn't in the table.
fn left_out(class: &Class) -> String {
    if class.left_out.is_empty() {
        return String::new();
    }
    let names = class.left_out.join(", ");
    format!("Not judged (hidden, made by a tool, or no program): {names}\n")
}

/// How many submissions share the `--jobs`. Each gets two or more of them, as its first check has
/// to be made before the others.
fn at_once(args: &Args) -> usize {
    match args.port {
        // All need this port, and only one can have it.
        Some(_) => 1,
        None => (args.jobs / 2).clamp(1, AT_ONCE),
    }
}

/// A bar on standard error, if that is a terminal.
fn bar(submissions: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("[{bar:30}] {pos} of {len} submissions, {elapsed}");
    let bar = ProgressBar::new(submissions as u64);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    // The elapsed time goes on while a submission takes long.
    bar.enable_steady_tick(Duration::from_secs(1));
    bar
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails with a panic")]
mod tests {
    use checks::check::{Outcome, Role};

    use super::*;

    #[test]
    fn the_other_sides_program_has_no_points_if_it_did_nothing() {
        let check = &Role::UdpServer.checks()[0];
        let outcome = |kind| Outcome {
            verdict: Verdict::Failed,
            kind: Some(kind),
            saw: Some("it never did".to_owned()),
            expected: Some("the program receives".to_owned()),
            ..Outcome::default()
        };
        let why = |kind, side| did_nothing(&[(check, outcome(kind))], side);
        let other = why(Kind::Missing, Some("client")).unwrap();
        assert!(
            other.starts_with("by its name it is a client: the program receives: it never did\n"),
            "{other}"
        );
        assert_eq!(why(Kind::Missing, None), None);
        assert_eq!(why(Kind::Wrong, Some("client")), None);
        assert!(
            why(Kind::Ended, None)
                .unwrap()
                .starts_with("it never did\n")
        );
        let passed = Outcome {
            verdict: Verdict::Passed,
            ..Outcome::default()
        };
        let two = [(check, outcome(Kind::Missing)), (check, passed)];
        assert_eq!(did_nothing(&two, Some("client")), None);
    }

    #[test]
    fn a_submission_has_a_row_even_if_the_judge_fails() {
        let class = tempfile::tempdir().unwrap();
        fs::write(class.path().join("server.py"), "").unwrap();
        let class = Class::read(class.path(), None, false).unwrap();
        let marked = unless_broken(&class.submissions[0], || panic!("a bug"));
        assert_eq!(marked.name, "server.py");
        assert!(marked.judged.unwrap_err().contains("please report it"));
    }
}
