//! `tap send` and `tap listen`: a client or a server that says what it is told, and prints what
//! comes.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Builder};
use std::time::Duration;

use clap::{Args, ValueEnum};
use console::{Action, Error, Line, OrCannot, is_about_one_peer, is_timeout, read_line, stdin};
use socket2::SockRef;

use crate::address::{connect, udp_client};
use crate::clients::{LOOK_WHILE_READING, both, is_no_end, serve_each};
use crate::escapes::parse;
use crate::transcript::{Connection, Side, Transcript};
use crate::trouble::time;

/// Room for any datagram, in bytes: UDP's length field has 16 bits (RFC 768). On Windows, one that
/// doesn't fit would be an error.
pub const ANY_DATAGRAM: usize = 65_535;

/// With UDP, how long nothing comes before the client ends.
const SILENCE: Duration = Duration::from_secs(2);

/// What one side says.
#[derive(Debug, Clone, Args)]
pub struct Script {
    /// What to send, each in a segment or a datagram
    ///
    /// It may have Rust's escapes: \n \r \t \0 \\ \' \" \xff \u{4f60}. In single quotes the shell
    /// leaves them alone: 'GET / HTTP/1.1\r\n'. Put -- before a PART that begins with a hyphen.
    #[arg(value_name = "PART", value_parser = parse, verbatim_doc_comment)]
    pub parts: Vec<Vec<u8>>,

    /// Wait so long before each PART but the first: 200ms, 1.5s
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "0")]
    pub pause: Duration,
}

/// What a side does when it has said everything.
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

impl Script {
    /// Prints and sends each part. A client without a part sends each line that the user types.
    fn play(
        &self,
        from: Side,
        connection: &Connection,
        send: impl Fn(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let say = |bytes: &[u8]| {
            connection.bytes(from, bytes, "");
            send(bytes)
        };
        for (number, bytes) in self.parts.iter().enumerate() {
            if number > 0 {
                thread::sleep(self.pause);
            }
            say(bytes)?;
        }
        let mut input = stdin();
        while from == Side::Client && self.parts.is_empty() {
            match read_line(&mut input, ANY_DATAGRAM)? {
                Some(Line::Whole(line)) => say(&[&line[..], b"\n"].concat())?,
                Some(Line::TooLong(_)) => {}
                None => break,
            }
        }
        Ok(())
    }
}

/// Opens that many connections at once, plays the script on each, and prints what comes.
///
/// # Errors
///
/// A client can't connect, or can't send everything.
pub fn send_tcp(
    target: &str,
    script: &Script,
    then: Then,
    connections: u16,
    transcript: &Arc<Transcript>,
) -> Result<(), Error> {
    let client = || {
        let (server, connection) = (&connect(target)?, &transcript.connection());
        connection.event(format_args!("connected to {target}"));
        let hear = || hear(server, Side::Server, connection, || ());
        both(hear, || {
            speak(server, Side::Client, script, then, connection)
        })?
        .or_cannot(Action::Send, target)
    };
    thread::scope(|scope| {
        let start = |_| Builder::new().spawn_scoped(scope, client);
        let clients: io::Result<Vec<_>> = (0..connections).map(start).collect();
        let clients = clients.or_cannot(Action::StartThread, "for each connection")?;
        // A thread that panics has said so.
        let ended = clients.into_iter().filter_map(|client| client.join().ok());
        ended.collect()
    })
}

/// Answers each client when its first bytes have come. Without an answer it only prints.
///
/// # Errors
///
/// It ends only if the listener is of no use any more, or with [`console::end_accept`].
pub fn listen_tcp(
    listener: &TcpListener,
    answer: &Script,
    then: Then,
    transcript: &Arc<Transcript>,
) -> io::Result<()> {
    let here = listener.local_addr()?;
    transcript.log.always(format_args!("Listening on {here}"));
    serve_each(listener, transcript, |client, connection| {
        let mut answered = false;
        hear(&client, Side::Client, connection, || {
            if !mem::replace(&mut answered, true)
                && let Err(error) = speak(&client, Side::Server, answer, then, connection)
            {
                connection.trouble(format_args!("can't send: {error}"));
            }
        });
    })
}

/// Says everything. That the connection is over then, a thread that hears finds out.
fn speak(
    stream: &TcpStream,
    side: Side,
    script: &Script,
    then: Then,
    connection: &Connection,
) -> io::Result<()> {
    let played = script.play(side, connection, |bytes| (&mut &*stream).write_all(bytes));
    // If the peer has ended it before, there is nothing to do.
    let _ = match then {
        _ if played.is_err() => stream.shutdown(Shutdown::Both),
        Then::Wait => Ok(()),
        Then::HalfClose => {
            connection.event(format_args!("{side} half-closed"));
            stream.shutdown(Shutdown::Write)
        }
        Then::Close => {
            connection.end(format_args!("{side} closed"));
            stream.shutdown(Shutdown::Both)
        }
        Then::Reset => {
            connection.end(format_args!("{side} reset"));
            // It goes when the socket is closed: socket(7), SO_LINGER.
            let lingers = SockRef::from(stream).set_linger(Some(Duration::ZERO));
            lingers.and_then(|()| stream.shutdown(Shutdown::Read))
        }
    };
    played
}

/// Prints all that comes, and calls `came` after each read, until the connection is over.
fn hear(mut stream: &TcpStream, from: Side, connection: &Connection, mut came: impl FnMut()) {
    // If it fails, the first read does, too.
    let _ = stream.set_read_timeout(LOOK_WHILE_READING);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match stream.read(&mut buffer) {
            _ if connection.is_over() => return,
            Ok(0) => return connection.event(format_args!("{from} half-closed")),
            Ok(count) => {
                connection.bytes(from, &buffer[..count], "");
                came();
            }
            Err(error) if is_no_end(&error) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                return connection.event(format_args!("{from} reset"));
            }
            Err(error) => return connection.trouble(format_args!("can't receive: {error}")),
        }
    }
}

/// Sends each part in a datagram, and prints what comes back until nothing has come for a while.
///
/// # Errors
///
/// There is no way to the target, or a datagram can't be sent.
pub fn send_udp(target: &str, script: &Script, connection: &Connection) -> Result<(), Error> {
    let (socket, server) = udp_client(target)?;
    // Connected: the system keeps strangers away, and reports that nobody has the port (udp(7)).
    let connected = socket.connect(server);
    let connected = connected.and_then(|()| socket.set_read_timeout(Some(SILENCE)));
    connected.or_cannot(Action::Connect, server)?;
    let sent_all = AtomicBool::new(false);
    both(
        || hear_datagrams(&socket, connection, &sent_all),
        || {
            let played = script.play(Side::Client, connection, |bytes| match socket.send(bytes) {
                // That was about the datagram before, and took the place of this call.
                Err(error) if is_about_one_peer(&error) => socket.send(bytes).map(drop),
                sent => sent.map(drop),
            });
            sent_all.store(true, Ordering::Relaxed);
            played.or_cannot(Action::Send, server)
        },
    )?
}

/// Prints what comes, until everything is sent and nothing has come for a while.
fn hear_datagrams(socket: &UdpSocket, connection: &Connection, sent_all: &AtomicBool) {
    let mut buffer = vec![0; ANY_DATAGRAM];
    loop {
        let may_end = sent_all.load(Ordering::Relaxed);
        match socket.recv(&mut buffer) {
            Ok(count) => connection.bytes(Side::Server, &buffer[..count], ""),
            Err(error) if is_timeout(&error) && may_end => {
                return connection.event(format_args!("ended: nothing came for {SILENCE:?}"));
            }
            Err(error) if is_timeout(&error) => {}
            Err(error) if is_about_one_peer(&error) => {
                connection.trouble(format_args!("nobody has that port: {error}"));
            }
            Err(error) => return connection.trouble(format_args!("can't receive: {error}")),
        }
    }
}

/// Answers each datagram, each part in a datagram; `from_elsewhere`, from another port.
///
/// # Errors
///
/// It ends only if the socket itself fails, or a part is too long for a datagram.
pub fn listen_udp(
    socket: &UdpSocket,
    answer: &Script,
    from_elsewhere: bool,
    transcript: &Arc<Transcript>,
) -> io::Result<()> {
    let here = socket.local_addr()?;
    transcript
        .log
        .always(format_args!("Listening on {here} (UDP)"));
    let other = from_elsewhere.then(|| UdpSocket::bind((here.ip(), 0)));
    let (answers, connection) = (other.transpose()?, transcript.connection());
    let answers = answers.as_ref().unwrap_or(socket);
    let mut buffer = vec![0; ANY_DATAGRAM];
    loop {
        let (count, client) = match socket.recv_from(&mut buffer) {
            Err(error) if is_about_one_peer(&error) => continue,
            received => received?,
        };
        connection.bytes(format_args!("client {client}"), &buffer[..count], "");
        let send = |part: &[u8]| answers.send_to(part, client).map(drop);
        match answer.play(Side::Server, &connection, send) {
            Err(error) if is_about_one_peer(&error) => {}
            played => played?,
        }
    }
}
