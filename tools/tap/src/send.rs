//! `tap send`: a client that sends what it is told, and prints what comes back.

use std::io;
use std::net::{Shutdown, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use clap::ValueEnum;
use console::{Action, Error, Line, OrCannot, is_about_one_peer, is_timeout, read_line, stdin};
use socket2::SockRef;

use crate::address::Address;
use crate::clients::small_thread;
use crate::script::{ANY_DATAGRAM, Script, hear};
use crate::transcript::{Connection, Side, Transcript};

/// With UDP, how long nothing comes before the client ends.
const SILENCE: Duration = Duration::from_secs(2);

/// What a client does when it has sent everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Then {
    /// Close both directions
    Close,
    /// Close its own direction, and print until the server closes
    HalfClose,
    /// Reset the connection
    Reset,
    /// Print until the server closes
    Wait,
}

/// Opens that many connections at once, and runs the script on each.
///
/// # Errors
///
/// A client can't connect, or can't send everything.
pub fn tcp(
    target: &Address,
    script: &Script,
    then: Then,
    connections: u16,
    transcript: &Arc<Transcript>,
) -> Result<(), Error> {
    thread::scope(|scope| {
        let start = |_| {
            small_thread().spawn_scoped(scope, || {
                run(target, script, then, &transcript.connection())
            })
        };
        let threads: io::Result<Vec<_>> = (0..connections).map(start).collect();
        let threads = threads.or_cannot(Action::StartThread, "for each connection")?;
        // A thread that panics has said so.
        let ended = threads.into_iter().filter_map(|thread| thread.join().ok());
        ended.fold(Ok(()), Result::and)
    })
}

fn run(
    target: &Address,
    script: &Script,
    then: Then,
    connection: &Connection,
) -> Result<(), Error> {
    let server = &target.connect()?;
    connection.event(format_args!("connected to {target}"));
    let hearing = || {
        if let Err(error) = hear(server, Side::Server, connection, || Ok(true)) {
            connection.trouble(format_args!("can't receive: {error}"));
        }
    };
    thread::scope(|scope| {
        let started = small_thread().spawn_scoped(scope, hearing);
        started.or_cannot(Action::StartThread, "that receives")?;
        let played = play(script, connection, |mut bytes| {
            io::copy(&mut bytes, &mut &*server).map(drop)
        });
        // The thread that receives ends when the server closes, or now.
        let _ = match then {
            _ if played.is_err() => server.shutdown(Shutdown::Both),
            Then::Wait => Ok(()),
            Then::HalfClose => {
                connection.event("client half-closed");
                server.shutdown(Shutdown::Write)
            }
            Then::Close => {
                connection.last_event("client closed");
                server.shutdown(Shutdown::Both)
            }
            Then::Reset => {
                connection.last_event("client reset");
                // It goes when the socket is closed: socket(7), SO_LINGER.
                let lingers = SockRef::from(server).set_linger(Some(Duration::ZERO));
                lingers.and_then(|()| server.shutdown(Shutdown::Read))
            }
        };
        played.or_cannot(Action::Send, target)
    })
}

/// Sends the script, or what the user types, if it is empty.
fn play(
    script: &Script,
    connection: &Connection,
    send: impl Fn(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    if !script.parts.is_empty() {
        return script.play(Side::Client, connection, send);
    }
    let mut input = stdin();
    while let Some(line) = read_line(&mut input, ANY_DATAGRAM)? {
        if let Line::Whole(mut line) = line {
            line.push(b'\n');
            connection.bytes(Side::Client, &line, "");
            send(&line)?;
        }
    }
    Ok(())
}

/// Sends each part in a datagram, and prints what comes back until nothing has come for a while.
///
/// # Errors
///
/// There is no way to the target, or a datagram can't be sent.
pub fn udp(target: &Address, script: &Script, connection: &Connection) -> Result<(), Error> {
    let (socket, server) = target.udp_client()?;
    // Connected: the system keeps strangers away, and reports that nobody has the port (udp(7)).
    let connected = socket.connect(server);
    let connected = connected.and_then(|()| socket.set_read_timeout(Some(SILENCE)));
    connected.or_cannot(Action::Connect, server)?;
    let sent_all = AtomicBool::new(false);
    thread::scope(|scope| {
        let hearing = || hear_datagrams(&socket, connection, &sent_all);
        let started = small_thread().spawn_scoped(scope, hearing);
        started.or_cannot(Action::StartThread, "that receives")?;
        let played = play(script, connection, |bytes| match socket.send(bytes) {
            // That was about the datagram before, and took the place of this call.
            Err(error) if is_about_one_peer(&error) => socket.send(bytes).map(drop),
            sent => sent.map(drop),
        });
        sent_all.store(true, Ordering::Relaxed);
        played.or_cannot(Action::Send, server)
    })
}

/// Prints what comes, until everything is sent and nothing has come for a while.
fn hear_datagrams(socket: &UdpSocket, connection: &Connection, sent_all: &AtomicBool) {
    let mut buffer = vec![0; ANY_DATAGRAM];
    loop {
        let may_end = sent_all.load(Ordering::Relaxed);
        match socket.recv(&mut buffer) {
            Ok(count) => connection.bytes(Side::Server, &buffer[..count], ""),
            Err(error) if is_timeout(&error) => {
                if may_end {
                    return connection.event(format_args!("ended: nothing came for {SILENCE:?}"));
                }
            }
            Err(error) if is_about_one_peer(&error) => {
                connection.trouble(format_args!("nobody has that port: {error}"));
            }
            Err(error) => return connection.trouble(format_args!("can't receive: {error}")),
        }
    }
}
