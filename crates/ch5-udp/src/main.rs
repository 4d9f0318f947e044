//! `ch5-udp`: the command line of chapter 5.

use std::io::{IsTerminal, stdin};
use std::process::ExitCode;

use ch5_udp::robust::Limits;
use ch5_udp::{demo, robust, tutorial};
use clap::{Parser, Subcommand};
use console::{Error, Flags, Printer, stdout, terminal_width};

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
    #[command(after_help = "The exit status is 1 if a question got no answer.")]
    Client {
        /// Temperatures to ask for; without one it asks you, until "exit"
        #[arg(value_name = "CELSIUS", allow_negative_numbers = true)]
        temperatures: Vec<String>,
    },
    /// Both sides in this terminal, on a free port
    Demo,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = if args.flags.tutorial {
        run_tutorial(&args).map(|()| true)
    } else {
        run_robust(&args)
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => console::exit(Err(error)),
    }
}

/// Returns whether all went well; what didn't has been said.
fn run_robust(args: &Args) -> Result<bool, Error> {
    match &args.command {
        Command::Server { quiet } => {
            let socket = tutorial::bind(args.flags.address()?)?;
            let printer = Printer::new(stdout())?.with_width(terminal_width);
            printer.when_gone(|error| console::quit(error));
            robust::serve(&socket, *quiet, &printer)?;
        }
        Command::Client { temperatures } => {
            let servers = args.flags.addresses()?;
            let (limits, mut out) = (Limits::default(), stdout());
            if temperatures.is_empty() {
                // A terminal shows by itself what is typed.
                let (echo, width) = (stdin().is_terminal(), terminal_width);
                let mut input = console::stdin();
                return robust::converse(&servers, &limits, &mut input, echo, &mut out, width);
            }
            let mut all_answered = true;
            for celsius in temperatures {
                let reply = robust::ask_server(&servers, celsius.as_bytes(), &limits, &mut out);
                match reply.and_then(|reply| robust::show(&reply, 0, &mut out, terminal_width)) {
                    Ok(()) => {}
                    Err(Error::OutputGone) => break,
                    // The next one is asked all the same.
                    Err(error) => {
                        console::exit(Err(error));
                        all_answered = false;
                    }
                }
            }
            return Ok(all_answered);
        }
        Command::Demo => demo::robust(stdout())?,
    }
    Ok(true)
}

fn run_tutorial(args: &Args) -> Result<(), Error> {
    match &args.command {
        Command::Server { quiet: _ } => {
            let socket = tutorial::bind(args.flags.address()?)?;
            tutorial::serve(socket, &mut stdout())
        }
        Command::Client { temperatures } => {
            let server = args.flags.address()?;
            if temperatures.is_empty() {
                return tutorial::ask_server(server, &mut console::stdin(), &mut stdout());
            }
            // The tutorial's client only knows its keyboard: type each temperature for it.
            for typed in temperatures {
                tutorial::ask_server(server, &mut typed.as_bytes(), &mut stdout())?;
            }
            Ok(())
        }
        Command::Demo => demo::tutorial(stdout()),
    }
}
