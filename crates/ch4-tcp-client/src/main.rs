//! `ch4-tcp-client`: the command line of section 4.2.

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use ch4_tcp_client::robust::{self, Limits, Screen};
use ch4_tcp_client::tutorial;
use clap::Parser;
use console::{Action, Error, Flags, OrCannot, Printer, stdin, stdout};

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
    if args.flags.tutorial {
        let connect = |address| {
            let server = tutorial::connect(address).or_cannot(Action::Connect, address)?;
            Ok((server, address))
        };
        let (server, address) = args.flags.open(connect)?;
        return tutorial::talk(server, &mut stdin(), &mut stdout())
            .or_cannot(Action::Talk, address);
    }
    let printer = Printer::to_stdout()?;
    // A terminal shows by itself what is typed.
    let echo = io::stdin().is_terminal() && io::stdout().is_terminal();
    let screen = Screen::new(printer, echo);
    robust::talk(&args.flags.addresses()?, Limits::default(), stdin(), screen)
}
