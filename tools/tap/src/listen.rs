//! `tap listen`: a server that prints what comes, and answers with what it is told, or with nothing.

use std::io::{self, Write};
use std::mem;
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use console::is_about_one_peer;
use socket2::SockRef;

use crate::clients::serve_each;
use crate::script::{ANY_DATAGRAM, Script, hear};
use crate::transcript::{Connection, Side, Transcript};

/// Answers each client when its first bytes have come, and then half-closes, or resets the
/// connection. Without an answer and a reset it only prints, until the client closes.
///
/// # Errors
///
/// It ends only if the listener is of no use any more, or with [`console::end_accept`].
pub fn tcp(
    listener: &TcpListener,
    answer: Script,
    reset: bool,
    transcript: &Arc<Transcript>,
) -> io::Result<()> {
    let here = listener.local_addr()?;
    transcript.log().always(format_args!("Listening on {here}"));
    serve_each(listener, transcript, move |client, connection| {
        let mut is_first = true;
        let served = hear(&client, Side::Client, connection, || {
            if mem::take(&mut is_first) {
                reply(&client, &answer, reset, connection)?;
                return Ok(!reset);
            }
            Ok(true)
        });
        if let Err(error) = served {
            connection.trouble(format_args!("can't go on: {error}"));
        }
    })
}

fn reply(
    mut client: &TcpStream,
    answer: &Script,
    reset: bool,
    connection: &Connection,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    answer.play(Side::Server, connection, |part| client.write_all(part))?;
    if reset {
        // It goes when nobody uses the socket any more: socket(7), SO_LINGER.
        connection.event("server reset");
        SockRef::from(client).set_linger(Some(Duration::ZERO))?;
    } else if !answer.parts.is_empty() {
        connection.event("server half-closed");
        client.shutdown(Shutdown::Write)?;
    }
    Ok(())
}

/// Answers each datagram, each part in a datagram, from the second socket, if there is one.
///
/// # Errors
///
/// It ends only if the socket itself fails.
pub fn udp(
    socket: &UdpSocket,
    answer: &Script,
    elsewhere: Option<&UdpSocket>,
    transcript: &Arc<Transcript>,
) -> io::Result<()> {
    let here = socket.local_addr()?;
    transcript
        .log()
        .always(format_args!("Listening on {here} (UDP)"));
    let connection = transcript.connection();
    let mut buffer = vec![0; ANY_DATAGRAM];
    loop {
        let (count, client) = match socket.recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) if is_about_one_peer(&error) => continue,
            Err(error) => return Err(error),
        };
        connection.bytes(format_args!("client {client}"), &buffer[..count], "");
        let sends = elsewhere.unwrap_or(socket);
        let send = |part: &[u8]| sends.send_to(part, client).map(drop);
        if let Err(error) = answer.play(Side::Server, &connection, send) {
            connection.trouble(format_args!("can't send: {error}"));
        }
    }
}
