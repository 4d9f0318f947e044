//! Clients that open a connection for each request.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use console::{Action, Error, OrCannot};

use super::Load;

/// What curl sends: a small request, as usual as can be.
pub const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n";

/// More than any answer here has.
const ROOM: usize = 64 * 1024;

/// How many bytes an answer has, so that a cut one can be told from a whole one.
///
/// # Errors
///
/// There is no answer, or not `200 OK`.
pub fn answer_length(address: SocketAddr) -> Result<usize, Error> {
    let mut answer = vec![0; ROOM];
    let length = ask(address, &mut answer).or_cannot(Action::Receive, address)?;
    if is_ok(&answer, length) {
        return Ok(length);
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    Err(Error::cannot(
        format_args!("use the answer of {address}"),
        answer.trim_end_matches('\0').to_owned(),
        "it should be 200 OK",
    ))
}

/// `clients` clients at the same time, each with a new connection for each request, until the time
/// is up.
///
/// # Errors
///
/// The first answer, which tells how long all have to be, isn't right.
pub fn requests(address: SocketAddr, clients: usize, time: Duration) -> Result<Load, Error> {
    let length = answer_length(address)?;
    let begin = Instant::now();
    let client = || {
        let mut load = Load::new();
        let mut answer = vec![0; ROOM];
        while begin.elapsed() < time {
            let asked = Instant::now();
            match ask(address, &mut answer) {
                Ok(count) if count == length && is_ok(&answer, count) => load.right(asked),
                Ok(count) => load.wrong(|| format!("an answer of {count} bytes, not {length}")),
                Err(error) => load.wrong(|| error.to_string()),
            }
        }
        load.elapsed = begin.elapsed();
        load
    };
    Ok(thread::scope(|scope| {
        let clients: Vec<_> = (0..clients).map(|_| scope.spawn(client)).collect();
        // A client that panics has found a fault in the load, which is no load then.
        let loads = clients.into_iter().filter_map(|client| client.join().ok());
        loads.fold(Load::new(), Load::and)
    }))
}

/// One request on a connection of its own. Returns the length of the answer.
fn ask(address: SocketAddr, answer: &mut [u8]) -> io::Result<usize> {
    let mut server = TcpStream::connect(address)?;
    server.write_all(REQUEST)?;
    let mut length = 0;
    loop {
        let (_, room) = answer.split_at_mut(length.min(answer.len()));
        match server.read(room)? {
            0 => return Ok(length),
            count => length += count,
        }
    }
}

fn is_ok(answer: &[u8], length: usize) -> bool {
    let (answer, _) = answer.split_at(length.min(answer.len()));
    // Python's server answers in HTTP/1.0.
    answer.starts_with(b"HTTP/1.1 200 ") || answer.starts_with(b"HTTP/1.0 200 ")
}

/// Messages there and back on a connection that stays open, one for each client.
///
/// # Errors
///
/// Somebody can't connect.
pub fn messages(address: SocketAddr, clients: usize, time: Duration) -> Result<Load, Error> {
    let connections: Vec<TcpStream> = (0..clients)
        .map(|_| {
            let stream = TcpStream::connect(address)?;
            stream.set_nodelay(true)?;
            Ok(stream)
        })
        .collect::<io::Result<_>>()
        .or_cannot(Action::Connect, address)?;
    let begin = Instant::now();
    let client = |mut server: TcpStream| {
        let mut load = Load::new();
        let mut answer = [0; 256];
        while begin.elapsed() < time {
            let asked = Instant::now();
            let answered = server
                .write_all(super::udp::REQUEST)
                .and_then(|()| server.read(&mut answer));
            match answered {
                Ok(count) if count > 0 => load.right(asked),
                Ok(_) => {
                    load.wrong(|| "the server has hung up".to_owned());
                    break;
                }
                Err(error) => {
                    load.wrong(|| error.to_string());
                    break;
                }
            }
        }
        load.elapsed = begin.elapsed();
        load
    };
    Ok(thread::scope(|scope| {
        let spawned = connections.into_iter();
        let clients: Vec<_> = spawned.map(|it| scope.spawn(move || client(it))).collect();
        let loads = clients.into_iter().filter_map(|client| client.join().ok());
        loads.fold(Load::new(), Load::and)
    }))
}
