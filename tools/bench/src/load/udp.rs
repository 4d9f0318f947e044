//! Clients that ask a UDP server, one question at a time.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use console::{Error, OrCannot};

use super::Load;

/// The question.
pub const REQUEST: &[u8] = b"36.6";

/// The answer.
pub const REPLY: &[u8] = b"Converted temperature (degrees Fahrenheit): 97.88";

/// A reply that takes longer is lost.
const LOST: Duration = Duration::from_secs(1);

/// `clients` clients at the same time, each on a connected socket of its own, until the time is up.
///
/// # Errors
///
/// The system has no socket left.
pub fn requests(address: SocketAddr, clients: usize, time: Duration) -> Result<Load, Error> {
    let sockets: Vec<UdpSocket> = (0..clients)
        .map(|_| connected(address))
        .collect::<io::Result<_>>()
        .or_cannot("open a socket to", address)?;
    let begin = Instant::now();
    let client = |mut socket: UdpSocket| {
        let mut load = Load::new();
        let mut reply = [0; 256];
        while begin.elapsed() < time {
            let asked = Instant::now();
            let replied = socket.send(REQUEST).and_then(|_| socket.recv(&mut reply));
            match replied {
                Ok(count) if reply.split_at(count).0 == REPLY => load.right(asked),
                Ok(_) => load.wrong(|| "a wrong reply".to_owned()),
                Err(error) => {
                    load.wrong(|| error.to_string());
                    // On a new port, where a late reply can't pass for the next one.
                    socket = connected(address).unwrap_or(socket);
                }
            }
        }
        load.elapsed = begin.elapsed();
        load
    };
    Ok(thread::scope(|scope| {
        let spawned = sockets.into_iter();
        let clients: Vec<_> = spawned.map(|it| scope.spawn(move || client(it))).collect();
        let loads = clients.into_iter().filter_map(|client| client.join().ok());
        loads.fold(Load::new(), Load::and)
    }))
}

fn connected(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(LOST))?;
    Ok(socket)
}

/// One question on a socket of its own.
///
/// # Errors
///
/// No reply comes, or a wrong one.
pub fn once(address: SocketAddr) -> io::Result<()> {
    let socket = connected(address)?;
    let mut reply = [0; 256];
    socket.send(REQUEST)?;
    let count = socket.recv(&mut reply)?;
    // The tutorial's server converts 36.6 to 97.88000000000001.
    if reply.split_at(count).0.starts_with(REPLY) {
        return Ok(());
    }
    Err(io::Error::other("a wrong reply"))
}
