//! Exercise 4.2: a TCP client that sends each typed line and shows what the server answers.
//!
//! Write one function after the other. After each, judge your program:
//!
//! ```sh
//! cargo course tcp_client
//! ```
//!
//! Or try it yourself, with the server of section 4.1 in another terminal:
//!
//! ```sh
//! cargo run -p ch4-tcp-client --bin tcp_client -- 8080
//! ```
//!
//! What it must do is in docs/roles.md, "tcp-client". Most checks need all functions, so don't
//! worry about a count of 0. With these functions alone the first five checks pass, up to
//! `tcp-client/exit`, and some later ones. The others need more: change all of this file as you
//! like.

#![allow(unused_variables, reason = "for each `todo!`: delete this line last")]

use std::io;
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let mut server = connect(port())?;
    while let Some(line) = ask()? {
        send(&mut server, &line)?;
        show(&receive(&mut server)?);
    }
    // Step 4, close: here `server` goes out of scope.
    Ok(())
}

/// The port is the program's first argument.
fn port() -> u16 {
    todo!("write `port`: unwrap std::env::args().nth(1), parse it, unwrap the number")
}

/// Steps 1 and 2: create a socket, connect it to 127.0.0.1 and the port.
/// (`Socket::new(Domain::IPV4, Type::STREAM, None)` makes one; all three names are in `socket2`.)
fn connect(port: u16) -> io::Result<TcpStream> {
    todo!(
        "write `connect`: make a Socket, connect it to \
         &std::net::SocketAddr::from(([127, 0, 0, 1], port)).into(), return Ok(socket.into())"
    )
}

/// Ask the user for a line. `None` means that the user wants to leave.
fn ask() -> io::Result<Option<String>> {
    todo!(
        "write `ask`: read a line from the standard input, and return it without its line end; \
         return None for exit and at the input's end"
    )
}

/// Step 3: send a line.
fn send(server: &mut TcpStream, line: &str) -> io::Result<()> {
    todo!("write `send`: write all bytes of the line, and a line end, to the server")
}

/// Step 3: receive what the server answers.
fn receive(server: &mut TcpStream) -> io::Result<Vec<u8>> {
    todo!("write `receive`: read once from the server, and return only the bytes that came")
}

/// Show it.
fn show(reply: &[u8]) {
    todo!("write `show`: print the reply as text, without its control characters, and a line end")
}
