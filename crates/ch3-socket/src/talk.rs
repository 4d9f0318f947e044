//! Opens two sockets of a kind and lets them talk.

use std::fmt::Display;
use std::io::{self, ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use socket2::{SockAddr, Socket};
use tempfile::TempDir;

use crate::kind::{Carries, Family, Kind};

/// How long one side waits for the other. Answers take microseconds.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// The message that the server sends back.
pub const MESSAGE: &str = "Hello!";

/// Two messages, sent one right after the other: does their boundary arrive, too?
pub const TWO_MESSAGES: [&str; 2] = ["one", "two"];

/// The result of a talk.
#[derive(Debug, PartialEq, Eq)]
pub struct Talk {
    /// The address of the side that began.
    pub client: String,
    /// The address of the side that answered.
    pub server: String,
    /// What came back.
    pub echo: String,
    /// What each receive returned of [`TWO_MESSAGES`].
    pub received: Vec<String>,
}

/// Opens two sockets and lets them talk, on this machine only.
///
/// # Errors
///
/// The system doesn't have this kind, or a call fails or takes longer than five seconds. The error
/// names the call and the system's words. The user can do nothing about it, so it gives no advice.
pub fn talk(kind: Kind) -> Result<Talk, String> {
    // A socket of the family AF_UNIX has a file as its address. The folder is removed when this
    // value is dropped, also after an error.
    let folder = match kind.family {
        Family::Unix => Some(tempfile::tempdir().map_err(cannot("create a folder"))?),
        Family::Inet | Family::Inet6 => None,
    };
    let folder = folder.as_ref().map(TempDir::path);
    let pair = match kind.carries {
        Carries::Stream => connect(kind, folder)?,
        Carries::Datagrams => join(kind, folder)?,
    };
    let (echo, received) = exchange(&pair.client, &pair.server, kind.carries)
        .map_err(cannot(format_args!("talk to {}", pair.server_address)))?;
    Ok(Talk {
        client: pair.client_address,
        server: pair.server_address,
        echo,
        received,
    })
}

/// Puts the action in front of the system's words: `can't ACTION: WORDS`.
fn cannot(action: impl Display) -> impl FnOnce(io::Error) -> String {
    move |error| format!("can't {action}: {error}")
}

/// Two sockets that can talk.
struct Pair {
    client: Socket,
    client_address: String,
    server: Socket,
    server_address: String,
}

/// Streams: a server listens, a client connects, the server accepts.
fn connect(kind: Kind, folder: Option<&Path>) -> Result<Pair, String> {
    let (listener, address, server_address) = bound(kind, folder, "server")?;
    let at = |call: &str| cannot(format!("{call} {server_address}"));
    listener.listen(1).map_err(at("listen on"))?;
    let client = open(kind)?;
    client
        .connect_timeout(&address, TIMEOUT)
        .map_err(at("connect to"))?;
    let (server, peer) = listener.accept().map_err(at("accept on"))?;
    set_timeout(&server).map_err(at("set the time limit of"))?;
    Ok(Pair {
        client,
        client_address: name(&peer, "(no name)"),
        server,
        server_address,
    })
}

/// Datagrams: both sides need an address, and here each talks only to the other.
fn join(kind: Kind, folder: Option<&Path>) -> Result<Pair, String> {
    let (server, to_server, server_address) = bound(kind, folder, "server")?;
    let (client, to_client, client_address) = bound(kind, folder, "client")?;
    for (socket, to, shown) in [
        (&client, to_server, &server_address),
        (&server, to_client, &client_address),
    ] {
        socket
            .connect(&to)
            .map_err(cannot(format_args!("connect to {shown}")))?;
    }
    Ok(Pair {
        client,
        client_address,
        server,
        server_address,
    })
}

fn open(kind: Kind) -> Result<Socket, String> {
    let socket = Socket::new(kind.domain(), kind.socket_type(), None);
    socket
        .and_then(|socket| set_timeout(&socket).map(|()| socket))
        .map_err(cannot("create the socket"))
}

/// A socket with its own address: a free port of this machine, or a file in the folder.
fn bound(
    kind: Kind,
    folder: Option<&Path>,
    file: &str,
) -> Result<(Socket, SockAddr, String), String> {
    let socket = open(kind)?;
    let path = folder.map(|folder| folder.join(file));
    let (wanted, shown) = match (kind.family, &path) {
        (Family::Unix, Some(path)) => (SockAddr::unix(path), path.display().to_string()),
        (Family::Inet6, _) => (Ok(any_port(Ipv6Addr::LOCALHOST)), "[::1]".to_owned()),
        (Family::Inet | Family::Unix, _) => {
            (Ok(any_port(Ipv4Addr::LOCALHOST)), "127.0.0.1".to_owned())
        }
    };
    let address = wanted.and_then(|wanted| {
        socket.bind(&wanted)?;
        socket.local_addr()
    });
    let address = address.map_err(cannot(format_args!("bind the socket to {shown}")))?;
    let shown = name(&address, &shown);
    Ok((socket, address, shown))
}

fn any_port(ip: impl Into<IpAddr>) -> SockAddr {
    SocketAddr::new(ip.into(), 0).into()
}

/// An IP address and a port, or else this name.
fn name(address: &SockAddr, otherwise: &str) -> String {
    address
        .as_socket()
        .map_or_else(|| otherwise.to_owned(), |address| address.to_string())
}

fn set_timeout(socket: &Socket) -> io::Result<()> {
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.set_write_timeout(Some(TIMEOUT))
}

/// Sends [`MESSAGE`] there and back, then [`TWO_MESSAGES`] there. Returns the echo, and what each
/// of the server's receives returned of the two.
fn exchange(
    mut client: &Socket,
    mut server: &Socket,
    carries: Carries,
) -> io::Result<(String, Vec<String>)> {
    client.write_all(MESSAGE.as_bytes())?;
    let arrived = receive(server)?;
    server.write_all(arrived.as_bytes())?;
    let echo = receive(client)?;

    for message in TWO_MESSAGES {
        client.write_all(message.as_bytes())?;
    }
    let received = match carries {
        Carries::Stream => {
            wait_for(server, TWO_MESSAGES.concat().len())?;
            vec![receive(server)?]
        }
        Carries::Datagrams => vec![receive(server)?, receive(server)?],
    };
    Ok((echo, received))
}

/// What one receive returns.
fn receive(mut socket: &Socket) -> io::Result<String> {
    let mut buffer = [0; 64];
    let count = socket.read(&mut buffer)?;
    let (received, _) = buffer.split_at(count);
    Ok(String::from_utf8_lossy(received).into_owned())
}

/// Waits until this many bytes of a stream have arrived, without taking any.
///
/// Without this wait, chance would decide how many of them a receive returns.
fn wait_for(socket: &Socket, count: usize) -> io::Result<()> {
    let deadline = Instant::now() + TIMEOUT;
    let mut buffer = [MaybeUninit::uninit(); 64];
    while socket.peek(&mut buffer)? < count {
        if Instant::now() > deadline {
            return Err(ErrorKind::TimedOut.into());
        }
        thread::yield_now();
    }
    Ok(())
}

/// A message as the program prints it.
pub fn quoted(text: impl Display) -> String {
    format!("\"{text}\"")
}
