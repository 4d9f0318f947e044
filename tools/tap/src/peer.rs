//! `tap send` and `tap listen`: a client or a server that says what it is told, and prints what
//! comes.

use std::io::{self, BufRead, Read};
use std::net::{TcpListener, UdpSocket};
use std::sync::{Once, OnceLock};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use clap::{Args, builder::ArgPredicate::IsPresent};
use console::{Action, Error, OrCannot, is_about_one_peer, is_cut_short, is_too_long, stdin};

use crate::address::{self, cannot, connect};
use crate::escapes::parse;
use crate::tcp::{LOOK, Pair, Then, both, serve_each, start};
use crate::transcript::{Side, Transcript};
use crate::trouble::time;
use crate::udp::{self, ANY_DATAGRAM, receive, send};

/// How many typed bytes are sent at once. A longer line follows in pieces. No datagram has so many,
/// so with UDP a line that is too long is an error.
const TYPED: u64 = 1 << 17;

/// With UDP, the client ends when nothing came for this long.
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

    /// Wait this long before each PART but the first: 200ms, 1.5s
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "0")]
    pub pause: Duration,
}

/// A client.
#[derive(Debug, Clone, Args)]
pub struct Client {
    /// Where the server is: PORT or HOST:PORT
    #[arg(value_parser = address::parse)]
    pub target: String,
    /// What it says.
    #[command(flatten)]
    pub script: Script,
    /// Number of connections to open at once
    #[arg(long, value_name = "N", default_value_t = 1, requires = "parts")]
    #[arg(value_parser = 1..=1000, conflicts_with = "udp")]
    pub connections: i64,
    /// What to do at the end; by default wait, or half-close when your input ends (with --udp it
    /// ends when nothing has come for 2 s)
    #[arg(long, default_value = "half-close", hide_default_value = true)]
    #[arg(default_value_if("parts", IsPresent, "wait"), conflicts_with = "udp")]
    pub then: Then,
}

/// A server.
#[derive(Debug, Clone, Args)]
pub struct Server {
    /// Where to listen: PORT or HOST:PORT; port 0 is a free one
    #[arg(value_parser = address::parse)]
    pub address: String,
    /// What it answers.
    #[command(flatten)]
    pub script: Script,
    /// Reset the connection after the answer
    #[arg(long, conflicts_with = "udp")]
    pub reset: bool,
    /// Answer from another port, as a stranger would
    #[arg(long, requires = "udp")]
    pub reply_from_elsewhere: bool,
}

impl Script {
    /// Says each part. A client without a part says each line that the user types.
    fn play(&self, side: Side, say: impl Fn(&[u8]) -> io::Result<()>) -> io::Result<()> {
        for (number, bytes) in self.parts.iter().enumerate() {
            thread::sleep(self.pause * u32::from(number > 0));
            say(bytes)?;
        }
        let (mut input, mut line) = (stdin(), Vec::new());
        let types = side == Side::Client && self.parts.is_empty();
        while types && input.by_ref().take(TYPED).read_until(b'\n', &mut line)? > 0 {
            say(&line)?;
            line.clear();
        }
        Ok(())
    }
}

/// Opens the connections at once, plays the script on each, and prints what comes.
///
/// # Errors
///
/// A connection can't be opened, or not everything can be sent.
pub fn send_tcp(client: &Client, transcript: &Transcript) -> Result<(), Error> {
    let play = || {
        let (server, connection) = (&connect(&client.target)?, transcript.connection());
        connection.event(format_args!("connected to {}", client.target));
        let pair = Pair::new([server, server], connection);
        let speak = || speak(&pair, Side::Client, &client.script, client.then);
        both(|| hear(&pair, Side::Server, || ()), speak)?.or_cannot(Action::Send, &client.target)
    };
    thread::scope(|scope| {
        let start = |_| start(scope, play);
        let clients: Vec<_> = (0..client.connections).map(start).collect();
        // A thread that panics has said so.
        let ended = |client: Result<ScopedJoinHandle<_>, _>| client?.join().unwrap_or(Ok(()));
        clients.into_iter().try_for_each(ended)
    })
}

/// Answers each client when its first bytes have come. Without an answer it only prints.
pub fn listen_tcp(listener: &TcpListener, server: &Server, transcript: &Transcript) -> ! {
    transcript.listening(listener.local_addr(), "");
    let then = match server.script.parts[..] {
        _ if server.reset => Then::Reset,
        [] => Then::Wait,
        _ => Then::HalfClose,
    };
    serve_each(listener, transcript, |client, connection, go_on| {
        drop(go_on);
        let pair = Pair::new([client, client], connection);
        // It may have nothing to say.
        pair.end(Side::Server);
        // `hear` tells that the client has reset.
        let answer = || drop(speak(&pair, Side::Server, &server.script, then));
        let first = Once::new();
        hear(&pair, Side::Client, || first.call_once(answer));
        Ok(())
    })
}

/// Says everything, and ends the connection.
fn speak(pair: &Pair, side: Side, script: &Script, then: Then) -> io::Result<()> {
    let said = script.play(side, |bytes| {
        pair.connection.bytes(side, bytes, "");
        pair.write(side.other(), bytes)
    });
    match then {
        // It has nothing more to say, or nobody to say it to.
        _ if said.is_err() => pair.half_close(side),
        Then::Close => pair.cut(then, format_args!("{side} closed")),
        Then::Reset => pair.cut(then, format_args!("{side} reset")),
        Then::HalfClose => {
            pair.connection.event(format_args!("{side} half-closed"));
            pair.half_close(side);
        }
        Then::Wait => pair.end(side),
    }
    said
}

/// Prints all that comes, and calls `came` after each read, until the connection is over.
fn hear(pair: &Pair, from: Side, mut came: impl FnMut()) {
    pair.read_all(from, |sent| match sent {
        None => pair.cut(Then::Reset, format_args!("{from} reset")),
        Some([]) => pair.end(from),
        Some(_) => came(),
    });
}

/// Sends each part in a datagram, and prints what comes back until nothing has come for a while.
///
/// # Errors
///
/// There is no way to the target, or a datagram can't be sent.
pub fn send_udp(client: &Client, transcript: &Transcript) -> Result<(), Error> {
    let connection = transcript.connection();
    let (server, socket) = (&client.target, udp::connect(&client.target, LOOK)?);
    let say = |bytes: &[u8]| {
        connection.bytes(Side::Client, bytes, "");
        // An error may be about the datagram before, and take the place of this call.
        socket.send(bytes).or_else(|_| socket.send(bytes)).map(drop)
    };
    let (said, told) = (OnceLock::new(), Once::new());
    let speak = || drop(said.set(client.script.play(Side::Client, say)));
    let (mut buffer, mut last) = (vec![0; ANY_DATAGRAM], Instant::now());
    let tell = |error| connection.trouble(cannot("send to", server, error));
    let hear = || loop {
        match socket.recv(&mut buffer) {
            Ok(count) => {
                connection.bytes(Side::Server, &buffer[..count], "");
                last = Instant::now();
            }
            Err(error) if is_cut_short(&error) => {}
            Err(error) if is_about_one_peer(&error) => told.call_once(|| tell(error)),
            Err(error) => return Err(error).or_cannot(Action::Receive, server),
        }
        match said.get() {
            None => last = Instant::now(),
            Some(Ok(())) if last.elapsed() < SILENCE => {}
            Some(_) => return Ok(()),
        }
    };
    both(speak, hear)??;
    // It is there, as `hear` waits for it.
    (said.into_inner().unwrap_or(Ok(()))).or_cannot(Action::Send, server)?;
    connection.event(format_args!("ended: nothing came for {SILENCE:?}"));
    Ok(())
}

/// Answers each datagram, each part in a datagram.
///
/// # Errors
///
/// It ends only if the socket itself fails, or a part is too long for a datagram.
pub fn listen_udp(socket: &UdpSocket, host: &Server, transcript: &Transcript) -> Result<(), Error> {
    transcript.listening(socket.local_addr(), " (UDP)");
    let connection = transcript.connection();
    let serve = || -> io::Result<()> {
        let elsewhere = UdpSocket::bind((socket.local_addr()?.ip(), 0))?;
        let answers = [socket, &elsewhere][usize::from(host.reply_from_elsewhere)];
        let mut buffer = vec![0; ANY_DATAGRAM];
        loop {
            let (count, client) = receive(socket, &mut buffer)?;
            connection.bytes(format_args!("client {client}"), &buffer[..count], "");
            host.script.play(Side::Server, |bytes| {
                connection.bytes(Side::Server, bytes, "");
                match send(connection, answers, bytes, client) {
                    Err(error) if is_too_long(&error) => Err(error),
                    _ => Ok(()),
                }
            })?;
        }
    };
    serve().or_cannot(Action::Serve, &host.address)
}
