//! `bench`: the command line.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use bench::compare::Plan;
use bench::floor::Floor;
use bench::programs::Programs;
use bench::report::{Machine, Report, Section};
use bench::work::{build, chat, idle, soak, tcp, udp};
use bench::{chart, page, table};
use clap::{Parser, Subcommand};
use console::{Error, OrCannot};

/// Measures the robust programs beside the bare system calls, on this machine
///
/// Run it with --release. Without a word it does all of it, which takes about a quarter of an hour.
/// The exit status is 1 if a target isn't met.
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(subcommand)]
    work: Option<Work>,

    /// Only see that it works: the figures mean nothing
    #[arg(long, global = true)]
    quick: bool,

    /// Print the figures as JSON
    #[arg(long, global = true)]
    json: bool,

    /// Draw a chart of each comparison into this directory
    #[arg(long, value_name = "DIR", global = true)]
    svg: Option<PathBuf>,

    /// Put the tables into this page, between the comments that mark their places
    #[arg(long, value_name = "FILE", global = true)]
    markdown: Option<PathBuf>,
}

#[derive(Subcommand)]
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
    /// What the others are measured against, as a process of its own
    #[command(subcommand, hide = true)]
    Floor(Floor),
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => console::exit(Err(error)),
    }
}

/// Returns whether all is as it has to be.
fn run(args: &Args) -> Result<bool, Error> {
    let mut out = console::stdout();
    if let Some(Work::Floor(floor)) = &args.work {
        return floor.run(&mut out).map(|()| true);
    }
    let plan = Plan::new(args.quick);
    let report = Report {
        machine: Machine::this(),
        sections: sections(args.work.as_ref(), &plan)?,
    };
    if args.json {
        let json = serde_json::to_string_pretty(&report).or_cannot("write", "the figures")?;
        writeln!(out, "{json}").map_err(Error::output)?;
    } else {
        let machine = table::machine(&report.machine, plan.rounds);
        writeln!(out, "{machine}\n{}", table::text(&report.sections)).map_err(Error::output)?;
    }
    if let Some(directory) = &args.svg {
        fs::create_dir_all(directory).or_cannot("create", directory.display())?;
        for section in &report.sections {
            if let Section::Comparison(comparison) = section {
                let file = directory.join(format!("bench-{}.svg", comparison.id));
                fs::write(&file, chart::svg(comparison)).or_cannot("write", file.display())?;
            }
        }
    }
    if let Some(path) = &args.markdown {
        page::rewrite(path, &report, plan.rounds)?;
    }
    // Quick figures mean nothing, but what leaks or breaks does so in any time.
    let matters = |section: &&Section| !args.quick || matches!(section, Section::Facts(_));
    Ok(report.sections.iter().filter(matters).all(Section::holds))
}

fn sections(work: Option<&Work>, plan: &Plan) -> Result<Vec<Section>, Error> {
    let programs = Programs::ready()?;
    Ok(match work {
        Some(Work::Tcp) => tcp::measure(&programs, plan)?,
        Some(Work::Udp) => udp::measure(&programs, plan)?,
        Some(Work::Chat) => chat::measure(&programs, plan)?,
        Some(Work::Idle) => idle::measure(&programs, plan)?,
        Some(Work::Soak) => soak::measure(&programs, &soak::Size::new(plan.quick))?,
        Some(Work::Build) => build::measure()?,
        Some(Work::Floor(_)) => Vec::new(),
        None => {
            let mut all = tcp::measure(&programs, plan)?;
            all.extend(udp::measure(&programs, plan)?);
            all.extend(chat::measure(&programs, plan)?);
            all.extend(idle::measure(&programs, plan)?);
            all.extend(soak::measure(&programs, &soak::Size::new(plan.quick))?);
            all.extend(build::measure()?);
            all
        }
    })
}
