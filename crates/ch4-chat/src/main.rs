//! `ch4-chat`: the command line of section 4.3.

use std::process::ExitCode;

use ch4_chat::meet::{Meeting, meet};
use ch4_chat::robust::keyboard::Keyboard;
use ch4_chat::robust::{self, Limits, MESSAGE_BYTES};
use ch4_chat::{demo, tutorial};
use clap::{Parser, ValueEnum};
use console::{Action, Error, Flags, OrCannot, stdin, stdout};

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

    /// How the others see you: a guest tells it to the host first (not for --tutorial)
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
    let tutorial = args.flags.tutorial;
    let limits = Limits::default();
    let meeting = match args.side {
        Some(Side::Demo) if tutorial => return demo::tutorial(stdout()),
        Some(Side::Demo) => return demo::robust(stdout()),
        Some(Side::Server) if tutorial => {
            let listen = |address| tutorial::listen(address).or_cannot(Action::Listen, address);
            Meeting::Host(args.flags.open(listen)?)
        }
        Some(Side::Server) => Meeting::Host(args.flags.open(robust::listen)?),
        Some(Side::Client) if tutorial => {
            let connect = |address| tutorial::connect(address).or_cannot(Action::Connect, address);
            Meeting::Guest(args.flags.open(connect)?)
        }
        Some(Side::Client) => Meeting::Guest(
            args.flags
                .open(|address| robust::connect(address, &limits))?,
        ),
        None => meet(&args.flags.addresses()?, &limits)?,
    };
    if tutorial {
        let (mut input, mut out) = (stdin(), stdout());
        return match meeting {
            Meeting::Host(listener) => {
                let here = listener
                    .local_addr()
                    .or_cannot("read", "the socket's own address")?;
                tutorial::host(listener, &mut input, &mut out).or_cannot(Action::Serve, here)
            }
            Meeting::Guest(connection) => {
                let address = connection
                    .peer_addr()
                    .or_cannot(Action::Connect, "the host")?;
                tutorial::guest(connection, &mut input, &mut out).or_cannot(Action::Talk, address)
            }
        };
    }
    let (keyboard, printer) = Keyboard::open(MESSAGE_BYTES)?;
    let name = args.name.as_deref();
    match meeting {
        Meeting::Host(listener) => robust::host(&listener, name, keyboard, &printer, &limits),
        Meeting::Guest(connection) => robust::guest(connection, name, keyboard, &printer, &limits),
    }?;
    printer.close()
}
