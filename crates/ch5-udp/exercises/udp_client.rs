//! Exercise 5.2: a UDP client that asks for temperatures.
//!
//! Write one function after the other. After each, judge your program:
//!
//! ```sh
//! cargo course udp_client
//! ```
//!
//! Or try it yourself, with a server in another terminal:
//!
//! ```sh
//! cargo run -p ch5-udp -- server
//! cargo run -p ch5-udp --bin udp_client -- 1314
//! ```
//!
//! What it must do is in docs/roles.md, "udp-client". Most checks need all functions, so don't
//! worry about a count of 0. With these functions alone the first three checks pass, up to
//! `udp-client/late-answer`, and some later ones. The others need more: change all of this file as
//! you like.

#![allow(unused_variables, reason = "for each `todo!`: delete this line last")]

use std::io;
use std::net::UdpSocket;

fn main() -> io::Result<()> {
    let port = port();
    while let Some(celsius) = ask()? {
        let socket = connect(port)?;
        send(&socket, &celsius)?;
        show(&receive(&socket)?);
        // Step 4, close: the socket closes here, where its variable goes out of scope.
    }
    Ok(())
}

/// The port is the program's first argument.
fn port() -> u16 {
    todo!("write `port`: unwrap std::env::args().nth(1), parse it, unwrap the number")
}

/// Ask the user for a temperature. `None` means that there is no more to ask.
fn ask() -> io::Result<Option<String>> {
    todo!("write `ask`: read a line from the standard input; return None at the input's end")
}

/// Step 1: create a socket, and connect it to the server on 127.0.0.1 and the port. Connecting
/// sends nothing: it keeps out datagrams from anybody but the server.
/// (`Socket::new(Domain::IPV4, Type::DGRAM, None)` makes one; all three names are in `socket2`.)
fn connect(port: u16) -> io::Result<UdpSocket> {
    todo!(
        "write `connect`: make a UDP Socket, connect it to \
         &std::net::SocketAddr::from(([127, 0, 0, 1], port)).into(), return Ok(socket.into())"
    )
}

/// Step 2: send the request.
fn send(socket: &UdpSocket, celsius: &str) -> io::Result<()> {
    todo!("write `send`: send the text, without white space around it")
}

/// Step 3: receive the answer.
fn receive(socket: &UdpSocket) -> io::Result<Vec<u8>> {
    todo!("write `receive`: receive a datagram, and return only the bytes that came")
}

/// Show the answer.
fn show(answer: &[u8]) {
    todo!("write `show`: print the answer as text, without its control characters")
}
