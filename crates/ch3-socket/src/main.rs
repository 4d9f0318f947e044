//! `ch3-socket`: the command line of chapter 3.

use std::process::ExitCode;

use ch3_socket::kind::Kind;
use ch3_socket::ports;
use ch3_socket::table::table;
use ch3_socket::talk::talk;
use clap::{Parser, Subcommand};
use console::{Columns, Error, print};

/// What a socket is, by opening each kind (chapter 3)
///
/// Everything happens on this machine. If the system lacks a kind, its row says so.
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
    /// Open each pair of address family and type, and talk through it (the default)
    Table,
    #[allow(clippy::doc_markdown, reason = "a terminal would show the backticks")]
    /// Show who owns a port, when it is free again, and what SO_REUSEADDR changes
    Ports,
}

fn main() -> ExitCode {
    console::exit(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Error> {
    match args.command.unwrap_or(Command::Table) {
        Command::Table => {
            let rows: Vec<_> = Kind::all().map(|kind| (kind, talk(kind))).collect();
            print(&table(&rows, args.columns.count()))
        }
        Command::Ports => print(&ports::try_ports()?),
    }
}
