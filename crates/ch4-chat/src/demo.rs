//! All sides of section 4.3 in one terminal, over real connections on a free port.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use console::{Action, Error, OrCannot, Printer, Stage, own_address};

use crate::robust::keyboard::{Input, Keyboard};
use crate::robust::{self, Chat, Limits};
use crate::{BYE, tutorial};

const FREE_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

// What is said in the room.
const WELCOME: &str = "Welcome! Who is the other guest?";
const REPLY: &str = "Somebody who has to speak before it hears us.";
const OLD_WAY: &str = "I speak as the tutorial does.";

/// Plays the tutorial's host and its guest, until the guest says `byebye`.
///
/// # Errors
///
/// A socket or the output fails.
pub fn tutorial(out: impl Write) -> Result<(), Error> {
    let listener = tutorial::listen(FREE_PORT).or_cannot(Action::Listen, FREE_PORT)?;
    let address = own_address(&listener)?;
    let mut stage = Stage::new(out, ["host", "guest"]);

    stage.start("host", "", move |mut keyboard, mut screen| {
        tutorial::host(listener, &mut keyboard, &mut screen).or_cannot(Action::Serve, address)
    })?;
    let connection = tutorial::connect(address).or_cannot(Action::Connect, address)?;
    stage.start("guest", "", move |mut keyboard, mut screen| {
        tutorial::guest(connection, &mut keyboard, &mut screen).or_cannot(Action::Talk, address)
    })?;
    stage.wait_for("host", "Connected")?;
    for (question, answer) in [
        ("Hello, host!", "Hello, guest. How is the network?"),
        ("All my bytes arrived.", "Good. See you!"),
    ] {
        stage.types("guest", question)?;
        stage.types("host", answer)?;
    }
    stage.types("guest", BYE)
}

/// Plays a room: a host and two guests, one of whom speaks as the tutorial's programs do.
///
/// # Errors
///
/// A socket or the output fails.
pub fn robust(out: impl Write) -> Result<(), Error> {
    let listener = robust::listen(FREE_PORT).or_cannot(Action::Listen, FREE_PORT)?;
    let address = own_address(&listener)?;
    let mut stage = Stage::new(out, ["host", "Li", "guest-2"]);
    let start = |keyboard, screen| {
        let keyboard = Keyboard::plain(Input::File, keyboard);
        Chat::start(keyboard, Printer::new(screen)?, Limits::default())
    };
    stage.start("host", "> ", move |keyboard, screen| {
        robust::host(listener, None, start(keyboard, screen)?)
    })?;
    stage.wait_for("host", "Waiting for guests")?;

    let connection = robust::connect(address, &Limits::default());
    let connection = connection.or_cannot(Action::Connect, address)?;
    stage.start("Li", "> ", move |keyboard, screen| {
        robust::guest(connection, Some("Li"), start(keyboard, screen)?)
    })?;
    stage.wait_for("Li", "Connected")?;
    stage.wait_for("host", "Li has joined")?;

    let connection = tutorial::connect(address).or_cannot(Action::Connect, address)?;
    let socket = connection.try_clone().or_cannot(Action::Talk, address)?;
    stage.start("guest-2", "", move |mut keyboard, mut screen| {
        tutorial::guest(connection, &mut keyboard, &mut screen).or_cannot(Action::Talk, address)
    })?;
    stage.wait_for("guest-2", "Connected")?;
    stage.wait_for("host", "guest-2 has joined")?;
    stage.wait_for("Li", "guest-2 has joined")?;

    // Anybody speaks, at any time.
    stage.types("host", WELCOME)?;
    stage.wait_for("Li", WELCOME)?;
    stage.types("Li", REPLY)?;
    stage.wait_for("host", REPLY)?;
    // The tutorial's guest takes turns, and one `recv` is one message to it: let both lines arrive.
    let both = format!("{WELCOME}\nLi: {REPLY}\n");
    let arrived = || socket.peek(&mut [0; 1024]);
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline && arrived().or_cannot(Action::Receive, address)? < both.len() {
        thread::yield_now();
    }
    stage.types("guest-2", OLD_WAY)?;
    stage.wait_for("host", OLD_WAY)?;
    stage.wait_for("Li", OLD_WAY)?;

    stage.types("guest-2", BYE)?;
    stage.wait_for("host", "guest-2 has left")?;
    stage.wait_for("Li", "guest-2 has left")?;
    stage.types("host", BYE)?;
    stage.wait_for("Li", "The host has ended")
}
