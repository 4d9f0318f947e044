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
    let args = Args::parse();
    console::exit(if args.flags.tutorial {
        run_tutorial(&args)
    } else {
        run_robust(&args)
    })
}

fn run_tutorial(args: &Args) -> Result<(), Error> {
    let listen = |address| tutorial::listen(address).or_cannot(Action::Listen, address);
    let connect = |address| tutorial::connect(address).or_cannot(Action::Connect, address);
    let meeting = match args.side {
        Some(Side::Demo) => return demo::tutorial(stdout()),
        Some(Side::Server) => args.flags.open(listen).map(Meeting::Host),
        Some(Side::Client) => args.flags.open(connect).map(Meeting::Guest),
        // With robust sockets, or the port could stay in use for a minute after a chat.
        None => robust::meet(&args.flags.addresses()?, &Limits::default()),
    };
    let (mut input, mut out) = (stdin(), stdout());
    match meeting? {
        Meeting::Host(listener) => {
            let address = own_address(&listener)?;
            tutorial::host(listener, &mut input, &mut out).or_cannot(Action::Serve, address)
        }
        Meeting::Guest(connection) => {
            let address = connection.peer_addr().or_cannot(Action::Talk, "the host")?;
            tutorial::guest(connection, &mut input, &mut out).or_cannot(Action::Talk, address)
        }
    }
}

fn run_robust(args: &Args) -> Result<(), Error> {
    let limits = Limits::default();
    let listen = |address| robust::listen(address).or_cannot(Action::Listen, address);
    let connect = |address| robust::connect(address, &limits).or_cannot(Action::Connect, address);
    let meeting = match args.side {
        Some(Side::Demo) => return demo::robust(stdout()),
        Some(Side::Server) => args.flags.open(listen).map(Meeting::Host),
        Some(Side::Client) => args.flags.open(connect).map(Meeting::Guest),
        None => robust::meet(&args.flags.addresses()?, &limits),
    }?;
    let (keyboard, printer) = Keyboard::open()?;
    let chat = Chat::start(keyboard, printer, limits)?;
    match meeting {
        Meeting::Host(listener) => robust::host(listener, args.name.as_deref(), chat),
        Meeting::Guest(connection) => robust::guest(connection, args.name.as_deref(), chat),
    }
}
