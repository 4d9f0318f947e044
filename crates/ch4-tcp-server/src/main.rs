//! `ch4-tcp-server`: the command line of section 4.1.

use std::process::ExitCode;

use ch4_tcp_server::robust::{self, Limits};
use ch4_tcp_server::tutorial;
use clap::{Parser, value_parser};
use console::{Action, Error, Flags, Log, OrCannot, Printer, own_address, stdout};

/// A TCP server that answers a browser with "Hello World" (section 4.1)
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(flatten)]
    flags: Flags<8080>,

    /// Name to greet
    #[arg(long, default_value = "Michael")]
    name: String,

    /// Don't print client activity (not with --tutorial)
    #[arg(long)]
    quiet: bool,

    /// Maximum clients at once; others wait (not with --tutorial)
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = value_parser!(u16).range(1..))]
    max_clients: u16,
}

fn main() -> ExitCode {
    console::exit(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Error> {
    let flags = &args.flags;
    let listen = if flags.tutorial {
        tutorial::listen
    } else {
        robust::listen
    };
    let listener = flags.open(|address| listen(address).or_cannot(Action::Listen, address))?;
    let here = own_address(&listener)?;
    if flags.tutorial {
        let ended = tutorial::serve(&listener, &args.name, &mut stdout());
        return ended.or_cannot(Action::Serve, here);
    }
    let limits = Limits {
        clients: args.max_clients.into(),
        ..Limits::default()
    };
    let log = Log::new(Printer::to_stdout()?, args.quiet);
    robust::serve(&listener, &args.name, &limits, &log).or_cannot(Action::Serve, here)
}
