//! Clients that ask a UDP server, one question at a time.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use super::{Load, ask_all};

/// The question.
pub const QUESTION: &[u8] = b"36.6";

/// The answer.
pub const REPLY: &[u8] = b"Converted temperature (degrees Fahrenheit): 97.88";

/// A reply that takes longer is lost.
const LOST: Duration = Duration::from_secs(1);

/// `clients` clients at the same time, each on a connected socket of its own, until the time is up.
///
/// # Errors
///
/// The system has no socket left.
pub fn requests(address: SocketAddr, clients: usize, time: Duration) -> io::Result<Load> {
    let sockets: io::Result<Vec<UdpSocket>> = (0..clients).map(|_| connect(address)).collect();
    Ok(ask_all(sockets?, time, |socket| {
        let answered = ask(socket);
        if answered.is_err() {
            // On a new port, where a late reply can't pass for the next one.
            *socket = connect(address)?;
        }
        answered
    }))
}

fn connect(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(LOST))?;
    Ok(socket)
}

fn ask(socket: &UdpSocket) -> io::Result<()> {
    let mut reply = [0; 256];
    socket.send(QUESTION)?;
    let count = socket.recv(&mut reply)?;
    if reply.split_at(count).0 == REPLY {
        return Ok(());
    }
    Err(io::Error::other("a wrong reply"))
}
