//! Both sides of chapter 5 in one terminal, on a free port of this machine.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};

use console::{Error, OrCannot, Part, Stage};

use crate::tutorial;

/// Plays the tutorial's server and its client: one question, one answer.
///
/// # Errors
///
/// A socket or the output fails.
pub fn tutorial(out: impl Write + Send + 'static) -> Result<(), Error> {
    let socket = tutorial::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = socket.local_addr().or_cannot("look at", "the socket")?;

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
