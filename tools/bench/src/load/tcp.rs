//! Clients that open a connection for each request.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::udp::{QUESTION, REPLY};
use super::{Load, ask_all};

/// What curl sends: a small request, as usual as can be.
pub const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n";

/// More than any answer here has, so that it is read in one piece if it comes in one.
const ANSWER_BYTES: usize = 64 * 1024;

/// Gets one answer, and returns its length: a cut one can be told from a whole one.
///
/// # Errors
///
/// There is no answer, or not `200 OK`.
pub fn answer_length(address: SocketAddr) -> io::Result<usize> {
    ask(address, &mut Vec::with_capacity(ANSWER_BYTES))
}

/// `clients` clients at the same time, each with a new connection for each request, until the time
/// is up.
///
/// # Errors
///
/// The first answer, which tells how long all have to be, isn't right.
pub fn requests(address: SocketAddr, clients: usize, time: Duration) -> io::Result<Load> {
    let length = answer_length(address)?;
    let answers = (0..clients).map(|_| Vec::with_capacity(ANSWER_BYTES));
    Ok(ask_all(answers.collect(), time, |answer| {
        match ask(address, answer)? {
            count if count == length => Ok(()),
            count => Err(io::Error::other(format!(
                "an answer of {count} bytes, not {length}"
            ))),
        }
    }))
}

/// One request on a connection of its own. Returns the length of the answer.
fn ask(address: SocketAddr, answer: &mut Vec<u8>) -> io::Result<usize> {
    let mut server = TcpStream::connect(address)?;
    server.write_all(REQUEST)?;
    answer.clear();
    let length = server.read_to_end(answer)?;
    // Python's server answers in HTTP/1.0.
    if answer.starts_with(b"HTTP/1.1 200 ") || answer.starts_with(b"HTTP/1.0 200 ") {
        return Ok(length);
    }
    let answer = String::from_utf8_lossy(answer);
    let status = answer.lines().next().unwrap_or_default();
    Err(io::Error::other(format!(
        "the answer {status:?}, not 200 OK"
    )))
}

/// Opens that many connections, one after the other.
///
/// # Errors
///
/// A client can't connect.
pub fn connect(address: SocketAddr, clients: usize) -> io::Result<Vec<TcpStream>> {
    let connect = |_| {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    };
    (0..clients).map(connect).collect()
}

/// Questions and answers on a connection that stays open, one for each client.
///
/// # Errors
///
/// A client can't connect.
pub fn messages(address: SocketAddr, clients: usize, time: Duration) -> io::Result<Load> {
    Ok(ask_all(connect(address, clients)?, time, |server| {
        let mut answer = [0; REPLY.len()];
        server.write_all(QUESTION)?;
        server.read_exact(&mut answer)
    }))
}
