//! All sides of section 4.3 in one terminal, over real connections on a free port.

use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use console::{Action, Error, Log, OrCannot, Part, Player, Printer, Stage, own_address};

use crate::robust::keyboard::Keyboard;
use crate::robust::{self, Limits};
use crate::{BYE, tutorial};

const FREE_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

// What is said in the room before the tutorial's guest speaks.
const WELCOME: &str = "Welcome! Who is the other guest?";
const REPLY: &str = "Somebody who has to speak before it hears us.";

/// Plays the tutorial's host and its guest, until the guest says `byebye`.
///
/// # Errors
///
/// A socket or the output fails.
pub fn tutorial(out: impl Write + Send + 'static) -> Result<(), Error> {
    let listener = tutorial::listen(FREE_PORT).or_cannot(Action::Listen, FREE_PORT)?;
    let address = own_address(&listener)?;
    let stage = Stage::new(out);
    let (mut host, mut guest) = (stage.player("host"), stage.player("guest"));
    let mut host_types = host.keyboard(["Hello, guest. How is the network?", "Good. See you!"]);
    let mut guest_types = guest.keyboard(["Hello, host!", "All my bytes arrived.", BYE]);

    Stage::play([
        Box::new(move || {
            tutorial::host(listener, &mut host_types, &mut host).or_cannot(Action::Serve, address)
        }) as Part,
        Box::new(move || {
            stage.wait_for("host", "Waiting")?;
            let connection = tutorial::connect(address).or_cannot(Action::Connect, address)?;
            // Both sides report the connection; on the stage the host is first.
            stage.wait_for("host", "Connected")?;
            tutorial::guest(connection, &mut guest_types, &mut guest)
                .or_cannot(Action::Talk, address)
        }),
    ])
}

/// Plays a room: a host and two guests, one of whom speaks as the tutorial's programs do.
///
/// # Errors
///
/// A socket or the output fails.
pub fn robust(out: impl Write + Send + 'static) -> Result<(), Error> {
    let listener = robust::listen(FREE_PORT).or_cannot(Action::Listen, FREE_PORT)?;
    let address = own_address(&listener)?;
    let stage = Stage::scripted(out);
    let (host, li) = (stage.player("host"), stage.player("Li"));
    let mut old = stage.player("guest-2");
    start(host, [WELCOME, BYE], move |keyboard, log, limits| {
        robust::host(listener, None, keyboard, log, limits)
    })?;
    stage.wait_for("host", "Waiting for guests")?;

    // The host says the last word before Li does.
    let connection = robust::connect(address, &Limits::default());
    let connection = connection.or_cannot(Action::Connect, address)?;
    start(li, [REPLY, BYE], move |keyboard, log, limits| {
        robust::guest(connection, Some("Li"), keyboard, log, limits)
    })?;
    stage.wait_for("Li", "Connected")?;
    stage.wait_for("host", "Li has joined")?;

    let mut old_types = old.keyboard(["I speak as the tutorial does.", BYE]);
    let connection = tutorial::connect(address).or_cannot(Action::Connect, address)?;
    let inbox = connection.try_clone().or_cannot(Action::Talk, address)?;
    spawn(move || {
        tutorial::guest(connection, &mut old_types, &mut old).or_cannot(Action::Talk, address)
    })?;
    stage.wait_for("guest-2", "Connected")?;
    stage.wait_for("host", "guest-2 has joined")?;
    stage.wait_for("Li", "guest-2 has joined")?;

    // Anybody speaks, at any time.
    stage.types("host")?;
    stage.wait_for("Li", "Who is the other")?;
    stage.types("Li")?;
    stage.wait_for("host", "before it hears us")?;
    // The tutorial's guest takes turns, and one `recv` for one message: let both lines arrive.
    let both = format!("{WELCOME}\nLi: {REPLY}\n");
    let arrived = || inbox.peek(&mut [0; 1024]);
    let deadline = Instant::now() + Duration::from_secs(20);
    while arrived().or_cannot(Action::Receive, address)? < both.len() {
        if Instant::now() > deadline {
            let late = Err(io::Error::from(ErrorKind::TimedOut));
            return late.or_cannot(Action::Receive, address);
        }
        thread::yield_now();
    }
    stage.types("guest-2")?;
    stage.wait_for("host", "as the tutorial does")?;
    stage.wait_for("Li", "as the tutorial does")?;
    stage.wait_for("guest-2", "before it hears us")?;

    stage.types("guest-2")?;
    stage.wait_for("host", "guest-2 has left")?;
    stage.wait_for("Li", "guest-2 has left")?;
    stage.types("host")?;
    stage.wait_for("Li", "The host has ended")
}

/// Starts a robust program for a player, who types these lines, each when the script says so.
fn start(
    player: Player,
    lines: [&str; 2],
    program: impl FnOnce(Keyboard, &Log, &Limits) -> Result<(), Error> + Send + 'static,
) -> Result<(), Error> {
    let keyboard = Keyboard::plain(player.keyboard(lines).with_prompt("> "));
    let log = Log::new(Printer::new(player)?, false);
    spawn(move || program(keyboard, &log, &Limits::default()))
}

/// Runs a program on its own thread. Its screen shows how it ends.
fn spawn(program: impl FnOnce() -> Result<(), Error> + Send + 'static) -> Result<(), Error> {
    let thread = thread::Builder::new().spawn(program).map(drop);
    thread.or_cannot(Action::StartThread, "for each program")
}
