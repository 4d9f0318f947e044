//! `ch3-socket`: the command line of chapter 3.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use ch3_socket::kind::Kind;
use ch3_socket::ports;
use ch3_socket::table::Table;
use ch3_socket::talk::talk;
use clap::{Parser, Subcommand};
use console::{Columns, Error};

/// What a socket is, by opening each kind (chapter 3)
///
/// All of it happens on this machine. What this system lacks is said in its place.
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    columns: Columns,
}

#[derive(Clone, Copy, Subcommand)]
enum Command {
    /// Open each pair of address family and type, and talk through it (without a command, too)
    Table,
    #[allow(clippy::doc_markdown, reason = "a terminal would show the backticks")]
    /// Whose is a port, when is it free again, and what has SO_REUSEADDR to do with it?
    Ports,
}

fn main() -> ExitCode {
    console::exit(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Error> {
    match args.command.unwrap_or(Command::Table) {
        Command::Table => {
            let rows: Vec<_> = Kind::all().map(|kind| (kind, talk(kind))).collect();
            let width = args.columns.count();
            print(&Table { rows: &rows, width })
        }
        Command::Ports => print(&ports::try_ports()?),
    }
}

fn print(what: &impl Display) -> Result<(), Error> {
    let mut out = console::stdout();
    write!(out, "{what}")
        .and_then(|()| out.flush())
        .map_err(Error::output)
}
