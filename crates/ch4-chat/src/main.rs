//! `ch4-chat`: the command line of section 4.3.

use std::io;
use std::process::ExitCode;

use ch4_chat::meet::{Meeting, meet};
use ch4_chat::{demo, tutorial};
use clap::{Parser, ValueEnum};
use console::{Error, Flags};

/// A chat over TCP that ends on "byebye" (section 4.3)
///
/// Run it in two terminals: the first one hosts the chat, the second one joins it.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Which side to be; without it: join the chat, or host it where nobody does
    side: Option<Side>,

    #[command(flatten)]
    flags: Flags<12345>,

    /// How the others see you (not for --tutorial)
    #[arg(long)]
    name: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Side {
    /// Host the chat
    Server,
    /// Join the chat
    Client,
    /// Both sides in this terminal, on a free port
    Demo,
}

fn main() -> ExitCode {
    console::exit(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Error> {
    let meeting = match args.side {
        Some(Side::Demo) => return demo::tutorial(io::stdout()),
        Some(Side::Server) => Meeting::Host(tutorial::listen(args.flags.address()?)?),
        Some(Side::Client) => Meeting::Guest(tutorial::connect(args.flags.address()?)?),
        None => meet(args.flags.address()?)?,
    };
    let (mut input, mut out) = (io::stdin().lock(), io::stdout());
    match meeting {
        Meeting::Host(listener) => tutorial::host(listener, &mut input, &mut out),
        Meeting::Guest(connection) => tutorial::guest(connection, &mut input, &mut out),
    }
}
