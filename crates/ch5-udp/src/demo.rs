//! Both sides of chapter 5 in one terminal, on a free port of this machine.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread;

use console::{Action, Error, Log, OrCannot, Part, Printer, Role, Stage, ask, say};

use crate::robust::{self, Limits};
use crate::tutorial;

/// Plays the robust server and its client: a bad question and the reason, a good one and the
/// answer.
///
/// # Errors
///
/// A socket or the output fails.
pub fn robust(out: impl Write + Send + 'static) -> Result<(), Error> {
    let socket = tutorial::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = socket
        .local_addr()
        .or_cannot("read", "the socket's own address")?;

    let stage = Stage::new(out);
    let log = Log::new(Printer::new(stage.player("server"))?, false);
    let mut client = stage.player("client");
    let mut keyboard = client.keyboard(["36,6", "36.6"]);

    // It answers for ever, and so ends with the process.
    thread::Builder::new()
        .spawn(move || robust::serve(&socket, &log))
        .or_cannot(Action::StartThread, "for the server")?;

    stage.wait_for("server", "bound")?;
    for answer in ["Can't convert", "97.88"] {
        let celsius = ask(&mut keyboard, &mut client, "Degrees Celsius:")?.unwrap_or_default();
        let limits = Limits::default();
        let reply = robust::ask_server(&[address], celsius.as_bytes(), &limits, &mut client)?;
        // The server doesn't wait for its own terminal; here, for the sake of the order, we do.
        stage.wait_for("server", answer)?;
        say(&mut client, Role::Peer, reply)?;
    }
    Ok(())
}

/// Plays the tutorial's server and its client: one question, one answer.
///
/// # Errors
///
/// A socket or the output fails.
pub fn tutorial(out: impl Write + Send + 'static) -> Result<(), Error> {
    let socket = tutorial::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = socket
        .local_addr()
        .or_cannot("read", "the socket's own address")?;

    let stage = Stage::new(out);
    let mut server = stage.player("server");
    let mut client = stage.player("client");
    let mut keyboard = client.keyboard(["36.6"]);

    Stage::play([
        Box::new(move || tutorial::serve(socket, &mut server)) as Part,
        Box::new(move || {
            stage.wait_for("server", "bound")?;
            tutorial::ask_server(address, &mut keyboard, &mut client)
        }),
    ])
}
