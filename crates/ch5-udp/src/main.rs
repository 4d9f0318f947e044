//! `ch5-udp`: the command line of chapter 5.

use std::io;
use std::process::ExitCode;

use ch5_udp::{demo, tutorial};
use clap::{Parser, Subcommand};
use console::{Error, Flags};

/// Degrees Celsius to Fahrenheit over UDP (chapter 5)
#[derive(Parser)]
#[command(version)]
struct Args {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    flags: Flags<1314>,
}

#[derive(Subcommand)]
enum Command {
    /// Answer requests (section 5.1)
    Server {
        /// Don't print requests (not for --tutorial)
        #[arg(long)]
        quiet: bool,
    },
    /// Ask the server (section 5.2)
    Client {
        /// Temperatures to ask for; without one it asks you
        #[arg(value_name = "CELSIUS", allow_negative_numbers = true)]
        temperatures: Vec<String>,
    },
    /// Both sides in this terminal, on a free port
    Demo,
}

fn main() -> ExitCode {
    console::exit(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Error> {
    match &args.command {
        Command::Server { quiet: _ } => {
            let socket = tutorial::bind(args.flags.address()?)?;
            tutorial::serve(socket, &mut io::stdout())
        }
        Command::Client { temperatures } => {
            let server = args.flags.address()?;
            if temperatures.is_empty() {
                return tutorial::ask_server(server, &mut io::stdin().lock(), &mut io::stdout());
            }
            // The tutorial's client only knows its keyboard: type each temperature for it.
            for typed in temperatures {
                tutorial::ask_server(server, &mut typed.as_bytes(), &mut io::stdout())?;
            }
            Ok(())
        }
        Command::Demo => demo::tutorial(io::stdout()),
    }
}
