//! Exercise 4.1: a TCP server that greets every client.
//!
//! Write one function after the other. After each, judge your program:
//!
//! ```sh
//! cargo course tcp_server
//! ```
//!
//! Or try it yourself, with a browser on <http://127.0.0.1:8080/>:
//!
//! ```sh
//! cargo run -p ch4-tcp-server --bin tcp_server -- 8080
//! ```
//!
//! What it must do is in docs/roles.md, "tcp-server". Most checks need all functions, so don't
//! worry about a count of 0. With these functions alone the first seven checks pass, up to
//! `tcp-server/empty-visit`, and some later ones. The others need more: change all of this file as
//! you like.

#![allow(unused_variables, reason = "for each `todo!`: delete this line last")]

use std::io;
use std::net::{TcpListener, TcpStream};

fn main() -> io::Result<()> {
    let listener = listen(port())?;
    loop {
        let mut client = accept(&listener)?;
        let request = receive(&mut client)?;
        send(&mut client, &answer(&request))?;
        // Step 6: close. Here `client` goes out of scope, which closes its connection.
    }
}

/// Before the steps: the port is the program's first argument.
fn port() -> u16 {
    todo!("write `port`: unwrap std::env::args().nth(1), parse it, unwrap the number")
}

/// Steps 1 to 3: create a socket, bind it to 127.0.0.1 and the port, listen.
/// (`Socket::new(Domain::IPV4, Type::STREAM, None)` makes one; all three names are in `socket2`.)
fn listen(port: u16) -> io::Result<TcpListener> {
    todo!(
        "write `listen`: make a Socket, bind it to \
         &std::net::SocketAddr::from(([127, 0, 0, 1], port)).into(), listen(128), \
         return Ok(socket.into())"
    )
}

/// Step 4: accept a client. It gets its own socket.
fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    todo!("write `accept`: accept a connection, and return its socket")
}

/// Step 5: receive a request.
fn receive(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    todo!("write `receive`: read once from the client, and return only the bytes that came")
}

/// Step 5: what to send. (The underscore lets the request stay unused.)
fn answer(_request: &[u8]) -> Vec<u8> {
    todo!("write `answer`: return \"HTTP/1.1 200 OK\\r\\n\\r\\nHello World!\" as bytes")
}

/// Step 5: send the answer.
fn send(client: &mut TcpStream, answer: &[u8]) -> io::Result<()> {
    todo!("write `send`: write all bytes of the answer to the client")
}
