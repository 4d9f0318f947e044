//! `checks`: the command line of the black-box checks.

mod choose;
mod class;
mod folder;
mod marks;
mod pages;
mod program_file;
mod source;
mod start;
mod submissions;
mod tell;

use std::ffi::{OsStr, OsString};
use std::path::{self, Path, PathBuf};
use std::process::ExitCode;

use checks::check::{Check, Role};
use checks::judge::{JOBS, Submission, judge};
use checks::roles;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use console::{Error, safe};
use supervise::{Command, limits};

use crate::marks::{Marked, Marks, entry, listed};
use crate::tell::{Judged, Teller, summary};

/// Black-box checks of a program that claims to do a chapter's job
///
/// COMMAND starts the program, which may be in any language, again for each check. {port} in its
/// arguments is replaced by the port to use. Build the program first: the time limits include its
/// start.
#[derive(Debug, Parser)]
#[command(version, after_help = AFTER_HELP)]
struct Args {
    /// Role that the program claims to have
    role: Role,

    /// Port of a program that takes none as an argument; its checks then run one after the other
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,

    /// Run only this check (repeat it for more)
    #[arg(long, value_name = "ID")]
    only: Vec<String>,

    /// List the role's checks without running them; with an ID, explain this check
    #[arg(long, value_name = "ID")]
    #[allow(
        clippy::option_option,
        reason = "clap's form of a flag with a value that may be left out"
    )]
    list: Option<Option<String>>,

    /// Explain all failures, not only the first, and name the skipped checks
    #[arg(long)]
    all: bool,

    /// How to print the outcome
    #[arg(long, value_enum, default_value_t = Format::Lines)]
    format: Format,

    /// Judge each file and folder in this directory (one for each student), and print a row for
    /// each
    #[arg(long, value_name = "DIR")]
    submissions: Option<PathBuf>,

    /// Write a text for each student into this directory (with --submissions)
    #[arg(long, value_name = "DIR", requires = "submissions")]
    reports: Option<PathBuf>,

    /// Maximum checks at the same time, of all submissions together
    #[arg(long, value_name = "N", default_value_t = JOBS,
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=256))]
    jobs: usize,

    /// Don't limit the memory, processes and files of the program
    #[arg(long)]
    no_limits: bool,

    /// Command that starts the program
    #[arg(last = true)]
    command: Vec<OsString>,
}

const AFTER_HELP: &str = "\
Example: checks tcp-server -- python3 server.py {port}

With --submissions a command may have {file} for the student's program and {dir} for a copy of the
student's folder: checks tcp-server --submissions DIR -- python3 {file} {port}
Without a command, a first line #! or the ending chooses it: .py, .js, .rb, .pl, .php, .lua, .java,
.c, .cpp, .rs, or an executable. If a folder has several programs, the judge leaves out tests, the
other side's program and what another file imports, and takes the one named after the role
(tcp_server), its side (server) or main. Each check runs in a fresh copy of the student's folder
(up to 64 MiB); a file that is handed in by itself has only data files beside it. Hidden files and
what tools made (node_modules, __pycache__, a Python environment, cargo's target) aren't
submissions.

The judge stops a program that takes more than 2 GiB of memory, 200 processes or 64 MiB of files
(memory and processes on Linux only, nothing on Windows).

JSON has a line for each check, printed as soon as it is known:
  id, title   the check's name, and what a passing program does
  level       \"basic\", \"solid\" or \"expert\"
  verdict     \"passed\", \"unsteady\" (on the second try), \"failed\" or \"skipped\"
  expected    what should have happened, if it failed; else null
  saw         what happened instead, or why it was skipped; else null
  steps       what was done, in order; if it failed, the last step is the one that failed
  lesson      page, heading (or null) and advice: where to read and what to change
With --submissions it has a line for each: submission (the file's name), command, not_started (why
it wasn't started or ended at once, else null), points (basic, solid, expert, total; null if it has
such a reason) and checks (a list of those above).
With --list the line for each check has id, title, level, about and lesson.
CSV has a row for each submission: submission, command, a verdict for each check, points for each
level (one for each check that passed), their total, and why it wasn't started, ended at once, or
failed the first check, which the others need.
For --submissions with JSON or CSV, standard error shows how many are judged, and what is left out.

The exit status is 0 if all checks passed, 1 if not, 2 if the command line was wrong.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A line for each check, and an explanation of the first failure
    Lines,
    /// For a spreadsheet: a row for each program
    Csv,
    /// For other programs: a line for each check or submission; the fields are described below
    Json,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => console::exit(Err(error)),
    }
}

/// Returns whether all checks passed.
fn run(args: &Args) -> Result<bool, Error> {
    if let Some(id) = &args.list {
        list(args, id.as_deref())?;
        return Ok(true);
    }
    let checks = selected(args);
    let command = command(args);
    if !args.no_limits {
        limits::set();
    }
    if let Some(directory) = &args.submissions {
        return class::mark(args, &checks, directory, command.as_ref());
    }
    let Some(command) = command else {
        wrong("which program? Give its command after --, such as: -- python3 server.py {port}");
    };
    judge_one(args, &checks, &submission(args, command))
}

fn list(args: &Args, id: Option<&str>) -> Result<(), Error> {
    let checks = match id {
        Some(id) => vec![check(args.role, id)],
        None => selected(args),
    };
    for check in &checks {
        let text = match (args.format, id) {
            (Format::Json, _) => listed(check).to_string(),
            (_, Some(_)) => pages::explain(check),
            (_, None) => format!(
                "{:<6} {:<29} {}\n    {}\n    see {}",
                check.level, check.id, check.title, check.about, check.lesson
            ),
        };
        print(text.trim_end())?;
    }
    if args.format == Format::Json {
        return Ok(());
    }
    print(&format!("\n{}", roles::limits()))
}

/// The command that was given, if one was. Ends this program if it doesn't say where the port and
/// the submission go.
fn command(args: &Args) -> Option<Command> {
    let [program, arguments @ ..] = args.command.as_slice() else {
        return None;
    };
    let command = Command::new(program, arguments);
    if args.port.is_none() && !command.has("{port}") {
        wrong("where does the port go? Put {port} into the command's arguments, or give --port N");
    }
    if args.submissions.is_none() {
        return Some(command);
    }
    if !command.has("{file}") && !command.has("{dir}") {
        wrong("where does the submission go? Put {file} or {dir} into the command");
    }
    // It starts in each student's folder, and what it names is here.
    Some(Command::new(
        absolute(program),
        arguments.iter().map(absolute),
    ))
}

/// The whole path of a file that is given by a relative one. A name alone may be anything.
fn absolute(word: &OsString) -> OsString {
    let path = Path::new(word);
    let is_path = path.components().count() > 1 && path.exists();
    match path::absolute(path) {
        Ok(path) if is_path => path.into_os_string(),
        _ => word.clone(),
    }
}

/// A program that is started by this command, judged as the command line says.
pub(crate) fn submission(args: &Args, command: Command) -> Submission {
    Submission {
        fixed_port: args.port,
        jobs: args.jobs,
        ..Submission::new(command)
    }
}

/// The role's checks, or those of them that `--only` names.
fn selected(args: &Args) -> Vec<&'static Check> {
    let all = args.role.checks();
    let only: Vec<_> = args.only.iter().map(|id| check(args.role, id).id).collect();
    let is_wanted = |check: &&Check| only.is_empty() || only.contains(&check.id);
    all.iter().filter(is_wanted).collect()
}

fn check(role: Role, id: &str) -> &'static Check {
    let no_check = || wrong(&format!("no check of {role} is named {id:?}: see --list"));
    role.check(id).unwrap_or_else(no_check)
}

fn judge_one(
    args: &Args,
    checks: &[&'static Check],
    submission: &Submission,
) -> Result<bool, Error> {
    let mut printed = Ok(());
    let mut judged: Vec<Judged> = Vec::new();
    let mut teller = Teller::new(args.all);
    judge(checks, submission, |check, outcome| {
        let text = match args.format {
            Format::Lines => teller.tell(check, &outcome),
            Format::Json => Some(entry(check, &outcome).to_string()),
            Format::Csv => None,
        };
        if printed.is_ok() {
            printed = text.map_or(Ok(()), |text| print(&text));
        }
        judged.push((check, outcome));
    });
    printed?;
    let command = submission.command.to_string();
    let marked = Marked {
        compiled: None,
        name: command.clone(),
        command: Some(command),
        judged: Ok(judged),
    };
    match args.format {
        Format::Lines => {
            let summary = summary(marked.judged());
            print(&format!("{}\n{summary}", teller.folded()))?;
            if let Some(hint) = teller.hint(args.role, None) {
                print(&hint)?;
            }
        }
        Format::Csv => Marks::begin(Format::Csv, checks)?.add(&marked)?,
        Format::Json => {}
    }
    Ok(marked.has_passed())
}

/// The name of a file, in a form that is safe to print and that no other name has.
pub(crate) fn safe_name(name: &OsStr) -> String {
    let mut safe = String::new();
    for chunk in name.as_encoded_bytes().utf8_chunks() {
        // Elsewhere it separates the folders of a path.
        let valid = if path::is_separator('\\') {
            chunk.valid().to_owned()
        } else {
            chunk.valid().replace('\\', r"\\")
        };
        safe.push_str(&safe::escape(&valid));
        safe.push_str(&chunk.invalid().escape_ascii().to_string());
    }
    safe
}

pub(crate) fn print(text: &str) -> Result<(), Error> {
    console::print(&format_args!("{text}\n"))
}

/// Ends with status 2.
fn wrong(why: &str) -> ! {
    Args::command()
        .error(ErrorKind::MissingRequiredArgument, why)
        .exit()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    #[test]
    fn no_two_names_are_shown_alike() {
        let shown = |name: &[u8]| safe_name(OsStr::from_bytes(name));
        assert_eq!(shown(b"\xff"), r"\xff");
        assert_eq!(shown(br"\xff"), r"\\xff");
        assert_eq!(shown(b"\n\\"), r"\n\\");
    }
}
