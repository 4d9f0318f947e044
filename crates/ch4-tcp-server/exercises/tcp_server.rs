//! Exercise 4.1: a TCP server that greets every client.
//!
//! Write one function after the other. After each, judge your program:
//!
//! ```sh
//! cargo test -p ch4-tcp-server --test exercise -- --include-ignored
//! ```
//!
//! Or try it yourself, with a browser on <http://127.0.0.1:8080/>:
//!
//! ```sh
//! cargo run -p ch4-tcp-server --bin tcp_server -- 8080
//! ```
//!
//! The first checks pass with these functions alone. The later ones need more: change all of this
//! file as you like.

#![allow(unused_variables, reason = "starter: delete this line when you begin")]

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
    todo!("Return the first word of std::env::args() after the program's own name, as a number.")
}

/// Steps 1 to 3: create a socket, bind it to 127.0.0.1 and the port, listen.
fn listen(port: u16) -> io::Result<TcpListener> {
    todo!("Create a socket2::Socket, bind it, make it listen, and return it with .into().")
}

/// Step 4: accept a client. It gets its own socket.
fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    todo!("Accept a connection, and return its socket.")
}

/// Step 5: receive a request.
fn receive(client: &mut TcpStream) -> io::Result<Vec<u8>> {
    todo!("Read from the client until its request is complete, and return the bytes.")
}

/// Step 5: what to send.
fn answer(request: &[u8]) -> Vec<u8> {
    todo!("Return the line HTTP/1.1 200 OK, an empty line, and Hello World. Lines end with CRLF.")
}

/// Step 5: send the answer.
fn send(client: &mut TcpStream, answer: &[u8]) -> io::Result<()> {
    todo!("Write all bytes of the answer to the client.")
}
