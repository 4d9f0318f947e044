//! All sides of section 4.3 in one terminal, over real connections on a free port.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;

use console::{Action, Error, OrCannot, Part, Printer, Stage};

use crate::robust::keyboard::Keyboard;
use crate::robust::{self, Limits, MESSAGE_BYTES};
use crate::script::{Terminal, actor};
use crate::{BYE, tutorial};

const FREE_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Plays the tutorial's host and its guest, until the guest says `byebye`.
///
/// # Errors
///
/// A socket or the output fails.
pub fn tutorial(out: impl Write + Send + 'static) -> Result<(), Error> {
    let listener = tutorial::listen(FREE_PORT).or_cannot(Action::Listen, FREE_PORT)?;
    let address = listener
        .local_addr()
        .or_cannot("read", "the socket's own address")?;

    let stage = Stage::new(out);
    let mut host = stage.player("host");
    let mut guest = stage.player("guest");
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
    let listener = robust::listen(FREE_PORT)?;
    let address = listener
        .local_addr()
        .or_cannot("read", "the socket's own address")?;
    let stage = Stage::new(out);
    let limits = Limits::default();

    let (mut host, Terminal { keyboard, screen }) = actor(&stage, "host");
    let (mut li, li_terminal) = actor(&stage, "Li");
    let (mut old, mut old_terminal) = actor(&stage, "guest-2");

    let host_limits = limits.clone();
    start(move || {
        let keyboard = Keyboard::plain(keyboard, MESSAGE_BYTES);
        let printer = Printer::new(screen)?;
        robust::host(&listener, None, keyboard, &printer, &host_limits)
    })?;
    host.sees("Waiting for guests")?;

    let connection = robust::connect(address, &limits)?;
    start(move || {
        let Terminal { keyboard, screen } = li_terminal;
        let keyboard = Keyboard::plain(keyboard, MESSAGE_BYTES);
        let printer = Printer::new(screen)?;
        robust::guest(connection, Some("Li"), keyboard, &printer, &limits)
    })?;
    li.sees("Connected")?;
    host.sees("Li has joined")?;

    let connection = tutorial::connect(address).or_cannot(Action::Connect, address)?;
    start(move || {
        let Terminal { keyboard, screen } = &mut old_terminal;
        tutorial::guest(connection, keyboard, screen).or_cannot(Action::Talk, address)
    })?;
    old.sees("Connected")?;
    host.sees("guest-2 has joined")?;
    li.sees("guest-2 has joined")?;

    // Anybody speaks, at any time.
    host.types("Welcome! Who is the other guest?")?;
    li.sees("Who is the other")?;
    li.types("Somebody who has to speak before it hears us.")?;
    host.sees("before it hears us")?;
    // The tutorial's guest takes turns, and one `recv` for one message.
    old.answers("I speak as the tutorial does.")?;
    host.sees("as the tutorial does")?;
    li.sees("as the tutorial does")?;
    old.sees("before it hears us")?;

    old.answers(BYE)?;
    host.sees("guest-2 has left")?;
    li.sees("guest-2 has left")?;
    host.types(BYE)?;
    li.sees("The host has ended")?;
    old.ends()?;
    li.ends()?;
    host.ends()
}

/// Runs a program on its own thread. How it ends can be seen on its screen.
fn start(program: impl FnOnce() -> Result<(), Error> + Send + 'static) -> Result<(), Error> {
    thread::Builder::new()
        .spawn(program)
        .or_cannot(Action::StartThread, "for each program")?;
    Ok(())
}
