//! `ch4-tcp-server`: the command line of section 4.1.

use std::io;
use std::process::ExitCode;

use ch4_tcp_server::tutorial;
use clap::Parser;
use console::{Error, Flags};

/// A TCP server that answers a browser with "Hello World" (section 4.1)
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    flags: Flags<8080>,

    /// Whom to greet
    #[arg(long, default_value = "Michael")]
    name: String,

    /// Don't print what clients do (not for --tutorial)
    #[arg(long)]
    quiet: bool,
}

fn main() -> ExitCode {
    console::exit(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Error> {
    let listener = tutorial::listen(args.flags.address()?)?;
    tutorial::serve(&listener, &args.name, &mut io::stdout())
}
