//! `ch5-udp`: the command line of chapter 5.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use ch5_udp::robust::client::{self, WAITS};
use ch5_udp::robust::server;
use ch5_udp::{demo, tutorial};
use clap::{Parser, Subcommand};
use console::{
    Action, Error, Flags, Log, OrCannot, Printer, Style, safe, say, stdin, stdout, terminal_width,
};

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
        /// Don't print requests (not with --tutorial)
        #[arg(long)]
        quiet: bool,
    },
    /// Ask the server (section 5.2)
    #[command(after_help = "\
If a text isn't a temperature, the server says why. Only -h and words that begin
with -- and a letter are flags; to send such a word, put -- before it.
The exit status is 1 if a question got no answer.")]
    Client {
        /// Temperatures to ask for, such as -.5; without one, asks you until "exit"
        #[arg(value_name = "CELSIUS", allow_negative_numbers = true)]
        temperatures: Vec<OsString>,
    },
    /// Both sides in this terminal, on a free port
    Demo,
}

fn main() -> ExitCode {
    // clap takes a text that begins with `-` for a flag, unless it is a simple number. So `-.5`,
    // `-x` and `--5` get a space before them, which makes them values; `trimmed` removes it.
    let mut of_client = false;
    let args = Args::parse_from(env::args_os().map(|argument| {
        of_client |= argument == "client";
        match argument.as_encoded_bytes() {
            b"--" | b"-h" => argument,
            [b'-', b'-', letter, ..] if letter.is_ascii_alphabetic() => argument,
            // clap knows simple numbers, and -1 may be the value of `--port`.
            [b'-', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => argument,
            [b'-', ..] if of_client => [OsStr::new(" "), &argument].into_iter().collect(),
            _ => argument,
        }
    }));
    run(&args).unwrap_or_else(|error| console::exit(Err(error)))
}

/// Returns the exit status: 1 if a question got no answer, which the user has been told.
fn run(args: &Args) -> Result<ExitCode, Error> {
    let (flags, mut out) = (&args.flags, stdout());
    let mut status = ExitCode::SUCCESS;
    match &args.command {
        Command::Server { quiet } => {
            let (socket, here) = flags.open(server::bind)?;
            let served = if flags.tutorial {
                tutorial::serve(socket, &mut out)
            } else {
                server::serve(&socket, &Log::new(Printer::to_stdout()?, *quiet))
            };
            served.or_cannot(Action::Serve, here)?;
        }
        Command::Client { temperatures } if flags.tutorial => {
            // This version knows one address: the first.
            let server = flags.open(Ok)?;
            if temperatures.is_empty() {
                tutorial::ask_server(server, &mut stdin(), &mut out)
                    .or_cannot(Action::Talk, server)?;
            }
            // The tutorial's client only knows its keyboard: type each temperature for it.
            for celsius in temperatures {
                tutorial::ask_server(server, &mut trimmed(celsius), &mut out)
                    .or_cannot(Action::Talk, server)?;
            }
        }
        Command::Client { temperatures } => {
            let servers = flags.addresses()?;
            if temperatures.is_empty() {
                // A terminal shows by itself what is typed.
                let (echo, width) = (io::stdin().is_terminal(), terminal_width);
                if !client::converse(&servers, &WAITS, &mut stdin(), echo, &mut out, width)? {
                    status = ExitCode::FAILURE;
                }
            }
            for celsius in temperatures {
                let reply = client::ask_server(&servers, trimmed(celsius), &WAITS, &mut out);
                let rows = reply.map(|reply| safe::fold(&reply, &mut 0, terminal_width()));
                match rows.and_then(|rows| say(&mut out, Style::Peer, rows)) {
                    Ok(()) => {}
                    Err(Error::OutputGone) => break,
                    // Ask the next one all the same.
                    Err(error) => status = console::exit(Err(error)),
                }
            }
        }
        Command::Demo if flags.tutorial => demo::tutorial(out)?,
        Command::Demo => demo::robust(out)?,
    }
    Ok(status)
}

/// A temperature as its bytes, without the white space around it.
fn trimmed(argument: &OsStr) -> &[u8] {
    argument.as_encoded_bytes().trim_ascii()
}
