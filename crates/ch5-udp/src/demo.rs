//! Both sides of chapter 5 in one terminal, on a free port of this machine.

use std::io::Write;
use std::net::Ipv4Addr;

use console::{Action, Error, Log, OrCannot, Printer, Stage};

use crate::robust::client::{self, WAITS};
use crate::robust::server;
use crate::tutorial;

const ANY_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// Plays the robust server and its client: a bad question and the reason, a good one and the
/// answer.
///
/// # Errors
///
/// A socket or the output fails.
pub fn robust(out: impl Write) -> Result<(), Error> {
    let (socket, address) = server::bind(ANY_PORT.into())?;
    let mut stage = Stage::new(out, ["server", "client"]);

    stage.start("server", "", move |_, screen| {
        let log = Log::new(Printer::new(screen)?, false);
        server::serve(&socket, &log).or_cannot(Action::Serve, address)
    })?;
    stage.wait_for("server", "bound")?;
    stage.start("client", "", move |mut keyboard, mut screen| {
        let (servers, width) = ([address], || None);
        client::converse(&servers, &WAITS, &mut keyboard, true, &mut screen, width).map(drop)
    })?;
    for (celsius, answer) in [("36,6", "Can't convert"), ("36.6", "97.88")] {
        stage.types("client", celsius)?;
        stage.wait_for("server", answer)?;
        stage.wait_for("client", answer)?;
    }
    Ok(())
}

/// Plays the tutorial's server and its client: one question, one answer.
///
/// # Errors
///
/// A socket or the output fails.
pub fn tutorial(out: impl Write) -> Result<(), Error> {
    let (socket, address) = server::bind(ANY_PORT.into())?;
    let mut stage = Stage::new(out, ["server", "client"]);

    stage.start("server", "", move |_, mut screen| {
        tutorial::serve(socket, &mut screen).or_cannot(Action::Serve, address)
    })?;
    stage.wait_for("server", "bound")?;
    stage.start("client", "", move |mut keyboard, mut screen| {
        let asked = tutorial::ask_server(address, &mut keyboard, &mut screen);
        asked.or_cannot(Action::Talk, address)
    })?;
    stage.types("client", "36.6")?;
    stage.wait_for("server", "Request")?;
    stage.wait_for("client", "97.88")
}
