//! Two sockets of a kind are opened, and talk.

use std::fmt::Display;
use std::io::{self, ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use console::{Error, OrCannot};
use socket2::{SockAddr, Socket};
use tempfile::TempDir;

use crate::kind::{Carries, Family, Kind};

/// How long one side waits for the other. It takes a few microseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is sent and comes back.
pub const MESSAGE: &str = "Hello!";

/// What is sent one right after the other, to see whether their boundary arrives too.
pub const TWO_MESSAGES: [&str; 2] = ["one", "two"];

/// What came of a talk.
#[derive(Debug, PartialEq, Eq)]
pub struct Talk {
    /// The address of the side that began.
    pub client: String,
    /// The address of the side that answered.
    pub server: String,
    /// What came back.
    pub echo: String,
    /// What the receiver of [`TWO_MESSAGES`] got, receive by receive.
    pub received: Vec<String>,
}

/// Opens two sockets and lets them talk, on this machine only.
///
/// # Errors
///
/// The system doesn't have this kind, or something else fails; a side that has to wait for longer
/// than five seconds fails too.
pub fn talk(kind: Kind) -> Result<Talk, Error> {
    // A socket of the family AF_UNIX is found by a file. The folder goes with this value, however
    // this function is left.
    let folder = match kind.family {
        Family::Unix => Some(tempfile::tempdir().or_cannot("create", "a folder for the sockets")?),
        Family::Inet | Family::Inet6 => None,
    };
    let Pair {
        client,
        client_address,
        server,
        server_address,
    } = match kind.carries {
        Carries::Stream => connect(kind, folder.as_ref())?,
        Carries::Datagrams => join(kind, folder.as_ref())?,
    };
    // They have found each other, so the files aren't needed any more.
    drop(folder);

    send(&client, MESSAGE)?;
    let arrived = receive(&server)?;
    send(&server, &arrived)?;
    let echo = receive(&client)?;

    for message in TWO_MESSAGES {
        send(&client, message)?;
    }
    let received = match kind.carries {
        Carries::Stream => {
            wait_for(&server, TWO_MESSAGES.concat().len())?;
            vec![receive(&server)?]
        }
        Carries::Datagrams => vec![receive(&server)?, receive(&server)?],
    };
    Ok(Talk {
        client: client_address,
        server: server_address,
        echo,
        received,
    })
}

/// Two sockets that can talk.
struct Pair {
    client: Socket,
    client_address: String,
    server: Socket,
    server_address: String,
}

/// Streams: a server listens, a client connects, the server accepts.
fn connect(kind: Kind, folder: Option<&TempDir>) -> Result<Pair, Error> {
    let (listener, address, server_address) = bound(kind, folder, "server")?;
    listener.listen(1).or_cannot("listen on", &server_address)?;

    let client = open(kind)?;
    client
        .connect_timeout(&address, PATIENCE)
        .or_cannot("connect to", &server_address)?;
    let (server, peer) = listener.accept().or_cannot("accept on", &server_address)?;
    set_patience(&server)?;
    Ok(Pair {
        client,
        client_address: name(&peer, "(no name)"),
        server,
        server_address,
    })
}

/// Datagrams: both sides need an address, and here each talks to the other only.
fn join(kind: Kind, folder: Option<&TempDir>) -> Result<Pair, Error> {
    let (server, to_server, server_address) = bound(kind, folder, "server")?;
    let (client, to_client, client_address) = bound(kind, folder, "client")?;
    client
        .connect(&to_server)
        .or_cannot("talk to", &server_address)?;
    server
        .connect(&to_client)
        .or_cannot("talk to", &client_address)?;
    Ok(Pair {
        client,
        client_address,
        server,
        server_address,
    })
}

fn open(kind: Kind) -> Result<Socket, Error> {
    let socket = Socket::new(kind.domain(), kind.socket_type(), None)
        .or_cannot("open a socket of", kind.name())?;
    set_patience(&socket)?;
    Ok(socket)
}

/// A socket with an address of its own: a free port of this machine, or a file in the folder.
fn bound(
    kind: Kind,
    folder: Option<&TempDir>,
    file: &str,
) -> Result<(Socket, SockAddr, String), Error> {
    let socket = open(kind)?;
    let path = folder.map(|folder| folder.path().join(file));
    let wanted = match (kind.family, &path) {
        (Family::Inet6, _) => SocketAddr::from((Ipv6Addr::LOCALHOST, 0)).into(),
        (Family::Unix, Some(path)) => {
            SockAddr::unix(path).or_cannot("name a socket", path.display())?
        }
        (Family::Inet | Family::Unix, _) => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into(),
    };
    let shown = path.map_or_else(String::new, |path| path.display().to_string());
    socket
        .bind(&wanted)
        .or_cannot("bind a socket to", name(&wanted, &shown))?;
    let address = socket
        .local_addr()
        .or_cannot("read", "the socket's own address")?;
    let shown = name(&address, &shown);
    Ok((socket, address, shown))
}

/// An IP address and a port, or else what it is called otherwise.
fn name(address: &SockAddr, otherwise: &str) -> String {
    address
        .as_socket()
        .map_or_else(|| otherwise.to_owned(), |address| address.to_string())
}

fn set_patience(socket: &Socket) -> Result<(), Error> {
    socket
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| socket.set_write_timeout(Some(PATIENCE)))
        .or_cannot("set the time limit of", "a socket")
}

fn send(mut socket: &Socket, text: &str) -> Result<(), Error> {
    socket
        .write_all(text.as_bytes())
        .or_cannot("send", quoted(text))
}

/// What one receive gives.
fn receive(mut socket: &Socket) -> Result<String, Error> {
    let mut buffer = [0; 64];
    let count = socket.read(&mut buffer).or_cannot("receive", "a message")?;
    let (received, _) = buffer.split_at(count);
    Ok(String::from_utf8_lossy(received).into_owned())
}

/// Waits until so many bytes of a stream have arrived, without taking any.
///
/// A receive before that gives what has arrived until then: how much, is chance.
fn wait_for(socket: &Socket, count: usize) -> Result<(), Error> {
    let deadline = Instant::now() + PATIENCE;
    let mut buffer = [MaybeUninit::uninit(); 64];
    while socket
        .peek(&mut buffer)
        .or_cannot("look at", "what has arrived")?
        < count
    {
        if Instant::now() > deadline {
            let late = io::Error::from(ErrorKind::TimedOut);
            return Err(late).or_cannot("receive", "both messages");
        }
        thread::yield_now();
    }
    Ok(())
}

/// A message as it is printed.
pub fn quoted(text: impl Display) -> String {
    format!("\"{text}\"")
}
