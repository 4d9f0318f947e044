//! Both sides of chapter 5 in one terminal, on a free port of this machine.

use std::io::Write;
use std::net::Ipv4Addr;
use std::thread;

use console::{Action, Error, Log, OrCannot, Part, Printer, Stage, Style, say};

use crate::robust::client::{self, PROMPT, WAITS};
use crate::robust::server;
use crate::tutorial;

const ANY_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// Plays the robust server and its client: a bad question and the reason, a good one and the
/// answer.
///
/// # Errors
///
/// A socket or the output fails.
pub fn robust(out: impl Write + Send + 'static) -> Result<(), Error> {
    let (socket, address) = server::bind(ANY_PORT.into())?;
    let stage = Stage::new(out);
    let log = Log::new(Printer::new(stage.player("server"))?, false);
    let mut client = stage.player("client");

    // It answers forever, and so ends with the process.
    thread::Builder::new()
        .spawn(move || server::serve(&socket, &log))
        .or_cannot(Action::StartThread, "for the server")?;

    stage.wait_for("server", "bound")?;
    for (celsius, answer) in [("36,6", "Can't convert"), ("36.6", "97.88")] {
        let prompt = Style::Prompt.paint(PROMPT);
        writeln!(client, "{prompt} {celsius}").map_err(Error::output)?;
        let reply = client::ask_server(&[address], celsius.as_bytes(), &WAITS, &mut client)?;
        // The server doesn't wait for its own terminal. Here we do, to keep the lines in order.
        stage.wait_for("server", answer)?;
        say(&mut client, Style::Peer, reply)?;
    }
    Ok(())
}

/// Plays the tutorial's server and its client: one question, one answer.
///
/// # Errors
///
/// A socket or the output fails.
pub fn tutorial(out: impl Write + Send + 'static) -> Result<(), Error> {
    let (socket, address) = server::bind(ANY_PORT.into())?;
    let stage = Stage::new(out);
    let mut server = stage.player("server");
    let mut client = stage.player("client");
    let mut keyboard = client.keyboard(["36.6"]);

    Stage::play([
        Box::new(move || tutorial::serve(socket, &mut server).or_cannot(Action::Serve, address))
            as Part,
        Box::new(move || {
            stage.wait_for("server", "bound")?;
            tutorial::ask_server(address, &mut keyboard, &mut client)
                .or_cannot(Action::Talk, address)
        }),
    ])
}
