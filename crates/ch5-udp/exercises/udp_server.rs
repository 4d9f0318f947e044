//! Exercise 5.1: a UDP server that converts degrees Celsius to Fahrenheit.
//!
//! Write one function after the other. After each, judge your program:
//!
//! ```sh
//! cargo course udp_server
//! ```
//!
//! Or try it yourself, with a client in another terminal:
//!
//! ```sh
//! cargo run -p ch5-udp --bin udp_server -- 1314
//! cargo run -p ch5-udp -- client 36.6
//! ```
//!
//! What it must do is in docs/roles.md, "udp-server". Most checks need all functions, so don't
//! worry about a count of 0. With these functions alone the first eight checks pass, up to
//! `udp-server/not-utf8`, and some later ones. The others need more: change all of this file as you
//! like.

#![allow(unused_variables, reason = "for each `todo!`: delete this line last")]

use std::io;
use std::net::{SocketAddr, UdpSocket};

fn main() -> io::Result<()> {
    let socket = bind(port())?;
    loop {
        let (request, client) = receive(&socket)?;
        send(&socket, &answer(&request), client)?;
    }
}

/// The port is the program's first argument.
fn port() -> u16 {
    todo!("write `port`: unwrap std::env::args().nth(1), parse it, unwrap the number")
}

/// Steps 1 and 2: create a socket, bind it to 127.0.0.1 and the port.
/// (`Socket::new(Domain::IPV4, Type::DGRAM, None)` makes one; all three names are in `socket2`.)
fn bind(port: u16) -> io::Result<UdpSocket> {
    todo!(
        "write `bind`: make a UDP Socket, bind it to \
         &std::net::SocketAddr::from(([127, 0, 0, 1], port)).into(), return Ok(socket.into())"
    )
}

/// Step 3: receive a request. Its sender's address comes with it.
fn receive(socket: &UdpSocket) -> io::Result<(Vec<u8>, SocketAddr)> {
    todo!(
        "write `receive`: receive a datagram, and return only the bytes that came, \
         and their sender's address"
    )
}

/// What to answer.
fn answer(request: &[u8]) -> String {
    todo!("write `answer`: return the degrees Fahrenheit, or why the request isn't a temperature")
}

/// Step 4: send the answer to the client that asked. (Step 5, close, never comes.)
fn send(socket: &UdpSocket, answer: &str, client: SocketAddr) -> io::Result<()> {
    todo!("write `send`: send the answer to the client's address")
}
