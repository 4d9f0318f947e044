//! `checks`: the command line of the black-box checks.

use std::fs::{self, DirEntry};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use checks::check::{Check, Role, Verdict};
use checks::judge::{Submission, judge};
use checks::program::Command;
use checks::report::{self, Entry, Submitted};
use checks::roles;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use console::{Error, OrCannot};

/// Black-box checks of a program that claims to do a chapter's job
///
/// COMMAND starts the program, again for each check, with {port} in its arguments replaced by the
/// port it is to use. It may be written in any language. Build it first: time counts.
#[derive(Parser)]
#[command(version, after_help = AFTER_HELP)]
struct Args {
    /// What the program claims to be
    role: Role,

    /// The port of a program that can't be told one; its checks then run one after the other
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,

    /// Only this check (may be given several times)
    #[arg(long, value_name = "ID")]
    only: Vec<String>,

    /// List the role's checks, and run none
    #[arg(long)]
    list: bool,

    /// How to print the outcome
    #[arg(long, value_enum, default_value_t = Format::Lines)]
    format: Format,

    /// Judge every executable in this directory, and print one table; each is started with COMMAND
    /// as its arguments, or with the port as its only one
    #[arg(long, value_name = "DIR")]
    submissions: Option<String>,

    /// The command that starts the program
    #[arg(last = true)]
    command: Vec<String>,
}

const AFTER_HELP: &str = "\
Example: checks tcp-server -- python3 server.py {port}

JSON is a list with an object for each check:
  id, title   the check's name, and what a program does that passes
  verdict     \"passed\", \"failed\" or \"skipped\"
  expected    what should have happened, if it failed; else null
  saw         what happened instead, or why it was skipped; else null
  steps       what was done, in order; if it failed, the last step is the one that did
  lesson      page, heading (or null) and advice: where to read and what to change
With --submissions it is a list with an object for each: submission (the file's name) and checks.

The exit status is 0 if all checks passed, 1 if not, 2 if the command line was wrong.";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line for each check, and an explanation of each that failed
    Lines,
    /// For other programs; the fields are described below
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
    let checks = selected(args);
    if args.list {
        for check in &checks {
            print(&format!("{:<29} {}", check.id, check.title))?;
            print(&format!("    {}\n    see {}", check.about, check.lesson))?;
        }
        print(&format!("\n{}", roles::limits()))?;
        return Ok(true);
    }
    if let Some(directory) = &args.submissions {
        return judge_all(args, &checks, directory);
    }
    let [program, arguments @ ..] = args.command.as_slice() else {
        wrong("which program? Give its command behind --, such as: -- python3 server.py {port}");
    };
    let submission = submission(args, program, arguments);
    judge_one(args, &checks, &submission)
}

/// A program that is started with these arguments, judged as the command line says.
fn submission(args: &Args, program: &str, arguments: &[String]) -> Submission {
    let command = Command::new(program, arguments);
    if args.port.is_none() && !command.takes_port() {
        wrong("where does the port go? Put {port} into the command's arguments, or give --port N");
    }
    Submission {
        fixed_port: args.port,
        ..Submission::new(command)
    }
}

/// The role's checks, or those of them that `--only` names.
fn selected(args: &Args) -> Vec<&'static Check> {
    let all = args.role.checks();
    for id in &args.only {
        if !all.iter().any(|check| check.id == id) {
            wrong(&format!(
                "no check of {} is named {id:?}: see --list",
                args.role
            ));
        }
    }
    let is_wanted =
        |check: &&Check| args.only.is_empty() || args.only.iter().any(|id| check.id == id);
    all.iter().filter(is_wanted).collect()
}

fn judge_one(
    args: &Args,
    checks: &[&'static Check],
    submission: &Submission,
) -> Result<bool, Error> {
    let mut printed = Ok(());
    let mut entries = Vec::new();
    let verdicts = judge(checks, submission, |check, outcome| {
        if args.format == Format::Json {
            entries.push(Entry::new(check, outcome));
        } else if printed.is_ok() {
            let text = report::line(check, outcome) + "\n" + &report::explanation(check, outcome);
            printed = print(text.trim_end());
        }
    });
    printed?;
    match args.format {
        Format::Json => print_json(&entries)?,
        Format::Lines => print(&format!("\n{}", report::summary(&verdicts)))?,
    }
    Ok(all_passed(&verdicts))
}

/// `--submissions`: one program after the other, its checks side by side.
fn judge_all(args: &Args, checks: &[&'static Check], directory: &str) -> Result<bool, Error> {
    let port_alone = ["{port}".to_owned()];
    let arguments = match args.command.as_slice() {
        [] => &port_alone,
        arguments => arguments,
    };
    // A wrong command line is one before anything is read or run.
    submission(args, "", arguments);
    let files = executables(Path::new(directory)).or_cannot("read the directory", directory)?;
    if files.is_empty() {
        return Err(Error::cannot(
            format_args!("find a submission in {directory}"),
            "no file in it is executable",
            "build the programs, or chmod +x them",
        ));
    }
    let lines = args.format == Format::Lines;
    if lines {
        print(&report::table_head(checks))?;
    }
    let (mut all, mut submitted) = (Vec::new(), Vec::new());
    for (name, path) in files {
        let submission = submission(args, &path, arguments);
        let mut entries = Vec::new();
        let verdicts = judge(checks, &submission, |check, outcome| {
            entries.push(Entry::new(check, outcome));
        });
        if lines {
            print(&report::table_row(&name, &verdicts))?;
        }
        all.extend(verdicts);
        submitted.push(Submitted {
            submission: name,
            checks: entries,
        });
    }
    if lines {
        print(&format!("\n{}", report::table_legend(checks)))?;
        print(&format!(
            "Why one has failed: checks {} -- {directory}/NAME {}",
            args.role,
            arguments.join(" ")
        ))?;
    } else {
        print_json(&submitted)?;
    }
    Ok(all_passed(&all))
}

fn all_passed(verdicts: &[Verdict]) -> bool {
    verdicts.iter().all(|verdict| verdict.is_pass())
}

/// The names and paths of all executable files, sorted.
fn executables(directory: &Path) -> io::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if is_executable(&entry) {
            // A path with a directory in it is never looked for elsewhere.
            let path = directory.join(".").join(entry.file_name());
            let name = console::safe::escape(&entry.file_name().to_string_lossy());
            files.push((name, path.to_string_lossy().into_owned()));
        }
    }
    files.sort();
    Ok(files)
}

fn is_executable(entry: &DirEntry) -> bool {
    let Ok(metadata) = fs::metadata(entry.path()) else {
        return false;
    };
    #[cfg(unix)]
    let may_run = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let may_run = entry
        .path()
        .extension()
        .is_some_and(|extension| extension == "exe");
    metadata.is_file() && may_run
}

fn print(text: &str) -> Result<(), Error> {
    writeln!(console::stdout(), "{text}").map_err(Error::output)
}

fn print_json(value: &impl serde::Serialize) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value).or_cannot("write", "the outcome as JSON")?;
    print(&text)
}

/// Ends with status 2.
fn wrong(why: &str) -> ! {
    Args::command()
        .error(ErrorKind::MissingRequiredArgument, why)
        .exit()
}
