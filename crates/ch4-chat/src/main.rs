//! `ch4-chat`: the command line of section 4.3.

use std::process::ExitCode;

use ch4_chat::robust::keyboard::Keyboard;
use ch4_chat::robust::name::clean;
use ch4_chat::robust::{self, Chat, Limits, Meeting};
use ch4_chat::{demo, tutorial};
use clap::{Parser, ValueEnum};
use console::{Action, Error, Flags, OrCannot, own_address, stdin, stdout};

/// A chat over TCP that ends on "byebye" (section 4.3)
///
/// Run it in two terminals: the first one hosts the chat, the second one joins it.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Side to run; by default, join the chat, or host it if nobody does
    side: Option<Side>,

    #[command(flatten)]
    flags: Flags<12345>,

    /// Your name for the others (not with --tutorial)
    #[arg(long, value_parser = chosen_name)]
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

/// Refuses a name that nobody can have: the room would call such a guest `guest-1`.
fn chosen_name(wanted: &str) -> Result<String, &'static str> {
    let name = clean(wanted).map(|_| wanted.to_owned());
    name.ok_or("use letters or digits, and don't begin with guest-")
}

fn main() -> ExitCode {
    console::exit(run(&Args::parse()))
}

fn run(args: &Args) -> Result<(), Error> {
    let (flags, limits) = (&args.flags, Limits::default());
    let listen = if flags.tutorial {
        tutorial::listen
    } else {
        robust::listen
    };
    let connect = |address| {
        if flags.tutorial {
            tutorial::connect(address)
        } else {
            robust::connect(address, &limits)
        }
    };
    let host = |address| listen(address).or_cannot(Action::Listen, address);
    let join = |address| connect(address).or_cannot(Action::Connect, address);
    let meeting = match args.side {
        Some(Side::Demo) if flags.tutorial => return demo::tutorial(stdout()),
        Some(Side::Demo) => return demo::robust(stdout()),
        Some(Side::Server) => flags.open(host).map(Meeting::Host),
        Some(Side::Client) => flags.open(join).map(Meeting::Guest),
        // With --tutorial too: so the same command can be run again at once, whoever closed first.
        None => robust::meet(&flags.addresses()?, &limits),
    }?;
    if flags.tutorial {
        let (mut input, mut out) = (stdin(), stdout());
        return match meeting {
            Meeting::Host(listener) => {
                let address = own_address(&listener)?;
                tutorial::host(listener, &mut input, &mut out).or_cannot(Action::Serve, address)
            }
            Meeting::Guest(connection) => {
                let address = connection.peer_addr().or_cannot(Action::Talk, "the host")?;
                tutorial::guest(connection, &mut input, &mut out).or_cannot(Action::Talk, address)
            }
        };
    }
    let (keyboard, printer) = Keyboard::open()?;
    let chat = Chat::start(keyboard, printer, limits)?;
    match meeting {
        Meeting::Host(listener) => robust::host(listener, args.name.as_deref(), chat),
        Meeting::Guest(connection) => robust::guest(connection, args.name.as_deref(), chat),
    }
}
