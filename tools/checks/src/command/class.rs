//! `--submissions`: marks a whole class.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use checks::check::Check;
use checks::guard;
use checks::judge::{Submission, beside_others, judge};
use checks::program::Command;
use console::{Action, Error, OrCannot};
use indicatif::{ProgressBar, ProgressStyle};
use tempfile::TempDir;

use crate::marks::{Marked, Marks};
use crate::submissions::{Class, Submitted};
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
    let name = || crate::safe_name(directory.as_os_str());
    if let Some(reports) = &args.reports {
        let writable = fs::create_dir_all(reports).and_then(|()| tempfile::tempfile_in(reports));
        let of_class = fs::canonicalize(directory).ok();
        let writable = match fs::canonicalize(reports) {
            Ok(path) if Some(&path) == of_class.as_ref() => {
                Err(io::Error::other("it has the submissions"))
            }
            _ => writable,
        };
        let name = crate::safe_name(reports.as_os_str());
        let action = format_args!("write reports into {name}");
        writable.map_err(|why| Error::cannot(action, why, "give --reports another directory"))?;
    }
    let class = Class::read(directory, args.reports.as_deref(), given.is_some())
        .or_cannot("read the directory", name())?;
    if class.submissions.is_empty() {
        return Err(Error::cannot(
            format_args!("find a submission in {}", name()),
            "it has no folder and no program in it",
            "put a file or a folder for each student there",
        ));
    }
    let scratch =
        TempDir::new().or_cannot("create a folder for copies in", env::temp_dir().display())?;
    guard::remove(scratch.path());
    let bar = bar(class.submissions.len());
    let mut marks = bar.suspend(|| Marks::begin(args.format, checks))?;
    let mut all_passed = true;
    let mut reported = Ok(());
    in_order(
        &class.submissions,
        at_once(args),
        |submitted| mark_one(args, checks, submitted, given, scratch.path()),
        |submitted, marked| {
            let broken = "the judge itself failed, which is a bug: please report it";
            let marked = marked.unwrap_or_else(|| not_started(submitted, broken.to_owned()));
            all_passed &= marked.has_passed();
            bar.inc(1);
            if let Some(reports) = &args.reports {
                let name = report_name(&submitted.file_name, bar.position());
                let written = write_report(args, &reports.join(name), &marked);
                // The others' marks don't depend on it.
                reported = mem::replace(&mut reported, Ok(())).and(written);
            }
            bar.suspend(|| marks.add(&marked))
        },
    )?;
    bar.finish_and_clear();
    marks.end()?;
    let left_out = left_out(&class);
    if args.format == Format::Lines {
        print(&(left_out + notes(args)))?;
    } else {
        // The output is for a program. If standard error is closed, nobody is there to be told.
        let _ = io::stderr().write_all(left_out.as_bytes());
    }
    reported.map(|()| all_passed)
}

fn not_started(submitted: &Submitted, why: String) -> Marked {
    Marked {
        name: submitted.name.clone(),
        command: None,
        judged: Err(why),
    }
}

fn mark_one(
    args: &Args,
    checks: &[&'static Check],
    submitted: &Submitted,
    given: Option<&Command>,
    scratch: &Path,
) -> Marked {
    let ready = match beside_others(|| submitted.get_ready(args.role, given, scratch)) {
        Ok(ready) => ready,
        Err(why) => return not_started(submitted, why),
    };
    let mut judged = Vec::new();
    let submission = Submission {
        prepare: Some(ready.clone()),
        jobs: args.jobs / at_once(args),
        ..crate::submission(args, ready.command.clone())
    };
    judge(checks, &submission, |check, outcome| {
        judged.push((check, outcome.clone()));
    });
    Marked {
        name: submitted.name.clone(),
        command: Some(ready.command.to_string()),
        judged: Ok(judged),
    }
}

fn write_report(args: &Args, path: &Path, marked: &Marked) -> Result<(), Error> {
    fs::write(path, marked.report(args.role, args.all)).or_cannot(
        Action::WriteFile,
        format_args!("the report of {}", marked.name),
    )
}

/// The name of the report of the submission in this row. Systems allow 255 bytes, or characters.
fn report_name(file_name: &OsStr, row: u64) -> OsString {
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
    match class.left_out.join(", ") {
        names if names.is_empty() => names,
        names => format!("\nNot judged (hidden, made by a tool, or no program): {names}\n"),
    }
}

fn notes(args: &Args) -> &'static str {
    if args.reports.is_none() {
        "\nWhy one has failed: add --reports DIR, which writes a text for each."
    } else {
        ""
    }
}

/// Works on several items at the same time, and calls `each` with the results in the items' order,
/// as soon as all before it are known. An item has no result if the work panicked.
fn in_order<T: Sync, R: Send>(
    items: &[T],
    at_once: usize,
    work: impl Fn(&T) -> R + Sync,
    mut each: impl FnMut(&T, Option<R>) -> Result<(), Error>,
) -> Result<(), Error> {
    let (senders, results): (Vec<_>, Vec<_>) = items.iter().map(|_| mpsc::channel()).unzip();
    let waiting = Mutex::new(items.iter().zip(senders));
    let waiting = || waiting.lock().unwrap_or_else(PoisonError::into_inner);
    let work_on_all = || {
        let next = || waiting().next();
        while let Some((item, sender)) = next() {
            let result = panic::catch_unwind(AssertUnwindSafe(|| work(item)));
            // The receiver has gone if the output can't be written.
            let _ = sender.send(result.ok());
        }
    };
    thread::scope(|scope| {
        let start = |_| thread::Builder::new().spawn_scoped(scope, work_on_all);
        // A busy system may have no more threads. One does, if it is this one.
        if (0..at_once).flat_map(start).count() == 0 {
            work_on_all();
        }
        for (item, result) in items.iter().zip(results) {
            let result = result.recv().ok().flatten();
            each(item, result).inspect_err(|_| waiting().by_ref().for_each(drop))?;
        }
        Ok(())
    })
}

/// How many submissions share the `--jobs`. Each gets two or more of them, as its first check has
/// to be made before the others.
fn at_once(args: &Args) -> usize {
    // A port that all need is one submission's at a time.
    if args.port.is_some() {
        1
    } else {
        (args.jobs / 2).clamp(1, AT_ONCE)
    }
}

/// A bar on standard error, if that is a terminal.
fn bar(submissions: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("[{bar:30}] {pos} of {len} submissions, {elapsed}");
    let bar = ProgressBar::new(submissions as u64);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.tick();
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results_of(at_once: usize) -> Vec<(u8, Option<u8>)> {
        let mut results = Vec::new();
        let work = |item: &u8| {
            assert!(*item != 2, "this one breaks");
            item * 10
        };
        let each = |item: &u8, result| {
            results.push((*item, result));
            Ok(())
        };
        assert!(in_order(&[1, 2, 3], at_once, work, each).is_ok());
        results
    }

    #[test]
    fn nothing_is_lost_if_the_work_breaks_or_no_thread_can_be_started() {
        let expected = [(1, Some(10)), (2, None), (3, Some(30))];
        assert_eq!(results_of(1), expected);
        assert_eq!(results_of(0), expected);
    }
}
