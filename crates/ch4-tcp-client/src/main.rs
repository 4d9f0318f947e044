//! `ch4-tcp-client`: the command line of section 4.2.

use std::io;
use std::process::ExitCode;

use ch4_tcp_client::tutorial;
use clap::Parser;
use console::{Error, Flags};

/// A TCP client: type a line, read the answer, leave with "exit" (section 4.2)
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    flags: Flags<8080>,
}

fn main() -> ExitCode {
    console::exit(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Error> {
    let server = tutorial::connect(args.flags.address()?)?;
    tutorial::talk(server, &mut io::stdin().lock(), &mut io::stdout())
}
