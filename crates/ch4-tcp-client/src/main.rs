//! `ch4-tcp-client`: the command line of section 4.2.

use std::io::{self, BufReader, IsTerminal};
use std::process::ExitCode;

use ch4_tcp_client::robust::{self, Limits};
use ch4_tcp_client::terminal::Terminal;
use ch4_tcp_client::tutorial;
use clap::Parser;
use console::{Error, Flags, terminal_width};

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
    let (input, output) = (io::stdin(), io::stdout());
    if args.flags.tutorial {
        let server = args.flags.open(tutorial::connect)?;
        return tutorial::talk(server, &mut input.lock(), &mut io::stdout());
    }
    // A terminal shows by itself what is typed.
    let echo = input.is_terminal() && output.is_terminal();
    robust::talk(
        args.flags.addresses()?,
        Limits::default(),
        // Not `input.lock()`: a thread of its own reads it, and a lock can't go there.
        BufReader::new(input),
        Terminal::new(output, echo).with_width(terminal_width),
    )
}
