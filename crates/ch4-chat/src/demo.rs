//! Both sides of section 4.3 in one terminal, over a real connection on a free port.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};

use console::{Error, OrCannot, Part, Stage};

use crate::tutorial;

/// Plays the tutorial's host and its guest, until the guest says `byebye`.
///
/// # Errors
///
/// A socket or the output fails.
pub fn tutorial(out: impl Write + Send + 'static) -> Result<(), Error> {
    let listener = tutorial::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = listener.local_addr().or_cannot("look at", "the socket")?;

    let stage = Stage::new(out);
    let mut host = stage.player("host");
    let mut guest = stage.player("guest");
    let mut host_types = host.keyboard(["Hello, guest. How is the network?", "Good. See you!"]);
    let mut guest_types = guest.keyboard(["Hello, host!", "All my bytes arrived.", "byebye"]);

    Stage::play([
        Box::new(move || tutorial::host(listener, &mut host_types, &mut host)) as Part,
        Box::new(move || {
            stage.wait_for("host", "Waiting")?;
            let connection = tutorial::connect(address)?;
            // Both sides report the connection; on the stage the host is first.
            stage.wait_for("host", "Connected")?;
            tutorial::guest(connection, &mut guest_types, &mut guest)
        }),
    ])
}
