//! `ch5-udp`: the command line of chapter 5.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use ch5_udp::robust::Limits;
use ch5_udp::{demo, robust, tutorial};
use clap::{Parser, Subcommand};
use console::{Error, Flags, Log, Printer, stdin, stdout, terminal_width};

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
    #[command(after_help = "\
The server says what is wrong with a text that is no temperature. Only -h and what
begins with -- and a letter are flags; put -- before such a text to send it.
The exit status is 1 if a question got no answer.")]
    Client {
        /// Temperatures to ask for, such as -.5; without one it asks you, until "exit"
        #[arg(value_name = "CELSIUS", allow_negative_numbers = true)]
        temperatures: Vec<OsString>,
    },
    /// Both sides in this terminal, on a free port
    Demo,
}

fn main() -> ExitCode {
    // clap takes each text that begins with `-` for a flag, but for simple numbers. A space before
    // it makes it a value; `typed` takes the space away.
    let mut of_client = false;
    let args = Args::parse_from(env::args_os().map(|argument| {
        of_client |= argument == "client";
        if of_client && is_text(&argument) {
            return [OsStr::new(" "), &argument].into_iter().collect();
        }
        argument
    }));
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => console::exit(Err(error)),
    }
}

/// Whether an argument begins with `-` and yet is no flag: `-.5`, `-1,5`, `-inf`, `-x`, `--5`.
fn is_text(argument: &OsStr) -> bool {
    match argument.as_encoded_bytes() {
        b"--" | b"-h" => false,
        [b'-', b'-', letter, ..] => !letter.is_ascii_alphabetic(),
        // A number that clap takes as it is; it may be the value of `--port`.
        [b'-', rest @ ..] => !rest.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// An argument as if it had been typed: its bytes, without the white space around them.
fn typed(argument: &OsStr) -> &[u8] {
    argument.as_encoded_bytes().trim_ascii()
}

/// Returns whether all went well; what didn't has been said.
fn run(args: &Args) -> Result<bool, Error> {
    let (flags, mut out) = (&args.flags, stdout());
    match &args.command {
        Command::Server { quiet: _ } if flags.tutorial => {
            tutorial::serve(flags.open(tutorial::bind)?, &mut out)?;
        }
        Command::Server { quiet } => {
            let socket = flags.open(tutorial::bind)?;
            let printer = Printer::new(out)?.with_width(terminal_width);
            printer.when_gone(|error| console::quit(error));
            robust::serve(&socket, &Log::new(printer, *quiet))?;
        }
        Command::Client { temperatures } if flags.tutorial => {
            let server = flags.address()?;
            if temperatures.is_empty() {
                tutorial::ask_server(server, &mut stdin(), &mut out)?;
            }
            // The tutorial's client only knows its keyboard: type each temperature for it.
            for celsius in temperatures {
                tutorial::ask_server(server, &mut typed(celsius), &mut out)?;
            }
        }
        Command::Client { temperatures } => {
            let (servers, limits) = (flags.addresses()?, Limits::default());
            if temperatures.is_empty() {
                // A terminal shows by itself what is typed.
                let (echo, width) = (io::stdin().is_terminal(), terminal_width);
                let mut input = stdin();
                return robust::converse(&servers, &limits, &mut input, echo, &mut out, width);
            }
            let mut all_answered = true;
            for celsius in temperatures {
                let reply = robust::ask_server(&servers, typed(celsius), &limits, &mut out);
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
        Command::Demo if flags.tutorial => demo::tutorial(out)?,
        Command::Demo => demo::robust(out)?,
    }
    Ok(true)
}
