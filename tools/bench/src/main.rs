//! `bench`: the command line.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use bench::compare::Scale;
use bench::figures::{Section, machine};
use bench::floor::Floor;
use bench::page::Place;
use bench::work::{build, chat, idle, soak, tcp, udp};
use bench::{chart, page, programs, table};
use clap::{Parser, Subcommand};
use console::{Error, OrCannot};

/// Measure the robust programs beside the bare system calls, on this machine
///
/// Run it with --release. Without a command it measures everything, which takes about a quarter of
/// an hour. The exit status is 1 if a target isn't met.
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(subcommand)]
    work: Option<Work>,

    /// Only check that it works; the figures mean nothing
    #[arg(long, global = true)]
    quick: bool,

    /// Draw a chart of each comparison into this directory
    #[arg(long, value_name = "DIR", global = true)]
    svg: Option<PathBuf>,

    /// Put the tables into this page, between the comments that mark their places
    #[arg(long, value_name = "FILE", global = true)]
    markdown: Option<PathBuf>,
}

#[derive(Clone, Copy, Subcommand)]
enum Work {
    /// The TCP server of section 4.1, a connection for each request
    Tcp,
    /// The UDP server of chapter 5
    Udp,
    /// The chat room of section 4.3, full
    Chat,
    /// Clients that do nothing, and a server that is full
    Idle,
    /// Hundreds of thousands of clients, hostile ones among them: does anything leak?
    Soak,
    /// From a fresh clone to the first output
    Build,
    /// What the others are measured against, as a separate process
    #[command(hide = true)]
    Floor(Floor),
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => console::exit(Err(error)),
    }
}

/// Returns true if all targets are met.
fn run(args: &Args) -> Result<bool, Error> {
    if let Some(Work::Floor(floor)) = args.work {
        return floor.run().map(|()| true);
    }
    let scale = Scale::new(args.quick);
    let sections = sections(args.work, &scale)?;
    let mut places = vec![("machine", format!("{}\n", machine(scale.rounds)))];
    for section in &sections {
        places.push((&section.id, table::markdown(section)));
    }
    // Measuring takes long: whichever of the two fails, the other has the figures.
    let written = write_files(args, &sections, &places);
    let printed = print(&places);
    written.and(printed)?;
    // Quick figures mean nothing, but what leaks or breaks does so in any time.
    let matters = |section: &&Section| !args.quick || section.targets.is_empty();
    Ok(sections.iter().filter(matters).all(Section::holds))
}

fn sections(work: Option<Work>, scale: &Scale) -> Result<Vec<Section>, Error> {
    use Work::{Build, Chat, Idle, Soak, Tcp, Udp};

    programs::build()?;
    let all = vec![Tcp, Udp, Chat, Idle, Soak, Build];
    let mut sections = Vec::new();
    for work in work.map_or(all, |work| vec![work]) {
        sections.extend(match work {
            Tcp => tcp::measure(scale)?,
            Udp => udp::measure(scale)?,
            Chat => chat::measure(scale)?,
            Idle => vec![idle::measure(scale.quick)?],
            Soak => vec![soak::measure(scale.quick)?],
            Build => vec![build::measure()?],
            Work::Floor(_) => Vec::new(),
        });
    }
    Ok(sections)
}

fn write_files(args: &Args, sections: &[Section], places: &[Place]) -> Result<(), Error> {
    if let Some(directory) = &args.svg {
        fs::create_dir_all(directory).or_cannot("create", directory.display())?;
        for section in sections.iter().filter(|it| !it.rows.is_empty()) {
            let file = directory.join(format!("bench-{}.svg", section.id));
            fs::write(&file, chart::svg(section)).or_cannot("write", file.display())?;
        }
    }
    match &args.markdown {
        Some(path) => page::rewrite(path, places),
        None => Ok(()),
    }
}

fn print(places: &[Place]) -> Result<(), Error> {
    let texts: Vec<&str> = places.iter().map(|(_, text)| text.as_str()).collect();
    // A page needs no-break spaces. In a terminal they would only hinder a search.
    console::print(&texts.join("\n").replace('\u{a0}', " "))
}
