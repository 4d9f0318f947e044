//! Exercise 5.1: a UDP server that converts degrees Celsius to Fahrenheit.
//!
//! Fill in one function after the other, from the top. After each, judge your program:
//!
//! ```sh
//! cargo test -p ch5-udp --test exercise -- --include-ignored udp-server
//! ```
//!
//! Or try it yourself, with a client in another terminal:
//!
//! ```sh
//! cargo run -p ch5-udp --bin udp_server -- 1314
//! cargo run -p ch5-udp -- client 36.6
//! ```
//!
//! The first checks pass with these functions alone. The later ones need more: change all of this
//! file as you like.

#![allow(unused_variables, reason = "starter: delete this line when you begin")]

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
    todo!("Return the first word of std::env::args() after the program's own name, as a number.")
}

/// Steps 1 and 2: create a socket, bind it to 127.0.0.1 and the port.
fn bind(port: u16) -> io::Result<UdpSocket> {
    todo!("Create a socket2::Socket for datagrams, bind it, and return it with .into().")
}

/// Step 3: receive a request. Its sender's address comes with it.
fn receive(socket: &UdpSocket) -> io::Result<(Vec<u8>, SocketAddr)> {
    todo!("Receive a datagram, and return its bytes and its sender's address.")
}

/// What to answer.
fn answer(request: &[u8]) -> String {
    todo!("Return the temperature in degrees Fahrenheit, or why the request can't be converted.")
}

/// Step 4: send the answer to the client that asked. (Step 5, close, never comes.)
fn send(socket: &UdpSocket, answer: &str, client: SocketAddr) -> io::Result<()> {
    todo!("Send the answer to the client's address.")
}
