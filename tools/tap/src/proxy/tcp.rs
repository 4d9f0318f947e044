//! `tap proxy`.
//!
//! ```text
//!          ──► read ──► print ──► (wait) ──► pieces ──► write ──►
//!   client                                                        server
//!          ◄── write ◄── pieces ◄── (wait) ◄── print ◄── read ◄──
//! ```
//!
//! Each direction has a thread. It reads again only when it has written, so a side that doesn't read
//! holds up the other one, as it would without the tap. Only with a delay does a second thread
//! write, so that one read needn't wait for the delay of the one before.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use console::{Action, Error, OrCannot};
use socket2::SockRef;

use super::direction::Direction;
use super::pair::Pair;
use crate::address::Address;
use crate::clients::serve_each;
use crate::transcript::{Connection, Side, Transcript};
use crate::trouble::Trouble;

/// Connects each client to the target, and passes on what both send.
///
/// # Errors
///
/// It ends only if the listener is of no use any more, or with [`console::end_accept`].
pub fn serve(
    listener: &TcpListener,
    target: Address,
    trouble: Trouble,
    transcript: &Arc<Transcript>,
) -> io::Result<()> {
    let here = listener.local_addr()?;
    let log = transcript.log();
    log.always(format_args!("Listening on {here}, passing on to {target}"));
    log.event("A line shows what one read brought: a piece of the stream, not a packet.");
    serve_each(listener, transcript, move |client, connection| {
        if let Err(error) = serve_client(client, &target, trouble, connection) {
            connection.trouble(error);
        }
    })
}

fn serve_client(
    client: TcpStream,
    target: &Address,
    trouble: Trouble,
    connection: &Connection,
) -> Result<(), Error> {
    let server = target.connect().inspect_err(|_| {
        // The client can't be refused any more, so it is reset.
        let _ = SockRef::from(&client).set_linger(Some(Duration::ZERO));
    })?;
    connection.event(format_args!("connected to {target}"));
    let pair = &Pair::new(client, server).or_cannot(Action::Talk, target)?;
    let [one, other] = [Side::Client, Side::Server].map(|from| Direction {
        pair,
        from,
        trouble: trouble.of(from),
        connection,
    });
    one.beside(|| other.run(), || one.run());
    Ok(())
}
