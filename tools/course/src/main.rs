//! The command line of `cargo course`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap::builder::PossibleValuesParser;
use console::{Columns, Error, print};
use course::course::Course;
use course::{exercises, watch};
use indicatif::ProgressBar;

/// Shows how far your exercises are, and what to do next
#[derive(Parser)]
#[command(name = "cargo course")]
struct Args {
    /// Exercise to judge; its first failure is explained
    #[arg(value_parser = PossibleValuesParser::new(exercises::all().iter().map(|it| it.name)))]
    exercise: Option<String>,

    /// Name a program that passes the first failing check
    #[arg(long, requires = "exercise")]
    hint: bool,

    /// Judge again each time you save a file; stop with Ctrl-C
    #[arg(long)]
    watch: bool,

    #[command(flatten)]
    columns: Columns,
}

fn main() -> ExitCode {
    console::exit(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Error> {
    let judge = env::current_exe()
        .map_err(|cause| Error::cannot("find this program", cause, "start it with cargo course"))?;
    // Two clones with one target directory share the program, but not what cargo tells it.
    let here = env::var_os("CARGO_MANIFEST_DIR");
    let here = here.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let here = Path::new(&here);
    let root = here.ancestors().nth(2).unwrap_or(here).to_owned();
    // It is in target/debug.
    let target = judge.ancestors().nth(2).unwrap_or(&root);
    let course = Course {
        memory: target.join("course"),
        root,
        judge,
    };
    let mut exercises = exercises::all();
    if let Some(name) = &args.exercise {
        exercises.retain(|exercise| exercise.name == name);
    }
    let files: Vec<PathBuf> = exercises
        .iter()
        .map(|it| course.root.join(it.file()))
        .collect();
    let width = args.columns.count();
    loop {
        let times = watch::times(&files);
        // It shows up at a terminal only.
        let progress = ProgressBar::new_spinner();
        progress.enable_steady_tick(Duration::from_millis(100));
        let screen = course.screen(&exercises, args.hint, width, &progress);
        progress.finish_and_clear();
        print(&screen?)?;
        if !args.watch {
            return Ok(());
        }
        print(&"\nWatching: save a file to judge it again, or stop with Ctrl-C.\n\n")?;
        watch::wait(&files, &times);
    }
}
